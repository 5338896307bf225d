package refunds_test

import (
	"fmt"
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

// The model keeps a member's points as one would on a sheet of paper: lots, orders, and what was taken from where. It
// knows one program: a tenth of the money in points after three days, for a month; cash for points of expired lots; what a
// clawback does not find is owed. It posts nothing, looks up everything from the start, and is slow.
const paperProgram = `
program: paper
returns_policy: test
effective_from: 2017-07-03
earn: { rate: "0.1", hold: { days: 3 } }
expiry: { mode: fixed, months: 1 }
clawback: { take: [lot, other_lots, receivable] }
`

type paper struct {
	program *program.Program
	now     time.Time
	lots    []*paperLot
	orders  map[string]*paperOrder
	debts   []*paperDebt
}

// A paperDebt is what one decision did not find of some grants.
type paperDebt struct {
	lots []*paperLot
	open int
}

type paperLot struct {
	id        int
	held      bool // until free
	left      int
	lost      int // expired, and not yet counted as taken back
	free, end time.Time
}

type paperOrder struct {
	lines         []paperLine
	shipping      paperPart
	took          []paperTaking
	points, money int // back so far, with fallback among the points
	fallback      int
}

type paperLine struct {
	paperPart
	quantity, returned, withShipping int
	lot                              *paperLot
	earned                           int
}

// A paperPart is an amount and how much of it points paid.
type paperPart struct{ amount, points int }

type paperTaking struct {
	lot  *paperLot
	n    int
	back int
}

// wait lets the time pass: holds end, lots expire, the earlier first.
func (p *paper) wait(now time.Time) {
	p.now = now
	for _, l := range p.lots {
		if l.held && !l.free.After(now) {
			l.held = false
		}
		if !l.held && !l.end.IsZero() && !l.end.After(now) {
			l.lost += l.left
			l.left = 0
		}
	}
}

// spendable are the lots that points are taken from, in order.
func (p *paper) spendable() []*paperLot {
	var lots []*paperLot
	for _, l := range p.lots {
		if !l.held && l.left > 0 {
			lots = append(lots, l)
		}
	}
	slices.SortStableFunc(lots, func(x, y *paperLot) int {
		switch {
		case x.end.Equal(y.end):
			return x.free.Compare(y.free)
		case x.end.IsZero():
			return 1
		case y.end.IsZero():
			return -1
		}
		return x.end.Compare(y.end)
	})
	return lots
}

func (p *paper) available() (n int) {
	for _, l := range p.spendable() {
		n += l.left
	}
	return n
}

func (p *paper) pending() (n int) {
	for _, l := range p.lots {
		if l.held {
			n += l.left
		}
	}
	return n
}

func (p *paper) debt() (n int) {
	for _, d := range p.debts {
		n += d.open
	}
	return n
}

// claim is how many of the points that come back to a lot will cancel debt for its grant.
func (p *paper) claim(l *paperLot, points int, claims map[*paperDebt]int) (n int) {
	for _, d := range p.debts {
		if slices.Contains(d.lots, l) {
			k := min(points-n, d.open-claims[d])
			claims[d] += k
			n += k
		}
	}
	return n
}

func (p *paper) grant(n int, end time.Time) {
	p.lots = append(p.lots, &paperLot{id: len(p.lots) + 1, left: n, free: p.now, end: end})
}

// order spreads the points by hand: one point at a time would be too slow, so the floors first, then one each.
func (p *paper) order(id string, lines []paperLine, shipping, n int) {
	o := &paperOrder{lines: lines, shipping: paperPart{amount: shipping}}
	var parts []*paperPart
	total := 0
	for i := range o.lines {
		parts = append(parts, &o.lines[i].paperPart)
	}
	parts = append(parts, &o.shipping)
	for _, part := range parts {
		total += part.amount
	}
	given := 0
	for _, part := range parts {
		if total > 0 {
			part.points = n * part.amount / total
		}
		given += part.points
	}
	for got := map[*paperPart]bool{}; given < n; given++ {
		var best *paperPart
		for _, part := range parts {
			if !got[part] && (best == nil || n*part.amount%total > n*best.amount%total) {
				best = part
			}
		}
		got[best] = true
		best.points++
	}
	for _, l := range p.spendable() {
		if k := min(n, l.left); k > 0 {
			l.left -= k
			n -= k
			o.took = append(o.took, paperTaking{lot: l, n: k})
		}
	}
	free := p.program.Earn.Hold.End(p.now, p.program.Zone)
	for i := range o.lines {
		l := &o.lines[i]
		if l.earned = (l.amount - l.points) / 10; l.earned > 0 {
			l.lot = &paperLot{id: len(p.lots) + 1, held: true, left: l.earned, free: free, end: p.program.Expiry.ExpiresAt(free, p.program.Zone)}
			p.lots = append(p.lots, l.lot)
		}
	}
	p.orders[id] = o
}

// due is what of the order should have come back by now: a share of each line by its pieces, and of the shipping by the
// price of the goods whose return refunds it.
func (o *paperOrder) due() (amount, n int) {
	goods, back, pieces, backPieces := 0, 0, 0, 0
	for _, l := range o.lines {
		amount += l.amount * l.returned / l.quantity
		n += l.points * l.returned / l.quantity
		goods += l.amount
		pieces += l.quantity
		back += l.amount * l.withShipping / l.quantity
		backPieces += l.withShipping
	}
	if goods == 0 {
		goods, back = pieces, backPieces
	}
	amount += o.shipping.amount * back / goods
	n += o.shipping.points * back / goods
	return amount, n
}

// undo brings the order to what should have come back, and what it earned to what it still earns.
func (p *paper) undo(o *paperOrder) {
	amount, n := o.due()
	p.giveBack(o, amount, n)
}

// cancel brings everything back.
func (p *paper) cancel(o *paperOrder) {
	amount, n := o.shipping.amount, o.shipping.points
	for i := range o.lines {
		amount += o.lines[i].amount
		n += o.lines[i].points
		o.lines[i].returned = o.lines[i].quantity
	}
	p.giveBack(o, amount, n)
}

func (p *paper) giveBack(o *paperOrder, amount, n int) {
	n -= o.points
	n = min(n, amount-o.points-o.money) // no more points than the return is worth
	o.money = amount - o.points - n
	o.points += n
	arrived, order, claims := map[*paperLot]int{}, []*paperLot(nil), map[*paperDebt]int{}
	for i := len(o.took) - 1; i >= 0; i-- {
		t := &o.took[i]
		k := min(n, t.n-t.back)
		n -= k
		t.back += k
		if !t.lot.end.IsZero() && !t.lot.end.After(p.now) {
			alive := p.claim(t.lot, k, claims) // cancels the lot's own debt first
			o.fallback += k - alive
			k = alive
		} else {
			p.claim(t.lot, k, claims)
		}
		arrived[t.lot] += k
		if k > 0 {
			order = append(order, t.lot)
		}
		t.lot.left += k
	}
	short := &paperDebt{}
	for i := range o.lines {
		l := &o.lines[i]
		base := l.amount - l.amount*l.returned/l.quantity - (l.points - l.points*l.returned/l.quantity)
		if lower := l.earned - base/10; lower > 0 {
			l.earned -= lower
			if n := p.takeBack(l.lot, lower); n > 0 {
				short.open += n
				short.lots = append(short.lots, l.lot)
			}
		}
	}
	p.debts = append(p.debts, short)
	for _, l := range order {
		for _, d := range p.debts {
			if slices.Contains(d.lots, l) {
				k := min(arrived[l], l.left, d.open)
				arrived[l] -= k
				l.left -= k
				d.open -= k
			}
		}
	}
}

// takeBack takes points of a grant back: from its own lot, then what expired of it counts, then from others.
// It tells what it did not find.
func (p *paper) takeBack(lot *paperLot, n int) int {
	k := min(n, lot.left)
	lot.left -= k
	n -= k
	if lot.held {
		return 0
	}
	k = min(n, lot.lost)
	lot.lost -= k
	n -= k
	for _, l := range p.spendable() {
		k := min(n, l.left)
		l.left -= k
		n -= k
	}
	return n
}

// The books agree with a sheet of paper.
func TestTheBooksAgreeWithAModelTooSimpleToBeWrong(t *testing.T) {
	rules, err := program.Parse("paper.yaml", []byte(paperProgram))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := New(rules)
		p := &paper{program: rules, now: Begin, orders: map[string]*paperOrder{}}
		for i := range Between(t, "commands", 1, 40) {
			p.wait(p.now.Add(time.Duration(OneOf(t, "hours", 0, 1, 10, 30, 100, 400)) * time.Hour))
			p.draw(t, b, i)
			p.compare(t, b)
		}
	})
}

// draw has the books and the sheet do the same.
func (p *paper) draw(t *rapid.T, b *Book, i int) {
	var known []string
	for id, o := range p.orders {
		if slices.ContainsFunc(o.lines, func(l paperLine) bool { return l.returned < l.quantity }) {
			known = append(known, id)
		}
	}
	slices.Sort(known)
	what := OneOf(t, "command", "grant", "order", "order", "order", "return", "return", "return", "cancel", "wait")
	if len(known) == 0 && (what == "return" || what == "cancel") {
		what = "order"
	}
	switch what {
	case "wait":
		act(t, b, p.now, points.Visit{Kind: points.DueExpire, AsOf: p.now})
	case "grant":
		n, end := Between(t, "points", 1, 300), time.Time{}
		if Below(t, "expires", 3) > 0 {
			end = p.now.Add(time.Duration(Between(t, "hours", 1, 1000)) * time.Hour)
		}
		p.grant(n, end)
		if end.IsZero() { // by default for a month
			p.lots[len(p.lots)-1].end = p.program.Expiry.ExpiresAt(p.now, p.program.Zone)
		}
		must(t, b, p.now, points.GrantPoints{Points: ledger.Points(n), ExpiresAt: end})
	case "order":
		r := points.OrderRequest{OrderID: fmt.Sprint("O", i), ShopID: "S-1", Shipping: ledger.Money(OneOf(t, "shipping", 0, 50, 500))}
		var lines []paperLine
		total := int(r.Shipping)
		for k := range Between(t, "lines", 1, 3) {
			q, price := Between(t, "quantity", 1, 4), Between(t, "price", 0, 400)
			r.Lines = append(r.Lines, points.OrderLineRequest{LineID: fmt.Sprint(k + 1), Quantity: int64(q), UnitPrice: ledger.Money(price)})
			lines = append(lines, paperLine{paperPart: paperPart{amount: q * price}, quantity: q})
			total += q * price
		}
		n := min(total, OneOf(t, "points", 0, p.available(), Between(t, "some", 0, p.available())))
		r.Tenders = points.Tenders{Points: ledger.Points(n), Money: ledger.Money(total - n)}
		p.order(r.OrderID, lines, int(r.Shipping), n)
		must(t, b, p.now, points.PlaceOrder{Order: r})
	case "return":
		id := OneOf(t, "order", known...)
		o, r := p.orders[id], refunds.ReturnRequest{ReturnID: fmt.Sprint("R", i), Reason: OneOf(t, "reason", "lost", "customer_convenience")}
		for k := range o.lines {
			l := &o.lines[k]
			n := Between(t, "pieces", 0, l.quantity-l.returned)
			if n == 0 {
				continue
			}
			l.returned += n
			if r.Reason == "lost" {
				l.withShipping += n
			}
			r.Lines = append(r.Lines, refunds.ReturnUnits{LineID: fmt.Sprint(k + 1), Quantity: int64(n)})
		}
		if len(r.Lines) > 0 {
			p.undo(o)
			must(t, b, p.now, refunds.MakeReturn{OrderID: id, Request: r, Policies: Terms})
		}
	case "cancel":
		id := OneOf(t, "order", known...)
		p.cancel(p.orders[id])
		must(t, b, p.now, refunds.Cancel{OrderID: id, Request: refunds.CancelRequest{InitiatedBy: "shop"}, Policies: Terms})
	}
}

func must(t *rapid.T, b *Book, now time.Time, c points.Command) {
	if _, err := b.Do(now, c); err != nil {
		t.Fatalf("%s: %v", c.Name(), err)
	}
	if err := b.Audit(); err != nil {
		t.Fatalf("after %#v: %v\n%s", c, err, b.T(0))
	}
}

func (p *paper) compare(t *rapid.T, b *Book) {
	view := b.At(p.now)
	if int(view.Available) != p.available() || int(view.Pending) != p.pending() || int(view.Debt) != p.debt() {
		t.Fatalf("the books have %d available, %d pending, %d owed; the sheet %d, %d, %d\n%s", view.Available, view.Pending, view.Debt, p.available(), p.pending(), p.debt(), b.T(0))
	}
	for _, l := range p.lots {
		have := 0
		for _, m := range view.Lots {
			if int(m.ID) == l.id {
				have = int(m.Remaining)
			}
		}
		if !l.held && have != l.left {
			t.Fatalf("lot %d has %d in the books, %d on the sheet", l.id, have, l.left)
		}
	}
	for id, want := range p.orders {
		o := b.Order(id)
		have := points.Refunded{Points: o.Refunded.Points, Money: o.Refunded.Money, CashFallback: o.Refunded.CashFallback}
		if int(have.Points) != want.points-want.fallback || int(have.Money) != want.money || int(have.CashFallback) != want.fallback {
			t.Fatalf("order %s refunded %+v in the books; %d points, %d of them in cash, %d money on the sheet", id, have, want.points, want.fallback, want.money)
		}
		for i, l := range o.Lines {
			if int(l.Earned.Points) != want.lines[i].earned {
				t.Fatalf("line %d of order %s earned %d in the books, %d on the sheet", i+1, id, l.Earned.Points, want.lines[i].earned)
			}
		}
	}
}
