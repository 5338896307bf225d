package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"time"

	"chobo/cmd/chobo/internal/finance"
	"chobo/jobs/reconcile"
	"chobo/ledger/report"
	"chobo/points/engine"
)

type reconcileCommand struct {
	Books   reconcileBooks   `cmd:"" default:"withargs" help:"Prove that everything stored is what the journal says."`
	Orders  reconcileOrders  `cmd:"" help:"Compare a checkout's file of orders with the books."`
	Refunds reconcileRefunds `cmd:"" help:"Compare a payment provider's file of refunds with the books."`
}

type reconcileBooks struct {
	database
	logging
	Program     []string `placeholder:"CODE" help:"This program's books. Repeatable. Default: all programs'."`
	Incremental bool     `help:"Only members touched since the last run without a break."`
	Show        int      `default:"20" placeholder:"N" help:"Open breaks that are told one by one. Default: ${default}."`
}

// Help explains the command.
func (reconcileBooks) Help() string {
	return `Balances, lots, holds, orders, receivables, keys, sums and seals are proved a second time, and each difference is kept as
a break until it is gone. A server does it each night by itself. Exit code 1: a break is open.

  chobo reconcile
  chobo reconcile --incremental --program samurai-mall`
}

// Run proves the books of each program.
func (c *reconcileBooks) Run(l *life, s *screen) error {
	collectWhenFull()
	return c.withHouse(l, c.logging, s, func(ctx context.Context, h *house) error {
		programs := c.Program
		if len(programs) == 0 {
			for code := range h.engine.Config().Programs {
				programs = append(programs, code)
			}
			slices.Sort(programs)
		}
		r := reconcile.Reconciler{DB: h.db}
		summary := newTable("PROGRAM", "MEMBERS", "CHECKS", "BREAKS", "TOOK")
		var open int64
		for _, code := range programs {
			p, err := h.program(code)
			if err != nil {
				return err
			}
			prove := r.Complete
			if c.Incremental {
				prove = r.Incremental
			}
			run, err := prove(ctx, p, p.Now(time.Now()))
			if err != nil {
				return fmt.Errorf("%s: %w", code, err)
			}
			var members any = "all"
			if run.Members != nil {
				members = *run.Members
			}
			summary.row(code, members, len(run.Checks), run.Breaks, run.FinishedAt.Sub(run.StartedAt).Round(time.Millisecond))
			open += run.Breaks
		}
		summary.write(s)
		if open == 0 {
			return nil
		}
		for _, code := range programs {
			if err := c.show(ctx, h, r, code, s); err != nil {
				return err
			}
		}
		return errSilent
	})
}

// show lists a program's open breaks.
func (c *reconcileBooks) show(ctx context.Context, h *house, r reconcile.Reconciler, code string, s *screen) error {
	p, err := h.program(code)
	if err != nil {
		return err
	}
	breaks, err := r.Breaks(ctx, p.ID, "open", "", 1<<62, c.Show)
	if err != nil || len(breaks) == 0 {
		return err
	}
	t := newTable("CHECK", "ABOUT", "STORED", "COMPUTED", "REASON", "SINCE")
	for _, b := range breaks {
		t.row(b.Check, b.Key, b.Left, b.Right, b.Reason, b.FirstSeen.In(p.Versions.Zone()).Format(time.DateTime))
	}
	s.printf("\n%s\n", code)
	t.write(s)
	return nil
}

// A feedFile is a file from outside and what it is to be compared with.
type feedFile struct {
	database
	logging
	File    string `arg:"" type:"existingfile" help:"A CSV file with a head."`
	Program string `default:"samurai-mall" env:"CHOBO_PROGRAM" placeholder:"CODE" help:"The program. Default: ${default}."`
	From    string `required:"" placeholder:"DAY" help:"First day of the file, as 2026-04-01, or a month."`
	To      string `required:"" placeholder:"DAY" help:"Last day of the file."`
	Columns string `placeholder:"FIELD=NAME,…" help:"What the file calls order_id, member_id, points and money, where it calls them otherwise."`
}

// match reads the file and compares it.
func (c *feedFile) match(l *life, s *screen, do func(reconcile.Reconciler, context.Context, *engine.Program, time.Time, time.Time, iter.Seq2[reconcile.FeedRow, error]) (*reconcile.Matching, error)) error {
	columns, err := reconcile.ParseColumns(c.Columns)
	if err != nil {
		return misused("--columns: %v", err)
	}
	return c.withHouse(l, c.logging, s, func(ctx context.Context, h *house) (err error) {
		p, err := h.program(c.Program)
		if err != nil {
			return err
		}
		_, q, err := h.books(c.Program, finance.Wish{From: c.From, To: c.To})
		if err != nil {
			return err
		}
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		b := finance.BookOf(p)
		m, err := do(reconcile.Reconciler{DB: h.db}, ctx, p, b.Start(q.From), b.Start(nextDay(q.To)), reconcile.ReadFeed(file, columns, b.Currency))
		if err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		s.printf("%d rows: %d match one to one, %d one to many, %d differ.\n", m.Rows, m.OneToOne, m.OneToMany, m.Open)
		if m.Open == 0 {
			return nil
		}
		t := newTable("ABOUT", "FEED", "BOOKS", "REASON")
		for _, b := range m.Breaks {
			t.row(b.Key, b.Left, b.Right, b.Reason)
		}
		t.write(s)
		return errSilent
	})
}

func nextDay(d report.Day) report.Day { return d.AddDate(0, 0, 1) }

type reconcileOrders struct{ feedFile }

// Help explains the command.
func (reconcileOrders) Help() string {
	return `Each order placed in these days must stand in the file with the money and the points that paid it; several rows of one
order are added up. Money is in the currency's major unit.

  chobo reconcile orders april.csv --from 2026-04 --to 2026-04 --columns order_id=OrderNo,money=Paid,points=Points`
}

// Run compares the orders.
func (c *reconcileOrders) Run(l *life, s *screen) error {
	return c.match(l, s, reconcile.Reconciler.MatchOrders)
}

type reconcileRefunds struct{ feedFile }

// Help explains the command.
func (reconcileRefunds) Help() string {
	return `Each amount of money to pay back that arose in these days must stand in the file, by itself or added up with others of
the same order, on either side.

  chobo reconcile refunds provider.csv --from 2026-04 --to 2026-04 --columns order_id=reference,money=amount`
}

// Run compares the refunds.
func (c *reconcileRefunds) Run(l *life, s *screen) error {
	return c.match(l, s, reconcile.Reconciler.MatchRefunds)
}

// program is the house's program of that code.
func (h *house) program(code string) (*engine.Program, error) {
	p := h.engine.Config().Programs[code]
	if p == nil {
		return nil, fmt.Errorf("there is no program %s", code)
	}
	return p, nil
}
