package jobs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"chobo/points"
	"chobo/points/engine"
)

// Options say how a runner works.
type Options struct {
	Cron    map[string]string     // by job: a schedule instead of the job's own; empty: only when asked for
	Now     func() time.Time      // nil: the wall clock
	Metrics prometheus.Registerer // nil: none
	Log     zerolog.Logger
}

// A Runner knows the jobs, runs them and keeps their history. It is safe for concurrent use once all jobs are registered.
type Runner struct {
	db     *sqlx.DB
	engine *engine.Engine
	opts   Options
	jobs   []Job // in the order in which they are due at one instant
	runs   ledgerOfRuns
	meters meters
}

// New returns a runner with the jobs that every installation has: those that visit members. db is a pool of schema.Open.
func New(db *sqlx.DB, e *engine.Engine, opts Options) *Runner {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	r := &Runner{db: db, engine: e, opts: opts, runs: ledgerOfRuns{db}}
	r.meters = newMeters(opts.Metrics, r)
	for _, j := range []struct {
		kind        points.Due
		about, cron string
	}{
		{points.DueRelease, "Voids reservations whose time is over.", "* * * * *"},
		{points.DueMature, "Turns pending points whose hold has ended into points to spend.", "5 0 * * *"},
		{points.DueExpire, "Expires lots past their date.", "10 0 * * *"},
		{points.DueLapse, "Takes the points of members who were inactive for too long.", "15 0 * * *"},
	} {
		r.Register(Job{Name: j.kind.String(), About: j.about, Cron: j.cron, Do: visitor{db, e, j.kind}.do})
	}
	r.Register(Job{Name: Remind, About: "Tells of points that expire within 30 days, each member once for each date, and counts them.", Cron: "0 9 * * *", Do: reminder{db, e}.do})
	return r
}

// Register adds a job, to be called before anything else. A name that is taken or a schedule that cannot be read is a bug.
func (r *Runner) Register(j Job) {
	if other, ok := r.opts.Cron[j.Name]; ok {
		j.Cron = other
	}
	if _, err := r.job(j.Name); err == nil {
		panic("jobs: there are two jobs " + j.Name)
	}
	r.jobs = append(r.jobs, j)
}

// CheckCron tells whether fields can be read as a schedule; empty ones can.
func CheckCron(fields string) error {
	if fields == "" {
		return nil
	}
	_, err := schedule(fields, time.UTC)
	return err
}

func (r *Runner) job(name string) (Job, error) {
	i := slices.IndexFunc(r.jobs, func(j Job) bool { return j.Name == name })
	if i < 0 {
		return Job{}, fmt.Errorf("%w: %q", ErrUnknownJob, name)
	}
	return r.jobs[i], nil
}

// Has tells whether there is a job of that name.
func (r *Runner) Has(job string) bool {
	_, err := r.job(job)
	return err == nil
}

// OfHouse tells whether the job concerns the installation, not one program.
func (r *Runner) OfHouse(job string) bool {
	j, err := r.job(job)
	return err == nil && j.House
}

// program is the program of that code, as the newest configuration has it: a sandbox's clock may have been moved.
func (r *Runner) program(ctx context.Context, code string) (*engine.Program, error) {
	config, err := r.engine.Reload(ctx)
	if err != nil {
		return nil, err
	}
	p, ok := config.Programs[code]
	if !ok {
		return nil, engine.ErrUnknownProgram
	}
	return p, nil
}

// Run runs the job for the program up to and with asOf; the zero time means now, by the program's clock. It returns
// when the job is done. A run that failed is returned too, with its error.
//
// It refuses with ErrUnknownJob, engine.ErrUnknownProgram or points.TimeInFuture, and then leaves no trace.
func (r *Runner) Run(ctx context.Context, program, job string, asOf time.Time) (Run, error) {
	j, err := r.job(job)
	if err != nil {
		return Run{}, err
	}
	p, err := r.program(ctx, program)
	if err != nil {
		return Run{}, err
	}
	now := p.Now(r.opts.Now())
	if asOf.IsZero() {
		asOf = now
	}
	if asOf.After(now.Add(points.Skew)) {
		return Run{}, points.RefuseField(points.TimeInFuture, "as_of", "%s is ahead of the program's clock, %s",
			asOf.Format(time.RFC3339), now.In(p.Versions.Zone()).Format(time.RFC3339))
	}
	t := Task{Program: p, AsOf: asOf.UTC().Truncate(time.Microsecond), Asked: true}
	if j.House {
		t.Program = nil
	}
	run, err := r.run(ctx, j, t)
	return run.in(p.Versions.Zone()), err
}

// run does the task and keeps what came of it.
func (r *Runner) run(ctx context.Context, j Job, t Task) (Run, error) {
	run, err := r.runs.begin(ctx, number(t.Program), j.Name, t.AsOf, r.now())
	if err != nil {
		return run, err
	}
	did, err := work(ctx, j, t)
	// How it ended is noted even if nobody waits any more.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = errors.Join(err, r.runs.finish(end, &run, did, err, r.now()))
	r.meters.ran(run, err)
	r.log(run, t, err)
	return run, err
}

// work calls the job. A bug in one must not take the server along.
func work(ctx context.Context, j Job, t Task) (did Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("job %s has a bug: %v", j.Name, v)
		}
	}()
	return j.Do(ctx, t)
}

// log tells of runs that did something or failed; the history has the others.
func (r *Runner) log(run Run, t Task, err error) {
	event := r.opts.Log.Info()
	switch {
	case err != nil:
		event = r.opts.Log.Error().Err(err)
	case run.Processed == 0:
		event = r.opts.Log.Debug()
	}
	if t.Program != nil {
		event = event.Str("program", t.Program.Code)
	}
	event.Str("job", run.Job).Int64("run_id", run.RunID).Time("as_of", run.AsOf).
		Int64("processed", run.Processed).Int64("points", int64(run.Points)).Int64("took_ms", run.DurationMS).Msg("ran")
}

func (r *Runner) now() time.Time { return r.opts.Now().UTC().Truncate(time.Microsecond) }

// number is the program's in the database, that of the house for none.
func number(p *engine.Program) int {
	if p == nil {
		return house
	}
	return p.ID
}

// A Listing is a job as the API lists it.
type Listing struct {
	Job     string     `json:"job"`
	About   string     `json:"about"`
	Cron    string     `json:"cron" doc:"In the program's time zone; empty: it runs only when asked for."`
	NextRun *time.Time `json:"next_run" doc:"Null in a sandbox, whose jobs run only when asked for."`
	LastRun *Run       `json:"last_run"`
}

// List tells what jobs there are, when each runs next for the program and how it last ended.
func (r *Runner) List(ctx context.Context, program string) ([]Listing, error) {
	p, err := r.program(ctx, program)
	if err != nil {
		return nil, err
	}
	zone := p.Versions.Zone()
	list := make([]Listing, 0, len(r.jobs))
	for _, j := range r.jobs {
		l := Listing{Job: j.Name, About: j.About, Cron: j.Cron}
		if s := r.schedule(j, p); s != nil {
			if next := s.Next(r.now()).In(zone); !next.IsZero() {
				l.NextRun = &next
			}
		}
		runs, err := r.runs.list(ctx, j.number(p), j.Name, math.MaxInt64, 1)
		if err != nil {
			return nil, err
		}
		if len(runs) > 0 {
			last := runs[0].in(zone)
			l.LastRun = &last
		}
		list = append(list, l)
	}
	return list, nil
}

// Runs lists the job's runs for the program, newest first: at most limit of those before run before; 0: from the newest.
func (r *Runner) Runs(ctx context.Context, program, job string, before int64, limit int) ([]Run, error) {
	j, err := r.job(job)
	if err != nil {
		return nil, err
	}
	p, err := r.program(ctx, program)
	if err != nil {
		return nil, err
	}
	if before <= 0 {
		before = math.MaxInt64
	}
	runs, err := r.runs.list(ctx, j.number(p), j.Name, before, limit)
	for i := range runs {
		runs[i] = runs[i].in(p.Versions.Zone())
	}
	return runs, err
}

// number is the program under which the job's runs for p are kept.
func (j Job) number(p *engine.Program) int {
	if j.House {
		return house
	}
	return p.ID
}

// schedule is when the job runs by the clock for the program; nil: never.
func (r *Runner) schedule(j Job, p *engine.Program) cron.Schedule {
	if j.Cron == "" || p != nil && p.Sandbox && !j.House {
		return nil
	}
	zone := time.UTC
	if p != nil && !j.House {
		zone = p.Versions.Zone()
	}
	s, err := schedule(j.Cron, zone)
	if err != nil {
		r.opts.Log.Error().Err(err).Str("job", j.Name).Msg("runs only when asked for")
		return nil
	}
	return s
}
