package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jmoiron/sqlx"
)

// exportSQL names what the transaction sees, for another one to see the same.
const exportSQL = `SELECT pg_export_snapshot()`

// snapshotID is what the server's names of snapshots look like: a statement holds it, since it takes no argument there.
var snapshotID = regexp.MustCompile(`^[0-9A-F]{8}-[0-9A-F]{8}-[0-9]+$`)

// patience is how long to wait for a second connection of a pool that may be busy, and may be waiting for this one.
const patience = 200 * time.Millisecond

// Beside begins a second transaction that sees just what tx does, so that two questions are asked at once; nil where no
// connection is free. tx must read repeatably and must have written nothing. done ends the second one.
func Beside(ctx context.Context, db *sqlx.DB, tx *sqlx.Tx) (second *sqlx.Tx, done func() error, err error) {
	nothing := func() error { return nil }
	var id string
	if err := tx.GetContext(ctx, &id, exportSQL); err != nil {
		return nil, nothing, fmt.Errorf("name what is seen: %w", err)
	}
	if !snapshotID.MatchString(id) {
		return nil, nothing, fmt.Errorf("a snapshot named %q", id)
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	conn, err := db.Connx(waiting)
	cancel()
	if err != nil {
		return nil, nothing, ctx.Err()
	}
	second, err = conn.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, nothing, errors.Join(err, conn.Close())
	}
	done = func() error {
		err := second.Rollback()
		if errors.Is(err, sql.ErrTxDone) {
			err = nil
		}
		return errors.Join(err, conn.Close())
	}
	if _, err := second.ExecContext(ctx, "SET TRANSACTION SNAPSHOT '"+id+"'"); err != nil {
		return nil, nothing, errors.Join(fmt.Errorf("see the same: %w", err), done())
	}
	return second, done, nil
}
