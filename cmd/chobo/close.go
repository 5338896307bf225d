package main

import (
	"context"
	"os/user"
	"time"

	"chobo/cmd/chobo/internal/figures"
)

type closeCommand struct {
	database
	logging
	Month   string `arg:"" help:"The month, as 2026-04."`
	Program string `default:"samurai-mall" env:"CHOBO_PROGRAM" placeholder:"CODE" help:"The program. Default: ${default}."`
	Actor   string `placeholder:"NAME" help:"Who closes it. Default: you."`
}

// Help explains the command.
func (closeCommand) Help() string {
	return `What fell due in the month is posted, then nothing else is booked in it; all checks run; the points are valued by
cohort; the balances are kept with their hash. A check that finds a break leaves the month open. Closing again posts
nothing.

  chobo close 2026-04 --actor "the controller"`
}

// Run closes the month.
func (c *closeCommand) Run(l *life, s *screen) error {
	month, err := time.Parse("2006-01", c.Month)
	if err != nil {
		return misused("%q is no month; write 2026-04", c.Month)
	}
	if c.Actor == "" {
		if u, err := user.Current(); err == nil {
			c.Actor = u.Username
		}
	}
	return c.withHouse(l, c.logging, s, func(ctx context.Context, h *house) error {
		p, err := h.program(c.Program)
		if err != nil {
			return err
		}
		done, err := h.closer().Close(ctx, p, month, c.Actor)
		if err != nil {
			return err
		}
		s.printf("%s of %s is %s since %s, by %s.\n", done.Period, c.Program, done.State, done.ClosedAt.Format(time.RFC3339), done.Actor)
		if done.Hash != "" {
			s.printf("Balances: sha256 %s\n", done.Hash)
		}
		if len(done.Valuation) == 0 {
			return nil
		}
		t := newTable("COHORT", "FUNDER", "FACE", "OWED", "ALLOWANCE", "BEFORE", "ENTRY")
		for _, v := range done.Valuation {
			t.row(v.Cohort, v.Funder, int64(v.Face), int64(v.Target), int64(v.Required), int64(v.Booked), cell{text: figures.Grouped(int64(v.Entry)), right: true})
		}
		t.write(s)
		return nil
	})
}
