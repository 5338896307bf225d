package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"chobo/cmd/chobo/internal/figures"
	"chobo/cmd/chobo/internal/finance"
	"chobo/ledger"
	"chobo/ledger/export"
)

type exportCommand struct {
	Journal exportJournal `cmd:"" help:"Export the journal."`
}

type exportJournal struct {
	database
	logging
	Program string `default:"samurai-mall" env:"CHOBO_PROGRAM" placeholder:"CODE" help:"The program. Default: ${default}."`
	Format  string `default:"csv" help:"csv, jsonl, hledger, ledger, beancount, or sums for freee, moneyforward, yayoi, quickbooks. Default: ${default}."`
	From    string `placeholder:"DAY" help:"First day, by book date. Default: since ever."`
	To      string `placeholder:"DAY" help:"Last day. Default: today."`
	After   int64  `placeholder:"ID" help:"Go on behind this transaction of an export that broke off."`
	Out     string `short:"o" type:"path" placeholder:"FILE" help:"Write to this file. Default: standard output."`
	Gzip    bool   `help:"Compress it."`
}

// Help explains the command.
func (exportJournal) Help() string {
	return `It streams: a journal of any size takes the same memory. What it adds up to is told on standard error.

  chobo export journal --format hledger -o 2026.journal && hledger -f 2026.journal balance
  chobo export journal --from 2026-04 --to 2026-04 --format freee -o april.csv`
}

// Run writes the export.
func (c *exportJournal) Run(l *life, s *screen) error {
	format, err := export.ParseFormat(c.Format)
	if err != nil {
		return misused("--format: %v", err)
	}
	if c.After != 0 && format.Summary() {
		return misused("--after: %v", export.ErrSums)
	}
	return c.withHouse(l, c.logging, s, func(ctx context.Context, h *house) (err error) {
		r, q, err := h.books(c.Program, finance.Wish{From: c.From, To: c.To})
		if err != nil {
			return err
		}
		var out io.Writer = s.out
		if c.Out != "" {
			f, err2 := os.Create(c.Out)
			if err2 != nil {
				return err2
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			out = f
		}
		if c.Gzip {
			z := gzip.NewWriter(out)
			defer func() { err = errors.Join(err, z.Close()) }()
			out = z
		}
		x := export.Exporter{DB: h.db, Book: r.Book}
		return x.Export(ctx, export.Request{Span: q.Span(), Format: format, After: ledger.TransactionID(c.After)},
			func(control export.Control, write func(io.Writer) error) error {
				if err := write(out); err != nil {
					return err
				}
				fmt.Fprintf(s.err, "%s lines, %s points, %s money on each side\n", figures.Grouped(control.Lines),
					figures.Grouped(int64(control.Points)), figures.Grouped(int64(control.Money)))
				return nil
			})
	})
}
