package journal_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/ledger/journal"
	"chobo/points"
	"chobo/schema"
	"chobo/schema/pgtest"
)

// april is a ledger after a month of trade with every kind of transaction.
func april(t testing.TB) *trade.Mall {
	t.Helper()
	return trade.Open(t, pgtest.NewURL(t)).April()
}

func verify(t testing.TB, m *trade.Mall, opts journal.VerifyOptions) *journal.Verification {
	t.Helper()
	v, err := journal.Verify(t.Context(), m.DB, opts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// expect fails the test for differences that are not expected, by check.
func expect(t testing.TB, v *journal.Verification, want map[string]int64) {
	t.Helper()
	for _, c := range v.Checks {
		if c.Differences == want[c.Name] {
			continue
		}
		t.Errorf("%s: %d differences, want %d", c.Name, c.Differences, want[c.Name])
		for _, d := range c.First {
			t.Log("  ", d)
		}
	}
}

func TestHealthyBooksShowNoDifference(t *testing.T) {
	m := april(t)
	expect(t, verify(t, m, journal.VerifyOptions{}), nil)
	foldAll(t, m)
	m.Advance()
	v := verify(t, m, journal.VerifyOptions{})
	expect(t, v, nil)
	if len(v.Checks) < 20 || v.Transactions < 50 || v.Batches < 30 {
		t.Errorf("%d checks of %d transactions in %d batches", len(v.Checks), v.Transactions, v.Batches)
	}
}

// Lots in rows of their own are looked at when the first of their available points expires: too late a time is a
// difference, and none is not where all of them are reserved.
func TestWhenSpilledLotsExpire(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t))
	lots := points.PackedLots + 2
	for i := range lots {
		m.Do("ann", points.GrantPoints{Points: 1, Reason: "a day", ExpiresAt: time.Date(2027, 1, 1+i, 0, 0, 0, 0, time.UTC)})
	}
	expect(t, verify(t, m, journal.VerifyOptions{}), nil)
	damaged(t, m, `UPDATE accounts SET spill_expires = spill_expires + interval '1 second' WHERE spilled = 2`, func(tx *sqlx.Tx) {
		v, err := journal.VerifyIn(t.Context(), tx, m.DB, journal.VerifyOptions{})
		fatal(t, err)
		if got := found(v); got != "spilled lots" {
			t.Errorf("found by %q", got)
		}
	})
	m.Do("ann", points.MakeReservation{ReservationID: "R", Points: ledger.Points(lots)})
	expect(t, verify(t, m, journal.VerifyOptions{}), nil)
}

// What is right is proved by sums, or each verification would look at everything one by one.
func TestHealthyBooksAgreeBySums(t *testing.T) {
	for name, m := range map[string]*trade.Mall{"nothing was ever posted": trade.Open(t, pgtest.NewURL(t)), "a month of every kind": april(t)} {
		for range 2 {
			tx := m.DB.MustBegin()
			checks, err := journal.Disagreeing(t.Context(), tx)
			fatal(t, errors.Join(err, tx.Rollback()))
			if len(checks) > 0 {
				t.Errorf("%s: not proved by sums: %q", name, checks)
			}
			foldAll(t, m)
		}
	}
}

// A pool may have one connection only, and others may be waiting for it.
func TestVerifyOnOneConnection(t *testing.T) {
	url := pgtest.NewURL(t)
	trade.Open(t, url).April()
	db, err := schema.Open(t.Context(), url, schema.Pool{MaxOpen: 1})
	fatal(t, err)
	defer func() { fatal(t, db.Close()) }()
	v, err := journal.Verify(t.Context(), db, journal.VerifyOptions{})
	fatal(t, err)
	expect(t, v, nil)
}

// The transaction beside sees what the first one sees, and nothing that was committed since.
func TestBesideSeesTheSame(t *testing.T) {
	m := small(t)
	tx, err := m.DB.BeginTxx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	fatal(t, err)
	defer tx.Rollback() //nolint:errcheck // it only reads
	before := count(t, tx, `SELECT count(*) FROM transactions`)
	grants(m, "bob", 1)
	beside, done, err := journal.Beside(t.Context(), m.DB, tx)
	fatal(t, err)
	if n := count(t, beside, `SELECT count(*) FROM transactions`); n != before {
		t.Errorf("%d transactions, and the first sees %d", n, before)
	}
	fatal(t, done())
}

// Where a batch was changed, its transactions are named, and whose they are where that is one member.
func TestAChangedBatchNamesItsTransactions(t *testing.T) {
	m := small(t)
	damaged(t, m, `UPDATE transactions SET actor = 'someone' WHERE id = (SELECT max(id) FROM transactions)`, func(tx *sqlx.Tx) {
		v, err := journal.VerifyIn(t.Context(), tx, m.DB, journal.VerifyOptions{})
		fatal(t, err)
		want := fmt.Sprintf("with transaction %d (grant)", count(t, tx, `SELECT max(id) FROM transactions`))
		if got := v.Check("fingerprints").First[0]; got.Name != "ann" || !strings.HasSuffix(got.What, want) {
			t.Errorf("%s: %s, want ann and %s", got.Name, got.What, want)
		}
	})
}
