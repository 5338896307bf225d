package points

import (
	"time"

	"chobo/ledger"
	"chobo/points/program"
)

// A Repricing is new prices of an order as its shop posts them. Lines that are not named keep theirs.
type Repricing struct {
	Lines    []LinePrice   `json:"lines,omitempty" maxItems:"1000"`
	Shipping *ledger.Money `json:"shipping,omitempty" minimum:"0" doc:"Of what still stands. Default: as it is."`
	Fees     Fees          `json:"fees,omitempty" doc:"Of what still stands. Fees that are not named stay as they are."`
	At       time.Time     `json:"at,omitzero"`
}

// A LinePrice is the new price of a line's pieces that were not returned.
type LinePrice struct {
	LineID    string        `json:"line_id" minLength:"1" maxLength:"128"`
	UnitPrice ledger.Money  `json:"unit_price" minimum:"0"`
	Discount  *ledger.Money `json:"discount,omitempty" minimum:"0" doc:"Default: as it is, at most the line's total."`
}

// A Repriced answers Reprice.
type Repriced struct {
	OrderID      string        `json:"order_id"`
	Total        ledger.Money  `json:"total"`
	Refund       Refunded      `json:"refund"`
	PaidBy       string        `json:"paid_by,omitempty"`
	Charge       Tenders       `json:"charge"`
	EarnedChange ledger.Points `json:"earned_change"`
	Receivable   *Owed         `json:"receivable"`
	Withheld     ledger.Money  `json:"withheld,omitempty"`
	Transactions []Posted      `json:"transactions"`
}

// Owed names a receivable and what it is worth.
type Owed struct {
	ID     string        `json:"id"`
	Points ledger.Points `json:"points"`
	Money  ledger.Money  `json:"money"`
}

// Owed is the receivable of that id as an answer shows it; null for none.
func (a *Account) Owed(id string) *Owed {
	if id == "" {
		return nil
	}
	r := Open[Receivable](a, Key{ReceivableDocument, id})
	return &Owed{ID: id, Points: r.Open, Money: a.worth(r.Open)}
}

// Reprice changes prices of an order. A fall is refunded by the program's order of tenders; a rise is charged to
// money, or first to points where a member who uses all points paid all by points. What points still pay is spread anew.
//
// It touches pieces that were not returned. It refuses with NotFound, Conflict, ValidationFailed or AmountOutOfRange.
// Source: SM-P7.4a, SM-P7.4b, SM-P7.5a, SM-P7.5b, SM-P3.4c; ruling 13.
type Reprice struct {
	OrderID string
	Prices  Repricing
}

// Name is the operation's name.
func (c Reprice) Name() string { return "orders.reprice" }

// Needs is the order.
func (c Reprice) Needs() Need { return Need{Documents: []Key{{OrderDocument, c.OrderID}}} }

// When is the time that the caller gives.
func (c Reprice) When() time.Time { return c.Prices.At }

// Apply changes the prices.
func (c Reprice) Apply(a *Account, m Moment) (Reply, error) {
	o := Open[Order](a, Key{OrderDocument, c.OrderID})
	if o == nil {
		return Reply{}, Refuse(NotFound, "there is no order %s", c.OrderID)
	}
	if o.Cancelled {
		return Reply{}, Refuse(Conflict, "order %s is cancelled", o.ID)
	}
	v := a.Programs.Number(o.Version)
	before, total := o.Standing(), o.Total()
	touched, err := c.Prices.apply(o)
	if err != nil {
		return Reply{}, err
	}
	if err := a.mayEarn(o); err != nil {
		return Reply{}, err
	}
	// After this point nothing may fail.
	worth := total - before.Money
	drop, charge := a.divide(o, v, before, worth, o.Total()-total)
	answer := Repriced{OrderID: o.ID, Total: o.Total(), Charge: charge}
	t := ledger.Transaction{Subject: o.ID, Version: o.Version}
	restored := a.restore(t, o.Takings, drop.Points, drop.Value, credit(ledger.RedeemedOrders, 0, 0).shop(o.Shop), v.Restore)
	if charge.Points > 0 {
		a.pay(o, ledger.Redeem, ledger.MemberAvailable, stamp(a.pick(charge.Points, nil), m.At), a.worth(charge.Points))
		a.QualifiedAt, a.ActiveAt = m.At, m.At
	}
	o.spread(before.Points-drop.Points+charge.Points, worth-drop.Value+a.worth(charge.Points))
	o.Charged.Points += charge.Points
	o.Charged.Money += charge.Money
	answer.Refund = Refunded{Points: restored.Points, Money: drop.money(), CashFallback: restored.Fallback}
	r := a.rerate(o, ledger.RepricePending, "", touched, answer.Refund.Money)
	answer.Refund.Money -= r.Withheld
	answer.Withheld = r.Withheld
	answer.EarnedChange = r.Raised - r.TakenBack()
	if restored.Fallback > 0 {
		answer.PaidBy = o.Shop
	}
	o.Refunded.Points += answer.Refund.Points
	o.Refunded.Money += answer.Refund.Money
	o.Refunded.CashFallback += answer.Refund.CashFallback
	a.refund(Refund{Order: o.ID, Cause: "reprice", Money: answer.Refund.Money, CashFallback: restored.Fallback, PaidBy: answer.PaidBy})
	o.History = append(o.History, HistoryEntry{At: m.At, What: "repriced"})
	a.watchUseAll(o)
	a.arrivals(restored, o.ID)
	a.KeepOrder(o)
	answer.Receivable = a.Owed(r.Receivable)
	answer.Transactions = a.Posted()
	return Reply{Status: 200, Body: answer}, nil
}

// mayEarn refuses prices at which the order's goods could earn more than a member may hold.
func (a *Account) mayEarn(o *Order) error {
	v := a.Programs.Number(o.Version)
	room := ledger.MaxAmount - a.Available - a.Pending - a.Reserved
	for i := range o.Lines {
		l := &o.Lines[i]
		if room -= max(0, v.Named(l.Earned.Rule).Points(l.left().Amount)-l.Earned.Points); room < 0 {
			return RefuseField(AmountOutOfRange, "lines", "the order would earn more than a member's points may be, %d", int64(ledger.MaxAmount))
		}
	}
	return nil
}

// apply checks the new prices and sets them; it tells which lines changed.
func (r Repricing) apply(o *Order) (touched []int, err error) {
	next := make([]Part, 0, len(o.Lines))
	sums := checker{}
	priced := map[int]LinePrice{}
	for i, p := range r.Lines {
		sums.line = i + 1
		k := o.Line(p.LineID)
		if k < 0 {
			return nil, RefuseField(ValidationFailed, sums.at("line_id"), "order %s has no line %s", o.ID, p.LineID)
		}
		if _, twice := priced[k]; twice {
			return nil, RefuseField(ValidationFailed, sums.at("line_id"), "line %s appears twice", p.LineID)
		}
		priced[k] = p
		sums.amount("unit_price", int64(p.UnitPrice))
		gross := sums.times("unit_price", int64(p.UnitPrice), o.Lines[k].Standing())
		if p.Discount != nil {
			sums.amount("discount", int64(*p.Discount))
			if sums.err == nil && int64(*p.Discount) > gross {
				return nil, RefuseField(ValidationFailed, sums.at("discount"), "is more than the line's %d", gross)
			}
		}
	}
	sums.line = 0
	discounts := make([]ledger.Money, len(o.Lines))
	for i := range o.Lines {
		l := &o.Lines[i]
		left := l.left().Amount
		discounts[i] = ledger.Money(l.Standing())*l.UnitPrice - left
		if p, ok := priced[i]; ok {
			gross := ledger.Money(sums.times("lines", int64(p.UnitPrice), l.Standing()))
			if p.Discount != nil {
				discounts[i] = *p.Discount
			}
			discounts[i] = min(discounts[i], gross)
			left = gross - discounts[i]
		}
		next = append(next, Part{Amount: left})
		sums.add("lines", int64(left))
	}
	shipping := o.Shipping.left().Amount
	if r.Shipping != nil {
		shipping = *r.Shipping
	}
	sums.amount("shipping", int64(shipping))
	sums.add("shipping", int64(shipping))
	fees := map[string]ledger.Money{}
	for _, f := range r.Fees {
		sums.amount("fees."+f.Name, int64(f.Amount))
		fees[f.Name] = f.Amount
		if o.fee(f.Name) == nil {
			return nil, RefuseField(ValidationFailed, "fees."+f.Name, "order %s has no such fee", o.ID)
		}
	}
	if sums.err != nil {
		return nil, sums.err
	}
	// The new prices hold. Shares start anew from here; spread sets what points pay of them.
	for i := range o.Lines {
		l := &o.Lines[i]
		if p, ok := priced[i]; ok {
			l.UnitPrice = p.UnitPrice
			touched = append(touched, i)
		}
		l.Discount, l.Part = discounts[i], next[i]
	}
	o.Shipping = Part{Amount: shipping}
	for i := range o.Fees {
		f := &o.Fees[i]
		amount, named := fees[f.Name]
		if !named {
			amount = f.left().Amount
		}
		f.Part = Part{Amount: amount}
	}
	return touched, nil
}

// Line is the index of the line with that id, or -1.
func (o *Order) Line(id string) int {
	for i := range o.Lines {
		if o.Lines[i].ID == id {
			return i
		}
	}
	return -1
}

func (o *Order) fee(name string) *Fee {
	for i := range o.Fees {
		if o.Fees[i].Name == name {
			return &o.Fees[i]
		}
	}
	return nil
}

// divide shares a change of the price between the tenders: what of the points goes back and how much money, and what is
// charged. before is what stood, its points worth so much; the new prices are set, and not yet spread over. Points never
// pay more than the parts that they may pay: what these no longer bear goes back, and money takes its place.
func (a *Account) divide(o *Order, v *program.Version, before Tenders, worth, change ledger.Money) (drop Part, charge Tenders) {
	payable := o.payable()
	if change < 0 {
		drop.Value = fallOf(v, before.Money, worth, -change)
	}
	drop.Value = max(drop.Value, worth-payable)
	switch {
	case payable == 0 || worth > 0 && drop.Value == worth:
		drop.Points = before.Points
	case worth > 0:
		drop.Points = ledger.Points(ledger.Share(int64(before.Points), int64(drop.Value), int64(worth)))
	}
	rest := change + drop.Value // is for money to bear
	drop.Amount = drop.Value + max(0, -rest)
	if rest > 0 {
		charge = a.riseOf(o, before, rest, min(payable, v.Redeem.MostOf(o.Total()))-worth+drop.Value)
	}
	return drop, charge
}

// fallOf is how much of a fall goes back in points, of which so much stands beside the money. Source: SM-P7.4, reprice.refund_order.
func fallOf(v *program.Version, money, worth, fall ledger.Money) ledger.Money {
	back := min(fall, money)
	if v.Reprice.RefundOrder == program.Proportional {
		back = ledger.Money(ledger.Share(int64(fall), int64(money), int64(money+worth)))
	}
	return min(fall-back, worth)
}

// riseOf divides a rise over points, for which there is so much room, and money. Source: SM-P7.5a, SM-P7.5b.
func (a *Account) riseOf(o *Order, before Tenders, rise, room ledger.Money) Tenders {
	if !o.UseAll || before.Money > 0 || before.Points == 0 || a.Status != Active {
		return Tenders{Money: rise}
	}
	n := ledger.PointsWithin(a.Programs.PointValue(), min(a.worth(a.Available), rise, max(0, room)))
	return Tenders{Points: n, Money: rise - a.worth(n)}
}
