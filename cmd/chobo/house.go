package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"

	"chobo/cmd/chobo/internal/api"
	"chobo/cmd/chobo/internal/finance"
	"chobo/jobs"
	"chobo/jobs/outbox"
	"chobo/jobs/reconcile"
	"chobo/points/engine"
	"chobo/points/registry"
	"chobo/schema"
)

// A house is a ledger at work, all but its door to the network.
type house struct {
	db       *sqlx.DB
	engine   *engine.Engine
	registry *registry.Store
	runner   *jobs.Runner
	metrics  *prometheus.Registry
}

// A plan says how a house is built.
type plan struct {
	connections int // most at once; 0: as many as suit the workers
	workers     int // 0: as many as cores
	queue       int // 0: the engine's default
	maxBatch    int // 0: the engine's default
	cron        map[string]string
	log         zerolog.Logger
}

// build opens a house in a database that is prepared; else it fails with schema.ErrBehind.
func build(ctx context.Context, url string, p plan) (_ *house, err error) {
	if p.workers <= 0 {
		p.workers = runtime.GOMAXPROCS(0)
	}
	if p.connections <= 0 {
		p.connections = p.workers + 16 // the workers', the leader's of the jobs, and the readers'
	}
	db, err := schema.Open(ctx, url, schema.Pool{MaxOpen: p.connections})
	if err != nil {
		return nil, err
	}
	if err := schema.Check(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	h := &house{db: db, registry: registry.New(db), metrics: prometheus.NewRegistry()}
	h.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewDBStatsCollector(db.DB, "chobo"))
	h.engine, err = engine.New(ctx, db, engine.Options{
		Workers: p.workers, Queue: p.queue, MaxBatch: p.maxBatch, Render: api.Render, Metrics: h.metrics, Log: p.log,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	h.runner = jobs.New(db, h.engine, jobs.Options{Cron: p.cron, Metrics: h.metrics, Log: p.log})
	h.runner.Register(jobs.SealJob(db))
	for _, j := range reconcile.Jobs(db) {
		h.runner.Register(j)
	}
	h.runner.Register(outbox.Job(db))
	h.metrics.MustRegister(reconcile.Metrics(db), outbox.Metrics(db))
	return h, nil
}

// closer closes periods in the house.
func (h *house) closer() finance.Closer {
	return finance.Closer{DB: h.db, Engine: h.engine, Registry: h.registry, Runner: h.runner, Now: time.Now}
}

// close answers what was taken and ends the connections. When ctx ends first, what is under way is given up.
func (h *house) close(ctx context.Context) error {
	return errors.Join(h.engine.Close(ctx), h.db.Close())
}

// prepare makes a database an installation: its tables, its secret and, if it has no programs yet, the shipped ones.
func prepare(ctx context.Context, url string) (err error) {
	if err := schema.Migrate(ctx, url); err != nil {
		return err
	}
	db, err := schema.Open(ctx, url, schema.Pool{MaxOpen: 2})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	store := registry.New(db)
	if err := store.Prepare(ctx); err != nil {
		return err
	}
	if err := loadShipped(ctx, store); err != nil {
		return fmt.Errorf("load the shipped programs: %w", err)
	}
	return nil
}
