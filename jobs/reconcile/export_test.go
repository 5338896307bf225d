package reconcile

import (
	"context"
	"database/sql"
	"slices"

	"github.com/jmoiron/sqlx"

	"chobo/points/engine"
)

// Unproved are the checks that have a fingerprint and are not proved by it.
func Unproved(ctx context.Context, db *sqlx.DB, p *engine.Program) (checks []string, err error) {
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	s := &scope{tx: tx, program: p}
	proof, err := s.proved(ctx)
	if err != nil {
		return nil, err
	}
	for check, holds := range proof.holds {
		if !holds {
			checks = append(checks, check)
		}
	}
	slices.Sort(checks)
	return checks, nil
}
