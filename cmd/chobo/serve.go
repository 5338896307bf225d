package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"chobo/cmd/chobo/internal/api"
	"chobo/cmd/chobo/internal/console"
	"chobo/cmd/chobo/internal/finance"
	"chobo/jobs"
)

type serveCommand struct {
	database
	logging
	Listen      string            `default:"127.0.0.1:8080" env:"CHOBO_LISTEN" placeholder:"ADDRESS" help:"Where the API is heard. Default: ${default}."`
	AdminKey    string            `hidden:"" env:"CHOBO_ADMIN_KEY"`
	Workers     int               `env:"CHOBO_WORKERS" placeholder:"N" help:"Batches posted at once. Default: as many as cores."`
	Queue       int               `env:"CHOBO_QUEUE" placeholder:"N" help:"Operations that may wait for a worker before callers are told to come again. Default: 4096."`
	MaxBatch    int               `env:"CHOBO_MAX_BATCH" placeholder:"N" help:"Operations in one database transaction. Default: 1000."`
	Connections int               `env:"CHOBO_CONNECTIONS" placeholder:"N" help:"Most connections to the database. Default: workers + 16."`
	Jobs        bool              `default:"true" negatable:"" env:"CHOBO_JOBS" help:"Run the jobs by the clock, when no other server does."`
	Cron        map[string]string `env:"CHOBO_CRON" mapsep:";" placeholder:"JOB=FIELDS" help:"Another schedule for a job, in the program's zone, as in --cron 'expire=10 3 * * *'; an empty one: only when asked for. Repeatable."`
	Drain       time.Duration     `default:"30s" env:"CHOBO_DRAIN" placeholder:"TIME" help:"How long calls under way may take to end when the server is stopped. Default: ${default}."`
}

// Help explains the command.
func (serveCommand) Help() string {
	return `Without a database it runs a PostgreSQL of its own in a folder, as durable as any. It migrates the database, and an
installation without programs gets the five that come with Chobo. CHOBO_ADMIN_KEY, where it is set, opens everything;
else the first start makes an admin key and shows it once.

  chobo serve
  chobo serve --database-url postgres://owner:secret@db.example/chobo --listen :8080
  CHOBO_CRON='expire=10 3 * * *;remind=' chobo serve

SIGTERM or SIGINT: it stops listening, answers what it has, and ends. A second one ends it at once. Any number of
servers may work on one database.`
}

// Run serves until it is told to end.
func (c *serveCommand) Run(l *life, s *screen) (err error) {
	for job, fields := range c.Cron {
		if err := jobs.CheckCron(fields); err != nil {
			return misused("--cron %s: %v", job, err)
		}
	}
	collectSeldom()
	log := c.logger(s)
	listener, err := listen(c.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	at, err := c.reach(l.ctx, log, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.stop(l.hurry)) }()
	if err := prepare(l.ctx, at.url); err != nil {
		return err
	}
	h, err := build(l.ctx, at.url, plan{connections: c.Connections, workers: c.Workers, queue: c.Queue, maxBatch: c.MaxBatch, cron: c.Cron, log: log})
	if err != nil {
		return err
	}
	if err := h.unknownJobs(c.Cron); err != nil {
		return errors.Join(err, h.close(l.hurry))
	}
	key, err := firstKey(l.ctx, h.registry, c.AdminKey)
	if err != nil {
		return errors.Join(err, h.close(l.hurry))
	}
	g := greeting{address: listener.Addr(), database: at, key: key, adminKey: c.AdminKey != ""}
	return h.serve(l, listener, h.handler(c.AdminKey, log), c.Jobs, c.Drain, at, func() { g.print(s) })
}

// listen opens the door, with a word on what to do when somebody else stands in it.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w; name another address with --listen, such as 127.0.0.1:8081", err)
	}
	return listener, nil
}

// handler is the house's API.
func (h *house) handler(adminKey string, log zerolog.Logger) http.Handler {
	return api.New(api.Options{
		DB: h.db, Engine: h.engine, Registry: h.registry, Jobs: h.runner, AdminKey: adminKey, Version: version(), Metrics: h.metrics, Log: log,
		Mount: finance.Mount(h.db, h.engine, time.Now), Close: h.closer().Answer, Console: console.Handler(),
	})
}

// serve answers until it is told to end, or the private database goes away; then it stops listening, answers what it has,
// ends the jobs and posts what was taken. It closes the house.
func (h *house) serve(l *life, listener net.Listener, handler http.Handler, withJobs bool, drain time.Duration, at *reached, ready func()) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	ctx, stopJobs := context.WithCancel(l.ctx)
	var working sync.WaitGroup
	if withJobs {
		working.Go(func() { h.runner.Serve(ctx) })
	}
	refused := make(chan error, 1)
	go func() { refused <- server.Serve(listener) }()
	ready()

	var gone <-chan struct{}
	if at.own != nil {
		gone = at.own.Done()
	}
	var cause error
	select {
	case <-l.ctx.Done():
	case cause = <-refused:
	case <-gone:
		cause = errors.New("the private PostgreSQL has ended by itself; its server.log in the data folder tells why")
	}
	stopJobs()
	patience, cancel := context.WithTimeout(l.hurry, drain)
	defer cancel()
	err := server.Shutdown(patience)
	if err != nil {
		err = errors.Join(fmt.Errorf("calls were cut off: %w", err), server.Close())
	}
	working.Wait()
	return errors.Join(cause, err, h.close(patience))
}

// unknownJobs tells a schedule for a job that there is not.
func (h *house) unknownJobs(cron map[string]string) error {
	for job := range cron {
		if !h.runner.Has(job) {
			return misused("--cron: there is no job %q", job)
		}
	}
	return nil
}
