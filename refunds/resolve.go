package refunds

import (
	"time"

	"chobo/points"
	"chobo/refunds/policy"
)

// A Resolution is a person's word on a review.
type Resolution struct {
	Outcome policy.Outcome `json:"outcome" enum:"accept,reject"`
	Actor   string         `json:"actor" minLength:"1" maxLength:"128"`
	Note    string         `json:"note,omitempty" maxLength:"1000"`
}

// of is the decision that stands once the person has spoken.
func (r Resolution) of(d policy.Decision) policy.Decision {
	if r.Outcome == policy.Accept {
		d = d.Accepted()
		d.Outcome, d.Explanation = policy.Accept, "A person looked at this case and accepted it."
	} else {
		d.Outcome, d.Remedy, d.IfAccepted, d.Explanation = policy.Reject, policy.NoRemedy, nil, "A person looked at this case and refused it."
	}
	d.ReferTo = ""
	return d
}

// entry is the resolution as the history keeps it.
func (r Resolution) entry(at time.Time, what string) points.HistoryEntry {
	return points.HistoryEntry{At: at, What: what, Actor: r.Actor, Note: r.Note}
}

// ResolveCancel ends the review of a cancellation; an acceptance is carried out at once.
//
// It refuses with NotFound or Conflict.
type ResolveCancel struct {
	OrderID    string
	Resolution Resolution
}

// Name is the operation's name.
func (c ResolveCancel) Name() string { return "orders.cancel.resolve" }

// Needs is the order and its cancellation.
func (c ResolveCancel) Needs() points.Need {
	return points.Need{Documents: []points.Key{{Kind: points.OrderDocument, ID: c.OrderID}, {Kind: points.CancellationDocument, ID: c.OrderID}}}
}

// When is now.
func (c ResolveCancel) When() time.Time { return time.Time{} }

// Apply ends the review.
func (c ResolveCancel) Apply(a *points.Account, m points.Moment) (points.Reply, error) {
	key := points.Key{Kind: points.CancellationDocument, ID: c.OrderID}
	if points.Open[points.Order](a, points.Key{Kind: points.OrderDocument, ID: c.OrderID}) == nil {
		return points.Reply{}, points.Refuse(points.NotFound, "there is no order %s", c.OrderID)
	}
	k := points.Open[Cancellation](a, key)
	if k == nil || k.State != stateReview {
		return points.Reply{}, points.Refuse(points.Conflict, "no cancellation of order %s is under review", c.OrderID)
	}
	answer := CancelAnswer{OrderID: c.OrderID, Effect: nothing()}
	o, err := undoable(a, c.OrderID)
	if err != nil && c.Resolution.Outcome == policy.Accept {
		return points.Reply{}, err
	}
	// After this point nothing may fail.
	if c.Resolution.Outcome == policy.Accept {
		k.State, k.Decision = stateAccepted, c.Resolution.of(k.Decision)
		answer.Effect = carryOut(a, o, nil, m, k.Decision)
	} else {
		k.State, k.Decision = stateRejected, c.Resolution.of(k.Decision)
	}
	k.History = append(k.History, c.Resolution.entry(m.At, k.State))
	a.Keep(key, k.State, k)
	answer.Decision = shown(k.Decision)
	answer.Status = points.Open[points.Order](a, points.Key{Kind: points.OrderDocument, ID: c.OrderID}).Status
	return points.Reply{Status: 200, Body: answer}, nil
}

// ResolveReturn ends the review of a return's lines. Accepted lines go on to what their decision requires.
//
// It refuses with NotFound or Conflict.
type ResolveReturn struct {
	OrderID    string
	ReturnID   string
	Resolution Resolution
}

// Name is the operation's name.
func (c ResolveReturn) Name() string { return "returns.resolve" }

// Needs is the order and the return.
func (c ResolveReturn) Needs() points.Need { return returnNeeds(c.OrderID, c.ReturnID) }

// When is now.
func (c ResolveReturn) When() time.Time { return time.Time{} }

// Apply ends the review.
func (c ResolveReturn) Apply(a *points.Account, m points.Moment) (points.Reply, error) {
	o, r, err := openReturn(a, c.OrderID, c.ReturnID)
	if err != nil {
		return points.Reply{}, err
	}
	if r.State != stateReview {
		return points.Reply{}, points.Refuse(points.Conflict, "return %s is %s", r.ID, r.State)
	}
	// After this point nothing may fail.
	for i := range r.Lines {
		l := &r.Lines[i]
		if l.State != stateReview {
			continue
		}
		next := c.Resolution.of(l.Decision)
		l.Resolved = next.Outcome == policy.Accept
		l.judge(next, m.At)
		l.close(o)
	}
	r.History = append(r.History, c.Resolution.entry(m.At, "resolved: "+string(c.Resolution.Outcome)))
	answer := r.proceed(a, o, m)
	return points.Reply{Status: 200, Body: answer}, nil
}
