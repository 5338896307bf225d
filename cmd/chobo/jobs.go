package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"chobo/jobs"
)

type jobsCommand struct {
	Run  jobsRun  `cmd:"" help:"Run a job now."`
	List jobsList `cmd:"" help:"List the jobs of a program, when each runs next and how it last went."`
	Runs jobsRuns `cmd:"" help:"List the runs of a job, newest first."`
}

type jobsRun struct {
	database
	logging
	Name    string    `arg:"" help:"The job: mature, expire, inactivity, release, remind, …"`
	AsOf    time.Time `placeholder:"TIME" help:"Work up to this time, as 2026-05-02T00:00:00+09:00. Default: now; in a sandbox, its clock."`
	Program []string  `placeholder:"CODE" help:"For this program. Repeatable. Default: every program that is no sandbox."`
}

// Help explains the command.
func (jobsRun) Help() string {
	return `A server runs the jobs by itself; no balance depends on it. Running one again for the same time posts nothing.

  chobo jobs run expire
  chobo jobs run mature --program samurai-mall --as-of 2026-05-02T00:00:00+09:00`
}

// Run runs the job for each program; one that fails stops no other.
func (c *jobsRun) Run(l *life, s *screen) error {
	return c.withHouse(l, c.logging, s, func(ctx context.Context, h *house) error {
		programs := c.Program
		if len(programs) == 0 {
			for code, p := range h.engine.Config().Programs {
				if !p.Sandbox {
					programs = append(programs, code)
				}
			}
			slices.Sort(programs)
		}
		t := newTable("PROGRAM", "JOB", "RUN", "AS OF", "PROCESSED", "POINTS", "TOOK")
		var failed error
		for _, code := range programs {
			r, err := h.runner.Run(ctx, code, c.Name, c.AsOf)
			if r.RunID == 0 {
				return unknownJob(err, c.Name)
			}
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s of %s: %w", c.Name, code, err))
			}
			t.row(code, r.Job, r.RunID, r.AsOf.Format(time.RFC3339), r.Processed, int64(r.Points), took(r))
			if h.runner.OfHouse(c.Name) {
				break
			}
		}
		t.write(s)
		return failed
	})
}

type jobsList struct {
	database
	logging
	Program string `arg:"" help:"The program, such as samurai-mall."`
}

// Run lists the jobs.
func (c *jobsList) Run(l *life, s *screen) error {
	return c.withHouse(l, c.logging, s, func(ctx context.Context, h *house) error {
		list, err := h.runner.List(ctx, c.Program)
		if err != nil {
			return err
		}
		t := newTable("JOB", "CRON", "NEXT", "LAST", "PROCESSED", "POINTS", "OUTCOME")
		for _, j := range list {
			next, last, outcome := "", "", ""
			var processed, points any = "", ""
			if j.NextRun != nil {
				next = j.NextRun.Format(time.DateTime)
			}
			if r := j.LastRun; r != nil {
				last, processed, points = r.StartedAt.Format(time.DateTime), r.Processed, int64(r.Points)
				outcome = outcomeOf(*r)
			}
			t.row(j.Job, j.Cron, next, last, processed, points, outcome)
		}
		t.write(s)
		return nil
	})
}

type jobsRuns struct {
	database
	logging
	Program string `arg:"" help:"The program, such as samurai-mall."`
	Name    string `arg:"" help:"The job."`
	Limit   int    `default:"20" help:"At most so many."`
}

// Run lists the runs.
func (c *jobsRuns) Run(l *life, s *screen) error {
	return c.withHouse(l, c.logging, s, func(ctx context.Context, h *house) error {
		runs, err := h.runner.Runs(ctx, c.Program, c.Name, 0, c.Limit)
		if err != nil {
			return unknownJob(err, c.Name)
		}
		t := newTable("RUN", "AS OF", "STARTED", "PROCESSED", "POINTS", "TOOK", "OUTCOME")
		for _, r := range runs {
			t.row(r.RunID, r.AsOf.Format(time.DateTime), r.StartedAt.Format(time.DateTime), r.Processed, int64(r.Points), took(r), outcomeOf(r))
		}
		t.write(s)
		return nil
	})
}

// outcomeOf says in a word or with its error how a run ended.
func outcomeOf(r jobs.Run) string {
	switch {
	case r.Error != "":
		return r.Error
	case r.FinishedAt == nil:
		return "under way"
	case r.Breaks != nil && *r.Breaks > 0:
		return fmt.Sprintf("%d breaks", *r.Breaks)
	default:
		return "done"
	}
}

func took(r jobs.Run) string { return (time.Duration(r.DurationMS) * time.Millisecond).String() }

func unknownJob(err error, name string) error {
	if errors.Is(err, jobs.ErrUnknownJob) {
		return misused("there is no job %q; `chobo jobs list PROGRAM` lists them", name)
	}
	return err
}
