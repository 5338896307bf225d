package points_test

import (
	"strings"
	"testing"
	"time"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
	"chobo/points/program"
)

var tokyo = func() *time.Location {
	l, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		panic(err)
	}
	return l
}()

func on(year int, month time.Month, day, hour int) time.Time {
	return time.Date(year, month, day, hour, 0, 0, 0, tokyo)
}

func must(t testing.TB, b *Book, now time.Time, c points.Command) points.Reply {
	t.Helper()
	reply, err := b.Do(now, c)
	if err != nil {
		t.Fatalf("%s: %v", c.Name(), err)
	}
	b.Check(t)
	return reply
}

func bookOrder(n ledger.Points, money ledger.Money) points.OrderRequest {
	return points.OrderRequest{OrderID: "O-1", ShopID: "S-1", Lines: []points.OrderLineRequest{{LineID: "1", Category: "books", Quantity: 2, UnitPrice: 1500}},
		Shipping: 500, Fees: points.Fees{{Name: "cod", Amount: 300}}, Tenders: points.Tenders{Points: n, Money: money}}
}

// The worked example of the points arithmetic: 1,000 points spread as 789, 132 and 79; 22 points earned.
func TestWorkedExample(t *testing.T) {
	b := New(Shipped("samurai-mall"))
	now := on(2026, 4, 1, 10)
	must(t, b, now, points.GrantPoints{Points: 1500})
	reply := must(t, b, now, points.PlaceOrder{Order: bookOrder(1000, 2800)})
	want := `"total":3800,"redeemed":{"points":1000,"value":1000},"pending":{"points":22,"matures_at":"2026-05-02T00:00:00+09:00"}`
	if got := Body(reply); reply.Status != 201 || !strings.Contains(got, want) {
		t.Fatalf("got %d %s\nwant %s", reply.Status, got, want)
	}
	view := View(b, now, func(a *points.Account) *points.OrderView { return a.OrderView("O-1") })
	if l := view.Lines[0]; l.Points != 789 || l.Money != 2211 || l.Earned != 22 {
		t.Fatalf("line %+v", l)
	}
	if got := b.At(on(2026, 5, 2, 0)).View().Points; got != (points.Balances{Available: 522}) {
		t.Fatalf("after the hold: %+v", got)
	}
	if got := b.At(on(2026, 5, 2, 0).Add(-time.Microsecond)).View().Points; got != (points.Balances{Available: 500, Pending: 22}) {
		t.Fatalf("before its end: %+v", got)
	}
}

func TestUndoOneOfTwo(t *testing.T) {
	b := New(Shipped("samurai-mall"))
	now := on(2026, 4, 1, 10)
	must(t, b, now, points.GrantPoints{Points: 1000})
	must(t, b, now, points.PlaceOrder{Order: bookOrder(1000, 2800)})
	refunds := map[string]bool{"price": true, "shipping": true, "cod": true}
	first := undo(t, b, now, points.Undoing{Cause: "return", Part: "R-1", Lines: []points.UndoneLine{{Line: 0, Units: 1, Refunds: refunds}}})
	if first.Refunded != (points.Refunded{Points: 499, Money: 1401}) || first.PendingVoided != 11 {
		t.Fatalf("first: %+v", first)
	}
	second := undo(t, b, now, points.Undoing{Cause: "return", Part: "R-2", Lines: []points.UndoneLine{{Line: 0, Units: 1, Refunds: refunds}}})
	if second.Refunded != (points.Refunded{Points: 501, Money: 1399}) || second.PendingVoided != 11 {
		t.Fatalf("second: %+v", second)
	}
	if b.Available != 1000 || b.Pending != 0 {
		t.Fatalf("balances %d %d\n%s", b.Available, b.Pending, b.T(0))
	}
}

// The same order repriced to 1,200: 600 in money go back, and 6 points are not earned.
func TestRepriceOfTheWorkedExample(t *testing.T) {
	b := New(Shipped("samurai-mall"))
	now := on(2026, 4, 1, 10)
	must(t, b, now, points.GrantPoints{Points: 1000})
	must(t, b, now, points.PlaceOrder{Order: bookOrder(1000, 2800)})
	reply := must(t, b, now, points.Reprice{OrderID: "O-1", Prices: points.Repricing{Lines: []points.LinePrice{{LineID: "1", UnitPrice: 1200}}, Shipping: new(ledger.Money(500))}})
	want := `"total":3200,"refund":{"points":0,"money":600,"cash_fallback":0},"charge":{"points":0,"money":0},"earned_change":-6,"receivable":null`
	if got := Body(reply); reply.Status != 200 || !strings.Contains(got, want) {
		t.Fatalf("got %d %s\nwant %s", reply.Status, got, want)
	}
}

type undoing struct {
	order string
	u     points.Undoing
	out   *points.Undone
}

func (c undoing) Name() string { return "undo" }
func (c undoing) Needs() points.Need {
	return points.Need{Documents: []points.Key{{Kind: points.OrderDocument, ID: c.order}}}
}
func (c undoing) When() time.Time { return time.Time{} }
func (c undoing) Apply(a *points.Account, _ points.Moment) (points.Reply, error) {
	o := points.Open[points.Order](a, points.Key{Kind: points.OrderDocument, ID: c.order})
	*c.out = a.Undo(o, c.u)
	if c.u.All {
		o.Cancelled, o.Status = true, points.Cancelled
	}
	a.KeepOrder(o)
	return points.Reply{Status: 200}, nil
}

func undo(t testing.TB, b *Book, now time.Time, u points.Undoing) (out points.Undone) {
	t.Helper()
	must(t, b, now, undoing{"O-1", u, &out})
	return out
}

// Earn 1,091, spend it elsewhere, return the first order: the shortfall is a receivable, nothing goes below zero.
func TestReturnAfterSpending(t *testing.T) {
	b := New(Shipped("samurai-mall", func(p *program.Program) { p.Earn.Hold.Days = 0 }))
	now := on(2026, 4, 1, 10)
	order := func(id string, price ledger.Money, n ledger.Points) points.PlaceOrder {
		return points.PlaceOrder{Order: points.OrderRequest{OrderID: id, ShopID: "S-1", Lines: []points.OrderLineRequest{{LineID: "1", Quantity: 1, UnitPrice: price}},
			Tenders: points.Tenders{Points: n, Money: price - ledger.Money(n)}}}
	}
	must(t, b, now, order("O-1", 109100, 0))
	must(t, b, now, order("O-2", 1091, 1091))
	out := undo(t, b, now, points.Undoing{Cause: "cancel", All: true})
	if out.Shortfall != 1091 || out.Receivable == "" || b.Debt != 1091 || b.Available != 0 || out.Money != 109100 {
		t.Fatalf("%+v debt %d\n%s", out, b.Debt, b.T(0))
	}
}
