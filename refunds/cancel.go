package refunds

import (
	"fmt"
	"slices"
	"time"

	"chobo/points"
	"chobo/refunds/policy"
)

// A CancelRequest asks for an order to be cancelled.
type CancelRequest struct {
	Reason      string        `json:"reason,omitempty" maxLength:"128"`
	InitiatedBy string        `json:"initiated_by,omitempty" enum:"member,shop,operator" doc:"Default: member."`
	RequestedAt time.Time     `json:"requested_at,omitzero" doc:"Default: now."`
	AtFault     string        `json:"at_fault,omitempty" enum:",mall,shop,carrier,member"`
	Lines       []ReturnUnits `json:"lines,omitempty" maxItems:"1000" doc:"Only for shop and operator: the pieces to cancel. Default: all that stands."`
	Actor       string        `json:"actor,omitempty" maxLength:"128"`
}

// A CancelAnswer is the decision on a cancellation and, where it was accepted, its effect.
type CancelAnswer struct {
	OrderID  string             `json:"order_id"`
	Status   points.OrderStatus `json:"status"`
	Decision policy.Decision    `json:"decision"`
	Effect
}

// A Cancellation is a request to cancel as it is kept: the latest of its order.
type Cancellation struct {
	Order       string                `json:"order_id"`
	State       string                `json:"state"` // review, accepted or rejected
	Request     CancelRequest         `json:"request"`
	RequestedAt time.Time             `json:"requested_at"`
	Decision    policy.Decision       `json:"decision"`
	History     []points.HistoryEntry `json:"history"`
}

// Cancel decides on a cancellation and carries it out where it is accepted. A member's is of the whole order: accepted
// only if every line is. A shop's or an operator's is always accepted, and may name pieces. Nothing posts on reject or review.
//
// It refuses with NotFound, ValidationFailed or Conflict. Source: PS-1…PS-4, KB-1, CS-1, AS-4, SM-P7.3; ruling 22.
type Cancel struct {
	OrderID  string
	Request  CancelRequest
	Policies policy.Book
}

// Name is the operation's name.
func (c Cancel) Name() string { return "orders.cancel" }

// Needs is the order, what was asked before, and the member's habits.
func (c Cancel) Needs() points.Need {
	return points.Need{Documents: []points.Key{{Kind: points.OrderDocument, ID: c.OrderID}, {Kind: points.CancellationDocument, ID: c.OrderID}, habitsKey}}
}

// When is the time of the request.
func (c Cancel) When() time.Time { return c.Request.RequestedAt }

// Apply decides and carries out.
func (c Cancel) Apply(a *points.Account, m points.Moment) (points.Reply, error) {
	o, err := undoable(a, c.OrderID)
	if err != nil {
		return points.Reply{}, err
	}
	byMember := c.Request.InitiatedBy == "" || c.Request.InitiatedBy == policy.ByMember
	switch by := c.Request.InitiatedBy; {
	case !byMember && by != policy.ByShop && by != policy.ByOperator:
		return points.Reply{}, points.RefuseField(points.ValidationFailed, "initiated_by", "%q is neither member, shop nor operator", by)
	case byMember && len(c.Request.Lines) > 0:
		return points.Reply{}, points.RefuseField(points.ValidationFailed, "lines", "a member cancels the whole order")
	}
	key := points.Key{Kind: points.CancellationDocument, ID: o.ID}
	if old := points.Open[Cancellation](a, key); byMember && old != nil && old.State == stateReview {
		return points.Reply{}, points.Refuse(points.Conflict, "the cancellation of order %s is under review", o.ID)
	}
	units, err := pick(o, c.Request.Lines)
	if err != nil {
		return points.Reply{}, err
	}
	// After this point nothing may fail.
	k := &Cancellation{Order: o.ID, Request: c.Request, RequestedAt: m.Fact, Decision: c.decide(a, o, m)}
	answer := CancelAnswer{OrderID: o.ID, Decision: shown(k.Decision), Effect: nothing()}
	switch k.Decision.Outcome {
	case policy.Accept:
		k.State = stateAccepted
		answer.Effect = carryOut(a, o, units, m, k.Decision)
	case policy.Review:
		k.State = stateReview
	default:
		k.State = stateRejected
	}
	k.History = []points.HistoryEntry{{At: m.At, What: "requested", Actor: c.Request.Actor}, {At: m.At, What: k.State}}
	a.Keep(key, k.State, k)
	answer.Status = o.Status
	return points.Reply{Status: 200, Body: answer}, nil
}

// undoable is the order, if something of it can still come undone.
func undoable(a *points.Account, id string) (*points.Order, error) {
	o := points.Open[points.Order](a, points.Key{Kind: points.OrderDocument, ID: id})
	if o == nil {
		return nil, points.Refuse(points.NotFound, "there is no order %s", id)
	}
	if o.Cancelled {
		return nil, points.Refuse(points.Conflict, "order %s is cancelled", id)
	}
	pieces := int64(0)
	for i := range o.Lines {
		if o.Lines[i].Opened > 0 {
			return nil, points.Refuse(points.Conflict, "a return of order %s is open", id)
		}
		pieces += o.Lines[i].Standing()
	}
	if pieces == 0 && o.Standing() == (points.Tenders{}) {
		return nil, points.Refuse(points.Conflict, "order %s was returned and paid back whole", id)
	}
	return o, nil
}

// decide joins the decisions on the lines that still stand; on all, where only fees are left.
func (c Cancel) decide(a *points.Account, o *points.Order, m points.Moment) policy.Decision {
	standing := slices.ContainsFunc(o.Lines, func(l points.OrderLine) bool { return l.Standing() > 0 })
	var decisions []policy.Decision
	for i := range o.Lines {
		if standing && o.Lines[i].Standing() == 0 {
			continue
		}
		f := lineFacts(a, o, i, m.Fact)
		f.Action, f.InitiatedBy, f.Reason, f.AtFault = policy.Cancel, c.Request.InitiatedBy, c.Request.Reason, c.Request.AtFault
		decisions = append(decisions, decide(a, c.Policies, o, f))
	}
	return policy.WholeOrder(decisions)
}

// carryOut cancels the pieces, or with none all that stands.
func carryOut(a *points.Account, o *points.Order, units []points.UndoneLine, m points.Moment, d policy.Decision) Effect {
	if len(units) > 0 && !everything(o, units) {
		return cancelPieces(a, o, units, m, d)
	}
	u := a.Undo(o, points.Undoing{Cause: "cancel", All: true})
	o.Cancelled, o.Status = true, points.Cancelled
	o.History = append(o.History, points.HistoryEntry{At: m.At, What: "cancelled"})
	a.KeepOrder(o)
	return effect(a, u)
}

// cancelPieces posts a partial cancellation as a settled return of the pieces. Source: ruling 22.
func cancelPieces(a *points.Account, o *points.Order, units []points.UndoneLine, m points.Moment, d policy.Decision) Effect {
	everyPart := map[string]bool{"price": true, "shipping": true}
	for _, f := range o.Fees {
		everyPart[f.Name] = true
	}
	r := &Return{ID: fmt.Sprintf("cancel-%d", len(o.Returns)+1), Order: o.ID, State: stateSettled, RequestedAt: m.Fact,
		History: []points.HistoryEntry{{At: m.At, What: stateSettled}}}
	for points.Open[Return](a, returnKey(o.ID, r.ID)) != nil { // a caller chose that id for a return
		r.ID += "+"
	}
	for i := range units {
		units[i].Refunds = everyPart
		id := o.Lines[units[i].Line].ID
		r.Request.Lines = append(r.Request.Lines, ReturnUnits{LineID: id, Quantity: units[i].Units})
		r.Lines = append(r.Lines, ReturnLine{LineID: id, Line: units[i].Line, Units: units[i].Units, State: stateSettled, Decision: d})
	}
	done := effect(a, a.Undo(o, points.Undoing{Cause: "cancel", Part: r.ID, Lines: units}))
	r.Request.ReturnID, r.Effect, r.Quote = r.ID, &done, done.quote()
	a.Keep(returnKey(o.ID, r.ID), r.State, r)
	o.Returns = append(o.Returns, r.ID)
	o.History = append(o.History, points.HistoryEntry{At: m.At, What: "partly cancelled", Note: r.ID})
	a.KeepOrder(o)
	return done
}

func everything(o *points.Order, units []points.UndoneLine) bool {
	left := map[int]int64{}
	for i := range o.Lines {
		left[i] = o.Lines[i].Standing()
	}
	for _, u := range units {
		left[u.Line] -= u.Units
	}
	for _, n := range left {
		if n > 0 {
			return false
		}
	}
	return true
}

// ReturnUnits is pieces of one line.
type ReturnUnits struct {
	LineID   string `json:"line_id" minLength:"1" maxLength:"128"`
	Quantity int64  `json:"quantity" minimum:"1" maximum:"1000000"`
}

// pick finds the lines and checks that so many pieces are there to come undone.
func pick(o *points.Order, units []ReturnUnits) ([]points.UndoneLine, error) {
	var out []points.UndoneLine
	seen := map[string]bool{}
	for i, u := range units {
		at := fmt.Sprintf("lines[%d].", i)
		k := o.Line(u.LineID)
		switch {
		case k < 0:
			return nil, points.RefuseField(points.ValidationFailed, at+"line_id", "order %s has no line %s", o.ID, u.LineID)
		case seen[u.LineID]:
			return nil, points.RefuseField(points.ValidationFailed, at+"line_id", "line %s appears twice", u.LineID)
		case u.Quantity < 1:
			return nil, points.RefuseField(points.ValidationFailed, at+"quantity", "must be at least 1")
		case u.Quantity > o.Lines[k].Returnable():
			return nil, points.RefuseField(points.Conflict, at+"quantity", "%d pieces of line %s can still be returned, not %d", o.Lines[k].Returnable(), u.LineID, u.Quantity)
		}
		seen[u.LineID] = true
		out = append(out, points.UndoneLine{Line: k, Units: u.Quantity})
	}
	return out, nil
}
