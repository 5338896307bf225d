package jobs

import (
	"context"
	"errors"
	"time"

	"chobo/ledger"
	"chobo/points/engine"
)

// ErrUnknownJob is a job that the runner does not have.
var ErrUnknownJob = errors.New("no job of that name")

// The jobs' names. Whoever registers one uses the name that the API promises.
const (
	Mature     = "mature"
	Expire     = "expire"
	Inactivity = "inactivity"
	Release    = "release"
	Remind     = "remind"
	Rollup     = "rollup"
	Reconcile  = "reconcile"
	Seal       = "seal"
	Deliver    = "deliver"
)

// A Job is work that can be asked for by name and is done by the clock.
type Job struct {
	Name  string
	About string // one sentence for people
	Cron  string // a crontab's five fields in the program's zone, or "@every 10s"; empty: only when asked for
	House bool   // concerns the installation, not one program: cron runs it once, and all programs show the same runs
	// Do works up to and with the task's AsOf. It may be called by two replicas at once, and again for the same AsOf,
	// which must do nothing. When ctx ends it returns soon; what it has done by then counts.
	Do func(ctx context.Context, t Task) (Result, error)
}

// A Task is one run of a job.
type Task struct {
	Program *engine.Program // nil: the job is the house's
	AsOf    time.Time       // in UTC, to the microsecond
	Asked   bool            // somebody asked for the run; it was not the clock
}

// A Result is what a run did.
type Result struct {
	Processed int64 // lots, holds or reservations moved; for other jobs what they count
	Points    ledger.Points
	Breaks    *int64 // reconcile: how many differences it found
}
