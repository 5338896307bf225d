package journal

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"
)

// within runs fn in one transaction, which is committed unless fn fails.
func within(ctx context.Context, db *sqlx.DB, fn func(*sqlx.Tx) error) (err error) {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err2 := tx.Rollback(); err2 != nil && !errors.Is(err2, sql.ErrTxDone) {
			err = errors.Join(err, err2)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}
