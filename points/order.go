package points

import (
	"iter"
	"time"

	"chobo/ledger"
	"chobo/points/program"
)

// An Order is what the ledger knows of an order, as it stands now.
type Order struct {
	ID        string                    `json:"-"`
	Shop      string                    `json:"shop"`
	OrderedAt time.Time                 `json:"ordered,omitzero"` // the caller's time: versions, holds and policies count from it
	PlacedAt  time.Time                 `json:"-"`                // when it was booked; zero: at OrderedAt
	Version   int                       `json:"v"`                // of the program
	Status    OrderStatus               `json:"status"`
	Times     map[OrderStatus]time.Time `json:"times,omitempty"` // when it reached each state; skipped ones at the later one's time
	Preorder  bool                      `json:"pre,omitempty"`
	Abroad    bool                      `json:"abroad,omitempty"`
	Payment   string                    `json:"pay,omitempty"`
	UseAll    bool                      `json:"all,omitempty"`
	Tenders   Tenders                   `json:"tenders"` // as paid at first
	Lines     []OrderLine               `json:"lines"`
	Shipping  Part                      `json:"ship,omitzero"`
	Fees      []Fee                     `json:"fees,omitempty"`
	Takings   []Taking                  `json:"took,omitempty"`
	Charged   Tenders                   `json:"charged,omitzero"` // beyond Tenders, by rises of the price and by sweeps
	Refunded  Refunded                  `json:"refunded,omitzero"`
	Capped    bool                      `json:"capped,omitempty"`   // the program's cap has cut what it earns, at some time
	Reversed  ledger.Points             `json:"reversed,omitempty"` // of what it earned: voided, reversed and short, and what was lost before
	Returns   []string                  `json:"returns,omitempty"`  // ids, in order
	Debts     []string                  `json:"debts,omitempty"`    // receivables
	Cancelled bool                      `json:"cancelled,omitempty"`
	History   []HistoryEntry            `json:"history,omitempty"` // since it was placed
}

// Tenders is what pays an order, or goes back: points and the program's money.
type Tenders struct {
	Points ledger.Points `json:"points" minimum:"0"`
	Money  ledger.Money  `json:"money" minimum:"0"`
}

// Refunded is what went back of an order.
type Refunded struct {
	Points       ledger.Points `json:"points"`
	Money        ledger.Money  `json:"money"`
	CashFallback ledger.Money  `json:"cash_fallback"`
}

// A Part is the amount of a line, of shipping or of a fee, and how points and money paid it. What went back counts from
// the last time that the points were spread.
type Part struct {
	Amount ledger.Money  `json:"a"`           // as now priced, of what stood at the last spread
	Points ledger.Points `json:"p,omitempty"` // what points paid of it
	Value  ledger.Money  `json:"w,omitempty"` // what those points are worth
	Back   Back          `json:"b,omitzero"`
}

// Back is what of a part went back since the last spread.
type Back struct {
	Units  int64         `json:"u,omitempty"` // pieces of a line
	Amount ledger.Money  `json:"a"`
	Points ledger.Points `json:"p"`
	Value  ledger.Money  `json:"w"`
}

// An OrderLine is one line of an order with its own grant.
type OrderLine struct {
	ID         string           `json:"id"`
	SKU        string           `json:"sku,omitempty"`
	Category   string           `json:"cat,omitempty"`
	Quantity   int64            `json:"q"`
	UnitPrice  ledger.Money     `json:"price"`
	Discount   ledger.Money     `json:"off,omitempty"` // of the pieces that stood at the last spread
	Attributes map[string]any   `json:"attr,omitempty"`
	Returned   int64            `json:"ret,omitempty"`  // pieces, in all
	Spread     int64            `json:"at"`             // pieces that stood at the last spread
	Opened     int64            `json:"open,omitempty"` // pieces in returns that are not settled
	Exchanged  int64            `json:"ex,omitempty"`   // pieces that were replaced: they stand, and are not returned again
	Fees       map[string]int64 `json:"fees,omitempty"` // pieces that came back with that fee refunded, since the last spread
	Excluded   bool             `json:"xp,omitempty"`   // points may not pay it, by the conditions of use when it was placed
	Part
	Earned Grant `json:"g,omitzero"`
}

// A Grant is what an order line earned.
type Grant struct {
	Lot    ledger.LotID   `json:"lot,omitempty"`
	Rule   string         `json:"rule,omitempty"` // the earn rule; empty: the program's own rate
	By     ledger.Account `json:"by,omitempty"`   // the account that funded it
	Points ledger.Points  `json:"n,omitempty"`    // that still stand: granted less voided, reversed and short
	Raised ledger.Points  `json:"up,omitempty"`   // all that was ever granted
	Lost   ledger.Points  `json:"lost,omitempty"` // of what was taken back, what had been lost before: it is not granted again
}

// A Fee is a named amount beside the goods, such as "cod".
type Fee struct {
	Name string `json:"name"`
	Part
}

// A HistoryEntry is one change of an order's or a return's state: what, when, and who where a person acted.
type HistoryEntry struct {
	At    time.Time `json:"at"`
	What  string    `json:"what"`
	Actor string    `json:"actor,omitempty"`
	Note  string    `json:"note,omitempty"`
}

// left is what of the part still stands.
func (p *Part) left() Part {
	return Part{Amount: p.Amount - p.Back.Amount, Points: p.Points - p.Back.Points, Value: p.Value - p.Back.Value}
}

// money is what money pays of the part.
func (p Part) money() ledger.Money { return p.Amount - p.Value }

// undo is what more goes back when units of the whole, cumulatively since the last spread, have come undone: floors of
// the cumulative share, so that the last unit takes the remainder.
func (p *Part) undo(units, of int64) Part {
	return Part{
		Amount: ledger.Money(ledger.Share(int64(p.Amount), units, of)) - p.Back.Amount,
		Points: ledger.Points(ledger.Share(int64(p.Points), units, of)) - p.Back.Points,
		Value:  ledger.Money(ledger.Share(int64(p.Value), units, of)) - p.Back.Value,
	}
}

// give books that so much of the part went back.
func (p *Part) give(back Part, units int64) {
	p.Back.Units += units
	p.Back.Amount += back.Amount
	p.Back.Points += back.Points
	p.Back.Value += back.Value
}

// Standing is how many pieces were neither returned nor cancelled.
func (l *OrderLine) Standing() int64 { return l.Quantity - l.Returned }

// Returnable is how many pieces are in no open or settled return.
func (l *OrderLine) Returnable() int64 { return l.Standing() - l.Opened - l.Exchanged }

// parts are all the order's parts in the order in which points are spread: lines, shipping, fees.
func (o *Order) parts() iter.Seq2[int, *Part] {
	return func(yield func(int, *Part) bool) {
		for i := range o.Lines {
			if !yield(i, &o.Lines[i].Part) {
				return
			}
		}
		if !yield(len(o.Lines), &o.Shipping) {
			return
		}
		for i := range o.Fees {
			if !yield(len(o.Lines)+1+i, &o.Fees[i].Part) {
				return
			}
		}
	}
}

// Standing is what still stands as paid, by tender.
func (o *Order) Standing() (t Tenders) {
	for _, p := range o.parts() {
		left := p.left()
		t.Points += left.Points
		t.Money += left.money()
	}
	return t
}

// Total is the price of all that still stands.
func (o *Order) Total() (n ledger.Money) {
	for _, p := range o.parts() {
		n += p.left().Amount
	}
	return n
}

// spread shares the points that still stand anew over the parts that they may pay, and lets later shares count from
// here. Points and their value are spread by the same rule, separately. Source: program.md Allocation.
func (o *Order) spread(points ledger.Points, value ledger.Money) {
	for i := range o.Lines {
		l := &o.Lines[i]
		l.Spread, l.Fees = l.Standing(), nil
	}
	weights := make([]int64, len(o.Lines)+1+len(o.Fees))
	for i, p := range o.parts() {
		*p = Part{Amount: p.left().Amount}
		if o.mayPay(i) {
			weights[i] = int64(p.Amount)
		}
	}
	byPoints, byValue := ledger.Spread(int64(points), weights), ledger.Spread(int64(value), weights)
	for i, p := range o.parts() {
		p.Points, p.Value = ledger.Points(byPoints[i]), ledger.Money(byValue[i])
	}
}

// mayPay tells whether points may pay the part: not the lines of excluded categories. Source: SM-P7.2.
func (o *Order) mayPay(part int) bool { return part >= len(o.Lines) || !o.Lines[part].Excluded }

// payable is the price of all that still stands and that points may pay.
func (o *Order) payable() (n ledger.Money) {
	for i, p := range o.parts() {
		if o.mayPay(i) {
			n += p.left().Amount
		}
	}
	return n
}

// room is how much more money of the order points may take the place of.
func (o *Order) room(r program.Redeem) ledger.Money {
	worth := o.Total() - o.Standing().Money
	return max(0, min(o.payable(), r.MostOf(o.Total()))-worth)
}
