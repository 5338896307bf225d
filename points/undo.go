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
	var steps stepsBack
	if u.All {
		for i := range o.Lines {
			if o.Lines[i].Standing() > 0 {
				touched = append(touched, i)
			}
			o.Lines[i].Returned, o.Lines[i].Exchanged = o.Lines[i].Quantity, 0
		}
		for _, p := range o.parts() {
			steps.add(p, p.left(), 0)
		}
		return steps.give(), touched
	}
	whole := map[string]bool{} // by fee that goes back: not only by the goods' share
	for _, line := range u.Lines {
		l := &o.Lines[line.Line]
		l.Returned += line.Units
		touched = append(touched, line.Line)
		for name := range line.Refunds {
			if name == "price" {
				steps.add(&l.Part, l.undo(l.Back.Units+line.Units, l.Spread), line.Units)
				continue
			}
			if l.Fees == nil {
				l.Fees = map[string]int64{}
			}
			l.Fees[name] += line.Units
			whole[name] = whole[name] || line.InFull[name]
		}
	}
	fee := func(name string, f *Part) {
		switch inFull, back := whole[name]; {
		case inFull:
			steps.add(f, f.left(), 0)
		case back:
			steps.add(f, f.undo(o.goods(name)), 0)
		}
	}
	fee("shipping", &o.Shipping)
	for i := range o.Fees {
		fee(o.Fees[i].Name, &o.Fees[i].Part)
	}
	slices.Sort(touched)
	return steps.give(), touched
}

// stepsBack are what goes back of parts in one decision.
type stepsBack []stepBack

type stepBack struct {
	of *Part
	Part
	units int64
}

func (s *stepsBack) add(of *Part, back Part, units int64) { *s = append(*s, stepBack{of, back, units}) }

// give books the steps and tells their sum. Where the cumulative floors of an amount and of its points would let more
// points go back than the whole decision is worth, the points that are too many wait for the next return.
func (s stepsBack) give() (sum Part) {
	for _, step := range s {
		sum.Amount += step.Amount
		sum.Points += step.Points
		sum.Value += step.Value
	}
	for _, step := range s {
		if wait := min(step.Value-step.Amount, sum.Value-sum.Amount); wait > 0 {
			points := ledger.Points(ledger.Share(int64(step.Points), int64(wait), int64(step.Value)))
			step.Value -= wait
			step.Points -= points
			sum.Value -= wait
			sum.Points -= points
		}
		step.of.give(step.Part, step.units)
	}
	return sum
}

// goods is how much of the goods has come back with the fee refunded, and how much there was, both since the last
// spread and as now priced; where all goods are free, in pieces. Source: ruling 14.
func (o *Order) goods(fee string) (back, of int64) {
	var pieces, all int64
	for i := range o.Lines {
		l := &o.Lines[i]
		back += ledger.Share(int64(l.Amount), l.Fees[fee], max(1, l.Spread))
		of += int64(l.Amount)
		pieces += l.Fees[fee]
		all += l.Spread
	}
	if of == 0 {
		return pieces, all
	}
	return back, of
}
