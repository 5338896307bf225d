package finance

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jmoiron/sqlx"

	"chobo/cmd/chobo/internal/api"
	"chobo/ledger"
	"chobo/ledger/export"
	"chobo/ledger/report"
	"chobo/ledger/report/plot"
	"chobo/points"
	"chobo/points/engine"
)

// Headers of CSV answers and exports: what their rows add up to, so that a file that was cut short shows.
const (
	headerRows   = "Chobo-Control-Rows"
	headerPoints = "Chobo-Control-Points"
	headerMoney  = "Chobo-Control-Money"
	headerTotals = "Chobo-Control-Totals"
)

// Mount adds the reports and exports to the API. now is the wall clock.
func Mount(db *sqlx.DB, e *engine.Engine, now func() time.Time) func(*api.Mounting) {
	return func(m *api.Mounting) {
		s := server{db, e, now}
		for _, r := range Reports {
			s.report(m, r)
		}
		s.generalLedger(m)
		s.memberStatement(m)
		s.journal(m)
		s.reconciliation(m)
		s.settlements(m)
		s.estimates(m)
	}
}

type server struct {
	db     *sqlx.DB
	engine *engine.Engine
	now    func() time.Time
}

// A ReportInput is what every report takes. It is exported because huma looks into no other embedded types.
type ReportInput struct {
	Program string `path:"program"`
	AsOf    string `query:"as_of" doc:"A date, a month or a time with offset; its day in the program's zone. Default: today."`
	From    string `query:"from" doc:"First day. Default: since ever."`
	To      string `query:"to" doc:"Last day. Default: today."`
	By      string `query:"by" doc:"Of the roll-forward: shop, month or kind."`
	Shop    string `query:"shop" doc:"Of the settlement: one shop."`
	Prior   string `query:"prior" doc:"Of estimates: the rate of use where history says nothing, 0 to 1. Default: 1."`
	Term    int    `query:"term" minimum:"1" maximum:"600" doc:"Of estimates: months after which a grant is used or lost. Default: as the program's points expire."`
	KnownAt string `query:"known_at" doc:"Only what was posted by this time."`
	Accept  string `header:"Accept" doc:"application/json, text/csv, or image/svg+xml where the report is drawn."`
	Format  string `query:"format" enum:",json,csv,svg" doc:"As Accept, for a link."`
}

func (in *ReportInput) svg() bool {
	return in.Format == "svg" || in.Format == "" && strings.HasPrefix(in.Accept, "image/svg+xml")
}

func (in *ReportInput) csv() bool {
	return in.Format == "csv" || in.Format == "" && strings.HasPrefix(in.Accept, "text/csv")
}

// reader is the program's books and the query, as the input wishes.
func (s server) reader(ctx context.Context, in *ReportInput) (r report.Reader, q Query, err error) {
	p := api.ProgramOf(ctx)
	r = report.Reader{DB: s.db, Book: BookOf(p)}
	if in.KnownAt != "" {
		if r.KnownAt, err = time.Parse(time.RFC3339, in.KnownAt); err != nil {
			return r, q, points.RefuseField(points.ValidationFailed, "query.known_at", "must be a time with offset")
		}
	}
	wish := Wish{AsOf: in.AsOf, From: in.From, To: in.To, By: in.By, Shop: in.Shop, Prior: in.Prior}
	if in.Term != 0 {
		wish.Term = &in.Term
	}
	q, err = wish.Read(p, s.now())
	var wrong *WishError
	if errors.As(err, &wrong) {
		err = points.RefuseField(points.ValidationFailed, "query."+wrong.Field, "%s", wrong.Reason)
	}
	return r, q, err
}

func (s server) report(m *api.Mounting, rep Report) {
	op := huma.Operation{OperationID: "reports." + rep.Name, Method: http.MethodGet, Path: "/v1/{program}/reports/" + rep.Name, Summary: rep.Summary,
		Tags: []string{"finance"}, Responses: answers(m, reflect.TypeOf(rep.Answer))}
	huma.Register(m.API(), m.Allow(op, api.Finance), func(ctx context.Context, in *ReportInput) (*huma.StreamResponse, error) {
		r, q, err := s.reader(ctx, in)
		if err != nil {
			return nil, err
		}
		out, err := rep.Read(ctx, r, q)
		if err != nil {
			return nil, err
		}
		switch {
		case in.csv():
			return csvOf(out.Sheet())
		case in.svg():
			return svgOf(out)
		default:
			return jsonOf(out)
		}
	})
}

// answers says that an operation answers the type as JSON, or CSV.
func answers(m *api.Mounting, t reflect.Type) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Description: "The report. Days are of the program's zone, money in minor units.", Content: map[string]*huma.MediaType{
		"application/json": {Schema: m.API().OpenAPI().Components.Schemas.Schema(t, true, "")},
		"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
		"image/svg+xml":    {Schema: &huma.Schema{Type: huma.TypeString}},
	}}}
}

func jsonOf(v any) (*huma.StreamResponse, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode a report: %w", err)
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "application/json")
		_, _ = c.BodyWriter().Write(b) // the caller is gone: nobody is left to tell
	}}, nil
}

// svgOf answers a report's drawing.
func svgOf(v any) (*huma.StreamResponse, error) {
	var b bytes.Buffer
	switch err := plot.SVG(&b, v); {
	case errors.Is(err, plot.ErrNoPlot):
		return nil, points.RefuseField(points.ValidationFailed, "query.format", "this report is not drawn")
	case err != nil:
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "image/svg+xml")
		_, _ = c.BodyWriter().Write(b.Bytes()) // the caller is gone: nobody is left to tell
	}}, nil
}

// csvOf answers a sheet that is in memory, its totals in the headers.
func csvOf(sheet report.Sheet) (*huma.StreamResponse, error) {
	var b bytes.Buffer
	if sheet.Totals == nil {
		sheet = sheet.Summed()
	}
	rows, err := report.WriteCSV(&b, sheet)
	if err != nil {
		return nil, err
	}
	var totals []string
	for i, cell := range sheet.Totals {
		if sheet.Columns[i].Number && cell != nil {
			totals = append(totals, controlTotal(sheet.Columns[i].Name, cell))
		}
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "text/csv; charset=utf-8")
		c.SetHeader(headerRows, strconv.Itoa(rows))
		if totals != nil {
			c.SetHeader(headerTotals, strings.Join(totals, "; "))
		}
		_, _ = c.BodyWriter().Write(b.Bytes())
	}}, nil
}

// controlTotal is what a column adds up to, as a header has it.
func controlTotal(column string, sum any) string { return fmt.Sprintf("%s=%v", column, sum) }

type ledgerInput struct {
	Account string `path:"account" doc:"As in the chart: redeemed:orders"`
	ReportInput
}

// generalLedger streams every movement on an account.
func (s server) generalLedger(m *api.Mounting) {
	type head struct {
		report.GeneralLedger
		Entries []report.Entry `json:"entries"`
	}
	op := huma.Operation{OperationID: "reports.general-ledger", Method: http.MethodGet, Path: "/v1/{program}/reports/general-ledger/{account}",
		Summary: "Every movement on an account, with the balance behind each", Tags: []string{"finance"}, Responses: answers(m, reflect.TypeFor[head]())}
	huma.Register(m.API(), m.Allow(op, api.Finance), func(ctx context.Context, in *ledgerInput) (*huma.StreamResponse, error) {
		account, err := ledger.ParseAccount(in.Account)
		if err != nil {
			return nil, points.Refuse(points.NotFound, "%s", err)
		}
		r, q, err := s.reader(ctx, &in.ReportInput)
		if err != nil {
			return nil, err
		}
		return handOver(func(ready func(func(http.Header, io.Writer) error) error) error {
			return r.GeneralLedger(ctx, account, q.Span(), func(g report.GeneralLedger, entries iter.Seq2[report.Entry, error]) error {
				return ready(func(h http.Header, w io.Writer) error {
					if in.csv() {
						h.Set("Content-Type", "text/csv; charset=utf-8")
						h.Set(headerRows, strconv.FormatInt(g.Lines, 10))
						h.Set(headerTotals, controlTotal("points", g.Debits.Points-g.Credits.Points)+"; "+controlTotal("money", g.Debits.Money-g.Credits.Money))
						_, err := report.WriteCSV(w, g.Sheet(entries))
						return err
					}
					h.Set("Content-Type", "application/json")
					return WriteStreamed(w, g, entries)
				})
			})
		})
	})
}

// journal streams the export of the journal.
func (s server) journal(m *api.Mounting) {
	type input struct {
		Program string `path:"program"`
		From    string `query:"from" doc:"First day, by book date. Default: since ever."`
		To      string `query:"to" doc:"Last day. Default: today."`
		Format  string `query:"format" doc:"csv, jsonl, hledger, ledger, beancount, freee, moneyforward, yayoi or quickbooks. Default: csv."`
		After   int64  `query:"after" minimum:"0" doc:"Go on behind this transaction of an export that broke off. Not in formats that hold sums: freee, moneyforward, yayoi, quickbooks."`
		Zip     string `header:"Accept-Encoding"`
	}
	op := huma.Operation{OperationID: "exports.journal", Method: http.MethodGet, Path: "/v1/{program}/exports/journal", Tags: []string{"finance"},
		Summary: "The journal, of any size, as a stream", Responses: map[string]*huma.Response{"200": {Description: "The export; what it adds up to is told in its headers.",
			Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}}}}
	huma.Register(m.API(), m.Allow(op, api.Finance), func(ctx context.Context, in *input) (*huma.StreamResponse, error) {
		name := in.Format
		if name == "" {
			name = string(export.CSV)
		}
		format, err := export.ParseFormat(name)
		if err != nil {
			return nil, points.RefuseField(points.ValidationFailed, "query.format", "%s", err)
		}
		r, q, err := s.reader(ctx, &ReportInput{From: in.From, To: in.To})
		if err != nil {
			return nil, err
		}
		x := export.Exporter{DB: s.db, Book: r.Book}
		out, err := handOver(func(ready func(func(http.Header, io.Writer) error) error) error {
			return x.Export(ctx, export.Request{Span: q.Span(), Format: format, After: ledger.TransactionID(in.After)},
				func(c export.Control, write func(io.Writer) error) error {
					return ready(func(h http.Header, w io.Writer) error {
						h.Set("Content-Type", format.ContentType())
						h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", r.Code+"-journal."+format.Extension()))
						h.Set(headerRows, strconv.FormatInt(c.Lines, 10))
						h.Set(headerPoints, strconv.FormatInt(int64(c.Points), 10))
						h.Set(headerMoney, strconv.FormatInt(int64(c.Money), 10))
						if !strings.Contains(in.Zip, "gzip") {
							return write(w)
						}
						h.Set("Content-Encoding", "gzip")
						z := gzip.NewWriter(w)
						return errors.Join(write(z), z.Close())
					})
				})
		})
		switch {
		case errors.Is(err, export.ErrNoTransaction):
			err = points.RefuseField(points.NotFound, "query.after", "%s", err)
		case errors.Is(err, export.ErrSums):
			err = points.RefuseField(points.ValidationFailed, "query.after", "%s", err)
		}
		return out, err
	})
}

// handOver turns a function that calls ready once it knows that it can answer into a streamed answer, or into an error
// while one can still be told. An answer that breaks off later is cut, so that nobody takes it for whole.
func handOver(read func(ready func(write func(http.Header, io.Writer) error) error) error) (*huma.StreamResponse, error) {
	type turn struct {
		write func(http.Header, io.Writer) error
		done  chan error
	}
	turns, failed := make(chan turn), make(chan error, 1)
	go func() {
		failed <- read(func(write func(http.Header, io.Writer) error) error {
			t := turn{write, make(chan error, 1)}
			turns <- t
			return <-t.done
		})
	}()
	select {
	case err := <-failed:
		return nil, err
	case t := <-turns:
		return &huma.StreamResponse{Body: func(c huma.Context) {
			h := http.Header{}
			err := t.write(h, &lateHeaders{c: c, headers: h})
			t.done <- err
			if err := errors.Join(err, <-failed); err != nil {
				panic(fmt.Errorf("%w: %w", http.ErrAbortHandler, err))
			}
		}}, nil
	}
}

// lateHeaders sends the headers with the first byte.
type lateHeaders struct {
	c       huma.Context
	headers http.Header
	sent    bool
}

func (l *lateHeaders) Write(b []byte) (int, error) {
	if !l.sent {
		l.sent = true
		for name, values := range l.headers {
			l.c.SetHeader(name, values[0])
		}
	}
	return l.c.BodyWriter().Write(b)
}
