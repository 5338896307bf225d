package finance

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"chobo/cmd/chobo/internal/api"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points"
)

type memberStatementInput struct {
	Program string `path:"program"`
	Member  string `query:"member_id" required:"true" minLength:"1" maxLength:"128"`
	AsOf    string `query:"as_of" doc:"A date, a month or a time with offset; its day in the program's zone. Default: today."`
	KnownAt string `query:"known_at" doc:"Only what was posted by this time."`
	After   int64  `query:"after" minimum:"0" doc:"Go on behind this transaction, the last that you have. Balances go on too."`
	Limit   int    `query:"limit" minimum:"0" maximum:"100000" doc:"Transactions at most, each with all its entries. Default: all."`
	Accept  string `header:"Accept" doc:"application/json or text/csv."`
	Format  string `query:"format" enum:",json,csv" doc:"As Accept, for a link."`
}

// A memberStatement is what is answered.
type memberStatement struct {
	report.MemberStatement
	Entries []report.MemberEntry `json:"entries"`
}

// memberStatement streams what was booked for a member.
func (s server) memberStatement(m *api.Mounting) {
	op := huma.Operation{OperationID: "reports.member-statement", Method: http.MethodGet, Path: "/v1/{program}/reports/member-statement",
		Summary: "Everything booked for a member, oldest first, with the balance of the account behind each", Tags: []string{"finance"}, Responses: answers(m, reflect.TypeFor[memberStatement]())}
	huma.Register(m.API(), m.Allow(op, api.Finance, points.NotFound, points.ValidationFailed), func(ctx context.Context, in *memberStatementInput) (*huma.StreamResponse, error) {
		of := &ReportInput{AsOf: in.AsOf, KnownAt: in.KnownAt, Accept: in.Accept, Format: in.Format}
		r, q, err := s.reader(ctx, of)
		if err != nil {
			return nil, err
		}
		page := report.MemberPage{After: ledger.TransactionID(in.After), Limit: in.Limit}
		out, err := handOver(func(ready func(func(http.Header, io.Writer) error) error) error {
			return r.MemberStatement(ctx, q.Member(in.Member), in.Member, q.AsOf, page, func(head report.MemberStatement, entries iter.Seq2[report.MemberEntry, error]) error {
				return ready(func(h http.Header, w io.Writer) error {
					if of.csv() {
						h.Set("Content-Type", "text/csv; charset=utf-8")
						if in.Limit == 0 {
							h.Set(headerRows, strconv.FormatInt(head.Lines, 10))
						}
						_, err := report.WriteCSV(w, head.Sheet(entries))
						return err
					}
					h.Set("Content-Type", "application/json")
					return WriteStreamed(w, head, entries)
				})
			})
		})
		if errors.Is(err, report.ErrNoMember) {
			err = points.RefuseField(points.NotFound, "query.member_id", "%s", err)
		}
		return out, err
	})
}
