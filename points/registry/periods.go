package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
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
	closedSQL = `UPDATE periods SET state = 'closed' WHERE program = $1 AND period = $2`
	// Whoever began before the period was closing may still post into it.
	horizonSQL = `SELECT pg_current_xact_id()::text`
	overSQL    = `SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8`
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
// It fails with ErrNotFound, ErrNotOver, or ErrStillPosting when ctx ends first; it is then closing and takes no more.
// Source: ruling 3.
func (s *Store) ClosePeriod(ctx context.Context, code string, month time.Time, actor string, wall time.Time) (period Period, err error) {
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
	if _, err := s.db.ExecContext(ctx, closedSQL, p.ID, month); err != nil {
		return period, fmt.Errorf("note that the period is closed: %w", err)
	}
	if err := s.db.GetContext(ctx, &period, periodSQL, p.ID, month); err != nil {
		return period, fmt.Errorf("read the period: %w", err)
	}
	return period, nil
}

// await returns once every transaction that began before xid has ended.
func (s *Store) await(ctx context.Context, xid string) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		var passed bool
		if err := s.db.GetContext(ctx, &passed, overSQL, xid); err != nil {
			return fmt.Errorf("await older postings: %w", err)
		}
		if passed {
			return nil
		}
		select {
		case <-ctx.Done():
			return ErrStillPosting
		case <-again.C:
		}
	}
}
