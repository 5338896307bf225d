package points

import (
	"time"

	"chobo/ledger"
	"chobo/points/program"
)

// facts are what earn rules look at.
func (o *Order) facts(member string, i int) (program.LineFacts, program.OrderFacts) {
	l := &o.Lines[i]
	destination := "domestic"
	if o.Abroad {
		destination = "overseas"
	}
	return program.LineFacts{SKU: l.SKU, Category: l.Category, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Attributes: l.Attributes, Total: l.Amount},
		program.OrderFacts{ShopID: o.Shop, MemberID: member, PaymentMethod: o.Payment, Destination: destination, Preorder: o.Preorder,
			OrderedAt: o.OrderedAt, Total: o.Total()}
}

// earns is the one function: what each line of the order earns as it now stands, by the rates that it was placed
// under. A base is the money paid for the line; shipping and fees earn nothing; the cap cuts from the last line upward,
// and capped tells whether it cut. Source: program.md Earn, SM-P3.4c.
func (o *Order) earns(v *program.Version) (out []ledger.Points, capped bool) {
	out = make([]ledger.Points, len(o.Lines))
	var total ledger.Points
	for i := range o.Lines {
		l := &o.Lines[i]
		t := v.Named(l.Earned.Rule)
		out[i] = t.Points(l.left().money())
		total += out[i]
	}
	if limit := ledger.Points(v.Earn.CapPerOrder); limit > 0 {
		capped = total > limit
		for i := len(out) - 1; i >= 0 && total > limit; i-- {
			cut := min(out[i], total-limit)
			out[i] -= cut
			total -= cut
		}
	}
	return out, capped
}

// rate finds the terms on which each line of a new order earns, and what it earns; it tells the sum.
func (a *Account) rate(o *Order) (sum ledger.Points) {
	v := a.Programs.Number(o.Version)
	for i := range o.Lines {
		if len(v.Earn.Rules) > 0 {
			o.Lines[i].Earned.Rule = v.Terms(o.facts(a.Name, i)).Rule
		}
	}
	earns, capped := o.earns(v)
	o.Capped = capped
	for i, n := range earns {
		o.Lines[i].Earned.Points = n
		sum += n
	}
	return sum
}

// grantOrder posts what a new order earns: pending points where the program holds them back, else points at once.
func (a *Account) grantOrder(o *Order, m Moment) (_ PendingGrant, granted ledger.Points) {
	v := a.Programs.Number(o.Version)
	var held, free funding
	for i := range o.Lines {
		l := &o.Lines[i]
		n := l.Earned.Points
		if n == 0 {
			continue
		}
		t := v.Named(l.Earned.Rule)
		l.Earned.Lot, l.Earned.By, l.Earned.Raised = a.nextLot(), funder(t.FundedBy), n
		if t.Hold.From == program.OnOrder && t.Hold.Days == 0 {
			lot := Lot{ID: l.Earned.Lot, ExpiresAt: t.Expiry.ExpiresAt(m.At, a.Zone()), GrantedAt: m.At}
			a.admit(lot)
			free.add(l.Earned.By, credit(ledger.MemberAvailable, lot.ID, n).expires(lot.ExpiresAt))
			granted += n
			continue
		}
		a.expect(a.newHold(o, l, t))
		held.add(l.Earned.By, credit(ledger.MemberPending, l.Earned.Lot, n))
	}
	held.post(a, ledger.GrantPending, o)
	free.post(a, ledger.Grant, o)
	for _, d := range free.drafts {
		if d.Account == ledger.MemberAvailable {
			a.arrived(d.Lot, -d.Points, o.ID)
		}
	}
	return a.pendingOf(o), granted
}

// A funding is grants of one kind to one order's lines, and who funds them.
type funding struct {
	drafts     []draft
	mall, shop ledger.Points
}

func (f *funding) add(by ledger.Account, d draft) {
	f.drafts = append(f.drafts, d)
	if by == ledger.FundedShop {
		f.shop -= d.Points
	} else {
		f.mall -= d.Points
	}
}

func (f *funding) post(a *Account, kind ledger.Kind, o *Order) {
	if len(f.drafts) > 0 {
		a.post(ledger.Transaction{Kind: kind, Subject: o.ID, Version: o.Version},
			append(f.drafts, debit(ledger.IssuedPurchase, 0, f.mall), debit(ledger.FundedShop, 0, f.shop).shop(o.Shop))...)
	}
}

func funder(by program.Funder) ledger.Account {
	if by == program.Shop {
		return ledger.FundedShop
	}
	return ledger.IssuedPurchase
}

// shopOf names the shop on the lines that it funds.
func shopOf(by ledger.Account, shop string) string {
	if by == ledger.FundedShop {
		return shop
	}
	return ""
}

// newHold is the hold of a line's grant as the order stands, still empty. An undeliverable order's stands still.
// Source: ruling 21.
func (a *Account) newHold(o *Order, l *OrderLine, t program.Terms) Hold {
	h := Hold{Lot: l.Earned.Lot, Order: o.ID}
	if _, stopped := o.Times[Undeliverable]; stopped {
		return h
	}
	if h.Due = a.holdEnd(o, t); !h.Due.IsZero() {
		h.ExpiresAt = t.Expiry.ExpiresAt(h.Due, a.Zone())
	}
	return h
}

// holdEnd is when a grant of the order matures unless something stops it; zero: nothing will start its hold.
func (a *Account) holdEnd(o *Order, t program.Terms) time.Time {
	start := a.holdStart(o, t)
	if start.IsZero() {
		return start
	}
	return t.Hold.End(start, a.Zone())
}

// holdStart is when the hold of a grant of the order starts or started. One that waits for an event starts by itself
// after so many days, if the program says so, and then no later event moves it.
func (a *Account) holdStart(o *Order, t program.Terms) time.Time {
	if t.Hold.From == program.OnOrder {
		return o.OrderedAt
	}
	event := o.Times[OrderStatus(t.Hold.From)]
	if latest := t.Hold.LatestStart(o.OrderedAt, a.Zone()); !latest.IsZero() && (event.IsZero() || latest.Before(event)) {
		return latest
	}
	return event
}

// A Rerating is what a change of an order does to what it earned.
type Rerating struct {
	Raised        ledger.Points // on pending points
	PendingVoided ledger.Points
	Reversed      ledger.Points // out of balances
	Shortfall     ledger.Points // what neither the lot nor other points covered
	Withheld      ledger.Money  // from the money refund
	Receivable    string        // its id; empty: none
}

// TakenBack is all that the change took back.
func (r Rerating) TakenBack() ledger.Points { return r.PendingVoided + r.Reversed + r.Shortfall }

// rerate recomputes what the order earned and posts the difference: up and down while a line's hold runs, down only
// afterwards. kind is what lowers pending points: a void or a new price. returned are the lines that the change undid.
// refund is the money that the same decision pays back, which a clawback may lower.
//
// Source: SM-P3.4b, SM-P3.4c, SM-P6.1, SM-P9.1; program.md "one function", rulings 9 and 15.
func (a *Account) rerate(o *Order, kind ledger.Kind, part string, returned []int, refund ledger.Money) (r Rerating) {
	earns, capped := o.earns(a.Programs.Number(o.Version))
	o.Capped = o.Capped || capped
	var change []ledger.Points
	if o.Capped {
		change = a.changeTogether(o, earns, returned)
	} else {
		change = a.changeByLine(o, earns)
	}
	a.raise(o, change, &r)
	a.takeBack(o, kind, part, change, refund, &r)
	return r
}

// changeByLine is what each line earns now more, or less, than it was granted. No line's rise makes up for another's
// fall: they may have been funded by different accounts, and one may be held while the other is not.
func (a *Account) changeByLine(o *Order, earns []ledger.Points) []ledger.Points {
	change := make([]ledger.Points, len(o.Lines)) // negative: to take back
	for i := range o.Lines {
		l := &o.Lines[i]
		switch d := earns[i] - l.Earned.Points; {
		case d < 0:
			change[i] = d
		case d > l.Earned.Lost && a.stillHeld(o, l):
			change[i] = d - l.Earned.Lost
		}
	}
	return change
}

// changeTogether is the same for an order that the cap has cut, whose lines stand in for each other: only the difference
// of their sum changes hands. It is taken from the lots of the returned lines first, then from the last line's upward.
// Source: ruling 9.
func (a *Account) changeTogether(o *Order, earns []ledger.Points, returned []int) []ledger.Points {
	change := make([]ledger.Points, len(o.Lines)) // negative: to take back
	var rise ledger.Points
	for i := range o.Lines {
		rise += earns[i] - o.Lines[i].Earned.Points
	}
	if rise >= 0 {
		for i := range o.Lines {
			l := &o.Lines[i]
			if k := min(rise, earns[i]-l.Earned.Points-l.Earned.Lost); k > 0 && a.stillHeld(o, l) {
				change[i] = k
				rise -= k
			}
		}
		return change
	}
	take := -rise
	from := func(i int) { // what the line has more than it earns now
		k := max(0, min(take, o.Lines[i].Earned.Points+change[i]-earns[i]))
		change[i] -= k
		take -= k
	}
	for _, i := range returned {
		from(i)
	}
	for i := len(o.Lines) - 1; i >= 0; i-- {
		from(i)
	}
	return change
}

// stillHeld tells whether a line's hold runs, or would if the line still had pending points: only then a higher price
// earns more. Nobody earns whose membership is suspended or closed.
func (a *Account) stillHeld(o *Order, l *OrderLine) bool {
	if a.Status != Active {
		return false
	}
	if a.findHold(l.Earned.Lot) != nil {
		return true
	}
	until := a.instant()
	if stopped, ok := o.Times[Undeliverable]; ok {
		until = stopped
	}
	end := a.holdEnd(o, a.Programs.Number(o.Version).Named(l.Earned.Rule))
	return end.IsZero() || end.After(until)
}

// raise posts rises of pending grants.
func (a *Account) raise(o *Order, change []ledger.Points, r *Rerating) {
	var drafts []draft
	for i, k := range change {
		if k <= 0 {
			continue
		}
		l := &o.Lines[i]
		t := a.Programs.Number(o.Version).Named(l.Earned.Rule)
		if l.Earned.Lot == 0 {
			l.Earned.Lot, l.Earned.By = a.nextLot(), funder(t.FundedBy)
		}
		if a.findHold(l.Earned.Lot) == nil {
			a.expect(a.newHold(o, l, t))
		}
		l.Earned.Points += k
		l.Earned.Raised += k
		r.Raised += k
		drafts = append(drafts, debit(l.Earned.By, 0, k).shop(shopOf(l.Earned.By, o.Shop)), credit(ledger.MemberPending, l.Earned.Lot, k))
	}
	if len(drafts) > 0 {
		a.post(ledger.Transaction{Kind: ledger.RepricePending, Subject: o.ID, Version: o.Version}, drafts...)
	}
}
