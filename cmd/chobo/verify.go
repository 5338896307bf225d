package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/cmd/chobo/internal/figures"
	"chobo/ledger/journal"
	"chobo/points/registry"
)

type verifyCommand struct {
	database
	logging
	Program  string   `placeholder:"CODE" help:"Balances, lots and documents of this program only. Default: of all. The journal and its seals are proved whole."`
	Head     []string `placeholder:"HASH@N" help:"A head that you kept: seal N must have this hash. Repeatable."`
	Kept     string   `type:"existingfile" placeholder:"FILE" help:"Seals that you kept in a file: the chain must still hold every one."`
	SealsOut string   `type:"path" placeholder:"FILE" help:"Write all seals to a file for somebody outside to keep, if no difference is found."`
	Check    string   `type:"existingfile" placeholder:"FILE" help:"Prove a file of seals by itself, without a database, and print its head."`
	Show     int      `default:"10" placeholder:"N" help:"Differences of each check that are told one by one. Default: ${default}."`
}

// Help explains the command.
func (verifyCommand) Help() string {
	return `It rebuilds balances, lots, holds, orders and roll-ups from the journal alone, names every difference, and proves the
chain of seals. It changes nothing and sees one instant, so it may run beside a server at work. Exit code 1: something
differs.

  chobo verify
  chobo verify --seals-out seals.txt           an auditor takes the file, or only the head that is printed
  chobo verify --kept seals.txt                a year later: was anything changed, taken out or cut off?
  chobo verify --head 9f86d0…@412
  chobo verify --check seals.txt               the file by itself, without a database

Whoever owns the database could write journal and seals anew from the first to the last. Only what somebody else has
kept tells then: keep a head where the owner cannot reach it.`
}

// Run verifies.
func (c *verifyCommand) Run(l *life, s *screen) error {
	if c.Check != "" {
		if c.Kept != "" || c.SealsOut != "" || len(c.Head) > 0 {
			return misused("--check looks at a file alone: leave --head, --kept and --seals-out out")
		}
		return checkSeals(c.Check, s)
	}
	if c.Kept != "" && len(c.Head) > 0 {
		return misused("either --kept or --head")
	}
	heads, err := c.heads()
	if err != nil {
		return err
	}
	collectWhenFull()
	return c.withDatabase(l, c.logging, s, func(ctx context.Context, db *sqlx.DB) error {
		opts := journal.VerifyOptions{Heads: heads, Keep: max(1, c.Show)}
		if c.Program != "" {
			p, err := registry.New(db).Program(ctx, c.Program)
			if err != nil {
				return unknownProgram(err, c.Program)
			}
			opts.Program = p.ID
		}
		bar := &progress{screen: s}
		opts.Progress = func(check string, done, total int64) { bar.show(float64(done)/float64(max(done, total, 1)), check) }
		v, err := journal.Verify(ctx, db, opts)
		bar.end()
		if err != nil {
			return err
		}
		c.show(v, s)
		if v.Differences() > 0 {
			return errors.Join(errSilent, s.lost)
		}
		return errors.Join(c.writeSeals(ctx, db, s), s.lost)
	})
}

// heads are what was kept: of the command line, or of files. A file that is to be written anew counts as kept.
func (c *verifyCommand) heads() (iter.Seq2[journal.Head, error], error) {
	file := c.Kept
	if file == "" && c.SealsOut != "" && len(c.Head) == 0 {
		if _, err := os.Stat(c.SealsOut); err == nil {
			file = c.SealsOut
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if file != "" {
		return journal.Heads(sealsOf(file)), nil
	}
	if len(c.Head) == 0 {
		return nil, nil
	}
	var kept []journal.Head
	for _, text := range c.Head {
		h, err := journal.ParseHead(text)
		if err != nil {
			return nil, misused("--head: %v", err)
		}
		kept = append(kept, h)
	}
	slices.SortFunc(kept, func(g, h journal.Head) int { return int(g.Number - h.Number) })
	return func(yield func(journal.Head, error) bool) {
		for _, h := range kept {
			if !yield(h, nil) {
				return
			}
		}
	}, nil
}

// sealsOf reads a file of seals.
func sealsOf(name string) iter.Seq2[journal.Seal, error] {
	return func(yield func(journal.Seal, error) bool) {
		f, err := os.Open(name)
		if err != nil {
			yield(journal.Seal{}, err)
			return
		}
		defer f.Close() //nolint:errcheck // it was only read
		for s, err := range journal.ReadSeals(f) {
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

// checkSeals proves a file by itself.
func checkSeals(name string, s *screen) error {
	var last journal.Seal
	for seal, err := range sealsOf(name) {
		if err != nil {
			return err
		}
		last = seal
	}
	if last.Number == 0 {
		return fmt.Errorf("%s holds no seal", name)
	}
	s.printf("%s: each seal follows the one before.\n", name)
	s.printf("Head: %s\n  sealed %s, %s transactions\n", last.Head(), last.SealedAt.Format(time.RFC3339), figures.Grouped(last.Total))
	return s.lost
}

// show prints what was found.
func (c *verifyCommand) show(v *journal.Verification, s *screen) {
	t := newTable("CHECK", "LOOKED AT", "DIFFERENCES", "")
	for _, r := range v.Checks {
		differences := cell{text: figures.Grouped(r.Differences), right: true}
		if r.Differences > 0 {
			differences.paint = func(text string) string { return s.paint(red, text) }
		}
		t.row(r.Name, r.Examined, differences, cell{text: r.About, paint: func(text string) string { return s.paint(dim, text) }})
	}
	t.write(s)
	for _, r := range v.Checks {
		if r.Differences == 0 {
			continue
		}
		s.printf("\n%s\n", s.paint(bold, r.Name))
		for _, d := range r.First[:min(c.Show, len(r.First))] {
			s.printf("  %s\n", d)
		}
		if more := r.Differences - int64(min(c.Show, len(r.First))); more > 0 {
			s.printf("  … and %s more\n", figures.Grouped(more))
		}
	}
	s.println("")
	if v.Head == nil {
		s.println("Nothing is sealed yet; the job seal does it.")
	} else {
		s.printf("Head: %s\n", v.Head)
		s.printf("  %s transactions are sealed, %s not yet. Keep the head outside, and ask again with --head.\n", figures.Grouped(v.Total), figures.Grouped(v.Unsealed))
	}
	if n := v.Differences(); n > 0 {
		s.println(s.paint(red, fmt.Sprintf("%s differences.", figures.Grouped(n))))
		return
	}
	s.println(s.paint(green, "The books are right."))
}

// writeSeals writes the seals beside the file and then in its place, so that a file that was kept is never half a file.
func (c *verifyCommand) writeSeals(ctx context.Context, db *sqlx.DB, s *screen) (err error) {
	if c.SealsOut == "" {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(c.SealsOut), ".seals-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(journal.WriteSeals(ctx, db, f), f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), c.SealsOut); err != nil {
		return err
	}
	s.printf("All seals are in %s.\n", c.SealsOut)
	return nil
}
