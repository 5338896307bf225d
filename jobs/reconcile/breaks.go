package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// A BreakRow is a break as it is kept.
type BreakRow struct {
	Break      int64      `json:"break" db:"break"`
	Check      string     `json:"check" db:"check_name"`
	Key        string     `json:"key" db:"key"`
	Left       int64      `json:"left" db:"left_value" doc:"As the ledger stores it, or a feed has it."`
	Right      int64      `json:"right" db:"right_value" doc:"As it was computed."`
	Difference int64      `json:"difference" db:"difference"`
	Reason     string     `json:"reason" db:"reason"`
	FirstSeen  time.Time  `json:"first_seen" db:"first_seen"`
	LastSeen   time.Time  `json:"last_seen" db:"last_seen"`
	Status     string     `json:"status" db:"status" enum:"open,closed"`
	ClosedAt   *time.Time `json:"closed_at" db:"closed_at"`
	Note       string     `json:"note" db:"note"`
	NotedBy    string     `json:"noted_by,omitempty" db:"noted_by"`
}

const (
	// oneAtATimeSQL keeps two runs of a program from writing at once.
	oneAtATimeSQL = `SELECT pg_advisory_xact_lock(hashtextextended('chobo reconcile', $1))`

	addRunSQL = `
INSERT INTO reconciliations (program, complete, as_of, started_at, finished_at, members, below, after_batch, breaks)
VALUES ($1, $2, $3, $4, $5, $6, $7::xid8, $8, $9) RETURNING run`

	addResultSQL = `INSERT INTO check_results (run, check_name, breaks, duration_ms) VALUES ($1, $2, $3, $4)`

	// addBreaksSQL adds breaks, or notes that they were seen again.
	addBreaksSQL = `
INSERT INTO breaks AS b (program, check_name, key, whose, left_value, right_value, reason, first_seen, last_seen)
SELECT $1, $2, u.key, u.whose, u.left_value, u.right_value, u.reason, $8, $8
  FROM (SELECT DISTINCT ON (key) * FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[]) AS u(key, whose, left_value, right_value, reason)) u
    ON CONFLICT (program, check_name, key) WHERE closed_at IS NULL DO UPDATE
   SET left_value = excluded.left_value, right_value = excluded.right_value, reason = excluded.reason, last_seen = excluded.last_seen`

	// closeBreaksSQL closes what a check looked at again ($4, null: everything) and did not find ($3).
	closeBreaksSQL = `
UPDATE breaks SET closed_at = $5
 WHERE program = $1 AND check_name = $2 AND closed_at IS NULL AND NOT key = ANY($3) AND ($4::text[] IS NULL OR whose = '' OR whose = ANY($4))`

	openBreaksSQL = `SELECT count(*) FROM breaks WHERE program = $1 AND closed_at IS NULL AND NOT check_name = ANY($2)`
)

// keep writes the run and its breaks, closes those that are gone, and counts what is open.
func (r Reconciler) keep(ctx context.Context, program int, run *Run, members []string, found map[string][]Break, below string, after int64) (err error) {
	tx, err := r.DB.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err2 := tx.Rollback(); err2 != nil && !errors.Is(err2, sql.ErrTxDone) && err == nil {
			err = err2
		}
	}()
	if _, err := tx.ExecContext(ctx, oneAtATimeSQL, program); err != nil {
		return err
	}
	for _, result := range run.Checks {
		if err := keepBreaks(ctx, tx, program, result.Check, found[result.Check], members, run.FinishedAt, result.Breaks > maxBreaks); err != nil {
			return err
		}
	}
	if err := tx.QueryRowContext(ctx, openBreaksSQL, program, pq.Array(feeds)).Scan(&run.Breaks); err != nil {
		return err
	}
	err = tx.QueryRowContext(ctx, addRunSQL, program, run.Complete, run.AsOf, run.StartedAt, run.FinishedAt, run.Members, below, after, run.Breaks).Scan(&run.Run)
	if err != nil {
		return err
	}
	for _, result := range run.Checks {
		if _, err := tx.ExecContext(ctx, addResultSQL, run.Run, result.Check, result.Breaks, result.DurationMS); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// keepBreaks writes what a check found. Where it found more than is kept, none is closed: it may be among the others.
func keepBreaks(ctx context.Context, tx *sqlx.Tx, program int, check string, found []Break, members []string, at time.Time, more bool) error {
	keys, whose, reasons := make([]string, len(found)), make([]string, len(found)), make([]string, len(found))
	left, right := make([]int64, len(found)), make([]int64, len(found))
	for i, b := range found {
		keys[i], whose[i], left[i], right[i], reasons[i] = b.Key, b.Whose, b.Left, b.Right, b.Reason
	}
	if len(found) > 0 {
		_, err := tx.ExecContext(ctx, addBreaksSQL, program, check, pq.Array(keys), pq.Array(whose), pq.Array(left), pq.Array(right), pq.Array(reasons), at)
		if err != nil {
			return fmt.Errorf("keep breaks of %s: %w", check, err)
		}
	}
	if more {
		return nil
	}
	var who any
	if members != nil {
		who = pq.Array(members)
	}
	if _, err := tx.ExecContext(ctx, closeBreaksSQL, program, check, pq.Array(keys), who, at); err != nil {
		return fmt.Errorf("close breaks of %s: %w", check, err)
	}
	return nil
}

const (
	listBreaksSQL = `
SELECT break, check_name, key, least(greatest(left_value, -9223372036854775808), 9223372036854775807)::bigint AS left_value,
       least(greatest(right_value, -9223372036854775808), 9223372036854775807)::bigint AS right_value,
       least(greatest(left_value - right_value, -9223372036854775808), 9223372036854775807)::bigint AS difference,
       reason, first_seen, last_seen, CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END AS status, closed_at, note, noted_by
  FROM breaks
 WHERE program = $1 AND ($2 = '' OR $2 = CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END) AND ($3 = '' OR check_name = $3) AND break < $4
 ORDER BY break DESC LIMIT $5`

	noteBreakSQL = `UPDATE breaks SET note = $3, noted_by = $4 WHERE program = $1 AND break = $2`

	lastRunSQL = `
SELECT run, complete, as_of, started_at, finished_at, members, breaks FROM reconciliations
 WHERE program = $1 AND ($2 = 0 OR run = $2) ORDER BY run DESC LIMIT 1`

	resultsSQL = `SELECT check_name, breaks, duration_ms FROM check_results WHERE run = $1`
)

// Breaks lists a program's breaks, newest first: those of a status and of a check, where they are given, before one.
func (r Reconciler) Breaks(ctx context.Context, program int, status, check string, before int64, limit int) ([]BreakRow, error) {
	out := []BreakRow{}
	if err := r.DB.SelectContext(ctx, &out, listBreaksSQL, program, status, check, before, limit); err != nil {
		return nil, fmt.Errorf("list breaks: %w", err)
	}
	return out, nil
}

// ErrNoBreak is a break that is not there.
var ErrNoBreak = errors.New("there is no such break")

// Note writes a note beside a break. It fails with ErrNoBreak.
func (r Reconciler) Note(ctx context.Context, program int, id int64, note, actor string) error {
	done, err := r.DB.ExecContext(ctx, noteBreakSQL, program, id, note, actor)
	if err != nil {
		return fmt.Errorf("note a break: %w", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrNoBreak, err)
	}
	return nil
}

// Last is the newest run of a program; nil: there was none.
func (r Reconciler) Last(ctx context.Context, program int) (*Run, error) {
	run := &Run{}
	err := r.DB.QueryRowContext(ctx, lastRunSQL, program, 0).Scan(&run.Run, &run.Complete, &run.AsOf, &run.StartedAt, &run.FinishedAt, &run.Members, &run.Breaks)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the last reconciliation: %w", err)
	}
	var results []struct {
		Check    string `db:"check_name"`
		Breaks   int64  `db:"breaks"`
		Duration int64  `db:"duration_ms"`
	}
	if err := r.DB.SelectContext(ctx, &results, resultsSQL, run.Run); err != nil {
		return nil, fmt.Errorf("read the last reconciliation: %w", err)
	}
	for _, c := range checks {
		for _, result := range results {
			if result.Check != c.name {
				continue
			}
			status := "passed"
			if result.Breaks > 0 {
				status = "failed"
			}
			run.Checks = append(run.Checks, Result{Check: c.name, About: c.about, Status: status, Breaks: result.Breaks, DurationMS: result.Duration})
		}
	}
	return run, nil
}

// feeds are the checks of feeds from outside: they are listed with the others but say nothing of the books.
var feeds = []string{OrdersFeed, RefundsFeed}

// The checks of feeds.
const (
	OrdersFeed  = "orders_feed"
	RefundsFeed = "refunds_feed"
)
