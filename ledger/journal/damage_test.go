package journal_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger/journal"
)

// unguarded lets the owner do what nobody may.
const unguarded = `
ALTER TABLE transactions DISABLE TRIGGER USER; ALTER TABLE transactions DROP CONSTRAINT transactions_have_whole_lines; ALTER TABLE batches DISABLE TRIGGER USER;
ALTER TABLE operations DISABLE TRIGGER USER; ALTER TABLE refunds DISABLE TRIGGER USER;
ALTER TABLE seals DISABLE TRIGGER USER; ALTER TABLE sealed_batches DISABLE TRIGGER USER`

// damaged calls fn with the books as the damage leaves them, and mends them.
func damaged(t *testing.T, m *trade.Mall, damage string, fn func(tx *sqlx.Tx)) {
	t.Helper()
	tx, err := m.Owner.BeginTxx(t.Context(), nil)
	fatal(t, err)
	defer func() { fatal(t, tx.Rollback()) }()
	_, err = tx.ExecContext(t.Context(), unguarded)
	fatal(t, err)
	done, err := tx.ExecContext(t.Context(), damage)
	fatal(t, err)
	if n, _ := done.RowsAffected(); n == 0 {
		t.Fatal("the damage touches nothing")
	}
	fn(tx)
}

// The member whose name stands in a damage.
const ann = `(SELECT member FROM members WHERE member_id = 'ann')`

// Each check finds what it exists for, and no other check is misled.
func TestEachDamageIsNamed(t *testing.T) {
	m := april(t)
	foldAll(t, m)
	sealAll(t, m)
	for _, c := range []struct{ name, damage, finds string }{
		{"a line's points", `UPDATE transactions SET moves[3 * array_position(accounts, '31') - 2] = moves[3 * array_position(accounts, '31') - 2] + 1 WHERE accounts @> '{31}' AND member = ` + ann, "fingerprints, orders, roll-ups, transactions"},
		{"a line's money", `UPDATE transactions SET moves[2] = moves[2] + 5 WHERE kind = 44`, "fingerprints, roll-ups, transactions"},
		{"a line's lot", `UPDATE transactions SET moves[3 * array_position(accounts, '11')] = 1 WHERE accounts @> '{11}' AND moves[3 * array_position(accounts, '11')] = 2 AND kind = 12`, "fingerprints, lots"},
		{"a line's expiry", `UPDATE transactions SET expires[array_position(accounts, '11')] = expires[array_position(accounts, '11')] + 1 WHERE kind = 5 AND expires IS NOT NULL`, "fingerprints, lots"},
		{"a line's shop", `UPDATE transactions SET shop = shop || 'x' WHERE kind = 12`, "fingerprints, roll-ups"},
		{"a shop where none is", `UPDATE transactions SET shop = 'S-1' WHERE kind = 44`, "transactions"},
		{"a line without its numbers", `UPDATE transactions SET moves = moves[:3] WHERE kind = 44`, "balances, fingerprints, lots, roll-ups, transactions"},
		{"numbers without a line", `UPDATE transactions SET moves = moves || '{1,-1,0}' WHERE kind = 44`, "transactions"},
		{"a line without an account", `UPDATE transactions SET accounts = accounts[:1] WHERE kind = 44`, "balances, fingerprints, lots, roll-ups, transactions"},
		{"times of expiry of other lines", `UPDATE transactions SET expires = expires || '{0}' WHERE expires IS NOT NULL`, "transactions"},
		{"a number of nothing", `UPDATE transactions SET moves[1] = NULL WHERE kind = 44`, "balances, fingerprints, lots, roll-ups, transactions"},
		{"numbers in other places", `UPDATE transactions SET moves = ('[0:' || cardinality(moves) - 1 || ']=' || moves::text)::bigint[] WHERE kind = 44`, "fingerprints, lots, roll-ups, transactions"},
		{"both sides of a transaction", `UPDATE transactions SET moves = (SELECT array_agg(CASE WHEN place % 3 = 0 THEN n ELSE 2 * n END ORDER BY place) FROM unnest(moves) WITH ORDINALITY AS u(n, place)) WHERE accounts @> '{22}'`, "balances, fingerprints, lots, roll-ups"},
		{"a transaction's time", `UPDATE transactions SET occurred_at = occurred_at - interval '1 day' WHERE kind = 30`, "fingerprints"},
		{"a time that runs backward", `UPDATE transactions SET occurred_at = '2026-04-01 00:00+09' WHERE kind = 31`, "fingerprints, members, time"},
		{"an actor", `UPDATE transactions SET actor = 'someone' WHERE kind = 42`, "fingerprints"},
		{"an account", `UPDATE transactions SET accounts = array_replace(accounts, '33', '99') WHERE accounts @> '{33}'`, "exchanges, fingerprints, roll-ups, transactions"},
		{"a transaction gone", `DELETE FROM transactions WHERE kind = 50`, "balances, batches, exchanges, keys, lots, roll-ups"},
		{"transactions gone", `DELETE FROM transactions WHERE kind = 12`, "balances, batches, keys, lots, orders, roll-ups"},
		{"a transaction slipped in", `INSERT INTO transactions SELECT member, id + 1, occurred_at, posted_at, book_date, program, version, 70 FROM transactions WHERE kind = 71`, "batches"},
		{"lines gone", `UPDATE transactions SET accounts = '{}', moves = '{}', expires = NULL WHERE kind = 44`, "balances, fingerprints, lots, roll-ups"},
		{"a balance", `UPDATE accounts SET available = available + 5 WHERE member = ` + ann, "balances"},
		{"a lot's points", `UPDATE accounts SET lots[2] = lots[2] + 1 WHERE cardinality(lots) > 0`, "lots"},
		{"a lot's expiry", `UPDATE accounts SET lots[4] = lots[4] + 86400000000 WHERE cardinality(lots) > 0`, "due, lots"},
		{"a lot's age", `UPDATE accounts SET lots[5] = lots[5] - 1 WHERE cardinality(lots) > 0`, "lots"},
		{"a lot forgotten", `UPDATE accounts SET lots = lots[6:] WHERE cardinality(lots) > 5`, "lots"},
		{"spilled lots miscounted", `UPDATE accounts SET spilled = 1 WHERE member = ` + ann, "spilled lots"},
		{"a hold's points", `UPDATE accounts SET holds[2] = holds[2] + 1 WHERE cardinality(holds) > 0`, "holds"},
		{"a hold's order", `UPDATE accounts SET hold_orders[1] = 'O-99' WHERE cardinality(holds) > 0`, "holds"},
		{"a member reinstated", `UPDATE accounts SET status = 1 WHERE status = 3`, "members"},
		{"a member unknown", `DELETE FROM members WHERE member = ` + ann, "members"},
		{"a last lot", `UPDATE accounts SET last_lot = last_lot - 1 WHERE member = ` + ann, "members"},
		{"balances that cancel", `UPDATE accounts SET available = available + CASE WHEN member = ` + ann + ` THEN 1 ELSE -1 END WHERE available > 0 OR member = ` + ann, "balances"},
		{"points from one balance to another", `UPDATE accounts SET available = available - 1, reserved = reserved + 1 WHERE available > 0`, "balances"},
		{"a debt", `UPDATE accounts SET debt = debt + 1 WHERE member = ` + ann, "balances"},
		{"lots that cancel", `UPDATE accounts SET lots[2] = lots[2] + 1, lots[7] = lots[7] - 1 WHERE cardinality(lots) > 5`, "lots"},
		{"a lot's points set aside", `UPDATE accounts SET lots[2] = lots[2] - 1, lots[3] = lots[3] + 1 WHERE cardinality(lots) > 0`, "lots"},
		{"lots of each other's age", `UPDATE accounts SET lots[5] = lots[10], lots[10] = lots[5] WHERE cardinality(lots) > 5 AND lots[5] <> lots[10]`, "lots"},
		{"lots of each other's expiry", `UPDATE accounts SET lots[4] = lots[9], lots[9] = lots[4] WHERE cardinality(lots) > 5 AND lots[4] <> lots[9]`, "lots"},
		{"lots of each other's number", `UPDATE accounts SET lots[1] = lots[6], lots[6] = lots[1] WHERE cardinality(lots) > 5`, "lots"},
		{"an earlier expiry", `UPDATE accounts SET lots[4] = lots[4] - 1 WHERE cardinality(lots) > 0`, "due, lots"},
		{"a lot in two parts", `UPDATE accounts SET lots = ARRAY[lots[1], lots[2] - 1] || lots[3:] || ARRAY[lots[1], 1, 0, lots[4], lots[5]] WHERE cardinality(lots) > 0`, "lots"},
		{"an empty lot", `UPDATE accounts SET lots = lots || '{99,0,0,0,0}' WHERE cardinality(lots) > 0`, "lots"},
		{"part of a lot", `UPDATE accounts SET lots = lots || '{99,1}' WHERE cardinality(lots) > 0`, "lots"},
		{"a hold of another lot", `UPDATE accounts SET holds[1] = holds[1] + 1 WHERE cardinality(holds) > 0`, "holds"},
		{"a hold of no order", `UPDATE accounts SET hold_orders = NULL WHERE cardinality(holds) > 0`, "holds"},
		{"an empty hold", `UPDATE accounts SET holds = holds || '{99,0,0,0}', hold_orders = hold_orders || ARRAY[''] WHERE cardinality(holds) > 0`, "holds"},
		{"an earlier hold", `UPDATE accounts SET holds[3] = holds[3] - 86400000000 WHERE cardinality(holds) > 0`, "due"},
		{"a last transaction", `UPDATE accounts SET last_transaction = last_transaction + 4096 WHERE member = ` + ann, "members"},
		{"a last time", `UPDATE accounts SET last_at = last_at + interval '1 microsecond' WHERE member = ` + ann, "members"},
		{"a member of another program", `UPDATE accounts SET program = program + 1 WHERE member = ` + ann, "members"},
		{"a member's program", `UPDATE members SET program = program + 1 WHERE member = ` + ann, "members"},
		{"a member nobody locked", `UPDATE accounts SET status = 0 WHERE member = ` + ann, "members"},
		{"a member's row gone", `DELETE FROM accounts WHERE member = ` + ann, "balances, lots, members"},
		{"a member who never came", `INSERT INTO members (member, program, member_id, enrolled_at) SELECT md5('x')::uuid, program, 'x', enrolled_at FROM members LIMIT 1`, "members"},
		{"a mark of nobody's", `INSERT INTO transactions SELECT md5('x')::uuid, id + 1, occurred_at, posted_at, book_date, program, version, 70 FROM transactions WHERE kind = 71`, "batches, members"},
		{"a time just before the last", `UPDATE transactions t SET occurred_at = (SELECT max(occurred_at) FROM transactions b WHERE b.member = t.member AND b.id < t.id) - interval '1 microsecond' WHERE kind = 31`, "fingerprints, members, time"},
		{"visits too late", `UPDATE due SET at = at + interval '1 year'`, "due"},
		{"notes of each other", `UPDATE notes n SET note = o.note, salt = o.salt FROM notes o WHERE n.note <> o.note AND (n.member, n.transaction) IN (SELECT min(member::text)::uuid, min(transaction) FROM notes GROUP BY member)`, "notes"},
		{"a redacted note of no transaction", `INSERT INTO notes (member, transaction, salt) SELECT member, id, '' FROM transactions WHERE note_hash IS NULL LIMIT 1`, "notes"},
		{"a note's hash gone", `UPDATE transactions SET note_hash = NULL WHERE note_hash IS NOT NULL AND kind = 42`, "fingerprints, notes"},
		{"keys of each other", `UPDATE operations o SET first_transaction = p.first_transaction FROM operations p WHERE o.transactions = 1 AND p.transactions = 1 AND o.key <> p.key AND o.key IN ('k-5', 'k-6') AND p.key IN ('k-5', 'k-6')`, "keys"},
		{"a key with more", `UPDATE operations SET transactions = transactions + 1 WHERE key = 'k-5'`, "keys"},
		{"roll-ups that cancel", `UPDATE daily SET points = points + CASE WHEN account = 41 THEN 1 ELSE -1 END WHERE account IN (41, 42)`, "roll-ups"},
		{"a roll-up's debits", `UPDATE daily SET debits = debits + 1 WHERE account = 11`, "roll-ups"},
		{"a roll-up's lines", `UPDATE daily SET lines = lines + 1 WHERE account = 41`, "roll-ups"},
		{"a reservation of nothing", `INSERT INTO documents (member, kind, id, at, program, state, body) SELECT member, 4, 'R-99', at, program, 'reserved', '{"n":7}' FROM documents WHERE kind = 4 LIMIT 1`, "reservations"},
		{"an exchange's points", `UPDATE documents SET body = jsonb_set(body::jsonb, '{n}', '7')::text WHERE kind = 6`, "exchanges"},
		{"an exchange unreadable", `UPDATE documents SET body = '{' WHERE kind = 6 AND id = 'X-2'`, "exchanges"},
		{"a receivable of another order", `UPDATE documents SET body = jsonb_set(jsonb_set(body::jsonb, '{order_id}', '"O-99"'), '{open}', '7')::text WHERE kind = 5`, "receivables"},
		{"a visit forgotten", `DELETE FROM due WHERE kind = 2`, "due"},
		{"a note", `UPDATE notes SET note = note || '!' WHERE (member, transaction) IN (SELECT member, id FROM transactions WHERE kind = 42)`, "notes"},
		{"a note gone", `DELETE FROM notes WHERE (member, transaction) IN (SELECT member, id FROM transactions WHERE kind = 42)`, "notes"},
		{"a note redacted", `UPDATE notes SET note = NULL`, ""},
		{"a key's transaction", `UPDATE operations SET first_transaction = first_transaction + 4096 WHERE transactions = 1 AND member = ` + ann, "keys"},
		{"a key that claims another's transaction", `UPDATE operations o SET first_transaction = p.first_transaction FROM operations p WHERE o.member = p.member AND o.key > p.key AND p.transactions = 1 AND o.transactions = 1 AND p.key = 'k-5'`, "keys"},
		{"a roll-up", `UPDATE daily SET points = points + 1 WHERE account = 41`, "roll-ups"},
		{"a roll-up gone", `DELETE FROM daily WHERE account = 41`, "roll-ups"},
		{"a batch's row gone", `DELETE FROM batches WHERE id = (SELECT max(id) FROM batches)`, "batches, seals"},
		{"a fingerprint", `UPDATE batches SET fingerprint = sha256('x') WHERE id = (SELECT max(id) FROM batches)`, "fingerprints, seals"},
		{"an order's tenders", `UPDATE documents SET body = replace(body, '"pw":', '"pw":1') WHERE kind = 1 AND id = 'O-5'`, "orders"},
		{"an order's earnings", `UPDATE documents SET body = replace(body, '"n":', '"n":1') WHERE kind = 1 AND id = 'O-2'`, "earnings"},
		{"an order gone", `DELETE FROM documents WHERE kind = 1 AND id = 'O-6'`, "earnings, orders"},
		{"an order unreadable", `UPDATE documents SET body = '{' WHERE kind = 1 AND id = 'O-5'`, "earnings, orders"},
		{"a refund", `UPDATE refunds SET money = money + 1 WHERE id = (SELECT min(id) FROM refunds)`, "refunds"},
		{"a refund gone", `DELETE FROM refunds WHERE cash_fallback > 0`, "refunds"},
		{"a receivable", `UPDATE documents SET body = replace(body, '"open":0', '"open":7') WHERE kind = 5`, "receivables"},
		{"a reservation", `UPDATE documents SET state = 'reserved' WHERE kind = 4 AND id = 'R-1'`, "reservations"},
		{"an exchange", `UPDATE documents SET state = 'fulfilled' WHERE kind = 6 AND id = 'X-2'`, "exchanges"},
	} {
		t.Run(c.name, func(t *testing.T) {
			damaged(t, m, c.damage, func(tx *sqlx.Tx) {
				v, err := journal.VerifyIn(t.Context(), tx, m.DB, journal.VerifyOptions{})
				fatal(t, err)
				if got := found(v); got != c.finds {
					t.Errorf("found by %q, want %q", got, c.finds)
				}
				each, err := journal.VerifyEach(t.Context(), tx, m.DB)
				fatal(t, err)
				if sums, one := told(v), told(each); sums != one {
					t.Errorf("sums first:\n%s\none by one:\n%s", sums, one)
				}
			})
		})
	}
	expect(t, verify(t, m, journal.VerifyOptions{}), nil)
}

// told is all that was found.
func told(v *journal.Verification) string {
	var out []string
	for _, c := range v.Checks {
		for _, d := range c.First {
			out = append(out, c.Name+": "+d.String())
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// found names the checks that found a difference.
func found(v *journal.Verification) string {
	names := map[string]bool{}
	for _, c := range v.Checks {
		if c.Differences > 0 {
			names[c.Name] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

// until does it again until the query finds nothing: other tests' transactions on the same server hold readers up.
func until(t testing.TB, m *trade.Mall, nothingLeft string, do func() error) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		fatal(t, do())
		left := count(t, m.DB, nothingLeft)
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d batches are never done", left)
		}
	}
}

// sealAll seals until nothing is left.
func sealAll(t testing.TB, m *trade.Mall) {
	t.Helper()
	until(t, m, `SELECT count(*) FROM batches b WHERE NOT EXISTS (SELECT FROM sealed_batches WHERE batch = b.id)`, func() error {
		_, err := journal.SealAll(t.Context(), m.DB, time.Now())
		return err
	})
}

// foldAll sums up until nothing is left.
func foldAll(t testing.TB, m *trade.Mall) {
	t.Helper()
	until(t, m, `SELECT count(*) FROM unread WHERE reader = 'rollup'`, func() error {
		_, err := journal.Fold(t.Context(), m.DB)
		return err
	})
}
