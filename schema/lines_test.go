package schema_test

import (
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/pressly/goose/v3"

	"chobo/schema"
	"chobo/schema/pgtest"
)

// beforeSQL is books in which lines had rows of their own: a grant and an order of two members under one id, a transaction
// whose lines came in another order than their numbers, and a mark without lines.
const beforeSQL = `
INSERT INTO transactions (member, id, occurred_at, posted_at, book_date, program, version, kind, subject, part, actor, note_hash, reverses) VALUES
  ('00000000-0000-0000-0000-000000000001', 4096, '2026-04-01', '2026-04-02', '2026-04-03', 1, 2, 2, NULL, NULL, 'eva', '\x01', NULL),
  ('00000000-0000-0000-0000-000000000002', 4096, '2026-04-01', '2026-04-01', '2026-04-01', 1, 1, 12, 'O-1', 'R-1', NULL, NULL, 7),
  ('00000000-0000-0000-0000-000000000001', 8192, '2026-04-02', '2026-04-02', '2026-04-02', 1, 1, 20, 'O-2', NULL, NULL, NULL, NULL),
  ('00000000-0000-0000-0000-000000000001', 12288, '2026-04-02', '2026-04-02', '2026-04-02', 1, 1, 70, NULL, NULL, 'eva', NULL, NULL);
INSERT INTO lines (member, transaction, line, account, points, money, lot, expires_at, shop) VALUES
  ('00000000-0000-0000-0000-000000000001', 4096, 1, 22, 9007199254740991, 4503599627370495, NULL, NULL, NULL),
  ('00000000-0000-0000-0000-000000000001', 4096, 2, 11, -9007199254740991, -4503599627370495, 1, '2027-03-31 15:00:00.000001+00', NULL),
  ('00000000-0000-0000-0000-000000000002', 4096, 1, 11, 5, 5, 3, NULL, NULL),
  ('00000000-0000-0000-0000-000000000002', 4096, 2, 31, -5, -5, NULL, NULL, '店 "1", {2}'),
  ('00000000-0000-0000-0000-000000000001', 8192, 3, 11, -30, -30, 3, NULL, NULL),
  ('00000000-0000-0000-0000-000000000001', 8192, 2, 11, -20, -20, 2, '2027-01-01', NULL),
  ('00000000-0000-0000-0000-000000000001', 8192, 1, 31, 50, 49, NULL, NULL, 'S-2'),
  ('00000000-0000-0000-0000-000000000001', 8192, 4, 81, 0, 1, NULL, NULL, NULL)`

// The two queries that say of books of before and of now all that there is.
const (
	headersSQL = `SELECT to_jsonb(t)::text FROM (SELECT member, id, occurred_at, posted_at, book_date, program, version, kind, subject, part, actor, note_hash, reverses
	                FROM transactions) t ORDER BY member, id`
	linesSQL = `SELECT to_jsonb(l)::text FROM (SELECT member, transaction, line, account, points, money, lot, expires_at, shop FROM lines) l ORDER BY member, transaction, line`
)

// Books whose lines had rows of their own come whole into those whose lines stand in their transactions, and are guarded as before.
func TestLinesMoveIntoTransactions(t *testing.T) {
	url := pgtest.NewEmptyURL(t)
	db := pgtest.OpenOwner(t, url)
	p, err := goose.NewProvider(goose.DialectPostgres, db.DB, schema.Migrations(), goose.WithDisableGlobalRegistry(true))
	fatal(t, err)
	_, err = p.UpTo(t.Context(), 8)
	fatal(t, err)
	_, err = db.Exec(beforeSQL)
	fatal(t, err)
	headers, lines := texts(t, db, headersSQL), texts(t, db, linesSQL)
	fatal(t, schema.Migrate(t.Context(), url))
	if got := texts(t, db, headersSQL); !slices.Equal(got, headers) {
		t.Errorf("transactions are\n%q\nwere\n%q", got, headers)
	}
	if got := texts(t, db, linesSQL); len(got) != 8 || !slices.Equal(got, lines) {
		t.Errorf("lines are\n%q\nwere\n%q", got, lines)
	}
	for bad, code := range map[string]string{
		`UPDATE transactions SET moves[1] = 1`: "CH001",
		`INSERT INTO transactions SELECT (jsonb_populate_record(t, '{"id": 99, "moves": [1, 0, 0, 0, 0, 0], "accounts": [11, 31], "expires": null}')).* FROM transactions t WHERE id = 12288`: "CH002",
		`INSERT INTO transactions SELECT (jsonb_populate_record(t, '{"id": 99, "moves": [1, 1, 0, -1, -1, 0], "accounts": [11]}')).* FROM transactions t WHERE id = 12288`:                    "23514",
	} {
		if _, err := db.Exec(bad); pq.As(err, pqerror.Code(code)) == nil {
			t.Errorf("%s: %v, want %s", bad, err, code)
		}
	}
}

func texts(t *testing.T, db *sqlx.DB, query string) (out []string) {
	t.Helper()
	fatal(t, db.Select(&out, query))
	return out
}
