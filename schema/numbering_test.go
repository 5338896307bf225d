package schema_test

import (
	"testing"

	"chobo/schema"
	"chobo/schema/pgtest"
)

// What is posted after a database came to a server is numbered above all that it had, and not before that is so.
func TestNumbersAfterADump(t *testing.T) {
	url := pgtest.NewURL(t)
	db := pgtest.OpenOwner(t, url)
	const epoch = 1 << 32
	var lift int64
	expect := func(what string, here bool, want int64) {
		t.Helper()
		got, err := schema.Arrived(t.Context(), db)
		fatal(t, err)
		fatal(t, db.Get(&lift, `SELECT lift FROM numbering`))
		if got != here || lift != want {
			t.Errorf("%s: it arrived: %t, want %t; numbers are lifted by %d, want %d", what, got, here, lift, want)
		}
	}
	migrate := func() { fatal(t, schema.Migrate(t.Context(), url)) }
	expect("a new database", true, 0)

	db.MustExec(`INSERT INTO batches (id, last_id, transactions, posted_at, fingerprint, xid) VALUES (1, 1, 1, now(), '', '4294967396')`) // of the second epoch of another server
	expect("a dump with higher numbers", false, 0)
	if err := schema.Check(t.Context(), db); err == nil {
		t.Error("it may be posted to")
	}
	migrate()
	expect("taken in", true, 2*epoch)
	migrate()
	expect("taken in again", true, 2*epoch)

	db.MustExec(`INSERT INTO batches (id, last_id, transactions, posted_at, fingerprint) VALUES (2, 2, 1, now(), '')`)
	var ordered bool
	fatal(t, db.Get(&ordered, `SELECT (SELECT xid FROM batches WHERE id = 1) < (SELECT xid FROM batches WHERE id = 2) AND (SELECT max(xid) FROM batches) < chobo_xmin()`))
	if !ordered {
		t.Error("what is posted now is not numbered above what was there, or not complete")
	}

	db.MustExec(`UPDATE numbering SET cluster = 1`) // as a dump from another server, with lower numbers or higher ones
	expect("a dump of another server", false, 2*epoch)
	migrate()
	expect("taken in too", true, 3*epoch)
}
