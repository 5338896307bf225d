package points

import (
	"time"

	"chobo/ledger"
)

// OpenBalance brings over what a member had in another system: one lot, or with no points the mere membership. Debt
// stays behind. A membership alone posts nothing, so that lots of earlier days may still follow; who is a member already
// stays as he is. Suspended members may be brought points, since they had them.
//
// It refuses with MemberClosed, AmountOutOfRange or ValidationFailed. Source: accounting.md, opening.
type OpenBalance struct {
	Points      ledger.Points
	ExpiresAt   time.Time // first instant without the points; zero: they never expire by themselves
	MaturesAt   time.Time // until when they are held back; zero: available at once
	QualifiedAt time.Time // last order or redemption, from which inactivity counts; zero: the opening's own time
	Reference   string    // what the other system calls it
	Actor       string
	At          time.Time
}

// Name is the operation's name.
func (c OpenBalance) Name() string { return "balances.open" }

// Needs nothing but the account.
func (c OpenBalance) Needs() Need { return Need{} }

// When is the time that the caller gives.
func (c OpenBalance) When() time.Time { return c.At }

// Apply brings the points over.
func (c OpenBalance) Apply(a *Account, m Moment) (Reply, error) {
	if a.Status == Closed {
		return Reply{}, a.mayBuy()
	}
	due, expires := m.At, c.ExpiresAt.Truncate(time.Microsecond)
	if c.MaturesAt.After(m.At) {
		due = c.MaturesAt.Truncate(time.Microsecond)
	}
	switch {
	case c.Points == 0 && a.Enrolled():
		return a.pointsReply(PointsPosted{MemberID: a.Name}), nil
	case c.Points != 0:
		if err := inRange("points", c.Points, a.Available+a.Pending+a.Reserved); err != nil {
			return Reply{}, err
		}
	}
	if !expires.IsZero() && !expires.After(due) {
		return Reply{}, RefuseField(ValidationFailed, "expires_at", "must lie behind the time at which the points become available")
	}
	if c.QualifiedAt.After(a.Now) {
		return Reply{}, RefuseField(ValidationFailed, "last_qualifying_at", "lies ahead of the program's clock")
	}
	// After this point nothing may fail.
	t := ledger.Transaction{Kind: ledger.Opening, Subject: c.Reference, Actor: c.Actor}
	answer := PointsPosted{MemberID: a.Name, Points: c.Points}
	switch {
	case c.Points == 0:
		a.Status = Active
	case due.After(m.At):
		answer.LotID = a.nextLot()
		a.expect(Hold{Lot: answer.LotID, Due: due, ExpiresAt: expires})
		a.post(t, debit(ledger.IssuedOpening, 0, c.Points), credit(ledger.MemberPending, answer.LotID, c.Points))
	default:
		answer.LotID = a.grant(t, c.Points, ledger.IssuedOpening, "", due, expires)
	}
	if c.QualifiedAt.After(a.QualifiedAt) {
		a.QualifiedAt = c.QualifiedAt.Truncate(time.Microsecond)
	}
	active := c.QualifiedAt
	if active.IsZero() {
		active = m.At
	}
	a.ActiveAt = later(a.ActiveAt, active.Truncate(time.Microsecond))
	return a.pointsReply(answer), nil
}
