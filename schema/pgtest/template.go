package pgtest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"chobo/schema"
)

const (
	// templateLock is the advisory lock under which a server's templates are made.
	templateLock int64 = 0x63686f74706c

	lockTemplateSQL   = `SELECT pg_advisory_lock($1)`
	unlockTemplateSQL = `SELECT pg_advisory_unlock($1)`

	// A template is complete once it is marked as one.
	hasTemplateSQL = `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)`
)

// makeTemplate returns the name of the migrated database that tests copy, made if this is the first test since the migrations changed.
func (s *server) makeTemplate() (name string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	name, err = templateName()
	if err != nil {
		return "", err
	}
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, lockTemplateSQL, templateLock); err != nil {
		return "", err
	}
	defer func() {
		_, unlockErr := conn.ExecContext(ctx, unlockTemplateSQL, templateLock)
		err = errors.Join(err, unlockErr)
	}()
	var has bool
	if err := conn.QueryRowContext(ctx, hasTemplateSQL, name).Scan(&has); err != nil || has {
		return name, err
	}
	for _, stmt := range []string{"DROP DATABASE IF EXISTS " + name, "CREATE DATABASE " + name + " TEMPLATE template0"} {
		if _, err := conn.ExecContext(ctx, stmt); err != nil {
			return "", err
		}
	}
	if err := schema.Migrate(ctx, s.database(name)); err != nil {
		return "", err
	}
	// Nothing may be connected to a database that is copied.
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+name+" IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return name, err
}

// templateName names the migrations by their content.
func templateName() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(schema.Migrations(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(schema.Migrations(), name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read migrations: %w", err)
	}
	return fmt.Sprintf("chobo_template_%x", sum.Sum(nil)[:8]), nil
}
