package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/program"
	"chobo/schema/pgtest"
)

const mall = "samurai-mall"

// open returns an engine on a database of its own with the shipped programs.
func open(t testing.TB, edit ...func(*Options)) (*Engine, *sqlx.DB) {
	t.Helper()
	url := pgtest.NewURL(t)
	db := pgtest.Open(t, url)
	offer(t, db)
	return start(t, db, edit...), db
}

// start returns another engine on the database.
func start(t testing.TB, db *sqlx.DB, edit ...func(*Options)) *Engine {
	t.Helper()
	opts := Options{Workers: 2, Render: render}
	for _, f := range edit {
		f(&opts)
	}
	e, err := New(t.Context(), db, opts)
	fatal(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return e
}

func offer(t testing.TB, db *sqlx.DB) {
	t.Helper()
	for i, p := range program.Shipped() {
		body, err := json.Marshal(p)
		fatal(t, err)
		_, err = db.Exec(`INSERT INTO programs (program, code, sandbox, created_at) VALUES ($1, $2, false, now())`, i+1, p.Code)
		fatal(t, err)
		_, err = db.Exec(`INSERT INTO program_versions (program, number, effective_from, body, created_at) VALUES ($1, 1, $2, $3, now())`, i+1, p.EffectiveFrom, string(body))
		fatal(t, err)
	}
}

func render(err error) (int, []byte) {
	var r *points.Refusal
	if !errors.As(err, &r) {
		panic(err)
	}
	return 422, fmt.Appendf(nil, `{"code":%q,"detail":%q}`, r.Code, r.Detail)
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func request(member, key string, c points.Command) Request {
	return Request{Program: mall, Member: member, Key: key, Hash: Hash{byte(len(key))}, Command: c, Enrol: true}
}

// granted gives a member points.
func granted(t testing.TB, e *Engine, member string, n ledger.Points) {
	t.Helper()
	r, err := e.Submit(t.Context(), request(member, "grant", points.GrantPoints{Points: n, Reason: "welcome"}))
	fatal(t, err)
	if r.Status != 201 {
		t.Fatalf("grant: %d %s", r.Status, r.Body)
	}
}

// spend is an order that points pay in full.
func spend(order string, n int64) points.PlaceOrder {
	return points.PlaceOrder{Order: points.OrderRequest{
		OrderID: order, ShopID: "S-1",
		Lines:   []points.OrderLineRequest{{LineID: "1", SKU: "BK-7", Quantity: 1, UnitPrice: ledger.Money(n)}},
		Tenders: points.Tenders{Points: ledger.Points(n)},
	}}
}

func available(t testing.TB, e *Engine, member string) (n ledger.Points) {
	t.Helper()
	fatal(t, e.Read(t.Context(), mall, member, points.Need{}, time.Time{}, func(a *points.Account) error {
		n = a.Available
		return nil
	}))
	return n
}

func TestARedemption(t *testing.T) {
	e, db := open(t)
	granted(t, e, "M-1", 1000)
	r, err := e.Submit(t.Context(), request("M-1", "k1", spend("O-1", 300)))
	fatal(t, err)
	if r.Status != 201 || r.Replayed || r.Transactions != 1 {
		t.Fatalf("%+v %s", r, r.Body)
	}
	again, err := e.Submit(t.Context(), request("M-1", "k1", spend("O-1", 300)))
	fatal(t, err)
	if !again.Replayed || string(again.Body) != string(r.Body) || again.Status != r.Status {
		t.Fatalf("replay: %+v %s", again, again.Body)
	}
	if n := available(t, e, "M-1"); n != 700 {
		t.Fatalf("available: %d", n)
	}
	audit(t, db)
}

// audit compares every projection that the engine keeps with the journal.
func audit(t testing.TB, db *sqlx.DB) {
	t.Helper()
	for what, query := range map[string]string{
		"balances": `SELECT count(*) FROM accounts a FULL JOIN
			(SELECT member, -sum(points) FILTER (WHERE account = 11) av, -sum(points) FILTER (WHERE account = 12) pe,
			        -sum(points) FILTER (WHERE account = 13) re, sum(points) FILTER (WHERE account = 14) de FROM lines GROUP BY member) l USING (member)
			WHERE (coalesce(available, 0), coalesce(pending, 0), coalesce(reserved, 0), coalesce(debt, 0)) <> (coalesce(av, 0), coalesce(pe, 0), coalesce(re, 0), coalesce(de, 0))`,
		"transactions adding up": `SELECT count(*) FROM (SELECT FROM lines GROUP BY member, transaction HAVING sum(points) <> 0 OR sum(money) <> 0) x`,
		"lots": `SELECT count(*) FROM (
			SELECT member, lots[i] lot, lots[i+1] remaining FROM accounts, generate_series(1, cardinality(lots), 5) i
			UNION ALL SELECT member, lot, remaining FROM spilled_lots) p
			FULL JOIN (SELECT member, lot, -sum(points) n FROM lines WHERE account = 11 GROUP BY 1, 2 HAVING sum(points) <> 0) j USING (member, lot)
			WHERE coalesce(remaining, 0) <> coalesce(n, 0)`,
		"spilled lots": `SELECT count(*) FROM accounts a LEFT JOIN (SELECT member, count(*) n, sum(remaining) points, min(expires_at) FILTER (WHERE remaining > 0) first FROM spilled_lots GROUP BY 1) s USING (member)
			WHERE (spilled, spilled_points) <> (coalesce(n, 0), coalesce(points, 0)) OR spill_expires > first OR spill_expires IS NULL AND first IS NOT NULL`,
		"operations": `SELECT count(*) FROM operations o WHERE transactions > 0 AND transactions <>
			(SELECT count(*) FROM transactions t WHERE t.member = o.member AND t.id BETWEEN o.first_transaction AND o.first_transaction + (o.transactions - 1) * 4096)`,
		"batches": `SELECT abs((SELECT count(*) FROM transactions) - (SELECT coalesce(sum(transactions), 0) FROM batches))`,
		"ids":     `SELECT count(*) FROM (SELECT FROM transactions GROUP BY id HAVING count(*) > 1) x`,
		"time": `SELECT count(*) FROM (SELECT occurred_at, posted_at, lag(occurred_at) OVER w o, lag(posted_at) OVER w p FROM transactions WINDOW w AS (PARTITION BY member ORDER BY id)) x
			WHERE occurred_at < o OR posted_at < p`,
		"members": `SELECT count(*) FROM accounts a FULL JOIN members m USING (member) WHERE (a.status <> 0) <> (m.member IS NOT NULL)`,
		"due": `SELECT count(*) FROM (SELECT a.member, i - 1 kind, to_timestamp(hints[i] / 1e6) at FROM accounts a, generate_series(1, cardinality(hints)) i WHERE hints[i] > 0) h
			WHERE NOT EXISTS (SELECT FROM due d WHERE d.member = h.member AND d.kind = h.kind AND d.at <= h.at)`,
	} {
		var n int
		fatal(t, db.Get(&n, query))
		if n != 0 {
			t.Errorf("audit: %s: %d differences", what, n)
		}
	}
}

// openText opens a pool as the driver does by itself.
func openText(url string) (*sqlx.DB, error) { return sqlx.Open("postgres", url) }

// A member's key is the first half of the HMAC-SHA256 of program and id, whatever else is done with the hash.
func TestMemberKey(t *testing.T) {
	p := &Program{Code: "p", keyed: keyed([]byte("secret"), "p")}
	h := hmac.New(sha256.New, []byte("secret"))
	h.Write([]byte("p\x00M-1"))
	want := ledger.Member(h.Sum(nil)[:16])
	if p.Member("M-2") == want || p.Member("M-1") != want || p.Member("M-1") != want {
		t.Error("another key")
	}
}
