package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lib/pq"
)

// A scratch is a database of its own on the server. It is dropped when the bench is over.
type scratch struct {
	admin *sql.DB
	name  string
	url   string
}

// newScratch makes a database on the server of ownerURL, whose own database is left alone.
func newScratch(ctx context.Context, ownerURL, what string) (*scratch, error) {
	u, err := url.Parse(ownerURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("the bench needs a database URL that begins with postgres://")
	}
	c, err := pq.NewConnector(ownerURL)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	s := &scratch{admin: sql.OpenDB(c), name: "chobo_" + what + "_" + strings.ToLower(rand.Text()[:10])}
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+s.name+" TEMPLATE template0"); err != nil {
		return nil, errors.Join(fmt.Errorf("make a database for the bench: %w", err), s.admin.Close())
	}
	u.Path = "/" + s.name
	s.url = u.String()
	return s, nil
}

// drop removes the database, whatever became of ctx.
func (s *scratch) drop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	_, err := s.admin.ExecContext(ctx, "DROP DATABASE "+s.name+" WITH (FORCE)")
	return errors.Join(err, s.admin.Close())
}
