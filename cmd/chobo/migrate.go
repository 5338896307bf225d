package main

import (
	"errors"

	"chobo/schema"
)

type migrateCommand struct {
	database
	logging
	Check bool `help:"Only tell whether there is something to do; exit code 1 if there is."`
}

// Help explains the command.
func (migrateCommand) Help() string {
	return `Migrations only go forward, and several processes that start at once take turns. "chobo serve" does it by
itself; run it on its own to do it before a rolling upgrade.

  chobo migrate --database-url postgres://owner@db/chobo
  chobo migrate --check`
}

// Run migrates.
func (c *migrateCommand) Run(l *life, s *screen) (err error) {
	at, err := c.reach(l.ctx, c.logger(s), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.stop(l.hurry)) }()
	if !c.Check {
		if err := prepare(l.ctx, at.url); err != nil {
			return err
		}
	}
	db, err := schema.OpenOwner(l.ctx, at.url, schema.Pool{MaxOpen: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	current, latest, err := schema.Version(l.ctx, db)
	if err != nil {
		return err
	}
	s.printf("The database is at %d of %d.\n", current, latest)
	if current < latest {
		return errSilent
	}
	return nil
}
