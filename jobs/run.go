package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
)

// A Run is one run of a job as the history keeps it.
type Run struct {
	RunID      int64         `json:"run_id"`
	Job        string        `json:"job"`
	AsOf       time.Time     `json:"as_of"`
	StartedAt  time.Time     `json:"started_at"`
	FinishedAt *time.Time    `json:"finished_at" doc:"Null while it runs, and for ever if its server was killed."`
	DurationMS int64         `json:"duration_ms"`
	Processed  int64         `json:"processed" doc:"Lots, holds or reservations moved."`
	Points     ledger.Points `json:"points"`
	Breaks     *int64        `json:"breaks,omitempty" doc:"Of a reconciliation: how many differences it found."`
	Error      string        `json:"error,omitempty"`
}

// in is the run with its times in the zone.
func (r Run) in(zone *time.Location) Run {
	r.AsOf, r.StartedAt = r.AsOf.In(zone), r.StartedAt.In(zone)
	if r.FinishedAt != nil {
		at := r.FinishedAt.In(zone)
		r.FinishedAt = &at
	}
	return r
}

// house is the program number under which the runs of the house's jobs are kept.
const house = 0

// ledgerOfRuns keeps the history of runs. It is no journal: runs in which nothing happened are forgotten after a day.
type ledgerOfRuns struct{ db *sqlx.DB }

const beginRunSQL = `INSERT INTO job_runs (program, job, as_of, started_at) VALUES ($1, $2, $3, $4) RETURNING run_id`

func (l ledgerOfRuns) begin(ctx context.Context, program int, job string, asOf, now time.Time) (Run, error) {
	r := Run{Job: job, AsOf: asOf, StartedAt: now}
	if err := l.db.GetContext(ctx, &r.RunID, beginRunSQL, program, job, asOf, now); err != nil {
		return Run{}, fmt.Errorf("note the run of job %s: %w", job, err)
	}
	return r, nil
}

const finishRunSQL = `
UPDATE job_runs SET finished_at = $2, processed = $3, points = $4, breaks = $5, error = nullif($6, '')
 WHERE run_id = $1`

// finish notes how the run ended.
func (l ledgerOfRuns) finish(ctx context.Context, r *Run, did Result, failed error, now time.Time) error {
	r.FinishedAt, r.DurationMS = &now, now.Sub(r.StartedAt).Milliseconds()
	r.Processed, r.Points, r.Breaks = did.Processed, did.Points, did.Breaks
	if failed != nil {
		r.Error = failed.Error()
	}
	if _, err := l.db.ExecContext(ctx, finishRunSQL, r.RunID, now, r.Processed, int64(r.Points), r.Breaks, r.Error); err != nil {
		return fmt.Errorf("note the end of job %s: %w", r.Job, err)
	}
	return nil
}

// runsSQL lists runs, newest first, before run $3.
const runsSQL = `
SELECT run_id, job, as_of, started_at, finished_at, processed, points, breaks, coalesce(error, '')
  FROM job_runs
 WHERE program = $1 AND job = $2 AND run_id < $3
 ORDER BY run_id DESC
 LIMIT $4`

func (l ledgerOfRuns) list(ctx context.Context, program int, job string, before int64, limit int) (runs []Run, err error) {
	rows, err := l.db.QueryContext(ctx, runsSQL, program, job, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list the runs of job %s: %w", job, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	runs = []Run{}
	for rows.Next() {
		var r Run
		var finished sql.NullTime
		var breaks sql.NullInt64
		if err := rows.Scan(&r.RunID, &r.Job, &r.AsOf, &r.StartedAt, &finished, &r.Processed, &r.Points, &breaks, &r.Error); err != nil {
			return nil, fmt.Errorf("list the runs of job %s: %w", job, err)
		}
		if finished.Valid {
			r.FinishedAt, r.DurationMS = &finished.Time, finished.Time.Sub(r.StartedAt).Milliseconds()
		}
		if breaks.Valid {
			r.Breaks = &breaks.Int64
		}
		runs = append(runs, r)
	}
	return runs, rows.Err()
}

// lastRunsSQL tells up to when each job was last done: programs and jobs stand side by side in two arrays.
const lastRunsSQL = `
SELECT a.program, a.job, r.as_of
  FROM unnest($1::int[], $2::text[]) AS a(program, job)
 CROSS JOIN LATERAL (SELECT as_of FROM job_runs
                      WHERE program = a.program AND job = a.job AND finished_at IS NOT NULL AND error IS NULL
                      ORDER BY run_id DESC LIMIT 1) AS r`

// forgetSQL removes runs that began before $1 and in which nothing happened, but not the last one that succeeded.
const forgetSQL = `
DELETE FROM job_runs AS r
 WHERE started_at < $1 AND finished_at IS NOT NULL AND error IS NULL AND processed = 0 AND coalesce(breaks, 0) = 0
   AND EXISTS (SELECT FROM job_runs AS later
                WHERE later.program = r.program AND later.job = r.job AND later.run_id > r.run_id
                  AND later.finished_at IS NOT NULL AND later.error IS NULL)`

func (l ledgerOfRuns) forget(ctx context.Context, before time.Time) error {
	if _, err := l.db.ExecContext(ctx, forgetSQL, before); err != nil {
		return fmt.Errorf("forget idle runs: %w", err)
	}
	return nil
}
