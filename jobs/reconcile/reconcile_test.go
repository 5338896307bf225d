package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chobo/jobs"
	"chobo/jobs/reconcile"
	"chobo/jobs/reconcile/trade"
	"chobo/ledger/journal"
	"chobo/points"
	"chobo/schema/pgtest"
)

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// damage changes what nobody may change, as the owner who switches the guards off.
func damage(t *testing.T, m *trade.Mall, statements ...string) {
	t.Helper()
	tx := m.Owner.MustBegin()
	for _, table := range []string{"transactions", "operations", "batches", "closings", "seals", "sealed_batches"} {
		tx.MustExec(`ALTER TABLE ` + table + ` DISABLE TRIGGER ALL`)
	}
	tx.MustExec(`ALTER TABLE transactions DROP CONSTRAINT IF EXISTS transactions_have_whole_lines`)
	for _, s := range statements {
		res, err := tx.Exec(s)
		fatal(t, err)
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			t.Fatalf("%s damages nothing", s)
		}
	}
	fatal(t, tx.Commit())
}

func complete(t *testing.T, m *trade.Mall) (*reconcile.Run, []string) {
	t.Helper()
	r := reconcile.Reconciler{DB: m.DB}
	run, err := r.Complete(t.Context(), m.Info(), time.Now())
	fatal(t, err)
	return run, open(t, m)
}

// open lists the open breaks: check, key, left, right, reason.
func open(t *testing.T, m *trade.Mall) []string {
	t.Helper()
	breaks, err := reconcile.Reconciler{DB: m.DB}.Breaks(t.Context(), m.Info().ID, "open", "", 1<<62, 100)
	fatal(t, err)
	out := []string{}
	for _, b := range breaks {
		out = append(out, fmt.Sprintf("%s: %s: %d, not %d: %s", b.Check, b.Key, b.Left, b.Right, b.Reason))
	}
	slices.Sort(out)
	return out
}

// member is the sub-select of a member's key.
func member(id string) string { return `(SELECT member FROM members WHERE member_id = '` + id + `')` }

// Which of the three numbers of a line.
const (
	pointsOf = 2
	moneyOf  = 1
)

// add is the part of an UPDATE of transactions that changes a number of the first line on an account.
func add(account string, number, n int) string {
	field := fmt.Sprintf(`moves[3 * array_position(accounts, '%s') - %d]`, account, number)
	return fmt.Sprintf(`%s = %s + %d`, field, field, n)
}

// Each check finds the damage that it is there for, and where only it can find it, nothing else does.
func TestEachCheckFindsItsDamage(t *testing.T) {
	spilled := func(m *trade.Mall) { // more lots than a row packs
		for i := range points.PackedLots + 3 {
			m.Do("eli", points.GrantPoints{Points: 10, Reason: "a day", ExpiresAt: time.Date(2027, 1, 1+i, 0, 0, 0, 0, time.UTC)})
		}
	}
	for _, c := range []struct {
		name   string
		before func(*trade.Mall)
		damage []string
		want   []string // a line each; the check's name alone stands for any break of it
	}{
		{name: "nothing"},
		{name: "an amount of a line", damage: []string{`UPDATE transactions SET ` + add("33", pointsOf, 5) + ` WHERE id = (SELECT min(id) FROM transactions WHERE kind = 50)`},
			want: []string{"lines_add_up: bob ", "rollups"}},
		{name: "money of a line", damage: []string{`UPDATE transactions SET ` + add("41", moneyOf, -1) + ` WHERE accounts @> '{41}'`}, want: []string{"lines_add_up: old-2 ", "rollups"}},
		{name: "lines without their numbers", damage: []string{`UPDATE transactions SET moves = moves[:3] WHERE id = (SELECT min(id) FROM transactions WHERE kind = 44)`},
			want: []string{"balances: cho available: 550, not 520", "lines_add_up: cho ", "lots: cho lot 3 available: 30, not 0", "rollups: 2026-04-12 adjust member:available: -10, not 20"}},
		{name: "numbers without a line", damage: []string{`UPDATE transactions SET moves = moves || '{1,-1,0}' WHERE id = (SELECT min(id) FROM transactions WHERE kind = 44)`},
			want: []string{"lines_add_up: cho "}},
		{name: "a line without an account", damage: []string{`UPDATE transactions SET accounts = accounts[:1] WHERE id = (SELECT min(id) FROM transactions WHERE kind = 44)`},
			want: []string{"balances: cho available: 550, not 520", "lines_add_up: cho ", "lots: cho lot 3 available: 30, not 0", "rollups: 2026-04-12 adjust member:available: -10, not 20"}},
		{name: "a number of nothing", damage: []string{`UPDATE transactions SET moves[3] = NULL WHERE id = (SELECT min(id) FROM transactions WHERE kind = 44)`},
			want: []string{"lines_add_up: cho "}},
		{name: "numbers in other places", damage: []string{`UPDATE transactions SET moves = ('[0:' || cardinality(moves) - 1 || ']=' || moves::text)::bigint[] WHERE id = (SELECT min(id) FROM transactions WHERE kind = 44)`},
			want: []string{"lines_add_up: cho ", "lot_values: cho lot 0", "lots: cho lot 0 available: 0, not 30", "lots: cho lot 3 available: 30, not 0",
				"rollups: 2026-04-12 adjust issued:goodwill: 30, not 0", "rollups: 2026-04-12 adjust member:available: -10, not 23"}},
		{name: "times of expiry of other lines", damage: []string{`UPDATE transactions SET expires = expires || '{0}' WHERE expires IS NOT NULL AND id = (SELECT min(id) FROM transactions WHERE kind = 44)`},
			want: []string{"lines_add_up: cho "}},
		{name: "no lines", damage: []string{`UPDATE transactions SET accounts = '{}', moves = '{}', expires = NULL WHERE id = (SELECT min(id) FROM transactions WHERE kind = 44)`},
			want: []string{"balances: cho available: 550, not 520", "lots: cho lot 3 available: 30, not 0", "rollups: 2026-04-12 adjust issued:goodwill: 30, not 0", "rollups: 2026-04-12 adjust member:available: -10, not 20"}},
		{name: "a line's shop", damage: []string{`UPDATE transactions SET shop = shop || 'x' WHERE id = (SELECT min(id) FROM transactions WHERE kind = 12)`},
			want: []string{"rollups", "rollups"}},
		{name: "a balance", damage: []string{`UPDATE accounts SET available = available + 1 WHERE member = ` + member("cho")},
			want: []string{"balances: cho available: ", "liability: member:available"}},
		{name: "two balances that cancel", damage: []string{`UPDATE accounts SET available = available + 1 WHERE member = ` + member("cho"),
			`UPDATE accounts SET available = available - 1 WHERE member = ` + member("bob")}, want: []string{"balances: bob available", "balances: cho available"}},
		{name: "pending and reserved", damage: []string{`UPDATE accounts SET pending = pending + 7, reserved = reserved + 3 WHERE member = ` + member("bob")},
			want: []string{"balances: bob pending", "balances: bob reserved", "liability: member:pending", "liability: member:reserved"}},
		{name: "debt", damage: []string{`UPDATE accounts SET debt = 4 WHERE member = ` + member("ann")},
			want: []string{"balances: ann debt: 4, not 0", "liability: member:debt: 4, not 0", "receivables: ann: 4, not 0"}},
		{name: "a lot", damage: []string{`UPDATE accounts SET lots[2] = lots[2] + 1 WHERE member = ` + member("cho")}, want: []string{"lots: cho lot "}},
		{name: "points moved from lot to lot", damage: []string{`UPDATE accounts SET lots[2] = lots[2] + 1, lots[7] = lots[7] - 1 WHERE member = ` + member("cho")},
			want: []string{"lots: cho lot ", "lots: cho lot "}},
		{name: "a lot that there is not", damage: []string{`UPDATE accounts SET lots = lots || '{99,5,0,0,0}'::bigint[] WHERE member = ` + member("bob")}, want: []string{"lots: bob lot 99 available: 5, not 0"}},
		{name: "a spilled lot", before: spilled, damage: []string{`UPDATE spilled_lots SET remaining = remaining + 1 WHERE member = ` + member("eli") + ` AND lot = (SELECT max(lot) FROM spilled_lots)`},
			want: []string{"lots: eli lot 35 available: 11, not 10", "lots: eli spilled points"}},
		{name: "a spilled lot that is gone", before: spilled, damage: []string{`DELETE FROM spilled_lots WHERE lot = (SELECT max(lot) FROM spilled_lots)`},
			want: []string{"lots: eli lot 35 available: 0, not 10", "lots: eli spilled lots", "lots: eli spilled points"}},
		{name: "a hold", damage: []string{`UPDATE accounts SET holds[2] = holds[2] - 2 WHERE member = ` + member("bob")}, want: []string{"holds: bob lot "}},
		{name: "a lot above what was granted", damage: []string{
			`UPDATE transactions SET ` + add("11", pointsOf, -1000) + `, ` + add("11", moneyOf, -1000) + `, ` + add("31", pointsOf, 1000) + `, ` + add("31", moneyOf, 1000) + `
			 WHERE id = (SELECT max(id) FROM transactions WHERE kind = 20)`,
		}, want: []string{"balances: old-1 available", "lot_bounds: old-1 lot 2: 1150, not 150: more came back than was taken", "lots: old-1 lot 2 available",
			"orders: old-1 order O-8 points: 0, not -1000", "rollups", "rollups"}},
		{name: "the value of a lot", damage: []string{
			`UPDATE transactions SET ` + add("11", moneyOf, -3) + `, ` + add("23", moneyOf, 3) + ` WHERE id = (SELECT min(id) FROM transactions WHERE kind = 44)`,
		}, want: []string{"lot_values: cho lot ", "rollups", "rollups"}},
		{name: "what points paid of an order", damage: []string{
			`UPDATE documents SET body = jsonb_set(body::jsonb #- '{lines,0,pw}', '{lines,0}', body::jsonb #> '{lines,0}' || '{"pw": 0, "p": 349, "w": 350}')::text WHERE kind = 1 AND id = 'O-5'`}, want: []string{"orders: old-1 order O-5 points: 349, not 350"}},
		{name: "what an order earned", damage: []string{
			`UPDATE documents SET body = jsonb_set(body::jsonb, '{lines,0,g,n}', '299')::text WHERE kind = 1 AND id = 'O-3'`}, want: []string{"orders: cho order O-3 earned: 299, not 300"}},
		{name: "an order's price", damage: []string{
			`UPDATE documents SET body = jsonb_set(body::jsonb, '{lines,0,a}', '20000')::text WHERE kind = 1 AND id = 'O-3'`}, want: []string{"orders: cho order O-3 terms: 300, not 200"}},
		{name: "what an order was paid with", damage: []string{
			`UPDATE documents SET body = jsonb_set(body::jsonb, '{tenders}', '{"points": 500, "money": 29500}')::text WHERE kind = 1 AND id = 'O-3'`}, want: []string{"orders: cho order O-3 kept money: 29500, not 30000"}},
		{name: "a refund beyond what was paid", damage: []string{
			`UPDATE documents SET body = jsonb_set(body::jsonb, '{refunded,money}', '11001')::text WHERE kind = 1 AND id = 'O-1'`}, want: []string{"orders: ann order O-1 refunded money: 11001, not 11000"}},
		{name: "an order that is gone", damage: []string{`DELETE FROM documents WHERE kind = 1 AND id = 'O-8'`}, want: []string{"orders: old-1 order O-8 missing: 0, not "}},
		{name: "a key without its transaction", damage: []string{`UPDATE operations SET transactions = transactions + 1 WHERE first_transaction = (SELECT max(first_transaction) FROM operations)`},
			want: []string{"keys: bob "}},
		{name: "a transaction without a key", damage: []string{`DELETE FROM operations WHERE first_transaction = (SELECT min(id) FROM transactions WHERE kind = 44)`}, want: []string{"keys: cho "}},
		{name: "two keys with one transaction", damage: []string{`UPDATE operations o SET first_transaction = p.first_transaction FROM operations p WHERE o.member = p.member AND o.key > p.key AND p.transactions = 1 AND o.transactions = 1 AND p.key = 'k-5'`},
			want: []string{"keys: ", "keys: "}},
		{name: "a key twice with what follows from it", damage: []string{`INSERT INTO operations (member, key, first_transaction, transactions, status, request, answer) SELECT member, key || '!', first_transaction, transactions, status, request, answer FROM operations
			 WHERE EXISTS (SELECT FROM transactions t WHERE t.member = operations.member AND t.id = first_transaction AND t.kind = 31)`}, want: []string{"keys: ann "}},
		{name: "points that mature into another lot", before: func(m *trade.Mall) { m.Do("cho", points.GrantPoints{Points: 10, Reason: "a day"}) },
			damage: []string{`UPDATE transactions SET moves[3 * array_position(accounts, '11')] = 2 WHERE member = ` + member("cho") + ` AND id = (SELECT min(id) FROM transactions WHERE kind = 5 AND member = ` + member("cho") + `)`},
			want:   []string{"lot_bounds: cho lot 2: 480, not 200: above what was granted", "lots: cho lot 1", "lots: cho lot 2"}},
		{name: "a restored order that is gone", before: func(m *trade.Mall) {
			m.Do("eli", points.GrantPoints{Points: 100, Reason: "a day"})
			m.Buy("eli", trade.Order{ID: "E-1", Shop: "S-1", Price: 100, Points: 100})
			m.Cancel("eli", "E-1", 1)
		}, damage: []string{`DELETE FROM documents WHERE kind = 1 AND id = 'E-1'`}, want: []string{"orders: eli order E-1 missing: 0, not 1"}},
		{name: "a member who is forgotten", damage: []string{`DELETE FROM members WHERE member_id = 'dan'`},
			want: []string{"members", "members", "members", "members", "members", "members"}},
		{name: "a lot past its date", damage: []string{`UPDATE accounts SET lots[4] = 1 WHERE member = ` + member("cho")}, want: []string{"expired: cho lot "}},
		{name: "a hold past its end", damage: []string{`UPDATE accounts SET holds[3] = 1 WHERE member = ` + member("bob")}, want: []string{"held: bob lot "}},
		{name: "a reservation past its time", before: func(m *trade.Mall) { m.Do("cho", points.MakeReservation{ReservationID: "R-9", Points: 5}) },
			damage: []string{`UPDATE documents SET body = jsonb_set(body::jsonb, '{exp}', '"2026-04-01T00:00:00Z"')::text WHERE kind = 4 AND id = 'R-9'`}, want: []string{"reserved: cho reservation R-9: 5, not 0"}},
		{name: "a receivable", before: func(m *trade.Mall) { debt(m) }, damage: []string{`UPDATE documents SET body = jsonb_set(body::jsonb, '{open}', '1')::text WHERE kind = 5 AND state = 'open'`},
			want: []string{"receivables: fay: 100, not 1"}},
		{name: "a batch", damage: []string{`UPDATE batches SET transactions = transactions + 1 WHERE id = (SELECT min(id) FROM batches)`}, want: []string{"batches: all batches", "batches: batch "}},
		{name: "a sum by day", damage: []string{`UPDATE daily SET points = points + 1 WHERE account = 31 AND kind = 14`}, want: []string{"rollups: 2026-04-15 sweep redeemed:orders S-3: -39, not -40"}},
		{name: "sums by day that cancel", damage: []string{`UPDATE daily SET points = points + CASE WHEN account = 31 THEN 1 ELSE -1 END WHERE account IN (31, 11) AND kind = 14`},
			want: []string{"liability: member:available: 1316, not 1317", "rollups: 2026-04-15 sweep member:available", "rollups: 2026-04-15 sweep redeemed:orders S-3: -39, not -40"}},
		{name: "lines of a day", damage: []string{`UPDATE daily SET lines = lines + 1 WHERE account = 31 AND kind = 14`}, want: []string{"rollups: 2026-04-15 sweep redeemed:orders S-3: 2, not 1"}},
		{name: "keys of each other's transactions", damage: []string{`UPDATE operations o SET first_transaction = p.first_transaction FROM operations p WHERE o.transactions = 1 AND p.transactions = 1 AND o.key <> p.key AND o.key IN ('k-5', 'k-6') AND p.key IN ('k-5', 'k-6')`},
			want: []string{"keys: ", "keys: ", "keys: ", "keys: "}},
		{name: "a lot in two parts", damage: []string{`UPDATE accounts SET lots = ARRAY[lots[1], lots[2] - 1] || lots[3:] || ARRAY[99, 1, 0, 0, 0]::bigint[] WHERE member = ` + member("cho")},
			want: []string{"lots: cho lot ", "lots: cho lot 99"}},
		{name: "part of a lot", damage: []string{`UPDATE accounts SET available = available + 1, lots = lots || '{99,1}'::bigint[] WHERE member = ` + member("cho")}, want: []string{"balances: cho", "liability", "lots: cho lot 99"}},
		{name: "a sum of another kind", damage: []string{`UPDATE daily SET kind = 2 WHERE account = 21 AND kind = 4`}, want: []string{"rollups: 2026-04-03 grant issued:purchase: -25, not 0", "rollups: 2026-04-03 void_pending issued:purchase: 0, not -25", "rollups", "rollups"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := trade.Open(t, pgtest.NewURL(t)).April()
			if c.before != nil {
				c.before(m)
			}
			m.Advance()
			m.Fold()
			if run, got := complete(t, m); run.Breaks != 0 {
				t.Fatalf("healthy books break: %q", got)
			}
			if len(c.damage) == 0 {
				return
			}
			damage(t, m, c.damage...)
			run, got := complete(t, m)
			if int(run.Breaks) != len(got) || len(got) != len(c.want) {
				t.Fatalf("found %d:\n%s\nwant\n%s", run.Breaks, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			for i, want := range c.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("found %s, want %s", got[i], want)
				}
			}
		})
	}
}

// Damage to seals, or to what they list, is found as just that.
func TestBrokenSealsAreFound(t *testing.T) {
	for _, c := range []struct {
		name, damage string
		want         []string
	}{
		{"a seal's time", `UPDATE seals SET sealed_at = sealed_at + interval '1 second' WHERE number = 2`, []string{"seals: seal 2: 1, not 0: seal 2 has another hash than its content gives"}},
		{"a seal's counts", `UPDATE seals SET total = total + 1 WHERE number = 2`, []string{"seals: seal 2: 1, not 0: seal 2 counts ", "seals: seal 3: 1, not 0: seal 3 counts "}},
		{"a link of the chain", `UPDATE seals SET previous = sha256('x') WHERE number = 3`, []string{"seals: seal 3: 1, not 0: seal 3 names another hash before it than seal 2 has"}},
		{"the last seal gone", `DELETE FROM seals WHERE number = 3`, []string{"seals: seal 3: 1, not 0: it is gone, its batches are listed"}},
		{"a batch's time", `UPDATE batches SET posted_at = posted_at - interval '1 day' WHERE id = (SELECT batch FROM sealed_batches WHERE seal = 2 AND place = 1)`, []string{"seals: seal 2: 1, not 0: content "}},
		{"a batch's fingerprint", `UPDATE batches SET fingerprint = sha256('x') WHERE id = (SELECT batch FROM sealed_batches WHERE seal = 2 AND place = 1)`, []string{"seals: seal 2: 1, not 0: content "}},
		{"a batch left behind", `DELETE FROM sealed_batches WHERE seal = 2 AND place = 1`, []string{"seals: batch ", "seals: seal 2: 1, not 0: batch "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := trade.Open(t, pgtest.NewURL(t)).At("2026-04-01 10:00")
			for range 3 {
				for range 2 {
					m.Do("cho", points.GrantPoints{Points: 10, Reason: "a day"})
				}
				m.Settle()
				_, err := journal.SealAll(t.Context(), m.DB, time.Now())
				fatal(t, err)
			}
			m.Do("cho", points.GrantPoints{Points: 10, Reason: "not sealed yet"})
			if _, got := complete(t, m); len(got) > 0 {
				t.Fatalf("healthy seals break: %q", got)
			}
			damage(t, m, c.damage)
			_, got := complete(t, m)
			if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
				t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// What is right is proved by fingerprints, or each run would look at everything one by one.
func TestHealthyBooksAreProvedByFingerprints(t *testing.T) {
	for name, edit := range map[string]func(string) string{
		"a point is worth one":        func(file string) string { return file },
		"a point is worth three":      trade.Edit(`point_value: "1"`, `point_value: "3"`),
		"a point is worth a fraction": trade.Edit(`point_value: "1"`, `point_value: "0.5"`),
		"one lot is of many millions": func(file string) string { return file },
		"nothing was ever posted":     func(file string) string { return file },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := trade.Open(t, pgtest.NewURL(t), edit)
			var want []string
			switch name {
			case "a point is worth a fraction":
				m.Do("cho", points.GrantPoints{Points: 201, Reason: "spring campaign"})
				want = []string{"lot_values"} // floors do not add up
			case "one lot is of many millions":
				m.Do("cho", points.GrantPoints{Points: 9_000_000_000, Reason: "a mistake"})
			case "a point is worth three":
				m.Do("cho", points.GrantPoints{Points: 201, Reason: "spring campaign"})
				m.Buy("cho", trade.Order{ID: "O-1", Shop: "S-1", Price: 2500})
			case "a point is worth one":
				m.April()
				debt(m)
				m.Fold()
			}
			got, err := reconcile.Unproved(t.Context(), m.DB, m.Info())
			fatal(t, err)
			if !slices.Equal(got, want) {
				t.Errorf("not proved: %q, want %q", got, want)
			}
			if run, breaks := complete(t, m); run.Breaks != 0 {
				t.Errorf("healthy books break: %q", breaks)
			}
		})
	}
}

// debt leaves fay with a debt of 100.
func debt(m *trade.Mall) {
	m.Buy("fay", trade.Order{ID: "F-1", Shop: "S-1", Price: 10000})
	m.At("2026-05-12 10:00").Advance()
	m.Buy("fay", trade.Order{ID: "F-2", Shop: "S-1", Price: 100, Points: 100})
	m.Cancel("fay", "F-1", 1)
}

// A break found again is the same break, keeps its note, and closes by itself once it is mended.
func TestBreaksAreKept(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	r := reconcile.Reconciler{DB: m.DB}
	list := func() []reconcile.BreakRow {
		t.Helper()
		breaks, err := r.Breaks(t.Context(), m.Info().ID, "", "balances", 1<<62, 100)
		fatal(t, err)
		return breaks
	}
	damage(t, m, `UPDATE accounts SET available = available + 1 WHERE member = `+member("cho"))
	complete(t, m)
	first := list()
	if len(first) != 1 || first[0].Difference != 1 || first[0].Status != "open" {
		t.Fatalf("%+v", first)
	}
	fatal(t, r.Note(t.Context(), m.Info().ID, first[0].Break, "known", "eva"))
	if err := r.Note(t.Context(), m.Info().ID+1, first[0].Break, "of another program", "eva"); err == nil {
		t.Error("a note on a break of another program")
	}
	damage(t, m, `UPDATE accounts SET available = available + 1 WHERE member = `+member("cho"))
	complete(t, m)
	again := list()
	if len(again) != 1 || again[0].Break != first[0].Break || again[0].Difference != 2 || !again[0].FirstSeen.Equal(first[0].FirstSeen) ||
		!again[0].LastSeen.After(first[0].LastSeen) || again[0].Note != "known" {
		t.Errorf("found again: %+v, at first %+v", again, first)
	}
	damage(t, m, `UPDATE accounts SET available = available - 2 WHERE member = `+member("cho"))
	if run, _ := complete(t, m); run.Breaks != 0 {
		t.Errorf("mended, but %d breaks", run.Breaks)
	}
	if closed := list(); closed[0].Status != "closed" || closed[0].ClosedAt == nil {
		t.Errorf("mended: %+v", closed)
	}
	damage(t, m, `UPDATE accounts SET available = available + 1 WHERE member = `+member("cho"))
	complete(t, m)
	if anew := list(); len(anew) != 2 || anew[0].Status != "open" || anew[0].Note != "" {
		t.Errorf("broken anew: %+v", anew)
	}
}

// An incremental run looks at those who were touched, finds what happened to them, misses none that commits late, and
// goes on looking at open breaks.
func TestIncremental(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	r := reconcile.Reconciler{DB: m.DB}
	incremental := func() *reconcile.Run {
		t.Helper()
		m.Settle()
		run, err := r.Incremental(t.Context(), m.Info(), time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC))
		fatal(t, err)
		return run
	}
	if run := incremental(); !run.Complete || run.Members != nil || run.Breaks != 0 {
		t.Errorf("the first run must be complete: %+v", run)
	}
	if run := incremental(); run.Complete || *run.Members != 0 {
		t.Errorf("nothing happened: %+v", run)
	}
	damage(t, m, `UPDATE accounts SET available = available + 1 WHERE member = `+member("cho"))
	m.Buy("bob", trade.Order{ID: "B-9", Shop: "S-1", Price: 1000})
	if run := incremental(); run.Complete || *run.Members != 1 || run.Breaks != 1 { // the liability as a whole does not add up
		t.Errorf("only bob was touched: %+v, %q", run, open(t, m))
	}
	m.Buy("cho", trade.Order{ID: "C-9", Shop: "S-1", Price: 1000})
	if run := incremental(); *run.Members != 2 || run.Breaks != 2 {
		t.Errorf("bob and cho were touched since the last clean run: %+v, %q", run, open(t, m))
	}
	if run := incremental(); run.Breaks != 2 {
		t.Errorf("the break is still there: %+v", run)
	}
	damage(t, m, `UPDATE accounts SET available = available - 1 WHERE member = `+member("cho"))
	if run := incremental(); run.Breaks != 0 {
		t.Errorf("mended: %+v, %q", run, open(t, m))
	}
	if run := incremental(); *run.Members != 0 {
		t.Errorf("the last run was clean: %+v", run)
	}

	// A batch that was begun before the run and commits after it.
	late := m.Owner.MustBegin()
	late.MustExec(`SELECT pg_current_xact_id()`)
	late.MustExec(`INSERT INTO batches (id, last_id, transactions, posted_at, fingerprint) VALUES (4096, 4096, 1, now(), '\x00')`)
	late.MustExec(`INSERT INTO transactions (member, id, occurred_at, posted_at, book_date, program, version, kind) SELECT member, 4096, now(), now(), '2026-05-02', program, 1, 70 FROM members WHERE member_id = 'dan'`)
	run, err := r.Incremental(t.Context(), m.Info(), time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC))
	fatal(t, err)
	if *run.Members != 0 {
		t.Errorf("it is not there yet: %+v", run)
	}
	fatal(t, late.Commit())
	run = incremental()
	if *run.Members != 1 || run.Breaks != 1 || !strings.HasPrefix(open(t, m)[0], "keys: dan 4096") {
		t.Errorf("it committed late and has no key: %+v, %q", run, open(t, m))
	}
}

func TestJob(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	for _, j := range reconcile.Jobs(m.DB) {
		m.Runner.Register(j)
	}
	if run := m.Run(jobs.Reconcile); run.Breaks == nil || *run.Breaks != 0 || run.Processed == 0 {
		t.Errorf("%+v", run)
	}
	m.Settle()
	if run := m.Run(jobs.Rollup); run.Processed == 0 {
		t.Errorf("%+v", run)
	}
	damage(t, m, `UPDATE accounts SET available = available + 1 WHERE member = `+member("cho"))
	if run := m.Run(jobs.Reconcile); run.Breaks == nil || *run.Breaks != 2 {
		t.Errorf("%+v", run)
	}
	last, err := reconcile.Reconciler{DB: m.DB}.Last(t.Context(), m.Info().ID)
	fatal(t, err)
	if last == nil || last.Breaks != 2 || len(last.Checks) != len(reconcile.Names()) {
		t.Errorf("%+v", last)
	}
}
