package schema

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/pressly/goose/v3"
)

// ErrAhead is a database that a newer program has migrated. Migrations are never undone, so this program must not write to it.
var ErrAhead = errors.New("database belongs to a newer version of chobo")

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the migration files, each named NNNNN_what.sql.
func Migrations() fs.FS {
	dir, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the name is a constant and valid
	}
	return dir
}

// Migrate brings the database of ownerURL to the latest version. Processes that start at once take turns, and all but the first find nothing to do.
//
// It fails with ErrURL, ErrUnreachable, ErrAhead, or the error of the migration that failed, of which nothing stays.
func Migrate(ctx context.Context, ownerURL string) (err error) {
	db, err := OpenOwner(ctx, ownerURL, Pool{MaxOpen: 2})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	current, latest, err := Version(ctx, db)
	if err != nil {
		return err
	}
	if current > latest {
		return fmt.Errorf("%w: it is at %d, this one knows up to %d", ErrAhead, current, latest)
	}
	p, err := provider(db)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return arrive(ctx, db)
}

func provider(db *sqlx.DB) (*goose.Provider, error) {
	p, err := goose.NewProvider(goose.DialectPostgres, db.DB, Migrations(),
		goose.WithSessionLocker(turnstile{}), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

// versionSQL reads the newest migration applied.
const versionSQL = `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`

// Version tells the newest migration that db has had (0: none) and the newest that this program knows.
func Version(ctx context.Context, db *sqlx.DB) (current, latest int64, err error) {
	err = db.GetContext(ctx, &current, versionSQL)
	if err != nil && pq.As(err, pqerror.UndefinedTable) == nil {
		return 0, 0, fmt.Errorf("read schema version: %w", err)
	}
	names, err := fs.Glob(Migrations(), "*.sql")
	if err != nil {
		return 0, 0, fmt.Errorf("list migrations: %w", err)
	}
	for _, name := range names {
		n, err := goose.NumericComponent(name)
		if err != nil {
			return 0, 0, fmt.Errorf("migration %s: %w", name, err)
		}
		latest = max(latest, n)
	}
	return current, latest, nil
}

// migrateLock is the key of the advisory lock under which a database is migrated: "chobo" in ASCII.
const migrateLock int64 = 0x63686f626f

const (
	tryLockSQL = `SELECT pg_try_advisory_lock($1)`
	unlockSQL  = `SELECT pg_advisory_unlock($1)`
)

// turnstile lets one process migrate at a time. It asks again and again instead of waiting in the server, because a waiting statement
// would hold up CREATE INDEX CONCURRENTLY.
type turnstile struct{}

func (turnstile) SessionLock(ctx context.Context, conn *sql.Conn) error {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		var got bool
		if err := conn.QueryRowContext(ctx, tryLockSQL, migrateLock).Scan(&got); err != nil {
			return fmt.Errorf("lock for migration: %w", err)
		}
		if got {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("another process is migrating: %w", ctx.Err())
		case <-again.C:
		}
	}
}

func (turnstile) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	var had bool
	if err := conn.QueryRowContext(ctx, unlockSQL, migrateLock).Scan(&had); err != nil {
		return fmt.Errorf("unlock after migration: %w", err)
	}
	if !had {
		return errors.New("unlock after migration: the lock was lost")
	}
	return nil
}
