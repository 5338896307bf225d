package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"chobo/schema"
)

// testPool is small, because many tests run at once against one server.
var testPool = schema.Pool{MaxOpen: 8}

// New returns the service's pool to a migrated database that belongs to t alone. Both go with t.
func New(t testing.TB) *sqlx.DB {
	t.Helper()
	return Open(t, NewURL(t))
}

// Open returns the service's pool to a database of NewURL. It is closed with t.
func Open(t testing.TB, ownerURL string) *sqlx.DB {
	t.Helper()
	return closeWith(t)(schema.Open(t.Context(), ownerURL, testPool))
}

// OpenOwner is Open with the owner's rights.
func OpenOwner(t testing.TB, ownerURL string) *sqlx.DB {
	t.Helper()
	return closeWith(t)(schema.OpenOwner(t.Context(), ownerURL, testPool))
}

func closeWith(t testing.TB) func(*sqlx.DB, error) *sqlx.DB {
	return func(db *sqlx.DB, err error) *sqlx.DB {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Errorf("close test database: %v", err)
			}
		})
		return db
	}
}

// NewURL returns the owner's URL of a migrated database that belongs to t alone and is dropped with it.
func NewURL(t testing.TB) string {
	t.Helper()
	s := shared(t)
	tpl, err := s.template()
	if err != nil {
		t.Fatalf("make the template database: %v", err)
	}
	// STRATEGY file_copy took 27 ms where the default took 47.
	return s.create(t, "TEMPLATE "+pq.QuoteIdentifier(tpl)+" STRATEGY file_copy")
}

// NewEmptyURL is NewURL without the migrations.
func NewEmptyURL(t testing.TB) string {
	t.Helper()
	return shared(t).create(t, "TEMPLATE template0")
}

// create makes a database that is dropped with t.
func (s *server) create(t testing.TB, options string) string {
	t.Helper()
	name := "chobo_test_" + strings.ToLower(rand.Text()[:16])
	if _, err := s.admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" "+options); err != nil {
		t.Fatalf("create test database: %v", err)
	}
	t.Cleanup(func() {
		// t's context has ended by now.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := s.admin.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return s.database(name)
}

// database is the URL of another database of the server.
func (s *server) database(name string) string {
	u := *s.url
	u.Path = "/" + name
	return u.String()
}

// shared returns this process's server. Without one the test fails: it never passes by not running.
func shared(t testing.TB) *server {
	t.Helper()
	s, err := theServer()
	if err != nil {
		t.Fatalf("tests need PostgreSQL: %v\n\nInstall its server programs (Debian: apt-get install postgresql; macOS: brew install postgresql@17),\nor set CHOBO_TEST_DATABASE_URL to a server whose user may create databases.", err)
	}
	return s
}

func newServer(rawURL string) (*server, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("CHOBO_TEST_DATABASE_URL must be a postgres:// URL")
	}
	c, err := pq.NewConnector(rawURL)
	if err != nil {
		return nil, err
	}
	s := &server{url: u, admin: sql.OpenDB(c)}
	s.admin.SetMaxOpenConns(4)
	s.admin.SetMaxIdleConns(4)
	return s, nil
}
