package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/rs/zerolog"

	"chobo/ledger/journal"
	"chobo/points/engine"
	"chobo/points/program"
	"chobo/points/registry"
	"chobo/schema"
	"chobo/schema/pgtest"
)

// file is the program of these tests: points of a year, held for a week.
const programFile = `
program: mall
sandbox: true
name: Mall Point
currency: JPY
timezone: Asia/Tokyo
effective_from: 2026-04-01
point_value: "1"
returns_policy: samurai-mall
earn: { rate: "0.01", rounding: floor, hold: { days: 7, from: ordered }, funded_by: mall }
redeem: { min: 1, step: 1, max_share: "1", lot_order: earliest_expiry }
expiry: { mode: fixed, months: 12 }
restore: { expired_lot: cash, closed_member: cash, grace_days: 30 }
reprice: { refund_order: other_tender_first }
clawback: { take: [lot, receivable] }
`

const mall = "mall"

// A house is a ledger that histories are imported into.
type house struct {
	t   testing.TB
	url string
	Books
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, url: pgtest.NewURL(t)}
	var err error
	h.Books, err = open(t.Context(), h.url)
	h.check(err)
	t.Cleanup(func() {
		if err := errors.Join(h.Engine.Close(context.Background()), h.DB.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// open opens the books of a database, with the program if it has none.
func open(ctx context.Context, url string) (b Books, err error) {
	if b.DB, err = schema.Open(ctx, url, schema.Pool{MaxOpen: 16}); err != nil {
		return b, err
	}
	store := registry.New(b.DB)
	if err := store.Prepare(ctx); err != nil {
		return b, err
	}
	p, err := program.Parse("mall.yaml", []byte(programFile))
	if err != nil {
		return b, err
	}
	if _, _, _, err := store.PutProgram(ctx, p, time.Now()); err != nil {
		return b, err
	}
	if _, err := store.MoveClock(ctx, mall, time.Date(2026, 4, 20, 0, 0, 0, 0, time.UTC)); err != nil {
		return b, err
	}
	b.Engine, err = engine.New(ctx, b.DB, engine.Options{Render: func(err error) (int, []byte) { return 422, []byte(strconv.Quote(err.Error())) }, Log: zerolog.Nop()})
	return b, err
}

func (h *house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) count(query string, args ...any) (n int64) {
	h.t.Helper()
	h.check(h.DB.GetContext(h.t.Context(), &n, query, args...))
	return n
}

// imported imports a text and returns what became of it, with the reasons for what was left out.
func (h *house) imported(what What, text string, edits ...func(*How)) (*Summary, string, error) {
	h.t.Helper()
	how := How{What: what, Program: mall, Format: CSV, Actor: "test"}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		how.Format = JSONL
	}
	for _, edit := range edits {
		edit(&how)
	}
	var left []string
	s, err := Import(h.t.Context(), h.Books, strings.NewReader(text), how, Watch{Refused: func(r Refused) {
		for _, why := range r.Reasons {
			left = append(left, why.String())
		}
	}})
	return s, strings.Join(left, "\n"), err
}

// expect imports a text, and all of it must have come to that.
func (h *house) expect(what What, text string, posted, already, refused int64) string {
	h.t.Helper()
	s, left, err := h.imported(what, text)
	h.check(err)
	if s.Posted != posted || s.Already != already || s.Refused != refused || s.Read != posted+already+refused {
		h.t.Errorf("read %d, posted %d, already there %d, left out %d; want %d, %d, %d\n%s", s.Read, s.Posted, s.Already, s.Refused, posted, already, refused, left)
	}
	return left
}

// prove compares the books with the journal.
func (h *house) prove() {
	h.t.Helper()
	v, err := journal.Verify(h.t.Context(), h.DB, journal.VerifyOptions{})
	h.check(err)
	for _, c := range v.Checks {
		for _, d := range c.First {
			h.t.Errorf("%s: %s", c.Name, d)
		}
	}
}

// balance is what the member has: available and pending.
func (h *house) balance(member string) string {
	h.t.Helper()
	var available, pending int64
	p := h.Engine.Config().Programs[mall]
	row := h.DB.QueryRowContext(h.t.Context(), `SELECT available, pending FROM accounts WHERE member = $1`, p.Member(member).String())
	h.check(row.Scan(&available, &pending))
	return fmt.Sprintf("%d and %d", available, pending)
}

// tables is how much there is in every table.
func tables(t testing.TB, db *sqlx.DB) string {
	t.Helper()
	var names []string
	if err := db.SelectContext(t.Context(), &names, `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY 1`); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range names {
		var n int
		if err := db.GetContext(t.Context(), &n, `SELECT count(*) FROM `+name); err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s %d", name, n))
	}
	return strings.Join(out, ", ")
}

// TestMain lets the test binary be a process that imports and can be killed.
func TestMain(m *testing.M) {
	if url := os.Getenv("CHOBO_TEST_IMPORT_INTO"); url != "" {
		if err := importInto(url, os.Getenv("CHOBO_TEST_IMPORT_FILE")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func importInto(url, name string) error {
	ctx := context.Background()
	b, err := open(ctx, url)
	if err != nil {
		return err
	}
	f, err := os.Open(name) //nolint:gosec // the test's own
	if err != nil {
		return err
	}
	_, err = Import(ctx, b, f, How{What: Points, Program: mall, Format: CSV}, Watch{})
	return err
}
