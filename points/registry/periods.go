package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// A Period is a month of a program's books that takes no more postings.
type Period struct {
	Month    time.Time `db:"period"` // its first day, at midnight UTC
	State    string    `db:"state"`  // closing or closed
	ClosedAt time.Time `db:"closed_at"`
	Actor    string    `db:"actor"`
}

const (
	listPeriodsSQL = `SELECT period, state, closed_at, actor FROM periods WHERE program = $1 ORDER BY period`
	periodSQL      = `SELECT period, state, closed_at, actor FROM periods WHERE program = $1 AND period = $2`
	closingSQL     = `
INSERT INTO periods (program, period, state, closed_at, actor) VALUES ($1, $2, 'closing', $3, $4)
ON CONFLICT (program, period) DO NOTHING`
	abandonSQL = `DELETE FROM periods WHERE program = $1 AND period = $2 AND state = 'closing'`
	closedSQL  = `UPDATE periods SET state = 'closed' WHERE program = $1 AND period = $2`
	// Whoever began before the period was closing may still post into it.
	horizonSQL = `SELECT pg_current_xact_id()::text`
	overSQL    = `SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8`
	// A batch that waits for a member's row has read the revision and has no number yet: it holds a lock on the table.
	postersSQL = `
SELECT DISTINCT virtualtransaction FROM pg_locks
 WHERE locktype = 'relation' AND relation = 'accounts'::regclass AND pid <> pg_backend_pid()
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	postingSQL = `SELECT NOT EXISTS (SELECT FROM pg_locks WHERE virtualtransaction = ANY($1))`
)

// Periods lists a program's closed periods. It fails with ErrNotFound.
func (s *Store) Periods(ctx context.Context, code string) ([]Period, error) {
	p, err := s.Program(ctx, code)
	if err != nil {
		return nil, err
	}
	periods := []Period{}
	if err := s.db.SelectContext(ctx, &periods, listPeriodsSQL, p.ID); err != nil {
		return nil, fmt.Errorf("list periods: %w", err)
	}
	return periods, nil
}

// ErrStillPosting is a period that is closing while an old batch may still post into it. Ask again.
var ErrStillPosting = errors.New("postings into the period are still under way")

// ClosePeriod closes a month, and with it all before: what is posted from then on counts to the first day behind it.
// It returns once no posting into it can follow. Closing it again changes nothing.
//
// It fails as BeginClosing does. Source: ruling 3.
func (s *Store) ClosePeriod(ctx context.Context, code string, month time.Time, actor string, wall time.Time) (Period, error) {
	if _, err := s.BeginClosing(ctx, code, month, actor, wall); err != nil {
		return Period{}, err
	}
	return s.EndClosing(ctx, code, month)
}

// BeginClosing lets a month, and all before it, take no more postings but those that name it themselves, as valuations
// do, and returns once no other can follow. A month that is closing or closed already stays as it is.
//
// It fails with ErrNotFound, ErrNotOver, or ErrStillPosting when ctx ends first; it is then closing and takes no more.
func (s *Store) BeginClosing(ctx context.Context, code string, month time.Time, actor string, wall time.Time) (period Period, err error) {
	var p *Program
	var horizon string
	err = s.write(ctx, func(tx *sqlx.Tx) (bool, error) {
		if p, err = readProgram(ctx, tx, code); err != nil {
			return false, err
		}
		y, m, _ := month.Date()
		now := p.Now(wall)
		if now.Before(time.Date(y, m+1, 1, 0, 0, 0, 0, p.Versions.Zone())) {
			return false, ErrNotOver
		}
		if _, err := tx.ExecContext(ctx, closingSQL, p.ID, month, now, actor); err != nil {
			return false, fmt.Errorf("close the period: %w", err)
		}
		return true, tx.GetContext(ctx, &horizon, horizonSQL)
	})
	if err != nil {
		return period, err
	}
	if err := s.await(ctx, horizon); err != nil {
		return period, err
	}
	if err := s.db.GetContext(ctx, &period, periodSQL, p.ID, month); err != nil {
		return period, fmt.Errorf("read the period: %w", err)
	}
	return period, nil
}

// EndClosing marks a month that BeginClosing has left as closed. It fails with ErrNotFound.
func (s *Store) EndClosing(ctx context.Context, code string, month time.Time) (period Period, err error) {
	p, err := s.Program(ctx, code)
	if err != nil {
		return period, err
	}
	if _, err := s.db.ExecContext(ctx, closedSQL, p.ID, month); err != nil {
		return period, fmt.Errorf("note that the period is closed: %w", err)
	}
	if err := s.db.GetContext(ctx, &period, periodSQL, p.ID, month); err != nil {
		return period, fmt.Errorf("read the period: %w", found(err))
	}
	return period, nil
}

// AbandonClosing lets a month that is closing, and not closed yet, take postings again. It fails with ErrNotFound.
func (s *Store) AbandonClosing(ctx context.Context, code string, month time.Time) error {
	return s.write(ctx, func(tx *sqlx.Tx) (bool, error) {
		p, err := readProgram(ctx, tx, code)
		if err != nil {
			return false, err
		}
		done, err := tx.ExecContext(ctx, abandonSQL, p.ID, month)
		if err != nil {
			return false, fmt.Errorf("reopen the period: %w", err)
		}
		n, err := done.RowsAffected()
		return n > 0, err
	})
}

// await returns once every transaction that began before xid has ended, and every one that has the members' rows in hand.
func (s *Store) await(ctx context.Context, xid string) error {
	var posters []string
	if err := s.db.SelectContext(ctx, &posters, postersSQL); err != nil {
		return fmt.Errorf("list postings under way: %w", err)
	}
	if err := s.until(ctx, overSQL, xid); err != nil {
		return err
	}
	return s.until(ctx, postingSQL, pq.Array(posters))
}

// until asks again and again until the answer is true.
func (s *Store) until(ctx context.Context, query string, arg any) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		var yes bool
		if err := s.db.GetContext(ctx, &yes, query, arg); err != nil {
			return fmt.Errorf("await older postings: %w", err)
		}
		if yes {
			return nil
		}
		select {
		case <-ctx.Done():
			return ErrStillPosting
		case <-again.C:
		}
	}
}
