package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"chobo/cmd/chobo/internal/figures"
	"chobo/cmd/chobo/internal/history"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points/engine"
)

type importCommand struct {
	Members importMembers `cmd:"" help:"Import members."`
	Points  importPoints  `cmd:"" help:"Import points: a row a lot, with its expiry."`
	Orders  importOrders  `cmd:"" help:"Import orders: in CSV a row a line."`
}

type (
	importMembers struct{ importFile }
	importPoints  struct{ importFile }
	importOrders  struct{ importFile }
)

// Run imports members.
func (c *importMembers) Run(l *life, s *screen) error { return c.run(history.Members, l, s) }

// Run imports points.
func (c *importPoints) Run(l *life, s *screen) error { return c.run(history.Points, l, s) }

// Run imports orders.
func (c *importOrders) Run(l *life, s *screen) error { return c.run(history.Orders, l, s) }

type importFile struct {
	database
	logging
	File    string            `arg:"" help:"The file; - reads standard input."`
	Format  string            `enum:"auto,csv,jsonl" default:"auto" help:"${enum}. Default: by the file's name; CSV may have commas, semicolons or tabs."`
	Program string            `default:"samurai-mall" env:"CHOBO_PROGRAM" placeholder:"CODE" help:"The program. Default: ${default}."`
	Map     map[string]string `mapsep:";" placeholder:"OURS=THEIRS" help:"Which column of the file is which of ours, where it is not found by its name, as --map member_id=CustomerNo. Repeatable."`
	BadRows string            `enum:"refuse,skip" default:"refuse" help:"What bad rows do: refuse the whole file before anything is posted, or are left out (skip). Default: ${default}."`
	DryRun  bool              `help:"Try every row on the books as they are, and post nothing."`
	Resume  bool              `help:"Go on where an import of this very file stopped, without looking at what was done. Without it nothing is posted twice either."`
	Errors  string            `type:"path" placeholder:"FILE" help:"Write the rows that were left out to this file, as CSV with the reasons."`
	Actor   string            `default:"import" help:"Who the journal says did it. Default: ${default}."`
}

// Help explains the command.
func (importFile) Help() string {
	return `The first row names the columns, in any order; docs/import.md lists them. Times without an offset are in the program's
zone. Importing a file again posts nothing twice, and an import that was interrupted is simply begun again. Exit code 1:
rows were left out, or it stopped.

  chobo import members members.csv --program samurai-mall
  chobo import points balances.csv --map member_id=CustomerNo --map last_day=Valid --dry-run
  chobo import points balances.csv --bad-rows skip --errors left-out.csv
  chobo import orders orders.jsonl --resume`
}

// manyComplaints is how many rows that were left out are told one by one.
const manyComplaints = 20

// run imports the file.
func (c *importFile) run(what history.What, l *life, s *screen) (err error) {
	file, name, err := c.open(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.close()) }()
	out, err := newLeftOut(c.Errors)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	how := history.How{What: what, Program: c.Program, Format: c.format(), Map: c.Map, DryRun: c.DryRun, Whole: c.BadRows == "refuse",
		Resume: c.Resume, Actor: c.Actor}
	if c.LogLevel == "info" {
		c.LogLevel = "warn" // a line for each of millions of rows tells nobody anything
	}
	return c.withHouse(l, c.logging, s, func(ctx context.Context, h *house) error {
		bar := &progress{screen: s}
		told := 0
		summary, err := history.Import(ctx, history.Books{DB: h.db, Engine: h.engine}, file.File, how, history.Watch{
			Progress: func(doing string, done, total int64) {
				bar.show(float64(done)/float64(max(done, total, 1)), fmt.Sprintf("%s %s %s", doing, figures.Grouped(done), what))
			},
			Refused: func(r history.Refused) {
				bar.end()
				for _, reason := range r.Reasons {
					if told++; told <= manyComplaints {
						s.note(name + ":" + reason.String())
					}
				}
				out.add(r)
			},
		})
		bar.end()
		if told > manyComplaints {
			s.notef("… and %s more\n", figures.Grouped(int64(told-manyComplaints)))
		}
		if summary != nil {
			c.show(summary, what, s)
		}
		switch {
		case errors.Is(err, engine.ErrUnknownProgram):
			return fmt.Errorf("there is no program %s; `chobo program list` lists them", c.Program)
		case errors.Is(err, history.ErrBadRows):
			return fmt.Errorf("%w; --bad-rows skip leaves them out", err)
		case errors.Is(err, history.ErrInterrupted):
			return fmt.Errorf("%w; begin again to go on, with --resume at once", err)
		case err == nil && summary.Refused > 0:
			return errors.Join(errSilent, s.lost)
		}
		return errors.Join(err, s.lost)
	})
}

// format is the file's, by its name where it is not said.
func (c *importFile) format() history.Format {
	switch ext := strings.ToLower(filepath.Ext(c.File)); {
	case c.Format != "auto":
		return history.Format(c.Format)
	case ext == ".jsonl", ext == ".ndjson", ext == ".json":
		return history.JSONL
	default:
		return history.CSV
	}
}

// An input is a file that can be read several times.
type input struct {
	*os.File
	close func() error
}

// open opens the file. Standard input is kept in a file of its own for as long as it takes.
func (c *importFile) open(s *screen) (in input, name string, err error) {
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return in, "", err
		}
		return input{f, f.Close}, c.File, nil
	}
	f, err := os.CreateTemp("", "chobo-import-*")
	if err != nil {
		return in, "", err
	}
	in = input{f, func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }}
	if _, err := io.Copy(f, s.in); err != nil {
		return in, "", errors.Join(err, in.close())
	}
	return in, "standard input", nil
}

// show prints what became of the file.
func (c *importFile) show(v *history.Summary, what history.What, s *screen) {
	heads := map[history.What][]string{history.Members: {"MEMBERS", "NUMBER"}, history.Points: {"LOTS", "NUMBER", "POINTS"}, history.Orders: {"ORDERS", "NUMBER"}}
	t := newTable(heads[what]...)
	row := func(said string, n int64, points ledger.Points) {
		cells := []any{said, n}
		if what == history.Points {
			cells = append(cells, cell{right: true})
			if points > 0 {
				cells[2] = int64(points)
			}
		}
		t.row(cells...)
	}
	posted := "posted"
	if v.DryRun {
		posted = "would be posted"
	}
	row("read", v.Read, 0)
	if v.Skipped > 0 {
		row("done before", v.Skipped, 0)
	}
	row(posted, v.Posted, v.Points)
	row("already there", v.Already, 0)
	row("left out", v.Refused, 0)
	t.write(s)
	if v.Repeats > 0 {
		s.printf("\n%s lots say the very same as another one and have no row_id: each was counted by itself.\n", figures.Grouped(v.Repeats))
	}
	if len(v.Unused) > 0 {
		s.notef("Not used: %s\n", strings.Join(v.Unused, ", "))
	}
	if c.Errors != "" && v.Refused > 0 {
		s.notef("What was left out is in %s.\n", c.Errors)
	}
	if v.Took > time.Second && s.errColours {
		s.notef("%s a second.\n", figures.Grouped(int64(float64(v.Read-v.Skipped)/v.Took.Seconds())))
	}
}

// leftOut is the file of rows that were left out: as they were read, with the reasons behind, so that they can be mended
// and imported.
type leftOut struct {
	file  *os.File // nil: nobody wants it
	csv   *csv.Writer
	begun bool
}

func newLeftOut(name string) (*leftOut, error) {
	if name == "" {
		return &leftOut{}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	o := &leftOut{file: f, csv: csv.NewWriter(f)}
	o.csv.UseCRLF = true
	return o, nil
}

// add writes each row with its reasons; a row of an order that has none of its own has the order's. No cell can be
// taken for a formula. What cannot be written is told by close.
func (o *leftOut) add(r history.Refused) {
	if o.file == nil {
		return
	}
	if !o.begun {
		o.begun = true
		_ = o.csv.Write(append(guarded(r.Columns), "chobo_line", "chobo_rule", "chobo_reason"))
	}
	for _, row := range r.Rows {
		cells := guarded(row.Cells)
		for len(cells) < len(r.Columns) {
			cells = append(cells, "")
		}
		rule, reason := reasonsOf(r, row.Line)
		_ = o.csv.Write(append(cells, strconv.Itoa(row.Line), rule, report.Guard(reason)))
	}
}

// guarded are cells that no spreadsheet takes for formulas.
func guarded(cells []string) []string {
	out := make([]string, len(cells), len(cells)+3)
	for i, c := range cells {
		if out[i] = c; !whole(c) {
			out[i] = report.Guard(c)
		}
	}
	return out
}

func whole(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

// reasonsOf are those of a line, or those of all lines together.
func reasonsOf(r history.Refused, line int) (rules, reasons string) {
	var rule, reason []string
	for _, own := range []bool{true, false} {
		for _, why := range r.Reasons {
			if len(rule) > 0 && !own || own && why.Line != line {
				continue
			}
			rule, reason = append(rule, string(why.Rule)), append(reason, strings.TrimSpace(why.Column+" "+why.Message))
		}
	}
	return strings.Join(rule, "; "), strings.Join(reason, "; ")
}

func (o *leftOut) close() error {
	if o.file == nil {
		return nil
	}
	o.csv.Flush()
	return errors.Join(o.csv.Error(), o.file.Close())
}
