package points

import (
	"slices"
	"time"
)

// An OrderStatus is how far an order has come. Paid is a mark of its own that can be set at any time.
type OrderStatus string

// The states of an order.
const (
	Placed        OrderStatus = "placed"
	Paid          OrderStatus = "paid"
	Preparing     OrderStatus = "preparing"
	Prepared      OrderStatus = "prepared"
	Shipped       OrderStatus = "shipped"
	Delivered     OrderStatus = "delivered"
	Undeliverable OrderStatus = "undeliverable"
	Cancelled     OrderStatus = "cancelled"
)

// course is the way of an order; delivered and undeliverable both end it.
var course = []OrderStatus{Placed, Preparing, Prepared, Shipped, Delivered}

func (s OrderStatus) step() int {
	if s == Undeliverable {
		return len(course) - 1
	}
	return slices.Index(course, s)
}

// SetStatus moves an order on: forward only, steps may be skipped, the same state again changes nothing. Paid, shipped
// and delivered start the holds that wait for them; undeliverable stops all of the order's holds.
//
// It refuses with NotFound, ValidationFailed or Conflict. Source: ruling 21.
type SetStatus struct {
	OrderID string      `json:"-"`
	Status  OrderStatus `json:"status" enum:"paid,preparing,prepared,shipped,delivered,undeliverable"`
	At      time.Time   `json:"at,omitzero" doc:"Default: now."`
}

// A StatusAnswer tells how far the order has come.
type StatusAnswer struct {
	OrderID      string        `json:"order_id"`
	Status       OrderStatus   `json:"status"`
	Paid         bool          `json:"paid"`
	Pending      *PendingGrant `json:"pending,omitempty" doc:"The order's points that are held back, and until when."`
	Transactions []Posted      `json:"transactions"`
}

// Name is the operation's name.
func (c SetStatus) Name() string { return "orders.status" }

// Needs is the order.
func (c SetStatus) Needs() Need { return Need{Documents: []Key{{OrderDocument, c.OrderID}}} }

// When is the time that the caller gives.
func (c SetStatus) When() time.Time { return c.At }

// Apply moves the order on.
func (c SetStatus) Apply(a *Account, m Moment) (Reply, error) {
	o := Open[Order](a, Key{OrderDocument, c.OrderID})
	if o == nil {
		return Reply{}, Refuse(NotFound, "there is no order %s", c.OrderID)
	}
	if c.Status != Paid && c.Status.step() < 1 {
		return Reply{}, RefuseField(ValidationFailed, "status", "%q is no state to move an order to", c.Status)
	}
	if o.Cancelled {
		return Reply{}, Refuse(Conflict, "order %s is cancelled", o.ID)
	}
	_, paid := o.Times[Paid]
	if c.Status != o.Status && !(c.Status == Paid && paid) {
		if c.Status != Paid && c.Status.step() <= o.Status.step() {
			return Reply{}, RefuseField(Conflict, "status", "order %s is %s; it only moves forward", o.ID, o.Status)
		}
		// After this point nothing may fail.
		a.reach(o, c.Status, m.Fact)
		a.advance(m.At, dues) // holds of no days end at once
		paid = paid || c.Status == Paid
	}
	answer := StatusAnswer{OrderID: o.ID, Status: o.Status, Paid: paid, Transactions: a.Posted()}
	if p := a.pendingOf(o); p.Points > 0 {
		answer.Pending = &p
	}
	return Reply{Status: 200, Body: answer}, nil
}

// reach notes the state and those that were skipped, and starts or stops holds.
func (a *Account) reach(o *Order, s OrderStatus, at time.Time) {
	if o.Times == nil {
		o.Times = map[OrderStatus]time.Time{}
	}
	if s == Paid {
		o.Times[Paid] = at
	} else {
		for _, skipped := range course[o.Status.step()+1 : s.step()] {
			o.Times[skipped] = at
		}
		o.Times[s] = at
		o.Status = s
	}
	v := a.Programs.Number(o.Version)
	for i := range o.Lines {
		l := &o.Lines[i]
		if h := a.findHold(l.Earned.Lot); h != nil {
			n := h.Points
			*h = a.newHold(o, l, v.Named(l.Earned.Rule))
			h.Points = n
		}
	}
	o.History = append(o.History, HistoryEntry{At: at, What: string(s)})
	a.KeepOrder(o)
}

// pendingOf is what of the order's points is held back, and the first end of such a hold that has started.
func (a *Account) pendingOf(o *Order) (p PendingGrant) {
	v := a.Programs.Number(o.Version)
	for i := range o.Lines {
		h := a.findHold(o.Lines[i].Earned.Lot)
		if h == nil {
			continue
		}
		p.Points += h.Points
		if h.Due.IsZero() || p.MaturesAt != nil && !h.Due.Before(*p.MaturesAt) {
			continue
		}
		if start := a.holdStart(o, v.Named(o.Lines[i].Earned.Rule)); !start.After(a.instant()) {
			due := h.Due.In(a.Zone())
			p.MaturesAt = &due
		}
	}
	return p
}
