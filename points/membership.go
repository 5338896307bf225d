package points

import (
	"time"

	"chobo/ledger"
)

// ChangeMembership suspends, reinstates or closes a membership. Closing voids reservations and exchanges that were
// not fulfilled, then forfeits all points; receivables stay payable. Source: SM-B9, SM-B12.1, SM-P14; ruling 19.
//
// It refuses with NotFound, MemberClosed or Conflict.
type ChangeMembership struct {
	To     Status
	Reason string
	Actor  string
	At     time.Time
}

// A MembershipAnswer tells how the membership stands.
type MembershipAnswer struct {
	MemberID     string        `json:"member_id"`
	Status       string        `json:"status"`
	Forfeited    ledger.Points `json:"forfeited,omitempty"`
	Points       Balances      `json:"points"`
	Transactions []Posted      `json:"transactions"`
}

// Name is the operation's name.
func (c ChangeMembership) Name() string {
	switch c.To {
	case Suspended:
		return "members.suspend"
	case Closed:
		return "members.close"
	default:
		return "members.reinstate"
	}
}

// Needs nothing but the account; exchanges under way are watched.
func (c ChangeMembership) Needs() Need { return Need{} }

// When is the time that the caller gives.
func (c ChangeMembership) When() time.Time { return c.At }

// Apply changes the membership.
func (c ChangeMembership) Apply(a *Account, _ Moment) (Reply, error) {
	switch {
	case a.Status == 0:
		return Reply{}, Refuse(NotFound, "there is no such member")
	case a.Status == Closed:
		return Reply{}, Refuse(MemberClosed, "the membership is closed")
	case a.Status == c.To:
		return Reply{}, Refuse(Conflict, "the membership is %s", a.Status)
	}
	answer := MembershipAnswer{MemberID: a.Name, Status: c.To.String()}
	t := ledger.Transaction{Actor: c.Actor, Note: c.Reason}
	switch c.To {
	case Suspended:
		t.Kind = ledger.Suspend
	case Active:
		t.Kind = ledger.Reinstate
	case Closed:
		answer.Forfeited = a.forfeit(c)
		t.Kind = ledger.Close
	}
	a.post(t)
	a.Status = c.To
	answer.Points = a.balances()
	answer.Transactions = a.Posted()
	return Reply{Status: 200, Body: answer}, nil
}

func (a *Account) forfeit(c ChangeMembership) ledger.Points {
	takings := func() []Taking { return a.pick(a.Available, nil) }
	takings() // asks for spilled lots before anything is posted
	a.voidReservations()
	for _, w := range a.watched(OrderDocument) {
		a.unwatch(w.Key)
	}
	for _, w := range a.watched(ExchangeDocument) {
		a.arrivals(a.cancelExchange(Open[BenefitExchange](a, w.Key), "membership closed", c.Actor), "")
	}
	n := a.Available + a.Pending
	holds := append([]Hold(nil), a.Holds...)
	a.lose(ledger.Transaction{Kind: ledger.Forfeit, Actor: c.Actor, Note: c.Reason}, takings(), holds, ledger.ForfeitedClosure)
	return n
}
