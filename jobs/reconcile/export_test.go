package reconcile

import (
	"context"
	"database/sql"
	"slices"

	"github.com/jmoiron/sqlx"

	"chobo/points/engine"
)

// Unproved are the checks that have a fingerprint and are not proved by it, with wide numbers or with narrow ones.
func Unproved(ctx context.Context, db *sqlx.DB, p *engine.Program) (checks []string, err error) {
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	s := &scope{tx: tx, program: p}
	for _, mask := range []int64{wideMask, narrowMask} {
		proof, ok, err := s.prove(ctx, mask)
		if err != nil {
			return nil, err
		}
		if !ok {
			checks = append(checks, "too large")
		}
		for check, holds := range proof.holds {
			if !holds && !(check == "lot_bounds" && proof.restored) {
				checks = append(checks, check)
			}
		}
	}
	slices.Sort(checks)
	return checks, nil
}
