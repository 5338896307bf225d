package refunds

import (
	"maps"
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/refunds/policy"
)

// A Receipt tells that returned goods have arrived, and what a look at them showed.
type Receipt struct {
	Inspection         string                  `json:"inspection" enum:"confirmed,no_fault_found,customer_fault,photo_mismatch,not_required"`
	At                 time.Time               `json:"at,omitzero" doc:"Default: now."`
	ReplacementInStock *bool                   `json:"replacement_in_stock,omitempty"`
	Condition          map[string]bool         `json:"condition,omitempty" doc:"As inspected; wins over what was told."`
	Costs              map[string]ledger.Money `json:"costs,omitempty" doc:"return_shipping and handling: what the return cost, for the shop to collect where the customer pays it."`
	Actor              string                  `json:"actor,omitempty" maxLength:"128"`
}

// Receive takes note of returned goods, decides again with what the inspection showed, and settles or denies. Periods
// still count to the request.
//
// It refuses with NotFound, Conflict, ValidationFailed or AmountOutOfRange. Source: CS-2, CS-4, CS-5, PS-8.
type Receive struct {
	OrderID  string
	ReturnID string
	Receipt  Receipt
	Policies policy.Book
}

// Name is the operation's name.
func (c Receive) Name() string { return "returns.receive" }

// Needs is the order and the return.
func (c Receive) Needs() points.Need { return returnNeeds(c.OrderID, c.ReturnID) }

// When is when the goods arrived.
func (c Receive) When() time.Time { return c.Receipt.At }

// Apply decides again and settles or denies.
func (c Receive) Apply(a *points.Account, m points.Moment) (points.Reply, error) {
	o, r, err := openReturn(a, c.OrderID, c.ReturnID)
	if err != nil {
		return points.Reply{}, err
	}
	if r.State != stateApproved {
		return points.Reply{}, points.Refuse(points.Conflict, "return %s is %s", r.ID, r.State)
	}
	if err := c.Receipt.fits(r); err != nil {
		return points.Reply{}, err
	}
	// After this point nothing may fail.
	r.Receipt = &c.Receipt
	r.History = append(r.History, points.HistoryEntry{At: m.At, What: "received", Actor: c.Receipt.Actor, Note: c.Receipt.Inspection})
	for i := range r.Lines {
		l := &r.Lines[i]
		if l.State != stateApproved {
			continue
		}
		next := decide(a, c.Policies, o, c.Receipt.add(l.Facts))
		switch {
		case next.Outcome == policy.Review && l.Resolved:
			next = l.Decision // a person accepted it already
		case next.Outcome == policy.Reject:
			next.Denied = true // the goods had come back, whatever clause refuses them now
		}
		l.judge(next, m.At)
		l.close(o)
	}
	if r.joined() == stateApproved {
		r.settle(a, o, m)
	}
	r.charge()
	r.State = r.joined()
	r.History = append(r.History, points.HistoryEntry{At: m.At, What: r.State})
	a.Keep(returnKey(r.Order, r.ID), r.State, r)
	a.KeepOrder(o)
	return points.Reply{Status: 200, Body: r.Answer(a)}, nil
}

// fits checks the receipt against what the decision waits for.
func (c Receipt) fits(r *Return) error {
	inspects := false
	for _, l := range r.Lines {
		inspects = inspects || l.State == stateApproved && l.Decision.AwaitsInspection()
	}
	switch {
	case inspects && c.Inspection == "not_required":
		return points.RefuseField(points.ValidationFailed, "inspection", "this return has to be inspected")
	case !inspects && c.Inspection != "not_required" && c.Inspection != "confirmed":
		return points.RefuseField(points.ValidationFailed, "inspection", "only the goods are awaited: confirmed or not_required")
	}
	for name, n := range c.Costs {
		if name != "return_shipping" && name != "handling" {
			return points.RefuseField(points.ValidationFailed, "costs."+name, "only return_shipping and handling are known")
		}
		if n < 0 || n > ledger.MaxAmount {
			return points.RefuseField(points.AmountOutOfRange, "costs."+name, "must be 0 to %d", int64(ledger.MaxAmount))
		}
	}
	return nil
}

// add gives the facts of the request what the inspection showed.
func (c Receipt) add(f policy.Facts) policy.Facts {
	f.Inspection = c.Inspection
	if c.ReplacementInStock != nil {
		f.ReplacementInStock = c.ReplacementInStock
	}
	if len(c.Condition) > 0 {
		merged := maps.Clone(f.Condition)
		if merged == nil {
			merged = map[string]bool{}
		}
		maps.Copy(merged, c.Condition)
		f.Condition = merged
	}
	return f
}

// charge keeps what the customer pays of the costs, once the goods have come, for the shop to collect: neither entries
// nor receivables. Source: CS-2, SM-R23.2b, ruling 24.
func (r *Return) charge() {
	if r.Receipt == nil {
		return
	}
	for i := range r.Lines {
		for _, name := range r.Lines[i].charges() {
			if n, told := r.Receipt.Costs[name]; told {
				if r.Charges == nil {
					r.Charges = map[string]ledger.Money{}
				}
				r.Charges[name] = n
			}
		}
	}
}

// charges names what the customer pays of a line: what a refusal says, or sending accepted goods back where that is his.
func (l *ReturnLine) charges() []string {
	if l.State == stateSettled && l.Decision.ReturnShipping == "member" {
		return []string{"return_shipping"}
	}
	return l.Decision.Charges
}
