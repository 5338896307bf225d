package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chobo/jobs/reconcile"
	"chobo/jobs/reconcile/trade"
	"chobo/points"
	"chobo/schema/pgtest"
)

var april, may = time.Date(2026, 3, 31, 15, 0, 0, 0, time.UTC), time.Date(2026, 4, 30, 15, 0, 0, 0, time.UTC) // in Tokyo

func lines(m *reconcile.Matching) []string {
	out := []string{}
	for _, b := range m.Breaks {
		out = append(out, fmt.Sprintf("%s: %d, not %d: %s", b.Key, b.Left, b.Right, b.Reason))
	}
	return out
}

func sameLines(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestMatchOrders(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	r := reconcile.Reconciler{DB: m.DB}
	match := func(file string) *reconcile.Matching {
		t.Helper()
		columns, err := reconcile.ParseColumns("order_id=OrderNo, money=Paid,points=Points used")
		fatal(t, err)
		got, err := r.MatchOrders(t.Context(), m.Info(), april, may, reconcile.ReadFeed(strings.NewReader("\ufeff"+file), columns, "JPY"))
		fatal(t, err)
		return got
	}
	good := `OrderNo,Paid,Points used
O-1,11000,0
O-2,8000,0
O-3,30000,0
O-4,5000,0
O-5,550,350
O-6,890,110
O-7,5700,300
O-8,100,500
O-9,1000,0
O-9,2000,0
`
	got := match(good)
	sameLines(t, lines(got), []string{})
	if got.Rows != 10 || got.OneToOne != 8 || got.OneToMany != 1 {
		t.Errorf("%+v", got)
	}
	bad := match(strings.NewReplacer("O-2,8000", "O-2,8001", "O-5,550,350", "O-5,550,349", "O-3,30000,0\n", "X-1,1,0\n").Replace(good))
	sameLines(t, lines(bad), []string{
		"O-2 of bob: 8001, not 8000: money differs (line 3)",
		"O-3 of cho: 0, not 30000: the feed does not have the order",
		"O-5 of old-1: 349, not 350: points differ (line 6)",
		"X-1: 1, not 0: the ledger does not have the order of line 4",
	})
	if kept := open(t, m); len(kept) != 4 || !strings.HasPrefix(kept[0], "orders_feed: O-2 of bob") {
		t.Errorf("kept %q", kept)
	}
	if run, _ := complete(t, m); run.Breaks != 0 {
		t.Errorf("a feed's breaks are none of the books': %+v", run)
	}
	match(good)
	if kept := open(t, m); len(kept) != 0 {
		t.Errorf("a mended file leaves %q", kept)
	}
}

// What paid an order in points alone stands at its parts.
func TestMatchOrdersPaidInPoints(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).At("2026-04-10 10:00")
	m.Do("ann", points.GrantPoints{Points: 5000, Reason: "welcome"})
	m.Do("ann", points.PlaceOrder{Order: points.OrderRequest{OrderID: "O-1", ShopID: "S-1", Shipping: 500, Fees: points.Fees{{Name: "cod", Amount: 300}},
		Lines: []points.OrderLineRequest{{LineID: "1", SKU: "BK-7", Quantity: 2, UnitPrice: 1000}}, Tenders: points.Tenders{Points: 2800}}})
	columns, err := reconcile.ParseColumns("order_id=order_id,money=money,points=points")
	fatal(t, err)
	got, err := reconcile.Reconciler{DB: m.DB}.MatchOrders(t.Context(), m.Info(), april, may, reconcile.ReadFeed(strings.NewReader("order_id,money,points\nO-1,0,2800\n"), columns, "JPY"))
	fatal(t, err)
	if sameLines(t, lines(got), []string{}); got.OneToOne != 1 {
		t.Errorf("%+v", got)
	}
}

// A checkout's file goes by when its orders were placed, however late they were told.
func TestMatchOrdersToldLate(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t))
	m.At("2026-04-30 23:00").Buy("ann", trade.Order{ID: "O-1", Shop: "S-1", Price: 500})
	m.At("2026-05-01 09:00").Buy("ann", trade.Order{ID: "O-2", Shop: "S-1", Price: 600})
	m.Do("ann", points.PlaceOrder{Order: points.OrderRequest{OrderID: "O-3", ShopID: "S-1", OrderedAt: may.Add(-time.Minute), Tenders: points.Tenders{Money: 700},
		Lines: []points.OrderLineRequest{{LineID: "1", SKU: "x", Category: "books", Quantity: 1, UnitPrice: 700}}}})
	for _, c := range []struct {
		from, to time.Time
		file     string
	}{{april, may, "O-1,500\nO-3,700\n"}, {may, may.AddDate(0, 1, 0), "O-2,600\n"}} {
		got, err := reconcile.Reconciler{DB: m.DB}.MatchOrders(t.Context(), m.Info(), c.from, c.to, reconcile.ReadFeed(strings.NewReader("order_id,money\n"+c.file), nil, "JPY"))
		fatal(t, err)
		sameLines(t, lines(got), []string{})
	}
}

func TestMatchRefunds(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	r := reconcile.Reconciler{DB: m.DB}
	match := func(file string) *reconcile.Matching {
		t.Helper()
		got, err := r.MatchRefunds(t.Context(), m.Info(), april, may, reconcile.ReadFeed(strings.NewReader(file), nil, "JPY"))
		fatal(t, err)
		return got
	}
	// O-1 was cancelled, O-4 in part; O-7 lost 1,000 by a new price, 40 by a sweep and the rest when it was cancelled.
	got := match("order_id,money\nO-1,-11000\nO-4,2500\nO-7,1040\nO-7,4660\n")
	sameLines(t, lines(got), []string{})
	if got.OneToOne != 3 || got.OneToMany != 1 {
		t.Errorf("%+v", got)
	}
	got = match("order_id,money\nO-1,6000\nO-1,5000\nO-4,2500\nO-7,1000\nO-7,40\nO-7,4660\n")
	if len(got.Breaks) != 0 || got.OneToMany != 1 || got.OneToOne != 4 {
		t.Errorf("%+v", got)
	}
	sameLines(t, lines(match("order_id,money\nO-1,11000\nO-1,11000\nO-7,1000\nO-7,41\nO-7,4660\nX-9,7\n")), []string{
		"O-1: 11000, not 0: the feed has the refund more than once (line 2)",
		"O-4: 0, not 2500: the feed does not have the refund",
		"O-7: 41, not 40: amounts differ (line 4)",
		"X-9: 7, not 0: the ledger does not have the refund (line 7)",
	})
}

func TestFeedsAreReadStrictly(t *testing.T) {
	for _, c := range []struct{ file, columns, currency, want string }{
		{"a,b\n", "", "JPY", `there is no column "order_id" among a, b`},
		{"order_id,money\nO-1,x\n", "", "JPY", `line 2: money "x" is no number`},
		{"order_id,money\nO-1,1.5\n", "", "JPY", `line 2: money "1.5" has more digits than the currency`},
		{"order_id,money\n,1\n", "", "JPY", "line 2: no order id"},
		{"order_id,money,points\nO-1,1,1.5\n", "", "JPY", `line 2: points "1.5" are no whole number`},
		{"order_id,money\nO-1\n", "", "JPY", "line 2: record on line 2: wrong number of fields"},
		{"order_id,money\n", "member_id=Who", "JPY", `there is no column "Who" among order_id, money`},
		{"", "", "JPY", "the head: EOF"},
		{"order_id,money\nO-1,12.50\n", "", "USD", ""},
	} {
		columns, err := reconcile.ParseColumns(c.columns)
		fatal(t, err)
		got := ""
		for row, err := range reconcile.ReadFeed(strings.NewReader(c.file), columns, c.currency) {
			if err != nil {
				got = err.Error()
			} else if c.want == "" && row.Money != 1250 {
				t.Errorf("%q: %+v", c.file, row)
			}
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.file, got, c.want)
		}
	}
	if _, err := reconcile.ParseColumns("money"); err == nil {
		t.Error("a column without a name")
	}
}
