package journal_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/ledger/journal"
	"chobo/points"
	"chobo/schema/pgtest"
)

// small is a ledger with a few batches.
func small(t testing.TB) *trade.Mall {
	t.Helper()
	m := trade.Open(t, pgtest.NewURL(t)).At("2026-04-01 10:00")
	grants(m, "ann", 3)
	return m
}

func grants(m *trade.Mall, member string, n int) {
	for range n {
		m.Do(member, points.GrantPoints{Points: 10, Reason: "welcome"})
	}
}

func count(t testing.TB, db sqlx.ExtContext, query string, args ...any) (n int64) {
	t.Helper()
	fatal(t, sqlx.GetContext(t.Context(), db, &n, query, args...))
	return n
}

// head is the chain's.
func head(t testing.TB, m *trade.Mall) journal.Head {
	t.Helper()
	v := verify(t, m, journal.VerifyOptions{})
	expect(t, v, nil)
	if v.Head == nil {
		t.Fatal("nothing is sealed")
	}
	return *v.Head
}

func heads(all ...journal.Head) iter.Seq2[journal.Head, error] {
	return func(yield func(journal.Head, error) bool) {
		for _, h := range all {
			if !yield(h, nil) {
				return
			}
		}
	}
}

func TestSealing(t *testing.T) {
	m := small(t)
	sealAll(t, m)
	first := head(t, m)
	if n, err := journal.SealAll(t.Context(), m.DB, time.Now()); n != 0 || err != nil {
		t.Errorf("sealing again: %d transactions, %v", n, err)
	}
	if again := head(t, m); again != first {
		t.Errorf("the head moved from %s to %s", first, again)
	}
	grants(m, "bob", 2)
	v := verify(t, m, journal.VerifyOptions{})
	if v.Unsealed != 2 || v.Total != v.Transactions-2 {
		t.Errorf("%d unsealed and %d sealed of %d", v.Unsealed, v.Total, v.Transactions)
	}
	sealAll(t, m)
	v = verify(t, m, journal.VerifyOptions{Heads: heads(first, head(t, m))})
	expect(t, v, nil)
	if v.Unsealed != 0 || v.Total != v.Transactions || v.Head.Number <= first.Number {
		t.Errorf("%+v", v)
	}
}

// A batch that another connection posts: a mark in ann's books, with the id that it took long ago.
func lateBatch(t *testing.T, m *trade.Mall, tx *sqlx.Tx, id ledger.TransactionID) {
	t.Helper()
	p := m.Info()
	at := time.Now().UTC().Truncate(time.Microsecond)
	l := ledger.Transaction{ID: id, Kind: ledger.Suspend, OccurredAt: at, PostedAt: at, BookDate: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Version: 1}
	member := p.Member("late")
	digest := l.Digest(member, p.ID, nil)
	sum := sha256.Sum256(digest[:])
	for query, args := range map[string][]any{
		`INSERT INTO transactions (member, id, occurred_at, posted_at, book_date, program, version, kind) VALUES ($1, $2, $3, $3, $4, $5, 1, 70)`: {member.String(), int64(id), at, l.BookDate, p.ID},
		`INSERT INTO batches (id, last_id, transactions, posted_at, fingerprint) VALUES ($1, $1, 1, $2, $3)`:                                      {int64(id), at, sum[:]},
		`INSERT INTO accounts (member, program, status, last_transaction, last_at) VALUES ($1, $2, 2, $3, $4)`:                                    {member.String(), p.ID, int64(id), at},
		`INSERT INTO members (member, program, member_id, enrolled_at) VALUES ($1, $2, 'late', $3)`:                                               {member.String(), p.ID, at},
	} {
		_, err := tx.ExecContext(t.Context(), query, args...)
		fatal(t, err)
	}
}

// earlyID is lower than every id of the ledger, of a node that nobody has.
func earlyID(t *testing.T, m *trade.Mall) ledger.TransactionID {
	t.Helper()
	first := ledger.TransactionID(count(t, m.DB, `SELECT min(id) FROM batches`))
	return first&^(ledger.IDStep-1) - 10*ledger.IDStep + 4000
}

// Formance v2, asynchronous hashes: batch 1 open in another connection, 2 and 3 committed and sealed as the range 1 … 3,
// and when 1 commits no later block covers it. Here 1 waits for a later seal.
func TestALateCommitWithALowerIDIsSealedLater(t *testing.T) {
	m := small(t)
	early := earlyID(t, m)
	tx, err := m.DB.BeginTxx(t.Context(), nil) // it has its id, and writes nothing yet
	fatal(t, err)
	defer tx.Rollback() //nolint:errcheck // it is committed below
	grants(m, "bob", 2)
	sealAll(t, m)
	before := head(t, m)
	lateBatch(t, m, tx, early)
	fatal(t, tx.Commit())
	if v := verify(t, m, journal.VerifyOptions{Heads: heads(before)}); v.Differences() != 0 || v.Unsealed != 1 {
		t.Fatalf("%d unsealed, %d differences", v.Unsealed, v.Differences())
	}
	sealAll(t, m)
	expect(t, verify(t, m, journal.VerifyOptions{Heads: heads(before)}), nil)
	if n := count(t, m.DB, `SELECT seal FROM sealed_batches WHERE batch = $1`, int64(early)); n != before.Number+1 {
		t.Errorf("the late batch is in seal %d, behind %d", n, before.Number)
	}
}

// What commits while an earlier transaction is in flight waits for it, so that a seal never has to be cut open.
func TestNothingIsSealedPastATransactionInFlight(t *testing.T) {
	m := small(t)
	early := earlyID(t, m)
	sealAll(t, m)
	tx, err := m.DB.BeginTxx(t.Context(), nil)
	fatal(t, err)
	defer tx.Rollback() //nolint:errcheck // it is committed below
	lateBatch(t, m, tx, early)
	grants(m, "bob", 2)
	if n, err := journal.SealAll(t.Context(), m.DB, time.Now()); n != 0 || err != nil {
		t.Fatalf("sealed %d past a transaction in flight: %v", n, err)
	}
	fatal(t, tx.Commit())
	sealAll(t, m)
	var order []int64
	fatal(t, m.DB.SelectContext(t.Context(), &order, `SELECT batch FROM sealed_batches WHERE seal > 1 ORDER BY seal, place`))
	if !slices.Contains(order, int64(early)) || order[0] != int64(early) {
		t.Errorf("sealed in the order %v, first of all %d", order, early)
	}
	expect(t, verify(t, m, journal.VerifyOptions{}), nil)
}

func TestTwoSealersDoTheWorkOnce(t *testing.T) {
	m := small(t)
	for range 20 {
		grants(m, "bob", 1)
		done := make(chan error, 4)
		for range cap(done) {
			go func() {
				_, err := journal.SealAll(context.Background(), m.DB, time.Now())
				done <- err
			}()
		}
		for range cap(done) {
			fatal(t, <-done)
		}
	}
	sealAll(t, m)
	v := verify(t, m, journal.VerifyOptions{})
	expect(t, v, nil)
	if n := count(t, m.DB, `SELECT count(*) - count(DISTINCT batch) FROM sealed_batches`); n != 0 || v.Total != v.Transactions {
		t.Errorf("%d batches are sealed twice, %d of %d transactions are sealed", n, v.Total, v.Transactions)
	}
}

// A database restored on another server has batches whose transactions' numbers mean nothing there, and its own begin
// below them. None is lost, and none is sealed twice.
func TestARestoredDatabaseIsSealedOn(t *testing.T) {
	m := small(t)
	sealAll(t, m)
	kept := head(t, m)
	for _, query := range []string{
		`ALTER TABLE seals DISABLE TRIGGER USER`, `ALTER TABLE batches DISABLE TRIGGER USER`,
		`UPDATE seals SET cluster = 7, below = '9000000000000000000'`,
	} {
		_, err := m.Owner.ExecContext(t.Context(), query)
		fatal(t, err)
	}
	grants(m, "bob", 2)
	sealAll(t, m)
	grants(m, "cho", 2)
	sealAll(t, m)
	v := verify(t, m, journal.VerifyOptions{Heads: heads(kept)})
	expect(t, v, nil)
	if v.Total != v.Transactions {
		t.Errorf("%d of %d transactions are sealed", v.Total, v.Transactions)
	}
}

// What is not whole is named and left out; all else is sealed, and it too once it is whole.
func TestABatchThatIsNotWholeIsNotSealed(t *testing.T) {
	m := small(t)
	_, err := m.Owner.ExecContext(t.Context(), `ALTER TABLE batches DISABLE TRIGGER USER; UPDATE batches SET transactions = transactions + 1 WHERE id = (SELECT min(id) FROM batches)`)
	fatal(t, err)
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		_, err := journal.SealAll(t.Context(), m.DB, time.Now())
		if left := count(t, m.DB, `SELECT count(*) FROM batches b WHERE NOT EXISTS (SELECT FROM sealed_batches WHERE batch = b.id)`); left == 1 {
			if !errors.Is(err, journal.ErrNotWhole) {
				t.Fatalf("sealing says %v", err)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal("the others are never sealed")
		}
	}
	expect(t, verify(t, m, journal.VerifyOptions{}), map[string]int64{"batches": 1})
	_, err = m.Owner.ExecContext(t.Context(), `UPDATE batches SET transactions = transactions - 1 WHERE id = (SELECT min(id) FROM batches)`)
	fatal(t, err)
	sealAll(t, m)
	expect(t, verify(t, m, journal.VerifyOptions{}), nil)
}

// Every way to lie about what was sealed shows; to be consistent about it, even against the owner, takes a kept head.
func TestDamageToSealsIsNamed(t *testing.T) {
	m := small(t)
	for _, member := range []string{"bob", "cho", "dan"} {
		sealAll(t, m)
		grants(m, member, 3)
	}
	sealAll(t, m)
	kept := head(t, m)
	for _, c := range []struct{ name, damage, says string }{
		{"a seal changed", `UPDATE seals SET sealed_at = sealed_at + interval '1 second' WHERE number = 2`,
			"seals: seal 2: seal 2 has another hash than its content gives"},
		{"a seal gone from the middle", `DELETE FROM seals WHERE number = 2`,
			"seals: seal 2: it is gone, its batches are listed; seals: seal 3: seal 3 follows seal 1"},
		{"a seal and its list gone from the middle", `WITH gone AS (DELETE FROM seals WHERE number = 2) DELETE FROM sealed_batches WHERE seal = 2`,
			"seals: seal 3: seal 3 follows seal 1; 3 × sealed batches"},
		{"batches in another order", `
			UPDATE sealed_batches SET place = 9 WHERE seal = 2 AND place = 1; UPDATE sealed_batches SET place = 1 WHERE seal = 2 AND place = 2;
			UPDATE sealed_batches SET place = 2 WHERE seal = 2 AND place = 9`, "seals: seal 2: batch B stands behind a later one"},
		{"batches in other places", `UPDATE sealed_batches SET place = place + 1 WHERE seal = 2 AND place = 3`, "seals: seal 2: stored batch B in place 4, by the journal place 3"},
		{"a batch's fingerprint", `UPDATE batches SET fingerprint = sha256('x') WHERE id = (SELECT batch FROM sealed_batches WHERE seal = 2 AND place = 1)`,
			"1 × fingerprints; seals: seal 2: stored content H, by the journal H"},
		{"a batch gone", `DELETE FROM batches WHERE id = (SELECT batch FROM sealed_batches WHERE seal = 2 AND place = 1)`,
			"1 × batches; 2 × roll-ups; seals: seal 2: batch B is gone"},
		{"a batch off the list", `DELETE FROM sealed_batches WHERE seal = 2 AND place = 3`,
			"seals: seal 2: stored 3 batches, 3 transactions, by the journal 2 batches, 2 transactions; 1 × sealed batches"},
		{"a batch with all its rows gone", `
			WITH b AS (DELETE FROM batches WHERE id = (SELECT batch FROM sealed_batches WHERE seal = 2 AND place = 3) RETURNING id),
			     s AS (DELETE FROM sealed_batches WHERE batch IN (SELECT id FROM b))
			DELETE FROM transactions WHERE id IN (SELECT id FROM b)`,
			"1 × balances; 1 × lots; 1 × members; 1 × notes; 1 × keys; seals: seal 2: stored 3 batches, 3 transactions, by the journal 2 batches, 2 transactions"},
		{"the tail cut", `
			WITH s AS (DELETE FROM seals WHERE number = (SELECT max(number) FROM seals) RETURNING number)
			DELETE FROM sealed_batches WHERE seal IN (SELECT number FROM s)`, "kept heads: seal 4: the chain is cut: the last seal is 3; kept was H"},
		{"the tail cut with all its rows", `
			WITH s AS (DELETE FROM seals WHERE number = (SELECT max(number) FROM seals) RETURNING number),
			     p AS (DELETE FROM sealed_batches WHERE seal IN (SELECT number FROM s) RETURNING batch),
			     b AS (DELETE FROM batches WHERE id IN (SELECT batch FROM p)),
			     t AS (DELETE FROM transactions WHERE id IN (SELECT batch FROM p) RETURNING member, id),
			     o AS (DELETE FROM operations WHERE first_transaction IN (SELECT batch FROM p)),
			     n AS (DELETE FROM notes WHERE transaction IN (SELECT batch FROM p)),
			     m AS (DELETE FROM members WHERE member IN (SELECT member FROM t)),
			     a AS (DELETE FROM accounts WHERE member IN (SELECT member FROM t))
			DELETE FROM due WHERE member IN (SELECT member FROM t)`, "kept heads: seal 4: the chain is cut: the last seal is 3; kept was H"},
		{"all seals gone", `WITH s AS (DELETE FROM seals) DELETE FROM sealed_batches`, "kept heads: seal 4: the chain is cut: nothing is sealed; kept was H"},
	} {
		t.Run(c.name, func(t *testing.T) {
			damaged(t, m, c.damage, func(tx *sqlx.Tx) {
				v, err := journal.VerifyIn(t.Context(), tx, m.DB, journal.VerifyOptions{Heads: heads(kept)})
				fatal(t, err)
				if got := said(v); got != c.says {
					t.Errorf("says\n\t%s, want\n\t%s", got, c.says)
				}
			})
		})
	}
}

// said is what the checks of seals say, with the names of batches and the hashes left out, and how much the others found.
func said(v *journal.Verification) string {
	var out []string
	for _, c := range v.Checks {
		if c.Name != "seals" && c.Name != "kept heads" {
			if c.Differences > 0 {
				out = append(out, fmt.Sprintf("%d × %s", c.Differences, c.Name))
			}
			continue
		}
		for _, d := range c.First {
			text := regexp.MustCompile(`batch \d+( of [-\d]+ [:\d]+Z)?`).ReplaceAllString(d.String(), "batch B")
			out = append(out, c.Name+": "+regexp.MustCompile(`[0-9a-f]{16,64}…?`).ReplaceAllString(text, "H"))
		}
	}
	return strings.Join(out, "; ")
}

// Whoever owns the database can write the whole chain anew. Then only what was kept outside tells.
func TestAChainWrittenAnewFailsTheKeptHead(t *testing.T) {
	m := small(t)
	sealAll(t, m)
	kept := head(t, m)
	_, err := m.Owner.ExecContext(t.Context(), unguarded+`; DELETE FROM seals; DELETE FROM sealed_batches`)
	fatal(t, err)
	sealAll(t, m)
	expect(t, verify(t, m, journal.VerifyOptions{}), nil)
	expect(t, verify(t, m, journal.VerifyOptions{Heads: heads(kept)}), map[string]int64{"kept heads": 1})
}

// What an auditor keeps can be proved without a database, and the database against it.
func TestSealsAreKeptInAFile(t *testing.T) {
	m := small(t)
	sealAll(t, m)
	var first, second bytes.Buffer
	fatal(t, journal.WriteSeals(t.Context(), m.DB, &first))
	grants(m, "bob", 2)
	sealAll(t, m)
	fatal(t, journal.WriteSeals(t.Context(), m.DB, &second))
	if !strings.HasPrefix(second.String(), first.String()) {
		t.Error("what was kept is not how a later file begins")
	}
	for _, kept := range []string{first.String(), second.String()} {
		expect(t, verify(t, m, journal.VerifyOptions{Heads: journal.Heads(journal.ReadSeals(strings.NewReader(kept)))}), nil)
	}
	lines := strings.Split(strings.TrimSpace(second.String()), "\n")
	fields := strings.Fields(lines[1])
	fields[6] = "9" + fields[6]
	for name, text := range map[string]string{
		"a field changed": strings.Join(fields, " "),
		"a line twice":    lines[1] + "\n" + lines[1],
		"a word":          "seals\n",
		"a short hash":    strings.Replace(lines[1], lines[1][2:20], "", 1),
		"a wrong time":    lines[1] + "!",
	} {
		var err error
		for _, err = range journal.ReadSeals(strings.NewReader(text)) {
			if err != nil {
				break
			}
		}
		if !errors.Is(err, journal.ErrSealFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeadsAsText(t *testing.T) {
	h := journal.Head{Number: 12, Hash: sha256.Sum256([]byte("x"))}
	back, err := journal.ParseHead(h.String())
	if err != nil || back != h {
		t.Errorf("%s reads as %s, %v", h, back, err)
	}
	for _, s := range []string{"", "@1", "12@ab", h.Hash.String(), h.Hash.String() + "@0", h.Hash.String() + "@x", h.Hash.String()[1:] + "@1"} {
		if _, err := journal.ParseHead(s); err == nil {
			t.Errorf("%q is taken for a head", s)
		}
	}
}
