package points

import (
	"slices"

	"chobo/ledger"
)

// An Undoing says which pieces of an order come undone and what of the payment goes back for them.
type Undoing struct {
	Cause string // cancel or return
	Part  string // the return's id
	Lines []UndoneLine
	All   bool // everything that still stands, whatever Lines say
}

// An UndoneLine is pieces of one line that come undone.
type UndoneLine struct {
	Line    int             // index in the order
	Units   int64           // pieces, at least 1
	Refunds map[string]bool // parts of the payment that go back: price, shipping, and fees by their names
	InFull  map[string]bool // of these, fees that go back whole and not by the goods' share
}

// An Undone is what came of it.
type Undone struct {
	Refunded
	PaidBy string // who pays the cash fallback; empty without one
	Rerating
	Forfeited ledger.Points // restored points that a lapsed lot or a closed membership swallowed
}

// Undo gives back what paid for the pieces, takes back what they earned, and books it: restorations first, then the
// clawback, then debts and use-all orders that the restored points go to. It refuses nothing: the caller has decided.
//
// Source: SM-P7.3, SM-P6.1, SM-R23.2; program.md "Return of k of n units", "Shipping and fees", "Caps".
func (a *Account) Undo(o *Order, u Undoing) Undone {
	back, touched := o.comeUndone(u)
	v := a.Programs.Number(o.Version)
	t := ledger.Transaction{Subject: o.ID, Part: u.Part, Version: o.Version}
	restored := a.restore(t, o.Takings, back.Points, back.Value, credit(ledger.RedeemedOrders, 0, 0).shop(o.Shop), v.Restore)
	out := Undone{Refunded: Refunded{Points: restored.Points, Money: back.money(), CashFallback: restored.Fallback}, Forfeited: restored.Forfeited}
	out.Rerating = a.rerate(o, ledger.VoidPending, u.Part, touched, out.Money)
	out.Money -= out.Withheld
	if out.CashFallback > 0 {
		out.PaidBy = o.Shop
	}
	o.Refunded.Points += out.Refunded.Points
	o.Refunded.Money += out.Money
	o.Refunded.CashFallback += out.CashFallback
	a.refund(Refund{Order: o.ID, Return: u.Part, Cause: u.Cause, Money: out.Money, CashFallback: out.CashFallback, PaidBy: out.PaidBy})
	if o.Standing().Money == 0 {
		a.unwatch(Key{OrderDocument, o.ID})
	}
	a.arrivals(restored, o.ID)
	return out
}

// comeUndone moves the order's parts and tells what goes back in all, and which lines are touched.
func (o *Order) comeUndone(u Undoing) (back Part, touched []int) {
	add := func(p Part) {
		back.Amount += p.Amount
		back.Points += p.Points
		back.Value += p.Value
	}
	if u.All {
		for i := range o.Lines {
			if o.Lines[i].Standing() > 0 {
				touched = append(touched, i)
			}
			o.Lines[i].Returned, o.Lines[i].Exchanged = o.Lines[i].Quantity, 0
		}
		for _, p := range o.parts() {
			left := p.left()
			add(left)
			p.give(left, 0)
		}
		return back, touched
	}
	goods, pieces := o.goods()
	moved := map[string]int64{} // by fee: the goods whose decision refunds it
	whole := map[string]bool{}
	for _, line := range u.Lines {
		l := &o.Lines[line.Line]
		before, after := l.Back.Units, l.Back.Units+line.Units
		worth := ledger.Share(int64(l.Amount), after, l.Spread) - ledger.Share(int64(l.Amount), before, l.Spread)
		if line.Refunds["price"] {
			p := l.undo(after, l.Spread)
			l.give(p, line.Units)
			add(p)
		}
		if goods == 0 {
			worth = line.Units
		}
		l.Returned += line.Units
		touched = append(touched, line.Line)
		for name := range line.Refunds {
			moved[name] += worth
			whole[name] = whole[name] || line.InFull[name]
		}
	}
	of := goods
	if goods == 0 {
		of = pieces
	}
	fee := func(name string, f *Part) {
		if moved[name] == 0 && !whole[name] {
			return
		}
		p := f.undo(f.Back.Units+moved[name], of)
		if whole[name] {
			p = f.left()
		}
		f.give(p, moved[name])
		add(p)
	}
	fee("shipping", &o.Shipping)
	for i := range o.Fees {
		fee(o.Fees[i].Name, &o.Fees[i].Part)
	}
	slices.Sort(touched)
	return back, touched
}

// goods is the goods' total as now priced, of what stood at the last spread, and their number of pieces.
func (o *Order) goods() (value, pieces int64) {
	for i := range o.Lines {
		value += int64(o.Lines[i].Amount)
		pieces += o.Lines[i].Spread
	}
	return value, pieces
}
