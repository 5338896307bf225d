package finance_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chobo/cmd/chobo/internal/finance"
	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/points"
	"chobo/points/engine"
	"chobo/points/program"
	"chobo/schema/pgtest"
)

// A month closes while checkouts go on to post facts of it. Then every report of it says the same for ever, and each
// posting stands in the earliest month that was open to it.
func TestAMonthClosesWhileItIsPosted(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	c := serve(t, m)
	shops := startCheckouts(t, m)
	shops.wait(200)
	before, began := shops.posted.Load(), time.Now()
	if out := c.json("POST", "/periods/2026-04/close", `{"actor":"eva"}`, 200); out["state"] != "closed" {
		t.Fatalf("closed: %v", out)
	}
	after, closed := shops.posted.Load(), time.Now()
	if after == before {
		t.Error("nothing was posted while the month closed")
	}
	first := april(c)
	shops.wait(after + 200)
	shops.stop()
	bookDates(t, m, began, closed)
	m.Fold()
	same(t, "later postings", first, april(c))

	// Nor does anything else that happens to the program.
	for _, shop := range []string{"S-1", "S-2"} {
		c.post("/shops/"+shop+"/settlements", "settle "+shop, `{"from":"2026-04","to":"2026-05"}`, 201)
	}
	same(t, "settlements", first, april(c))
	c.json("POST", "/estimates", `{"as_of":"2026-04","actor":"eva"}`, 409)
	c.json("POST", "/estimates", `{"as_of":"2026-05-02","actor":"eva","prior":"0.5"}`, 201)
	same(t, "estimates", first, april(c))
	m.At("2026-05-20 10:00")
	changed, err := program.Parse("mall.yaml", []byte(strings.NewReplacer("effective_from: 2026-04-01", "effective_from: 2026-05-10", "months: 12", "months: 3").Replace(trade.Program)))
	fatal(t, err)
	_, _, _, err = m.Registry.PutProgram(t.Context(), changed, time.Now())
	fatal(t, err)
	m.At("2026-06-01 10:00")
	c.json("POST", "/periods/2026-05/close", `{"actor":"eva"}`, 200)
	same(t, "another version and another closing", first, april(c))
	if run := c.json("POST", "/jobs/reconcile/run", `{}`, 200); run["breaks"] != 0.0 {
		t.Errorf("the books break: %v", run)
	}
}

// april is every report of the month, and the export of its journal, as bytes.
func april(c *caller) map[string]string {
	c.t.Helper()
	const days = "?as_of=2026-04&from=2026-04&to=2026-04"
	out := map[string]string{}
	read := func(path, accept string) {
		_, b := c.ask("GET", path, accept, "", 200)
		out[path+" "+accept] = string(b)
	}
	for _, r := range finance.Reports {
		read("/reports/"+r.Name+days, "application/json")
		read("/reports/"+r.Name+days, "text/csv")
	}
	for _, by := range []string{"shop", "month", "kind"} {
		read("/reports/liability-rollforward"+days+"&by="+by, "application/json")
	}
	for _, e := range ledger.Chart {
		read("/reports/general-ledger/"+e.Name+days, "application/json")
	}
	for _, member := range []string{"ann", "old-1", "m-0-0", "m-1-1"} {
		read("/reports/member-statement"+days+"&member_id="+member, "application/json")
	}
	read("/exports/journal"+days+"&format=csv", "")
	read("/exports/journal"+days+"&format=hledger", "")
	return out
}

func same(t *testing.T, whatever string, want, got map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s changed %s from\n%s\nto\n%s", whatever, name, want[name], got[name])
		}
	}
}

// checkouts post facts of April and of May. Some of them fell due before they are told.
type checkouts struct {
	posted  atomic.Int64
	end     context.CancelFunc
	running sync.WaitGroup
}

func startCheckouts(t *testing.T, m *trade.Mall) *checkouts {
	ctx, end := context.WithCancel(t.Context())
	s := &checkouts{end: end}
	for i := range 4 {
		random := rand.New(rand.NewPCG(uint64(i), 4)) //nolint:gosec // of a test
		s.running.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				member := fmt.Sprintf("m-%d-%d", i, n) // a new one: within a member time does not run backward
				fact := time.Date(2026, 4, 18+random.IntN(14), random.IntN(10), random.IntN(60), 0, 0, time.UTC)
				var command points.Command = points.PlaceOrder{Order: points.OrderRequest{OrderID: fmt.Sprintf("c-%d-%d", i, n), ShopID: fmt.Sprintf("S-%d", 1+n%3), OrderedAt: fact,
					Lines:   []points.OrderLineRequest{{LineID: "1", SKU: "x", Category: "books", Quantity: 1, UnitPrice: 5000}},
					Tenders: points.Tenders{Money: 5000}}}
				if n%3 == 0 {
					command = points.GrantPoints{Points: 10, Reason: "late", Actor: "eva", At: fact, ExpiresAt: fact.Add(96 * time.Hour)}
				}
				out, err := m.Engine.Submit(context.WithoutCancel(ctx), engine.Request{Program: trade.Code, Member: member, Key: fmt.Sprintf("%d-%d", i, n), Hash: engine.Hash{1},
					Command: command, Enrol: true})
				if err != nil || out.Refusal != nil {
					t.Errorf("%s: %v, %v", command.Name(), err, out.Refusal)
				}
				s.posted.Add(1)
			}
		})
	}
	return s
}

// wait returns once so many were posted.
func (s *checkouts) wait(n int64) {
	for s.posted.Load() < n {
		time.Sleep(time.Millisecond)
	}
}

func (s *checkouts) stop() {
	s.end()
	s.running.Wait()
}

// bookDatesSQL counts facts of April by when they were posted: before the closing began, at its time, after it had
// ended; and those that stand in a wrong month. Valuations name the month that they value.
const bookDatesSQL = `
SELECT count(*) FILTER (WHERE id < $1 AND day < '2026-05-01') AS before, count(*) FILTER (WHERE id >= $2 AND day < '2026-05-01') AS after,
       count(*) FILTER (WHERE NOT CASE WHEN kind = 62 THEN book_date = '2026-04-30'
                                       WHEN id < $1 THEN book_date = day
                                       WHEN id >= $2 THEN book_date = greatest(day, '2026-05-01')
                                       ELSE book_date IN (day, greatest(day, '2026-05-01')) END) AS wrong
  FROM (SELECT id, kind, book_date, (occurred_at AT TIME ZONE 'Asia/Tokyo')::date AS day FROM transactions) AS t`

// bookDates checks that each posting stands on its own day, or on the first that was open to it. Source: ruling 3.
func bookDates(t *testing.T, m *trade.Mall, began, closed time.Time) {
	t.Helper()
	var n struct{ Before, After, Wrong int }
	fatal(t, m.Owner.Get(&n, bookDatesSQL, int64(ledger.FirstID(began)), int64(ledger.FirstID(closed))))
	if n.Before == 0 || n.After == 0 {
		t.Errorf("%d facts of April were posted before the closing, %d after it: nothing is proved", n.Before, n.After)
	}
	if n.Wrong > 0 {
		t.Errorf("%d postings stand in a wrong month", n.Wrong)
	}
}
