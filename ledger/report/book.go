package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"

	"chobo/ledger"
)

// A Book is one program's books as reports need to know them.
type Book struct {
	Program  int    // in the database
	Code     string // in the API
	Zone     *time.Location
	Currency string          // ISO 4217
	Value    decimal.Decimal // of a point, in minor units
	House    ledger.Member   // to whom the program's own transactions belong
	// LapsesAt is when inactivity takes the available points of a member whose last deed was then; zero: never. Nil: of nobody.
	LapsesAt func(last time.Time) time.Time
}

// A Reader reads the books. The zero KnownAt knows all that is posted.
type Reader struct {
	DB *sqlx.DB
	Book
	KnownAt time.Time // only what was posted by then
}

// snapshotSQL gives a report's one transaction the memory to sort and hash in, whatever the server's own setting is. A
// statement over the whole journal is compiled for longer than it saves.
const snapshotSQL = `SET LOCAL work_mem = '64MB'; SET LOCAL jit = off`

// snapshot runs fn in a transaction that sees the database at one instant.
func (r Reader) snapshot(ctx context.Context, fn func(*sqlx.Tx) error) (err error) {
	tx, err := r.DB.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin a report: %w", err)
	}
	defer func() {
		if err2 := tx.Rollback(); err2 != nil && !errors.Is(err2, sql.ErrTxDone) && err == nil {
			err = err2
		}
	}()
	if _, err := tx.ExecContext(ctx, snapshotSQL); err != nil {
		return fmt.Errorf("begin a report: %w", err)
	}
	return fn(tx)
}

// knownAt is the instant as a statement takes it; null for no restriction.
func (r Reader) knownAt() any {
	if r.KnownAt.IsZero() {
		return nil
	}
	return r.KnownAt.UTC()
}
