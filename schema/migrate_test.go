package schema_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"chobo/schema"
	"chobo/schema/pgtest"
	"chobo/schema/private"
)

// Several server processes start at once on an empty database.
func TestMigrateAtOnce(t *testing.T) {
	ownerURL := pgtest.NewEmptyURL(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if err := schema.Migrate(t.Context(), ownerURL); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	db := pgtest.Open(t, ownerURL)
	current, latest, err := schema.Version(t.Context(), db)
	if err != nil || current != latest || latest < 1 {
		t.Errorf("version %d of %d, %v; want the latest", current, latest, err)
	}
}

func TestCheck(t *testing.T) {
	ownerURL := pgtest.NewEmptyURL(t)
	owner := pgtest.OpenOwner(t, ownerURL)
	want := func(want error) {
		t.Helper()
		if err := schema.Check(t.Context(), owner); !errors.Is(err, want) {
			t.Errorf("Check: %v, want %v", err, want)
		}
	}
	want(schema.ErrBehind)
	fatal(t, schema.Migrate(t.Context(), ownerURL))
	want(nil)

	owner.MustExec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`)
	want(nil)
	if err := schema.Migrate(t.Context(), ownerURL); !errors.Is(err, schema.ErrAhead) {
		t.Errorf("Migrate: %v, want ErrAhead", err)
	}

	owner.SetMaxOpenConns(1)
	owner.MustExec(`SET default_transaction_read_only = on`)
	want(schema.ErrReadOnly)
	fatal(t, owner.Close())
	want(schema.ErrUnreachable)
}

// An error never repeats the URL, which holds a password.
func TestOpenKeepsPasswords(t *testing.T) {
	for _, bad := range []string{"postgres://u:hunter2@host:port/db", "postgres://u:hunter2@127.0.0.1:1/db?sslmode=disable", "host=127.0.0.1 port=1 password=hunter2 sslmode=no", "password='hunter2"} {
		_, err := schema.Open(t.Context(), bad, schema.Pool{})
		if !errors.Is(err, schema.ErrURL) && !errors.Is(err, schema.ErrUnreachable) || strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("got %v, want ErrURL or ErrUnreachable and no password", err)
		}
	}
}

// The session is in UTC and named, whatever the server's settings.
func TestOpenSession(t *testing.T) {
	db := pgtest.New(t)
	for setting, want := range map[string]string{"timezone": "UTC", "application_name": "chobo", "role": "chobo_app"} {
		var got string
		fatal(t, db.Get(&got, `SELECT current_setting($1)`, setting))
		if got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
}

// Role chobo_app belongs to the whole server: this needs one where it is not there yet.
func TestRoleOfAServer(t *testing.T) {
	s, err := private.Start(t.Context(), private.Config{Dir: reachable(t), Throwaway: true, Log: func(line string) { t.Log(line) }})
	fatal(t, err)
	t.Cleanup(func() { fatal(t, s.Stop(context.Background())) })
	super, err := schema.OpenOwner(t.Context(), s.URL(), schema.Pool{})
	fatal(t, err)
	t.Cleanup(func() { fatal(t, super.Close()) })

	super.MustExec(`CREATE ROLE plain LOGIN PASSWORD 'plain'`)
	super.MustExec(`CREATE ROLE maker LOGIN CREATEROLE PASSWORD 'maker'`)
	super.MustExec(`CREATE DATABASE of_plain OWNER plain`)
	super.MustExec(`CREATE DATABASE of_maker OWNER maker`)

	// Who may not create roles goes on without: triggers alone guard, and one is told.
	plain := as(t, s.URL(), "plain")
	fatal(t, schema.Migrate(t.Context(), plain))
	wantGuarded(t, plain, false)
	db := pgtest.OpenOwner(t, plain)
	db.MustExec(samplesSQL)
	wantRefused(t, db, "", `DELETE FROM sample`)

	// Databases of one server, migrated at once, make the role once.
	var wg sync.WaitGroup
	for i := range 4 {
		name := fmt.Sprintf("of_super_%d", i)
		super.MustExec(`CREATE DATABASE ` + name)
		wg.Go(func() {
			if err := schema.Migrate(t.Context(), strings.Replace(s.URL(), "/chobo?", "/"+name+"?", 1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()

	// Who may create roles takes it on as its member.
	maker := as(t, s.URL(), "maker")
	fatal(t, schema.Migrate(t.Context(), maker))
	wantGuarded(t, maker, true)
}

// as is the URL of role, to the database of_role.
func as(t *testing.T, superURL, role string) string {
	t.Helper()
	u, err := url.Parse(superURL)
	fatal(t, err)
	u.User, u.Path = url.UserPassword(role, role), "/of_"+role
	return u.String()
}

func wantGuarded(t *testing.T, ownerURL string, want bool) {
	t.Helper()
	got, err := schema.Guarded(t.Context(), pgtest.Open(t, ownerURL))
	if err != nil || got != want {
		t.Errorf("guarded %v, %v; want %v", got, err, want)
	}
}
