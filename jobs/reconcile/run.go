package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger/journal"
	"chobo/points/engine"
	"chobo/schema"
)

// A Run is one reconciliation of a program.
type Run struct {
	Run        int64     `json:"run"`
	Complete   bool      `json:"complete" doc:"All members; else only those touched since the last run without a break."`
	AsOf       time.Time `json:"as_of"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"`
	Members    *int64    `json:"members" doc:"How many were looked at; null: all."`
	Breaks     int64     `json:"breaks" doc:"Open now."`
	Checks     []Result  `json:"checks"`
}

// A Result is what one check found.
type Result struct {
	Check      string `json:"check"`
	About      string `json:"about"`
	Status     string `json:"status" enum:"passed,failed"`
	Breaks     int64  `json:"breaks"`
	DurationMS int64  `json:"duration_ms"`
}

// A Reconciler reconciles programs. It is safe for concurrent use.
type Reconciler struct {
	DB  *sqlx.DB
	Now func() time.Time // nil: the wall clock
}

// maxBreaks is how many breaks of one check are kept of one run: a check that finds more has found one cause.
const maxBreaks = 1000

// mostTouched is how many members an incremental run looks at one by one. Beyond, looking at all is cheaper.
const mostTouched = 50_000

func (r Reconciler) now() time.Time {
	if r.Now == nil {
		return time.Now().UTC()
	}
	return r.Now().UTC()
}

// Complete proves all of the program's books.
func (r Reconciler) Complete(ctx context.Context, p *engine.Program, asOf time.Time) (*Run, error) {
	return r.reconcile(ctx, p, asOf, true)
}

// Incremental proves what was touched since the last run without a break; without one, all.
func (r Reconciler) Incremental(ctx context.Context, p *engine.Program, asOf time.Time) (*Run, error) {
	return r.reconcile(ctx, p, asOf, false)
}

const (
	// reconcileSQL gives a run's one transaction room to sort and hash, and lets it use what cores there are.
	reconcileSQL = `SET LOCAL work_mem = '128MB'; SET LOCAL jit = off`

	horizonSQL = `SELECT chobo_xmin()::text, coalesce((SELECT max(after_batch) FROM readers), 0)`

	// cleanSQL is how far the last run without a break saw; its batches must be of the same count of transactions.
	cleanSQL = `
SELECT below::text FROM reconciliations
 WHERE program = $1 AND breaks = 0 AND after_batch = $2 ORDER BY run DESC LIMIT 1`

	// touchedSQL is whom batches from $2 on have touched, whom the jobs have to visit, and who has an open break.
	touchedSQL = `
SELECT DISTINCT member::text FROM (
  SELECT t.member
    FROM (SELECT id & 4095 AS node, range_agg(int8range(id, last_id, '[]')) AS ids, min(id) AS low, max(last_id) AS high
            FROM batches WHERE xid >= $2::xid8 GROUP BY 1) f
    JOIN transactions t ON t.id & 4095 = f.node AND t.id <@ f.ids
   WHERE t.program = $1
     AND t.id BETWEEN (SELECT min(id) FROM batches WHERE xid >= $2::xid8) AND (SELECT max(last_id) FROM batches WHERE xid >= $2::xid8)
  UNION ALL
  SELECT member FROM due WHERE program = $1 AND at <= $3
  UNION ALL
  SELECT whose::uuid FROM breaks WHERE program = $1 AND closed_at IS NULL AND whose <> '' AND check_name NOT IN ('orders_feed', 'refunds_feed')) AS touched
 LIMIT $4`
)

func (r Reconciler) reconcile(ctx context.Context, p *engine.Program, asOf time.Time, complete bool) (_ *Run, err error) {
	run := &Run{Complete: complete, AsOf: asOf.UTC(), StartedAt: r.now()}
	cluster := schema.Cluster(ctx, r.DB).Int64
	tx, err := r.DB.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return nil, fmt.Errorf("begin a reconciliation: %w", err)
	}
	defer func() {
		if err2 := tx.Rollback(); err2 != nil && !errors.Is(err2, sql.ErrTxDone) && err == nil {
			err = err2
		}
	}()
	if _, err := tx.ExecContext(ctx, reconcileSQL); err != nil {
		return nil, err
	}
	s := &scope{tx: tx, program: p, cluster: cluster}
	var below string
	var after int64
	if err := tx.QueryRowContext(ctx, horizonSQL).Scan(&below, &after); err != nil {
		return nil, fmt.Errorf("see which batches are complete: %w", err)
	}
	if !complete {
		if s.members, err = touched(ctx, tx, p.ID, after, asOf); err != nil {
			return nil, err
		}
		run.Complete = s.members == nil
	}
	found, err := s.lookBeside(ctx, r.DB, run)
	if err != nil {
		return nil, err
	}
	if err := tx.Rollback(); err != nil { // what was seen was seen at one instant; what is written is written now
		return nil, err
	}
	if s.members != nil {
		n := int64(len(s.members))
		run.Members = &n
	}
	run.FinishedAt = r.now()
	if err := r.keep(ctx, p.ID, run, s.members, found, below, after); err != nil {
		return nil, fmt.Errorf("keep what was found: %w", err)
	}
	return run, nil
}

// touched lists whom an incremental run has to look at; nil: everybody.
func touched(ctx context.Context, tx *sqlx.Tx, program int, after int64, asOf time.Time) ([]string, error) {
	var since string
	switch err := tx.QueryRowContext(ctx, cleanSQL, program, after).Scan(&since); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("find the last run without a break: %w", err)
	}
	members := []string{}
	if err := tx.SelectContext(ctx, &members, touchedSQL, program, since, asOf, mostTouched+1); err != nil {
		return nil, fmt.Errorf("find who was touched: %w", err)
	}
	if len(members) > mostTouched {
		return nil, nil
	}
	return members, nil
}

// lookBeside is look, with a second transaction beside the first where all members are looked at.
func (s *scope) lookBeside(ctx context.Context, db *sqlx.DB, run *Run) (found map[string][]Break, err error) {
	if s.members != nil {
		return s.look(ctx, run)
	}
	beside, done, err := journal.Beside(ctx, db, s.tx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	if s.beside = beside; beside != nil {
		if _, err := beside.ExecContext(ctx, reconcileSQL); err != nil {
			return nil, err
		}
	}
	return s.look(ctx, run)
}

// look runs every check and returns what it found, by check.
func (s *scope) look(ctx context.Context, run *Run) (map[string][]Break, error) {
	var proved proof
	all := map[string][]Break{}
	started := time.Now()
	if s.members == nil {
		var err error
		if proved, err = s.proved(ctx); err != nil {
			return nil, err
		}
		s.restored = proved.restored
	}
	fingerprints := time.Since(started)
	for _, c := range checks {
		result := Result{Check: c.name, About: c.about, Status: "passed"}
		started := time.Now()
		if s.members != nil && c.large {
			continue // it reads the whole journal: complete runs do
		}
		if c.name == checks[0].name {
			result.DurationMS = fingerprints.Milliseconds()
		}
		if !proved.holds[c.name] {
			var found []Break
			err := c.find(ctx, s, func(b Break) {
				b.Check = c.name
				if len(found) < maxBreaks {
					found = append(found, b)
				}
				result.Breaks++
			})
			if err != nil {
				return nil, fmt.Errorf("check %s: %w", c.name, err)
			}
			if len(found) > 0 {
				result.Status = "failed"
				all[c.name] = found
			}
		}
		result.DurationMS += time.Since(started).Milliseconds()
		run.Checks = append(run.Checks, result)
	}
	return all, nil
}
