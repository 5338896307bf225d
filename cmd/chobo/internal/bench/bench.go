package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/points/engine"
	"chobo/schema"
)

// Options say what is measured.
type Options struct {
	DatabaseURL string // of the owner; its server gets databases of our own, its database is left alone
	Postmaster  int    // pid of the server, for its CPU time; 0: it runs elsewhere
	Callers     int
	Duration    time.Duration // of each measurement
	Members     int
	Scale       int // of pgbench; 0: it is not run

	Prepare func(ctx context.Context, url string) error             // makes a database an installation
	Open    func(ctx context.Context, url string) (*Subject, error) // opens it
	Say     func(what string)                                       // is told what is under way
}

// A Subject is what is measured.
type Subject struct {
	Engine  *engine.Engine
	Handler http.Handler
	Key     string                                                           // opens the API
	Batches func() int64                                                     // database transactions so far
	Mature  func(ctx context.Context, now time.Time) (lots int64, err error) // runs the job for the program, its clock set to now
	Close   func(context.Context) error
}

// A Report is what all measurements found.
type Report struct {
	Server   string // version of PostgreSQL
	Callers  int
	Members  int
	Seeded   time.Duration
	Results  []Result
	TPCB     Rate // best of pgbench's own script
	Simple   Rate // best of its simple update (-N)
	PgScale  int
	Duration time.Duration
}

// A Rate is transactions per second, and at how many clients.
type Rate struct {
	PerSecond float64
	Clients   int
}

func (r *Rate) beat(tps float64, clients int) {
	if tps > r.PerSecond {
		*r = Rate{tps, clients}
	}
}

// bench is a run under way.
type bench struct {
	opts    Options
	owner   *sqlx.DB // sees the gauges
	subject *Subject
	pg      *pgbench
	report  Report
	round   int // of loads so far
}

func (b *bench) batches() int64 { return b.subject.Batches() }

const (
	versionSQL    = `SELECT current_setting('server_version')`
	analyzeSQL    = `ANALYZE`
	checkpointSQL = `CHECKPOINT`
)

// Run measures. It leaves no database behind.
func Run(ctx context.Context, opts Options) (_ *Report, err error) {
	at, err := newScratch(ctx, opts.DatabaseURL, "bench")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, at.drop(ctx)) }()
	b := &bench{opts: opts, report: Report{Callers: opts.Callers, Members: opts.Members, PgScale: opts.Scale, Duration: opts.Duration}}
	if err := opts.Prepare(ctx, at.url); err != nil {
		return nil, err
	}
	if b.owner, err = schema.OpenOwner(ctx, at.url, schema.Pool{MaxOpen: 2}); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.owner.Close()) }()
	if err := b.owner.GetContext(ctx, &b.report.Server, versionSQL); err != nil {
		return nil, err
	}
	if err := b.addProgram(ctx); err != nil {
		return nil, err
	}
	if opts.Scale > 0 {
		opts.Say(fmt.Sprintf("making pgbench's tables at scale %d", opts.Scale))
		if b.pg, err = newPgbench(ctx, opts.DatabaseURL, opts.Scale); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, b.pg.at.drop(ctx)) }()
	}
	if err := b.seed(ctx, at.url); err != nil {
		return nil, err
	}
	return &b.report, b.measure(ctx, at.url)
}

// measure runs pgbench, all measurements on fresh connections, and pgbench again.
func (b *bench) measure(ctx context.Context, url string) (err error) {
	if err := b.compare(ctx); err != nil {
		return err
	}
	if b.subject, err = b.opts.Open(ctx, url); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.subject.Close(context.WithoutCancel(ctx))) }()
	all := b.measurements()
	if err := b.settle(ctx, all[0]); err != nil {
		return err
	}
	for _, m := range all {
		b.opts.Say(fmt.Sprintf("%s, callers: %d", m.name, m.callers))
		r, err := m.run(ctx)
		if err != nil {
			return err
		}
		b.report.Results = append(b.report.Results, r)
	}
	if err := b.matureAll(ctx); err != nil {
		return err
	}
	return b.compare(ctx)
}

// settle writes out what seeding left, and posts for a while, since the first change of each page after a checkpoint
// writes the whole page into the log.
func (b *bench) settle(ctx context.Context, m measurement) error {
	if _, err := b.owner.ExecContext(ctx, checkpointSQL); err != nil {
		b.opts.Say("goes on without a checkpoint: " + err.Error())
	}
	b.opts.Say("warming up")
	_, err := m.run(ctx)
	return err
}

// compare runs pgbench's two scripts and keeps their best.
func (b *bench) compare(ctx context.Context) error {
	if b.pg == nil {
		return nil
	}
	for _, script := range []struct {
		name string
		rate *Rate
	}{{"tpcb-like", &b.report.TPCB}, {"simple-update", &b.report.Simple}} {
		b.opts.Say("pgbench " + script.name)
		tps, clients, err := b.pg.best(ctx, script.name, b.opts.Duration/2, 16, 64)
		if err != nil {
			return err
		}
		script.rate.beat(tps, clients)
	}
	return nil
}
