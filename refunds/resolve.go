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
	k := points.Open[Cancellation](a, key)
	if k == nil {
		return points.Reply{}, points.Refuse(points.NotFound, "nobody asked for order %s to be cancelled", c.OrderID)
	}
	if k.State != stateReview {
		return points.Reply{}, points.Refuse(points.Conflict, "the cancellation of order %s is %s", c.OrderID, k.State)
	}
	answer := CancelAnswer{OrderID: c.OrderID, Effect: nothing()}
	o, err := undoable(a, c.OrderID)
	if err != nil && c.Resolution.Outcome == policy.Accept {
		return points.Reply{}, err
	}
	// After this point nothing may fail.
	if c.Resolution.Outcome == policy.Accept {
		k.State, k.Decision = stateAccepted, k.Decision.Accepted()
		k.Decision.Outcome = policy.Accept
		answer.Effect = carryOut(a, o, nil, m.At)
	} else {
		k.State, k.Decision.Outcome = stateRejected, policy.Reject
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
		next := l.Decision
		if c.Resolution.Outcome == policy.Accept {
			next = next.Accepted()
			next.Outcome = policy.Accept
			l.Resolved = true
		} else {
			next.Outcome, next.Remedy = policy.Reject, policy.NoRemedy
		}
		l.judge(next, m.At)
		l.close(o)
	}
	r.History = append(r.History, c.Resolution.entry(m.At, "resolved: "+string(c.Resolution.Outcome)))
	answer := r.proceed(a, o, m)
	return points.Reply{Status: 200, Body: answer}, nil
}
