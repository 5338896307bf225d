package points

import (
	"fmt"
	"time"

	"chobo/ledger"
	"chobo/points/program"
)

// An OrderRequest is an order as a checkout posts it. Prices include tax; money is in the program's minor unit.
type OrderRequest struct {
	OrderID       string             `json:"order_id" minLength:"1" maxLength:"128" doc:"Unique within the member."`
	ShopID        string             `json:"shop_id" minLength:"1" maxLength:"128"`
	OrderedAt     time.Time          `json:"ordered_at,omitzero" doc:"Default: now."`
	Lines         []OrderLineRequest `json:"lines" minItems:"1" maxItems:"1000"`
	Shipping      ledger.Money       `json:"shipping,omitempty" minimum:"0"`
	Fees          Fees               `json:"fees,omitempty" doc:"Named amounts beside the goods: cod, settlement, gift_wrap, …"`
	Destination   string             `json:"destination,omitempty" enum:"domestic,overseas" doc:"Default: domestic."`
	Preorder      bool               `json:"preorder,omitempty"`
	PaymentMethod string             `json:"payment_method,omitempty" maxLength:"128"`
	Tenders       Tenders            `json:"tenders"`
	UseAllPoints  bool               `json:"use_all_points,omitempty" doc:"Points that become available soon after go to this order by themselves."`
}

// An OrderLineRequest is one line of an order as a checkout posts it.
type OrderLineRequest struct {
	LineID     string         `json:"line_id" minLength:"1" maxLength:"128"`
	SKU        string         `json:"sku,omitempty" maxLength:"128"`
	Category   string         `json:"category,omitempty" maxLength:"128" doc:"A path, broad to narrow: fashion/shoes."`
	Quantity   int64          `json:"quantity" minimum:"1" maximum:"1000000"`
	UnitPrice  ledger.Money   `json:"unit_price" minimum:"0"`
	Discount   ledger.Money   `json:"discount,omitempty" minimum:"0" doc:"Off the whole line."`
	Attributes map[string]any `json:"attributes,omitempty"`
}

// PlaceOrder redeems the points that pay an order and posts the pending grant that it earns, in one step.
//
// It refuses, in this order, with MemberClosed, MemberSuspended, Conflict, ValidationFailed, AmountOutOfRange,
// TendersDoNotCoverTotal, RedeemRule or InsufficientPoints. Source: SM-P3.1, SM-P3.3, SM-P3.4a, SM-P7.1, SM-P7.2.
type PlaceOrder struct {
	Order OrderRequest
}

// Name is the operation's name.
func (c PlaceOrder) Name() string { return "orders.create" }

// Needs is the order, to see that there is none.
func (c PlaceOrder) Needs() Need {
	return Need{Documents: []Key{{OrderDocument, c.Order.OrderID}}}
}

// When is the time that the order gives.
func (c PlaceOrder) When() time.Time { return c.Order.OrderedAt }

// An OrderPlaced answers PlaceOrder and Capture.
type OrderPlaced struct {
	OrderID      string        `json:"order_id"`
	Status       OrderStatus   `json:"status"`
	Total        ledger.Money  `json:"total"`
	Redeemed     Redeemed      `json:"redeemed"`
	Pending      PendingGrant  `json:"pending"`
	Granted      ledger.Points `json:"granted,omitempty" doc:"Available at once, where the program holds nothing back."`
	Released     ledger.Points `json:"released,omitempty" doc:"Of a captured reservation, what the order did not use."`
	Transactions []Posted      `json:"transactions"`
}

// Redeemed is points spent and what they paid.
type Redeemed struct {
	Points ledger.Points `json:"points"`
	Value  ledger.Money  `json:"value"`
}

// A PendingGrant is points that are held back, and until when; null while the hold has not started.
type PendingGrant struct {
	Points    ledger.Points `json:"points"`
	MaturesAt *time.Time    `json:"matures_at"`
}

// Apply places the order.
func (c PlaceOrder) Apply(a *Account, m Moment) (Reply, error) {
	o, value, err := c.Order.admit(a, m)
	if err != nil {
		return Reply{}, err
	}
	n := o.Tenders.Points
	if a.Available < n {
		return Reply{}, a.tooFew(n)
	}
	takings := stamp(a.pick(n, nil), m.At)
	// After this point nothing may fail.
	a.pay(o, ledger.Redeem, ledger.MemberAvailable, takings, value)
	return a.placed(o, m), nil
}

// tooFew refuses what the available points do not cover.
func (a *Account) tooFew(n ledger.Points) error {
	return RefuseField(InsufficientPoints, "tenders.points", "%d points were asked for, %d are available", n, a.Available)
}

// mayBuy refuses members who may not order, reserve, exchange or be granted points. Source: SM-B12.1.
func (a *Account) mayBuy() error {
	switch a.Status {
	case Closed:
		return Refuse(MemberClosed, "the membership is closed")
	case Suspended:
		return Refuse(MemberSuspended, "the membership is suspended")
	default:
		return nil
	}
}

// admit checks an order against every rule but the balance, and makes it, with its points spread over its parts. It
// also tells what its points are worth.
func (r OrderRequest) admit(a *Account, m Moment) (*Order, ledger.Money, error) {
	if err := a.mayBuy(); err != nil {
		return nil, 0, err
	}
	if Open[Order](a, Key{OrderDocument, r.OrderID}) != nil {
		return nil, 0, RefuseField(Conflict, "order_id", "order %s exists already", r.OrderID)
	}
	o, err := r.build(a, m)
	if err != nil {
		return nil, 0, err
	}
	value, err := a.priced(o, a.Programs.InForce(m.At))
	if err != nil {
		return nil, 0, err
	}
	if n := a.rate(o); n > ledger.MaxAmount-a.Available-a.Pending-a.Reserved {
		return nil, 0, RefuseField(AmountOutOfRange, "lines", "the order would earn %d points, and the member's points are at most %d", n, int64(ledger.MaxAmount))
	}
	return o, value, nil
}

// build checks the request by itself and turns it into an order.
func (r OrderRequest) build(a *Account, m Moment) (*Order, error) {
	o := &Order{
		ID: r.OrderID, Shop: r.ShopID, OrderedAt: m.Fact, Version: a.Programs.InForce(m.Fact).Number, Status: Placed,
		Preorder: r.Preorder, Abroad: r.Destination == "overseas", Payment: r.PaymentMethod, UseAll: r.UseAllPoints, Tenders: r.Tenders,
	}
	if !m.At.Equal(m.Fact) {
		o.PlacedAt = m.At
	}
	if len(r.Lines) == 0 {
		return nil, RefuseField(ValidationFailed, "lines", "an order has at least one line")
	}
	amounts := checker{}
	seen := map[string]bool{}
	o.Lines = make([]OrderLine, 0, len(r.Lines))
	for i, l := range r.Lines {
		amounts.line = i + 1
		if seen[l.LineID] {
			return nil, RefuseField(ValidationFailed, amounts.at("line_id"), "line %s appears twice", l.LineID)
		}
		seen[l.LineID] = true
		if l.Quantity < 1 {
			return nil, RefuseField(ValidationFailed, amounts.at("quantity"), "must be at least 1")
		}
		amounts.amount("unit_price", int64(l.UnitPrice))
		gross := amounts.times("unit_price", int64(l.UnitPrice), l.Quantity)
		amounts.amount("discount", int64(l.Discount))
		if amounts.err == nil && int64(l.Discount) > gross {
			return nil, RefuseField(ValidationFailed, amounts.at("discount"), "is more than the line's %d", gross)
		}
		o.Lines = append(o.Lines, OrderLine{
			ID: l.LineID, SKU: l.SKU, Category: l.Category, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Discount: l.Discount,
			Attributes: l.Attributes, Spread: l.Quantity, Part: Part{Amount: ledger.Money(gross) - l.Discount},
		})
		amounts.add("unit_price", gross-int64(l.Discount))
	}
	amounts.line = 0
	amounts.amount("shipping", int64(r.Shipping))
	amounts.add("shipping", int64(r.Shipping))
	o.Shipping = Part{Amount: r.Shipping}
	for _, f := range r.Fees {
		amounts.amount("fees."+f.Name, int64(f.Amount))
		amounts.add("fees."+f.Name, int64(f.Amount))
		o.Fees = append(o.Fees, Fee{Name: f.Name, Part: Part{Amount: f.Amount}})
	}
	amounts.amount("tenders.points", int64(r.Tenders.Points))
	amounts.amount("tenders.money", int64(r.Tenders.Money))
	return o, amounts.err
}

// priced checks the tenders against the total and the program's conditions of use, and spreads the points. v is the
// version in force now.
func (a *Account) priced(o *Order, v *program.Version) (value ledger.Money, err error) {
	n := o.Tenders.Points
	value, whole := a.exactWorth(n)
	if !whole {
		return 0, RefuseField(RedeemRule, "tenders.points", "%d points at %s are no whole amount of money", n, a.Programs.PointValue())
	}
	total := o.Total()
	if value+o.Tenders.Money != total {
		return 0, RefuseField(TendersDoNotCoverTotal, "tenders", "points worth %d and money %d make %d; lines, shipping and fees make %d",
			value, o.Tenders.Money, value+o.Tenders.Money, total)
	}
	for i := range o.Lines {
		o.Lines[i].Excluded = v.Redeem.Excludes(o.Lines[i].Category)
	}
	if n > 0 {
		if err := v.Redeem.Permits(n, value, total, o.payable()); err != nil {
			return 0, RefuseField(RedeemRule, "tenders.points", "%s", err)
		}
		o.spread(n, value)
	}
	return value, nil
}

// exactWorth is v × n where that is a whole amount of money.
func (a *Account) exactWorth(n ledger.Points) (ledger.Money, bool) {
	return ledger.ExactValue(a.Programs.PointValue(), n)
}

// pay posts the takings as paid to the order's shop.
func (a *Account) pay(o *Order, kind ledger.Kind, from ledger.Account, takings []Taking, value ledger.Money) {
	if len(takings) == 0 {
		return
	}
	drafts := make([]draft, 0, len(takings)+1)
	for _, t := range takings {
		drafts = append(drafts, debit(from, t.Lot, t.Points))
	}
	drafts = append(drafts, credit(ledger.RedeemedOrders, 0, sum(takings)).shop(o.Shop).worth(-value))
	a.post(ledger.Transaction{Kind: kind, Subject: o.ID}, drafts...)
	o.Takings = append(o.Takings, takings...)
}

// placed posts what the order earns, keeps it and answers.
func (a *Account) placed(o *Order, m Moment) Reply {
	if a.Status == 0 {
		a.Status = Active
	}
	a.QualifiedAt, a.ActiveAt = m.At, m.At
	answer := OrderPlaced{OrderID: o.ID, Status: o.Status, Total: o.Total(), Redeemed: Redeemed{Points: o.Tenders.Points, Value: o.Total() - o.Tenders.Money}}
	answer.Pending, answer.Granted = a.grantOrder(o, m)
	a.watchUseAll(o)
	a.KeepOrder(o)
	answer.Transactions = a.Posted()
	return Reply{Status: 201, Body: answer}
}

// KeepOrder stores the order.
func (a *Account) KeepOrder(o *Order) {
	a.Keep(Key{OrderDocument, o.ID}, string(o.Status), o)
}

// checker adds up amounts and keeps the first that is out of range.
type checker struct {
	line int // that is being checked, from 1; 0: none
	sum  int64
	err  error
}

// at is where a field stands in the request.
func (c *checker) at(field string) string {
	if c.line == 0 {
		return field
	}
	return fmt.Sprintf("lines[%d].%s", c.line-1, field)
}

// amount checks one amount: not negative, not beyond 2^53-1.
func (c *checker) amount(field string, n int64) {
	switch {
	case c.err != nil:
	case n < 0:
		c.err = RefuseField(AmountOutOfRange, c.at(field), "%d is negative", n)
	case n > ledger.MaxAmount:
		c.err = RefuseField(AmountOutOfRange, c.at(field), "%d is beyond %d", n, int64(ledger.MaxAmount))
	}
}

// times is n × k, or an error beyond the range.
func (c *checker) times(field string, n, k int64) int64 {
	if c.err == nil && n > 0 && k > ledger.MaxAmount/n {
		c.err = RefuseField(AmountOutOfRange, c.at(field), "%d × %d is beyond %d", n, k, int64(ledger.MaxAmount))
	}
	if c.err != nil {
		return 0
	}
	return n * k
}

// add keeps the sum of what was added within the range.
func (c *checker) add(field string, n int64) {
	c.sum += n
	if c.err == nil && c.sum > ledger.MaxAmount {
		c.err = RefuseField(AmountOutOfRange, c.at(field), "the total is beyond %d", int64(ledger.MaxAmount))
	}
}
