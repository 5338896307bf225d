package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/rs/zerolog"

	"chobo/cmd/chobo/internal/bench"
	"chobo/cmd/chobo/internal/figures"
	"chobo/jobs"
	"chobo/schema/private"
)

type benchCommand struct {
	DatabaseURL string        `name:"database-url" env:"CHOBO_DATABASE_URL,DATABASE_URL" placeholder:"URL" help:"A server to measure on. Its databases are left alone: the bench makes its own and drops them. Without one, a private PostgreSQL in a folder that is removed again."`
	Callers     int           `default:"256" help:"Closed loops that call at once."`
	Duration    time.Duration `default:"10s" help:"Of each measurement."`
	Members     int           `default:"100000" help:"Members with points."`
	Scale       int           `default:"50" help:"Of pgbench, which it is compared with; 0 leaves it out."`
	Quick       bool          `help:"Small and short: to see that it works, not to quote."`
}

// Help explains the command.
func (benchCommand) Help() string {
	return `Orders paid with points are posted through the engine and over HTTP, durably (fsync on), and compared with pgbench on
the same server in the same minutes. CPU is per operation, PostgreSQL's and this process's with its callers.

  chobo bench
  chobo bench --quick
  chobo bench --database-url postgres://owner@db/postgres --callers 512 --duration 30s`
}

// Run measures.
func (c *benchCommand) Run(l *life, s *screen) (err error) {
	if c.Callers < 1 || c.Members < 1 || c.Duration < 100*time.Millisecond || c.Scale < 0 {
		return misused("--callers and --members begin at 1, --duration at 100ms, --scale at 0")
	}
	if c.Quick {
		c.Duration, c.Members, c.Scale = min(c.Duration, time.Second), min(c.Members, 5000), min(c.Scale, 5)
	}
	collectSeldom() // as a server does
	o := bench.Options{DatabaseURL: c.DatabaseURL, Callers: c.Callers, Duration: c.Duration, Members: c.Members, Scale: c.Scale,
		Prepare: prepare, Open: openSubject, Say: func(what string) { s.notef("… %s\n", what) }}
	if c.DatabaseURL == "" {
		dir, err2 := os.MkdirTemp("", "chobo-bench-")
		if err2 != nil {
			return err2
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		if err := os.Chmod(dir, 0o755); err != nil { // the server's user must reach it //nolint:gosec // nothing secret stands there
			return err
		}
		server, err2 := private.Start(l.ctx, private.Config{Dir: filepath.Join(dir, "pg"), Settings: map[string]string{"max_wal_size": "8GB"}})
		if err2 != nil {
			return err2
		}
		defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(l.hurry))) }()
		o.DatabaseURL, o.Postmaster = server.URL(), server.PID()
	}
	report, err := bench.Run(l.ctx, o)
	if err != nil {
		return err
	}
	printBench(s, report)
	return nil
}

// openSubject opens a house for the bench, as serve does, but without a log.
func openSubject(ctx context.Context, url string) (*bench.Subject, error) {
	const key = "bench"
	h, err := build(ctx, url, plan{log: zerolog.Nop()})
	if err != nil {
		return nil, err
	}
	return &bench.Subject{Engine: h.engine, Handler: h.handler(key, zerolog.Nop()), Key: key, Batches: h.batches, Mature: h.mature, Close: h.close}, nil
}

// mature runs the job for the bench's program at that time.
func (h *house) mature(ctx context.Context, now time.Time) (lots int64, err error) {
	if _, err := h.registry.MoveClock(ctx, bench.Program, now); err != nil {
		return 0, err
	}
	r, err := h.runner.Run(ctx, bench.Program, jobs.Mature, time.Time{})
	return r.Processed, err
}

// batches is how many transactions the engine has posted.
func (h *house) batches() (n int64) {
	families, err := h.metrics.Gather()
	if err != nil {
		return 0
	}
	for _, f := range families {
		if f.GetName() == "chobo_batch_operations" {
			for _, m := range f.GetMetric() {
				n += int64(m.GetHistogram().GetSampleCount()) //nolint:gosec // a count
			}
		}
	}
	return n
}

func printBench(s *screen, r *bench.Report) {
	s.printf("PostgreSQL %s, %d cores, %s members (granted at %s/s), %s each, durable commits\n\n", r.Server, runtime.NumCPU(),
		figures.Grouped(int64(r.Members)), figures.Grouped(int64(float64(r.Members)/r.Seeded.Seconds())), r.Duration)
	t := newTable("MEASURED", "CALLERS", "OPS/S", "P50 ms", "P99 ms", "P99.9 ms", "CPU µs/op", "WAL B/op", "DB B/op", "OPS/BATCH", "× TPCB", "× -N", "OTHERS")
	for _, m := range r.Results {
		per := func(n int64) cell { return number("%d", n/max(1, m.Ops)) }
		cpu := number("?+%.0f", perOp(m.OwnCPU, m.Ops))
		if m.ServerCPU > 0 {
			cpu = number("%.0f+%.0f", perOp(m.ServerCPU, m.Ops), perOp(m.OwnCPU, m.Ops))
		}
		t.row(m.Name, m.Callers, int64(m.PerSecond()), ms(m.P50), ms(m.P99), ms(m.P999), cpu, per(m.WAL), per(m.Size), number("%.0f", m.PerBatch()),
			times(m.PerSecond(), r.TPCB.PerSecond), times(m.PerSecond(), r.Simple.PerSecond),
			number("%.0f %%", 100*m.Others))
	}
	for _, p := range []struct {
		name string
		rate bench.Rate
	}{{"pgbench tpcb-like", r.TPCB}, {"pgbench -N", r.Simple}} {
		if p.rate.Clients > 0 {
			t.row(fmt.Sprintf("%s, scale %d", p.name, r.PgScale), p.rate.Clients, int64(p.rate.PerSecond), number(""), number(""), number(""), number(""), number(""), number(""), number(""), number(""), number(""), number(""))
		}
	}
	t.write(s)
	s.println("\nCPU is PostgreSQL's + this process's, its callers included. Batches: the latency of one call of 500.\nOTHERS is the share of the machine that other processes took: above some 10 % the rates say little.")
}

// number is a cell to the right.
func number(format string, args ...any) cell {
	return cell{text: fmt.Sprintf(format, args...), right: true}
}

func ms(d time.Duration) cell {
	if d == 0 {
		return number("")
	}
	return number("%.1f", float64(d.Microseconds())/1000)
}

func perOp(d time.Duration, ops int64) float64 {
	return float64(d.Microseconds()) / float64(max(1, ops))
}

func times(ours, theirs float64) cell {
	if theirs == 0 {
		return number("")
	}
	return number("%.1f", ours/theirs)
}
