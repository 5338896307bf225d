package api

import (
	"encoding/json"
	"testing"

	"chobo/schema/pgtest"
)

// bookSQL gives one member 30,000 transactions among those of a thousand others: grants, which mature and are spent.
const bookSQL = `
INSERT INTO transactions (member, id, occurred_at, posted_at, book_date, program, version, kind, accounts, moves)
SELECT CASE WHEN n = 0 THEN md5('m')::uuid ELSE md5((3 * i / 90)::text)::uuid END, 2 * i + n, '2026-04-01', '2026-04-01', '2026-04-01', 1, 1, (ARRAY[1, 5, 12])[i % 3 + 1],
       (ARRAY['{12,21}', '{12,11}', '{11,31}'])[i % 3 + 1]::smallint[], ARRAY[100, 100, i / 3 + 1, -100, -100, CASE i % 3 WHEN 1 THEN i / 3 + 1 ELSE 0 END]
  FROM generate_series(0, 29999) AS i, generate_series(0, 1) AS n;
ANALYZE transactions`

// A member may have done any number of things: a page reads as many transactions as it needs.
func TestPagesReadWhatTheyNeed(t *testing.T) {
	h := sandboxed(t)
	owner := pgtest.OpenOwner(t, h.url)
	owner.MustExec(bookSQL)
	var member string
	if err := owner.Get(&member, `SELECT md5('m')::uuid`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, query string
		args        []any
	}{
		{"the newest entries", entrySQL, []any{member, 11, int64(1) << 62, 0, 51, nil, nil}},
		{"entries from the middle", entrySQL, []any{member, 11, 30000, 2, 51, nil, nil}},
		{"the newest lots", lotLinesSQL, []any{member, 9951, 10000}},
	} {
		var plan []byte
		if err := owner.Get(&plan, "EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT json) "+c.query, c.args...); err != nil {
			t.Fatal(err)
		}
		var out []struct {
			Plan struct {
				Rows   float64 `json:"Actual Rows"`
				Blocks int     `json:"Shared Hit Blocks"`
				Read   int     `json:"Shared Read Blocks"`
			}
		}
		if err := json.Unmarshal(plan, &out); err != nil {
			t.Fatal(err)
		}
		if p := out[0].Plan; p.Rows < 51 || p.Blocks+p.Read > 100 {
			t.Errorf("%s: %v rows of %d blocks:\n%s", c.name, p.Rows, p.Blocks+p.Read, plan)
		}
	}
}
