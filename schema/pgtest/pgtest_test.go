package pgtest_test

import (
	"sync"
	"testing"
	"time"

	"chobo/schema"
	"chobo/schema/pgtest"
)

// The database a test gets is migrated, guarded, and empty of what other tests wrote.
func TestNew(t *testing.T) {
	db := pgtest.New(t)
	if err := schema.Check(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	guarded, err := schema.Guarded(t.Context(), db)
	if err != nil || !guarded {
		t.Fatalf("guarded %v, %v; want true: tests must run with the service's rights", guarded, err)
	}
}

func TestDatabasesAreApart(t *testing.T) {
	one, other := pgtest.OpenOwner(t, pgtest.NewURL(t)), pgtest.OpenOwner(t, pgtest.NewURL(t))
	one.MustExec(`CREATE TABLE only_here ()`)
	var there bool
	if err := other.Get(&there, `SELECT to_regclass('only_here') IS NOT NULL`); err != nil || there {
		t.Fatalf("there %v, %v; want a database of its own", there, err)
	}
}

// A database goes with its test.
func TestDatabaseIsDropped(t *testing.T) {
	var name string
	t.Run("short", func(t *testing.T) {
		if err := pgtest.New(t).Get(&name, `SELECT current_database()`); err != nil {
			t.Fatal(err)
		}
	})
	var left bool
	if err := pgtest.New(t).Get(&left, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name); err != nil || left {
		t.Fatalf("left %v, %v; want %s dropped", left, err, name)
	}
}

func TestManyAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	start := time.Now()
	for range 20 {
		wg.Go(func() { pgtest.NewURL(t) })
	}
	wg.Wait()
	t.Logf("20 databases in %v", time.Since(start))
}
