package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"chobo/schema"
)

type doctorCommand struct {
	database
	logging
}

// Help explains the command.
func (doctorCommand) Help() string {
	return `It changes nothing. Exit code 1 says that something must be mended; what only should be is a warning.

  chobo doctor
  chobo doctor --database-url postgres://owner@db/chobo`
}

// A finding is what one examination found.
type finding struct {
	grade grade
	what  string // examined
	says  string
	mend  string // what to do; empty where all is well
}

type grade int

const (
	well grade = iota
	should
	must
)

func fine(what, format string, args ...any) finding {
	return finding{what: what, says: fmt.Sprintf(format, args...)}
}

// Run examines the installation.
func (c *doctorCommand) Run(l *life, s *screen) (err error) {
	at, err := c.reach(l.ctx, c.logger(s), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.stop(l.hurry)) }()
	db, err := schema.Open(l.ctx, at.url, schema.Pool{MaxOpen: 4})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	worst := well
	for _, f := range examine(l.ctx, db, at.url) {
		f.print(s)
		worst = max(worst, f.grade)
	}
	switch worst {
	case must:
		s.println("\nSomething must be mended.")
		return errSilent
	case should:
		s.println("\nIt works; what is marked ! should be seen to.")
	default:
		s.println("\nAll is well.")
	}
	return nil
}

func (f finding) print(s *screen) {
	mark := [...]string{s.paint(green, "✓"), s.paint(yellow, "!"), s.paint(red, "✗")}[f.grade]
	s.printf("%s %-12s %s\n", mark, f.what, f.says)
	if f.mend != "" {
		s.printf("  %-12s %s\n", "", s.paint(dim, "→ "+f.mend))
	}
}

// examine makes all examinations. Those that need tables are left out where there are none.
func examine(ctx context.Context, db *sqlx.DB, url string) []finding {
	var all []finding
	for _, e := range []func(context.Context, *sqlx.DB) []finding{serverVersion, durability, connections, clocks, longTransactions, migrations} {
		all = append(all, e(ctx, db)...)
	}
	if all[len(all)-1].grade == must {
		return all
	}
	for _, e := range []func(context.Context, *sqlx.DB) []finding{privileges, guards, foreign, keysAndPrograms, webhooks} {
		all = append(all, e(ctx, db)...)
	}
	return append(all, jobsLate(ctx, url)...)
}

// unasked is an examination that could not be made.
func unasked(what string, err error) []finding {
	return []finding{{grade: must, what: what, says: err.Error(), mend: "see whether the database is in order, and run the doctor again"}}
}
