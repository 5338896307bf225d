package refunds

import (
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/refunds/policy"
)

// A ReturnAnswer is a return as the API shows it: the latest decisions, what they would do or did, and how it came there.
type ReturnAnswer struct {
	ReturnID    string                  `json:"return_id"`
	OrderID     string                  `json:"order_id"`
	State       string                  `json:"state"`
	Reason      string                  `json:"reason"`
	RequestedAt time.Time               `json:"requested_at"`
	Decision    policy.Decision         `json:"decision" doc:"Of the first line."`
	Decisions   []LineDecision          `json:"decisions"`
	Quote       Quote                   `json:"quote" doc:"What settling it would do, while goods are awaited."`
	Charges     map[string]ledger.Money `json:"charges,omitempty" doc:"What the customer pays, for the shop to collect."`
	Effect
	History []points.HistoryEntry `json:"history"`
}

// A LineDecision is the decision on one line.
type LineDecision struct {
	LineID   string `json:"line_id"`
	Quantity int64  `json:"quantity"`
	State    string `json:"state"`
	policy.Decision
	Earlier []Judgement `json:"earlier,omitempty"`
}

// Answer is the return as the API shows it.
func (r *Return) Answer(a *points.Account) ReturnAnswer {
	out := ReturnAnswer{ReturnID: r.ID, OrderID: r.Order, State: r.State, Reason: r.Request.Reason, RequestedAt: r.RequestedAt.In(a.Zone()),
		Quote: r.Quote, Charges: r.Charges, Effect: nothing(), History: []points.HistoryEntry{}}
	if r.Effect != nil {
		out.Effect = *r.Effect
	}
	if r.State == stateApproved {
		out.Quote = r.quote(a) // prices may have changed meanwhile
	}
	for _, l := range r.Lines {
		d := LineDecision{LineID: l.LineID, Quantity: l.Units, State: l.State, Decision: shown(l.Decision)}
		for _, j := range l.Earlier {
			d.Earlier = append(d.Earlier, Judgement{At: j.At.In(a.Zone()), Decision: shown(j.Decision)})
		}
		out.Decisions = append(out.Decisions, d)
	}
	out.Decision = out.Decisions[0].Decision
	for _, h := range r.History {
		h.At = h.At.In(a.Zone())
		out.History = append(out.History, h)
	}
	return out
}

// ReturnView is the return of that order as the API shows it; nil when there is none.
func ReturnView(a *points.Account, order, id string) *ReturnAnswer {
	r := points.Open[Return](a, returnKey(order, id))
	if r == nil {
		return nil
	}
	out := r.Answer(a)
	return &out
}

// An OrderView is an order with its returns and the latest word on its cancellation.
type OrderView struct {
	*points.OrderView
	Returns      []ReturnSummary   `json:"returns"`
	Cancellation *CancellationView `json:"cancellation,omitempty"`
}

// A ReturnSummary is how far a return has come.
type ReturnSummary struct {
	ReturnID string           `json:"return_id"`
	State    string           `json:"state"`
	Reason   string           `json:"reason"`
	Lines    []ReturnUnits    `json:"lines"`
	Outcomes []policy.Outcome `json:"outcomes" doc:"Line by line."`
}

// A CancellationView is the latest request to cancel an order.
type CancellationView struct {
	State       string                `json:"state"`
	RequestedAt time.Time             `json:"requested_at"`
	Decision    policy.Decision       `json:"decision"`
	History     []points.HistoryEntry `json:"history"`
}

// ViewOrder is the order of that id as the API shows it; nil when there is none.
func ViewOrder(a *points.Account, id string) *OrderView {
	o := a.OrderView(id)
	if o == nil {
		return nil
	}
	view := &OrderView{OrderView: o, Returns: []ReturnSummary{}}
	for _, ret := range o.Returns {
		r := points.Open[Return](a, returnKey(id, ret))
		s := ReturnSummary{ReturnID: r.ID, State: r.State, Reason: r.Request.Reason, Lines: r.Request.Lines}
		for _, l := range r.Lines {
			s.Outcomes = append(s.Outcomes, l.Decision.Outcome)
		}
		view.Returns = append(view.Returns, s)
	}
	if k := points.Open[Cancellation](a, points.Key{Kind: points.CancellationDocument, ID: id}); k != nil {
		view.Cancellation = &CancellationView{State: k.State, RequestedAt: k.RequestedAt.In(a.Zone()), Decision: shown(k.Decision), History: k.History}
	}
	return view
}
