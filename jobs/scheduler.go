package jobs

import (
	"context"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"chobo/points/engine"
)

// How often a replica looks whether it should lead, and a leader whether there are new programs.
const (
	leaderEvery = 2 * time.Second
	entryEvery  = 30 * time.Second
	forgetEvery = 24 * time.Hour
)

// Serve runs the jobs by the clock until ctx ends, and returns when those under way have ended. Among replicas it waits
// until it leads. A leader first catches up on what was due while nobody led.
func (r *Runner) Serve(ctx context.Context) {
	for ctx.Err() == nil {
		if l := r.lead(ctx); l != nil {
			r.rule(ctx, l)
			l.resign()
		}
		pause(ctx, leaderEvery)
	}
}

// rule runs the jobs until ctx ends or the leadership is lost.
func (r *Runner) rule(ctx context.Context, l *leadership) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e := &entries{runner: r, ctx: ctx, ids: map[entry]cron.EntryID{}}
	e.cron = cron.New(cron.WithLocation(time.UTC))
	defer e.stop(cancel)
	e.cron.Start()
	var looked, forgot time.Time
	for l.holds(ctx) {
		if time.Since(looked) >= entryEvery {
			e.look(ctx)
			looked = time.Now()
		}
		if time.Since(forgot) >= forgetEvery {
			if err := r.runs.forget(ctx, r.now().Add(-forgetEvery)); err != nil && ctx.Err() == nil {
				r.opts.Log.Warn().Err(err).Msg("idle runs are kept for now")
			}
			forgot = time.Now()
		}
		pause(ctx, leaderEvery)
	}
}

// An entry is one job by the clock, for one program or for the house.
type entry struct {
	program string // empty: the house
	job     string
}

// entries are what cron knows. There are more when there are more programs.
type entries struct {
	runner *Runner
	ctx    context.Context //nolint:containedctx // cron calls without one
	cron   *cron.Cron
	ids    map[entry]cron.EntryID
	missed sync.WaitGroup
}

// look adds what is new, and runs what of it was due before.
func (e *entries) look(ctx context.Context) {
	config, err := e.runner.engine.Reload(ctx)
	if err != nil {
		if ctx.Err() == nil {
			e.runner.opts.Log.Warn().Err(err).Msg("jobs keep to the programs they know")
		}
		return
	}
	var missed []func()
	last, err := e.runner.lastRuns(ctx, config)
	if err != nil {
		e.runner.opts.Log.Warn().Err(err).Msg("jobs cannot tell what was missed")
		return
	}
	for _, j := range e.runner.jobs {
		for _, p := range programsOf(j, config) {
			key := entry{job: j.Name}
			if p != nil {
				key.program = p.Code
			}
			s := e.runner.schedule(j, p)
			if _, known := e.ids[key]; known || s == nil {
				continue
			}
			run := e.job(j, key)
			e.ids[key] = e.cron.Schedule(s, run)
			if next := s.Next(last[runKey{number(p), j.Name}]); !next.IsZero() && !next.After(e.runner.now()) {
				missed = append(missed, run.Run)
			}
		}
	}
	e.missed.Go(func() {
		for _, run := range missed {
			if e.ctx.Err() == nil {
				run()
			}
		}
	})
}

// job is what cron calls: it skips a turn whose predecessor still runs.
func (e *entries) job(j Job, key entry) cron.Job {
	return cron.NewChain(cron.SkipIfStillRunning(cron.DiscardLogger)).Then(cron.FuncJob(func() {
		t := Task{}
		if key.program != "" {
			p, ok := e.runner.engine.Config().Programs[key.program]
			if !ok {
				return
			}
			t.Program = p
		}
		t.AsOf = e.runner.now()
		_, _ = e.runner.run(e.ctx, j, t) // the history, the log and the metrics have its error
	}))
}

// stop lets nothing new begin and waits for what is under way.
func (e *entries) stop(cancel context.CancelFunc) {
	ended := e.cron.Stop()
	cancel()
	<-ended.Done()
	e.missed.Wait()
}

// programsOf is for whom the job runs by the clock; nil stands for the house.
func programsOf(j Job, config *engine.Config) []*engine.Program {
	if j.House {
		return []*engine.Program{nil}
	}
	programs := make([]*engine.Program, 0, len(config.Programs))
	for _, p := range config.Programs {
		programs = append(programs, p)
	}
	return programs
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
