package main

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"chobo/points/registry"
	"chobo/schema"
)

// withDatabase runs fn with a pool to the database, which must be migrated.
func (d database) withDatabase(l *life, log logging, s *screen, fn func(ctx context.Context, db *sqlx.DB) error) (err error) {
	at, err := d.reach(l.ctx, log.logger(s), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.stop(l.hurry)) }()
	if at.own != nil { // it was started for this command: it may be new
		if err := prepare(l.ctx, at.url); err != nil {
			return err
		}
	}
	db, err := schema.Open(l.ctx, at.url, schema.Pool{MaxOpen: 4})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := schema.Check(l.ctx, db); err != nil {
		return err
	}
	return fn(l.ctx, db)
}

// withRegistry runs fn with the registry of the database.
func (d database) withRegistry(l *life, log logging, s *screen, fn func(ctx context.Context, store *registry.Store) error) error {
	return d.withDatabase(l, log, s, func(ctx context.Context, db *sqlx.DB) error { return fn(ctx, registry.New(db)) })
}

// withHouse runs fn with a house in the database.
func (d database) withHouse(l *life, log logging, s *screen, fn func(ctx context.Context, h *house) error) (err error) {
	at, err := d.reach(l.ctx, log.logger(s), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.stop(l.hurry)) }()
	if at.own != nil {
		if err := prepare(l.ctx, at.url); err != nil {
			return err
		}
	}
	h, err := build(l.ctx, at.url, plan{log: log.logger(s)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close(l.hurry)) }()
	return fn(l.ctx, h)
}
