package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Why a write was refused.
var (
	// ErrNotFound is a program, key or period that is not there.
	ErrNotFound = errors.New("not found")
	// ErrNotSandbox is a program without a clock of its own.
	ErrNotSandbox = errors.New("the program is no sandbox")
	// ErrBackward is a clock that would run backward.
	ErrBackward = errors.New("a clock only moves forward")
	// ErrNotInFuture is a version that would change what happened already.
	ErrNotInFuture = errors.New("effective_from must lie in the future")
	// ErrNotOver is a period that has not ended.
	ErrNotOver = errors.New("the period has not ended")
)

// A Store reads and writes the registry. It is safe for concurrent use, on as many servers as there are.
type Store struct {
	db *sqlx.DB
}

// New is the registry of a migrated database. db is a pool of schema.Open.
func New(db *sqlx.DB) *Store { return &Store{db} }

// bumpSQL makes writers take turns and lets every server know.
const bumpSQL = `UPDATE installation SET revision = revision + 1 WHERE only_one`

// write runs fn in a transaction that bumps the revision, unless fn says that nothing changed.
func (s *Store) write(ctx context.Context, fn func(tx *sqlx.Tx) (changed bool, err error)) (err error) {
	tx, err := s.db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err2 := tx.Rollback(); err == nil && err2 != nil && !errors.Is(err2, sql.ErrTxDone) {
			err = err2
		}
	}()
	if _, err := tx.ExecContext(ctx, bumpSQL); err != nil {
		return fmt.Errorf("take the turn: %w", err)
	}
	changed, err := fn(tx)
	if err != nil || !changed {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// revisionSQL reads how often the registry was written.
const revisionSQL = `SELECT revision FROM installation WHERE only_one`

// Revision counts the writes. Who keeps something of the registry in memory compares it.
func (s *Store) Revision(ctx context.Context) (n int64, err error) {
	if err := s.db.GetContext(ctx, &n, revisionSQL); err != nil {
		return 0, fmt.Errorf("read the revision: %w", err)
	}
	return n, nil
}

// found turns sql.ErrNoRows into ErrNotFound.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }
