package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

var (
	// ErrURL is a database URL that cannot be read. It never repeats the URL, which may hold a password.
	ErrURL = errors.New("database URL is not valid")
	// ErrUnreachable is a database that does not answer or refuses the login; the cause is wrapped.
	ErrUnreachable = errors.New("database cannot be reached")
)

const (
	defaultMaxOpen = 16

	// connLifetime bounds how long a connection keeps plans it made when tables were empty: those of foreign-key
	// checks stay sequential scans until the connection ends.
	connLifetime = 3 * time.Minute
	connIdleTime = time.Minute
)

// Pool bounds the connections to a database. The zero value is right for the service.
type Pool struct {
	MaxOpen int // most connections at once; 0: 16
}

// Open returns a pool whose every connection acts as role chobo_app, in UTC, and has answered once.
//
// url is the owner's: a postgres:// URL or a "key=value" string. Where the role does not exist or may not be taken on,
// connections keep the owner's rights; Guarded tells. It fails with ErrURL or ErrUnreachable.
func Open(ctx context.Context, url string, pool Pool) (*sqlx.DB, error) {
	return open(ctx, url, pool, true)
}

// OpenOwner is Open with the rights of the URL's own user: for migrations, repairs and tests, never to serve.
func OpenOwner(ctx context.Context, url string, pool Pool) (*sqlx.DB, error) {
	return open(ctx, url, pool, false)
}

func open(ctx context.Context, url string, pool Pool, guarded bool) (*sqlx.DB, error) {
	c, err := newConnector(url, guarded)
	if err != nil {
		return nil, err
	}
	if pool.MaxOpen == 0 {
		pool.MaxOpen = defaultMaxOpen
	}
	db := sqlx.NewDb(sql.OpenDB(c), "postgres")
	db.SetMaxOpenConns(pool.MaxOpen)
	db.SetMaxIdleConns(pool.MaxOpen)
	db.SetConnMaxLifetime(connLifetime)
	db.SetConnMaxIdleTime(connIdleTime)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrUnreachable, err), db.Close())
	}
	return db, nil
}

// guardedSQL asks whose rights the connection has.
const guardedSQL = `SELECT current_user = 'chobo_app'`

// Guarded says whether db's connections act as role chobo_app, so that the server itself denies them to change what was
// posted. False means that triggers alone guard the journal.
func Guarded(ctx context.Context, db *sqlx.DB) (bool, error) {
	var guarded bool
	if err := db.GetContext(ctx, &guarded, guardedSQL); err != nil {
		return false, fmt.Errorf("ask for the current role: %w", err)
	}
	return guarded, nil
}

// config reads a database URL into the driver's settings and adds ours.
func config(dsn string) (pq.Config, error) {
	cfg, err := pq.NewConfig(dsn)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // u itself repeats the URL
		}
		return pq.Config{}, fmt.Errorf("%w: %w", ErrURL, err)
	}
	if cfg.ApplicationName == "" {
		cfg.ApplicationName = "chobo"
	}
	if cfg.Runtime == nil {
		cfg.Runtime = map[string]string{}
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = silence // of the handshake too, which the driver ends with no context
	}
	cfg.Runtime["timezone"] = "UTC"
	cfg.BinaryParameters = true // one round trip a statement instead of two: 61 µs, not 91, for the smallest query
	return cfg, nil
}
