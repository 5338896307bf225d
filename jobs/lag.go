package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"chobo/points/engine"
)

type runKey struct {
	program int
	job     string
}

// lastRuns tells up to when each job was last done without an error, by program and job.
func (r *Runner) lastRuns(ctx context.Context, config *engine.Config) (last map[runKey]time.Time, err error) {
	var programs []int64
	var jobs []string
	for _, j := range r.jobs {
		for _, p := range programsOf(j, config) {
			programs, jobs = append(programs, int64(number(p))), append(jobs, j.Name)
		}
	}
	rows, err := r.db.QueryContext(ctx, lastRunsSQL, pq.Array(programs), pq.Array(jobs))
	if err != nil {
		return nil, fmt.Errorf("read the last runs: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	last = map[runKey]time.Time{}
	for rows.Next() {
		var k runKey
		var at time.Time
		if err := rows.Scan(&k.program, &k.job, &at); err != nil {
			return nil, fmt.Errorf("read the last runs: %w", err)
		}
		last[k] = at
	}
	return last, rows.Err()
}

// A Lag is how late a job is for a program.
type Lag struct {
	Program string // empty: the house
	Job     string
	Late    time.Duration // since it should have run; zero: it is not late
	Never   bool          // it has not run yet
}

// Lags tells how late every job is that runs by the clock.
func (r *Runner) Lags(ctx context.Context) ([]Lag, error) {
	config := r.engine.Config()
	last, err := r.lastRuns(ctx, config)
	if err != nil {
		return nil, err
	}
	var lags []Lag
	for _, j := range r.jobs {
		for _, p := range programsOf(j, config) {
			s := r.schedule(j, p)
			if s == nil {
				continue
			}
			l := Lag{Job: j.Name}
			if p != nil {
				l.Program = p.Code
			}
			at, ok := last[runKey{number(p), j.Name}]
			if l.Never = !ok; ok {
				if due := s.Next(at); !due.IsZero() {
					l.Late = max(0, r.now().Sub(due))
				}
			}
			lags = append(lags, l)
		}
	}
	return lags, nil
}
