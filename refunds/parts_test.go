package refunds_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
	"chobo/points/program"
	"chobo/refunds"
	. "chobo/refunds/refundstest"
)

// anOrder draws an order of some lines, partly paid in points, by a member who can pay it. Some of the member's lots
// expire within days; what the order earns does not.
func anOrder(t *rapid.T) (*Book, points.OrderRequest) {
	value := OneOf(t, "value", "1", "1", "0.5", "1.5", "0.01")
	source := fmt.Sprintf(ProgramFile, "2017-07-03", value, OneOf(t, "rate", "0.01", "0.1", "1"), OneOf(t, "rounding", "floor", "half_up", "ceil"),
		OneOf(t, "hold", "0", "30"), "ordered", "60", OneOf(t, "cap", "0", "0", "10"), "0.2", "0", "1", "1", "1", OneOf(t, "excluded", "", "food"), "earliest_expiry",
		"mode: none", OneOf(t, "expired", "cash", "cash", "reissue", "forfeit"), "cash", "30", OneOf(t, "reprice", "other_tender_first", "proportional"), "lot, other_lots, receivable", "0")
	p, err := program.Parse("test.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	b := New(p)
	for range Between(t, "lots", 1, 5) {
		g := points.GrantPoints{Points: ledger.Points(Between(t, "lot", 1, 4000))}
		if rapid.Bool().Draw(t, "expires") {
			g.ExpiresAt = Begin.AddDate(0, 0, Between(t, "days", 1, 9))
		}
		act(t, b, Begin, g)
	}
	w := NewTrade([]*program.Program{p})
	o := points.OrderRequest{OrderID: "O", ShopID: "S-1", Shipping: ledger.Money(OneOf(t, "shipping", 0, 500, 7)), Fees: points.Fees{{Name: "cod", Amount: ledger.Money(OneOf(t, "cod", 0, 300, 11))}}}
	total, payable := o.Shipping+o.Fees[0].Amount, o.Shipping+o.Fees[0].Amount
	for i := range Between(t, "lines", 1, 4) {
		l := points.OrderLineRequest{LineID: fmt.Sprint(i + 1), Category: OneOf(t, "category", "books", "toys", "food"),
			Quantity: int64(Between(t, "quantity", 1, 5)), UnitPrice: ledger.Money(OneOf(t, "price", 0, 1, 99, 1500, Between(t, "any price", 1, 3000)))}
		l.Discount = min(ledger.Money(OneOf(t, "discount", 0, 0, 10)), ledger.Money(l.Quantity)*l.UnitPrice)
		amount := l.UnitPrice*ledger.Money(l.Quantity) - l.Discount
		total += amount
		if !p.Redeem.Excludes(l.Category) {
			payable += amount
		}
		o.Lines = append(o.Lines, l)
	}
	o.Tenders = w.Tenders(t, payable, b.Available)
	if o.Tenders.Money < 0 { // one step of points too many
		o.Tenders = points.Tenders{}
	}
	worth, _ := ledger.ExactValue(p.PointValue, o.Tenders.Points)
	o.Tenders.Money = total - worth
	if o.Tenders.Points > b.Available {
		o.Tenders = points.Tenders{Money: total}
	}
	if answer, err := b.Do(Begin, points.PlaceOrder{Order: o}); err != nil {
		t.Fatal(answer, err)
	}
	return b, o
}

// A piece is one piece of a line that comes back.
type piece struct {
	line   int
	reason string
}

// return_ takes pieces back in one return.
func return_(t *rapid.T, b *Book, now time.Time, id int, reason string, lines map[int]int64) {
	r := refunds.ReturnRequest{ReturnID: fmt.Sprintf("R%d", id), Reason: reason}
	for i := range 10 {
		if lines[i] > 0 {
			r.Lines = append(r.Lines, refunds.ReturnUnits{LineID: fmt.Sprint(i + 1), Quantity: lines[i]})
		}
	}
	if _, err := b.Do(now, refunds.MakeReturn{OrderID: "O", Policies: Terms, Request: r}); err != nil {
		t.Fatal(err)
	}
	if r := Decode[refunds.Return](b, points.PartKey(points.ReturnDocument, "O", r.ReturnID)); r.State == "review" {
		if _, err := b.Do(now, refunds.ResolveReturn{OrderID: "O", ReturnID: r.ID, Resolution: refunds.Resolution{Outcome: "accept", Actor: "op"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Do(now, refunds.Receive{OrderID: "O", ReturnID: r.ID, Policies: Terms, Receipt: refunds.Receipt{Inspection: "confirmed"}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Audit(); err != nil {
		t.Fatal(err)
	}
}

// Some pieces of an order come back for two reasons, one of which refunds shipping and fees too, when some of the lots
// that paid have expired. However they are spread over returns, and in whatever order these come, the same goes back and
// the same is taken back. Where a point is worth no whole unit, each return may round the cash for points of its own.
func TestReturnsCommute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "order of the returns")
		b, _ := anOrder(t)
		now := Begin.AddDate(0, 0, Between(t, "days later", 0, 9))
		one, other := b.Fork(), b.Fork()
		var pieces []piece
		for i, l := range b.Order("O").Lines {
			for range l.Quantity {
				if reason := OneOf(t, "reason", "lost", "customer_convenience", ""); reason != "" {
					pieces = append(pieces, piece{i, reason})
				}
			}
		}
		if len(pieces) == 0 {
			return
		}
		id := 0
		for _, reason := range []string{"lost", "customer_convenience"} {
			lines := map[int]int64{}
			for _, p := range pieces {
				if p.reason == reason {
					lines[p.line]++
				}
			}
			if len(lines) > 0 {
				id++
				return_(t, one, now, id, reason, lines)
			}
		}
		r := rand.New(rand.NewPCG(seed, seed))
		r.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		for i, p := range pieces {
			return_(t, other, now, i, p.reason, map[int]int64{p.line: 1})
		}
		x, y := one.Order("O"), other.Order("O")
		if x.Total() != y.Total() {
			t.Fatalf("in few returns %d stand, in many %d", x.Total(), y.Total())
		}
		if waits(x) || waits(y) {
			return
		}
		gap := max(x.Refunded.CashFallback-y.Refunded.CashFallback, y.Refunded.CashFallback-x.Refunded.CashFallback)
		if gap > 0 && one.Programs.PointValue().IsInteger() || gap > ledger.Money(len(pieces)) || sum(one, ledger.RedeemedCashFallback) != sum(other, ledger.RedeemedCashFallback) {
			t.Fatalf("cash for points: in few returns %d, in many %d", x.Refunded.CashFallback, y.Refunded.CashFallback)
		}
		if x.Refunded.Points != y.Refunded.Points || x.Refunded.Money != y.Refunded.Money || x.Standing() != y.Standing() || one.Earns(x) != other.Earns(y) {
			t.Fatalf("in few returns %+v stand %+v, in many %+v stand %+v", x.Refunded, x.Standing(), y.Refunded, y.Standing())
		}
		// With a cap it depends on the way which lot gives, but not how much.
		if x, y := one.Available+one.Pending-one.Debt, other.Available+other.Pending-other.Debt; x != y {
			t.Fatalf("in few returns %s, in many %s", one.Balances(), other.Balances())
		}
	})
}

// New prices of an order that money paid earn each line the same, posted at once or one by one in any order, held back or
// granted already.
func TestNewPricesCommute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := fmt.Sprintf(ProgramFile, "2017-07-03", "1", OneOf(t, "rate", "0.01", "0.1", "1"), OneOf(t, "rounding", "floor", "half_up", "ceil"),
			OneOf(t, "hold", "0", "3"), "ordered", "60", "0", "0.2", OneOf(t, "hold of toys", "0", "5"), "1", "1", "1", "", "earliest_expiry",
			"mode: none", "cash", "cash", "30", "other_tender_first", "lot, other_lots, receivable", "0")
		p, err := program.Parse("test.yaml", []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		one := New(p)
		o := points.OrderRequest{OrderID: "O", ShopID: "S-1"}
		var all points.Repricing
		for i := range Between(t, "lines", 2, 4) {
			l := points.OrderLineRequest{LineID: fmt.Sprint(i + 1), Category: OneOf(t, "category", "books", "toys"), Quantity: 1, UnitPrice: ledger.Money(Between(t, "price", 0, 3000))}
			o.Lines = append(o.Lines, l)
			o.Tenders.Money += l.UnitPrice
			all.Lines = append(all.Lines, points.LinePrice{LineID: l.LineID, UnitPrice: ledger.Money(Between(t, "new price", 0, 3000))})
		}
		act(t, one, Begin, points.PlaceOrder{Order: o})
		now := Begin.AddDate(0, 0, Between(t, "days later", 0, 7))
		other := one.Fork()
		act(t, one, now, points.Reprice{OrderID: "O", Prices: all})
		for _, l := range rapid.Permutation(all.Lines).Draw(t, "one by one") {
			act(t, other, now, points.Reprice{OrderID: "O", Prices: points.Repricing{Lines: []points.LinePrice{l}}})
		}
		for i := range o.Lines {
			if x, y := one.Order("O").Lines[i].Earned, other.Order("O").Lines[i].Earned; x.Points != y.Points || x.By != y.By {
				t.Fatalf("line %d earned %d by %s at once, %d by %s one by one", i+1, x.Points, x.By, y.Points, y.By)
			}
		}
	})
}

// sum is the points of an account, debit positive.
func sum(b *Book, account ledger.Account) (n ledger.Points) {
	for _, t := range b.Journal {
		for _, l := range t.Lines {
			if l.Account == account {
				n += l.Points
			}
		}
	}
	return n
}

// waits tells whether points of a part wait for the next return, because the last one was not worth as much: a step of
// a part's points can be a unit more than that of its amount, and no return takes money from the customer.
func waits(o *points.Order) bool {
	behind := func(p points.Part, back, of int64) bool {
		return of > 0 && p.Back.Value < ledger.Money(ledger.Share(int64(p.Value), back, of))
	}
	var goods, back, pieces, of int64
	for _, l := range o.Lines {
		if behind(l.Part, l.Back.Units, l.Spread) {
			return true
		}
		goods += int64(l.Amount)
		back += ledger.Share(int64(l.Amount), l.Fees["shipping"], l.Spread)
		pieces += l.Fees["shipping"]
		of += l.Spread
	}
	if goods == 0 {
		back, goods = pieces, of
	}
	return behind(o.Shipping, back, goods) || behind(o.Fees[0].Part, back, goods)
}

// An order that is wholly undone, by returns and price changes in any order and a cancellation at the end, has
// refunded each tender exactly what it paid, and has earned nothing; and no step gives back more than there was.
func TestAnOrderWhollyUndoneRefundsWhatItTook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, _ := anOrder(t)
		now := Begin
		for i := range Between(t, "steps", 0, 8) {
			now = now.AddDate(0, 0, OneOf(t, "days later", 0, 0, 1, 3))
			o := b.Order("O")
			if Below(t, "reprice", 2) == 0 {
				var r points.Repricing
				for _, l := range o.Lines {
					if Below(t, "this line", 2) == 0 {
						r.Lines = append(r.Lines, points.LinePrice{LineID: l.ID, UnitPrice: ledger.Money(Between(t, "price", 0, 2000))})
					}
				}
				act(t, b, now, points.Reprice{OrderID: "O", Prices: r})
				continue
			}
			lines := map[int]int64{}
			for k, l := range o.Lines {
				if n := l.Standing(); n > 0 && Below(t, "this line too", 2) == 0 {
					lines[k] = int64(Between(t, "pieces", 1, int(n)))
				}
			}
			if len(lines) > 0 {
				return_(t, b, now, i, OneOf(t, "reason", "lost", "customer_convenience"), lines)
			}
		}
		act(t, b, now, refunds.Cancel{OrderID: "O", Policies: Terms, Request: refunds.CancelRequest{InitiatedBy: "shop"}})
		o := b.Order("O")
		if !o.Cancelled { // every piece was returned; shipping may be kept
			if slices.ContainsFunc(o.Lines, func(l points.OrderLine) bool { return l.Standing() > 0 }) {
				t.Fatal("not cancelled, though pieces stand")
			}
			return
		}
		if o.Refunded.Money != o.Tenders.Money+o.Charged.Money || o.Standing() != (points.Tenders{}) {
			t.Fatalf("%+v and %+v were paid, %+v went back", o.Tenders, o.Charged, o.Refunded)
		}
		had := sum(b, ledger.IssuedCampaign) + sum(b, ledger.ExpiredLots) + sum(b, ledger.RedeemedCashFallback)
		if b.Pending != 0 || b.Available-b.Debt != had {
			t.Fatalf("but for what expired and what came back as cash the member had %d points, and has %s", had, b.Balances())
		}
	})
}
