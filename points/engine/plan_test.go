package engine

import (
	"strings"
	"testing"
)

// A member may have any number of keys, documents and lines: what a batch looks up is found by its whole key.
func TestPlans(t *testing.T) {
	e, db := open(t)
	_, err := db.Exec(`
		INSERT INTO operations (member, key, transactions, status, request, answer) SELECT md5((i % 50)::text)::uuid, 'k' || i, 0, 200, '\x00', '\x00' FROM generate_series(1, 20000) i;
		INSERT INTO documents (member, kind, id, at, program, state, body) SELECT md5((i % 50)::text)::uuid, 1, 'O-' || i, now(), 1, 'placed', '{}' FROM generate_series(1, 20000) i;
		INSERT INTO spilled_lots SELECT md5((i % 50)::text)::uuid, i, 1, 0, now(), now() FROM generate_series(1, 20000) i;
		INSERT INTO accounts (member, program) SELECT md5(i::text)::uuid, 1 FROM generate_series(1, 20000) i;
		INSERT INTO due SELECT md5((i % 50)::text)::uuid, i % 4, now() + i * interval '1 s', 1 FROM generate_series(1, 20000) i`)
	fatal(t, err)
	_, err = db.Exec(`INSERT INTO transactions (member, id, occurred_at, posted_at, book_date, program, version, kind, accounts, moves)
		SELECT md5((i % 50)::text)::uuid, i, now(), now(), now(), 1, 1, 40, CASE i % 100 WHEN 7 THEN '{11,41}' ELSE '{11,31}' END::smallint[], ARRAY[1, 1, i, -1, -1, i]
		  FROM generate_series(1, 20000) i`)
	fatal(t, err)
	s, err := openSession(t.Context(), e.db)
	fatal(t, err)
	defer s.close()
	const members = `array_fill(md5('7')::uuid, ARRAY[300])`
	const recalled = members + `, array_fill('k7'::text, ARRAY[300]), ` + members + `, array_fill(1::smallint, ARRAY[300]), array_fill('O-7'::text, ARRAY[300])`
	for _, c := range []struct{ name, query, args, want string }{
		{"recall", recallSQL, recalled, "Index Cond: ((member = u.member) AND (key = u.key))"},
		{"recall of documents", recallSQL, recalled, "Index Cond: ((member = u_1.member) AND (kind = u_1.kind) AND (id = u_1.id))"},
		{"documents", documentsSQL, members + `, array_fill(1::smallint, ARRAY[300]), array_fill('O-7'::text, ARRAY[300])`, "Index Cond: ((member = u.member) AND (kind = u.kind) AND (id = u.id))"},
		{"losses", lossesSQL, members + `, array_fill(7::bigint, ARRAY[300])`, "Index Scan using transactions_of_losses on transactions t"},
		{"lock", lockSQL, members, "Index Cond: (member = ANY ($1))"},
		{"read", readSQL, `md5('7')::uuid`, "Index Cond: (member = $1)"},
		{"lots by expiry", expiryLotSQL, `md5('7')::uuid, 0, 100`, "Index Cond: (member = $1)"},
		{"lots by grant", grantLotSQL, `md5('7')::uuid, 0, 100`, "Index Cond: (member = $1)"},
		{"changed documents", changedDocumentsSQL, members + `, array_fill(1::smallint, ARRAY[300]), array_fill('O-7'::text, ARRAY[300]), array_fill('x'::text, ARRAY[300]), array_fill('x'::text, ARRAY[300])`,
			"Index Cond: ((member = u.member) AND (kind = u.kind) AND (id = u.id))"},
		{"gone lots", goneSpillSQL, members + `, array_fill(7::bigint, ARRAY[300])`, "Index Cond: ((member = u.member) AND (lot = u.lot))"},
	} {
		_, err := s.conn.ExecContext(t.Context(), "PREPARE stated AS "+c.query)
		fatal(t, err)
		rows, err := s.conn.QueryContext(t.Context(), "EXPLAIN (COSTS off) EXECUTE stated("+c.args+")")
		fatal(t, err)
		var plan strings.Builder
		for rows.Next() {
			var line string
			fatal(t, rows.Scan(&line))
			plan.WriteString(line + "\n")
		}
		fatal(t, rows.Err())
		if got := plan.String(); strings.Contains(got, "Seq Scan") && !strings.Contains(got, "Seq Scan on installation") || !strings.Contains(got, c.want) {
			t.Errorf("%s: no %q in\n%s", c.name, c.want, got)
		}
		fatal(t, s.plain(t.Context(), "DEALLOCATE stated"))
	}
}
