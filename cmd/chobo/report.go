package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"chobo/cmd/chobo/internal/finance"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/ledger/report/plot"
)

type reportCommand struct {
	database
	logging
	Name    string    `arg:"" help:"The report: ${reports}, general-ledger or member-statement."`
	Program string    `default:"samurai-mall" env:"CHOBO_PROGRAM" placeholder:"CODE" help:"The program. Default: ${default}."`
	Format  string    `default:"table" enum:"table,csv,json,svg" help:"How it is written: ${enum}. Default: ${default}. Roll-forward, aging and breakage can be drawn as svg."`
	AsOf    string    `placeholder:"DAY" help:"At the end of this day: 2026-04-30, or 2026-04 for the month's last. Default: today."`
	From    string    `placeholder:"DAY" help:"First day. Default: since ever."`
	To      string    `placeholder:"DAY" help:"Last day. Default: today."`
	By      string    `placeholder:"BY" help:"Of the roll-forward: shop, month or kind."`
	Shop    string    `placeholder:"SHOP" help:"Of the settlement: one shop."`
	Account string    `placeholder:"ACCOUNT" help:"Of the general ledger, as redeemed:orders."`
	Member  string    `placeholder:"MEMBER" help:"Of the member statement."`
	Prior   string    `placeholder:"RATE" help:"Of estimates: the rate of use where history says nothing. Default: 1."`
	Term    *int      `placeholder:"MONTHS" help:"Of estimates: months after which a grant is used or lost."`
	KnownAt time.Time `placeholder:"TIME" help:"Only what was posted by this time."`
}

// Help explains the command.
func (reportCommand) Help() string {
	return `Reports select by book date and change nothing.

  chobo report trial-balance
  chobo report liability-rollforward --from 2026-04 --to 2026-04 --by kind
  chobo report shop-settlement --from 2026-04 --to 2026-04 --format csv > april.csv
  chobo report liability-rollforward --from 2026-04 --to 2026-04 --format svg > april.svg
  chobo report general-ledger --account redeemed:orders --from 2026-04
  chobo report member-statement --member M-1 --as-of 2026-04`
}

// Run reads the report and writes it.
func (c *reportCommand) Run(l *life, s *screen) error {
	wanted, known := finance.ReportOf(c.Name)
	streamed := map[string]func(context.Context, report.Reader, finance.Query, *screen) error{
		"general-ledger": c.generalLedger, "member-statement": c.memberStatement}[c.Name]
	if !known && streamed == nil {
		return misused("there is no report %q: there are %s, general-ledger, member-statement", c.Name, finance.Names())
	}
	return c.withHouse(l, c.logging, s, func(ctx context.Context, h *house) error {
		r, q, err := h.books(c.Program, finance.Wish{AsOf: c.AsOf, From: c.From, To: c.To, By: c.By, Shop: c.Shop, Prior: c.Prior, Term: c.Term})
		if err != nil {
			return err
		}
		r.KnownAt = c.KnownAt
		if streamed != nil {
			return streamed(ctx, r, q, s)
		}
		out, err := wanted.Read(ctx, r, q)
		if err != nil {
			return err
		}
		if c.Format == "json" {
			b, err := json.MarshalIndent(out, "", "  ")
			s.printf("%s\n", b)
			return errors.Join(err, s.lost)
		}
		if c.Format == "svg" {
			if err := plot.SVG(s.out, out); !errors.Is(err, plot.ErrNoPlot) {
				return err
			}
			return misused("--format: %s is not drawn", c.Name)
		}
		return c.write(out.Sheet(), s)
	})
}

func (c *reportCommand) write(sheet report.Sheet, s *screen) error {
	if c.Format == "csv" {
		_, err := report.WriteCSV(s.out, sheet)
		return err
	}
	return report.WriteTable(s.out, sheet)
}

func (c *reportCommand) generalLedger(ctx context.Context, r report.Reader, q finance.Query, s *screen) error {
	account, err := ledger.ParseAccount(c.Account)
	if err != nil {
		return misused("--account: %v", err)
	}
	return r.GeneralLedger(ctx, account, q.Span(), func(g report.GeneralLedger, entries iter.Seq2[report.Entry, error]) error {
		if c.Format == "json" {
			return finance.WriteStreamed(s.out, g, entries)
		}
		return c.write(g.Sheet(entries), s)
	})
}

func (c *reportCommand) memberStatement(ctx context.Context, r report.Reader, q finance.Query, s *screen) error {
	if c.Member == "" {
		return misused("--member: name one")
	}
	return r.MemberStatement(ctx, q.Member(c.Member), c.Member, q.AsOf, report.MemberPage{}, func(m report.MemberStatement, entries iter.Seq2[report.MemberEntry, error]) error {
		if c.Format == "json" {
			return finance.WriteStreamed(s.out, m, entries)
		}
		return c.write(m.Sheet(entries), s)
	})
}

// books are a program's, with what is wished of them.
func (h *house) books(code string, w finance.Wish) (r report.Reader, q finance.Query, err error) {
	p := h.engine.Config().Programs[code]
	if p == nil {
		return r, q, fmt.Errorf("there is no program %s", code)
	}
	r = report.Reader{DB: h.db, Book: finance.BookOf(p)}
	q, err = w.Read(p, time.Now())
	var wrong *finance.WishError
	if errors.As(err, &wrong) {
		return r, q, misused("--%s: %s", wrong.Field, wrong.Reason)
	}
	return r, q, err
}
