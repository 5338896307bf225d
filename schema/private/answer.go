package private

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

const superuser = "chobo"

// errEnded is a server that stopped instead of answering.
var errEnded = errors.New("PostgreSQL ended at its start")

func (s *Server) url(database string) string {
	u := url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(superuser, s.password),
		Path:   "/" + database,
		RawQuery: url.Values{
			"host":    {s.dir.socketDir()},
			"port":    {"5432"},
			"sslmode": {"disable"},
		}.Encode(),
	}
	return u.String()
}

// answers logs in once.
func (s *Server) answers(ctx context.Context) error {
	return s.with(ctx, func(db *sql.DB) error { return db.PingContext(ctx) })
}

// with runs f on a short pool to the maintenance database.
func (s *Server) with(ctx context.Context, f func(*sql.DB) error) error {
	c, err := pq.NewConnector(s.url("postgres"))
	if err != nil {
		return fmt.Errorf("private server: %w", err)
	}
	db := sql.OpenDB(c)
	return errors.Join(f(db), db.Close())
}

// awaitAnswer waits until the server can be logged in to, ends, or ctx does.
func (s *Server) awaitAnswer(ctx context.Context) error {
	nextWord := time.Now().Add(10 * time.Second)
	for {
		err := s.answers(ctx)
		if err == nil {
			return nil
		}
		if wrongLogin(err) {
			return fmt.Errorf("log in to the private server: %w", err)
		}
		select {
		case <-s.process.done():
			return errEnded
		default:
		}
		if time.Now().After(nextWord) {
			s.cfg.Log(fmt.Sprintf("PostgreSQL is still starting: %v", err))
			nextWord = time.Now().Add(10 * time.Second)
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for PostgreSQL to answer: %w", err)
		}
	}
}

// wrongLogin tells a server that will never let us in from one that does not yet.
func wrongLogin(err error) bool {
	return pq.As(err, pqerror.InvalidPassword, pqerror.InvalidAuthorizationSpecification) != nil
}

const (
	hasDatabaseSQL    = `SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'chobo')`
	createDatabaseSQL = `CREATE DATABASE chobo`
)

func (s *Server) createDatabase(ctx context.Context) error {
	return s.with(ctx, func(db *sql.DB) error {
		var has bool
		if err := db.QueryRowContext(ctx, hasDatabaseSQL).Scan(&has); err != nil {
			return fmt.Errorf("look for database chobo: %w", err)
		}
		if has {
			return nil
		}
		if _, err := db.ExecContext(ctx, createDatabaseSQL); err != nil {
			return fmt.Errorf("create database chobo: %w", err)
		}
		return nil
	})
}
