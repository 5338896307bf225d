package points

import (
	"time"

	"chobo/ledger"
)

// A Reservation is points set aside for a checkout under way.
type Reservation struct {
	ID        string         `json:"id"`
	Points    ledger.Points  `json:"n"`
	ExpiresAt time.Time      `json:"exp"`
	Takings   []Taking       `json:"took"`
	State     string         `json:"state"` // reserved, captured, voided or released
	Captured  ledger.Points  `json:"captured,omitempty"`
	Order     string         `json:"order,omitempty"`
	History   []HistoryEntry `json:"history"`
}

// The states of a reservation.
const (
	stateReserved = "reserved"
	stateCaptured = "captured"
	stateVoided   = "voided"
	stateReleased = "released" // its time ran out
)

// How long a reservation may last.
const (
	DefaultReservation = 30 * time.Minute
	LongestReservation = 30 * 24 * time.Hour
)

// MakeReservation sets points aside until a time. A reserved point cannot be spent, expired or forfeited elsewhere.
//
// It refuses with MemberClosed, MemberSuspended, Conflict, ValidationFailed or InsufficientPoints.
type MakeReservation struct {
	ReservationID string        `json:"reservation_id" minLength:"1" maxLength:"128"`
	Points        ledger.Points `json:"points" minimum:"1" maximum:"9007199254740991"`
	ExpiresAt     time.Time     `json:"expires_at,omitzero" doc:"At most 30 days ahead. Default: in 30 minutes."`
}

// A ReservationAnswer tells how a reservation stands.
type ReservationAnswer struct {
	ReservationID string        `json:"reservation_id"`
	State         string        `json:"state"`
	Points        ledger.Points `json:"points"`
	Captured      ledger.Points `json:"captured,omitempty"`
	OrderID       string        `json:"order_id,omitempty"`
	ExpiresAt     time.Time     `json:"expires_at"`
	Transactions  []Posted      `json:"transactions,omitempty"`
}

// Name is the operation's name.
func (c MakeReservation) Name() string { return "reservations.create" }

// Needs is the reservation, to see that there is none.
func (c MakeReservation) Needs() Need {
	return Need{Documents: []Key{{ReservationDocument, c.ReservationID}}}
}

// When is now.
func (c MakeReservation) When() time.Time { return time.Time{} }

// Apply sets the points aside.
func (c MakeReservation) Apply(a *Account, m Moment) (Reply, error) {
	if err := a.mayBuy(); err != nil {
		return Reply{}, err
	}
	key := Key{ReservationDocument, c.ReservationID}
	if Open[Reservation](a, key) != nil {
		return Reply{}, RefuseField(Conflict, "reservation_id", "reservation %s exists already", c.ReservationID)
	}
	if c.Points < 1 {
		return Reply{}, RefuseField(ValidationFailed, "points", "must be at least 1")
	}
	until := c.ExpiresAt.Truncate(time.Microsecond)
	if until.IsZero() {
		until = m.At.Add(DefaultReservation)
	}
	if !until.After(m.At) || until.After(m.At.Add(LongestReservation)) {
		return Reply{}, RefuseField(ValidationFailed, "expires_at", "must lie ahead, at most 30 days")
	}
	if a.Available < c.Points {
		return Reply{}, RefuseField(InsufficientPoints, "points", "%d points were asked for, %d are available", c.Points, a.Available)
	}
	takings := stamp(a.pick(c.Points, nil), m.At)
	// After this point nothing may fail.
	drafts := make([]draft, 0, 2*len(takings))
	for _, t := range takings {
		drafts = append(drafts, debit(ledger.MemberAvailable, t.Lot, t.Points), credit(ledger.MemberReserved, t.Lot, t.Points).expires(t.ExpiresAt))
	}
	a.post(ledger.Transaction{Kind: ledger.Reserve, Subject: c.ReservationID}, drafts...)
	r := &Reservation{ID: c.ReservationID, Points: c.Points, ExpiresAt: until, Takings: takings, State: stateReserved,
		History: []HistoryEntry{{At: m.At, What: stateReserved}}}
	a.watch(key, until)
	a.Keep(key, r.State, r)
	return Reply{Status: 201, Body: a.reservationView(r, a.Posted())}, nil
}

func (a *Account) reservationView(r *Reservation, posted []Posted) ReservationAnswer {
	return ReservationAnswer{ReservationID: r.ID, State: r.State, Points: r.Points, Captured: r.Captured, OrderID: r.Order,
		ExpiresAt: r.ExpiresAt.In(a.Zone()), Transactions: posted}
}

// ReservationView is the reservation as the API shows it; nil when there is none.
func (a *Account) ReservationView(id string) *ReservationAnswer {
	r := Open[Reservation](a, Key{ReservationDocument, id})
	if r == nil {
		return nil
	}
	view := a.reservationView(r, nil)
	return &view
}

// CaptureReservation places an order with reserved points. What the order does not use is released.
//
// It refuses with NotFound or Conflict where the reservation is not open, then as PlaceOrder does.
type CaptureReservation struct {
	ReservationID string
	Order         OrderRequest
}

// Name is the operation's name.
func (c CaptureReservation) Name() string { return "reservations.capture" }

// Needs is the reservation, and the order, to see that there is none.
func (c CaptureReservation) Needs() Need {
	return Need{Documents: []Key{{ReservationDocument, c.ReservationID}, {OrderDocument, c.Order.OrderID}}}
}

// When is the time that the order gives.
func (c CaptureReservation) When() time.Time { return c.Order.OrderedAt }

// Apply places the order.
func (c CaptureReservation) Apply(a *Account, m Moment) (Reply, error) {
	r, err := a.openReservation(c.ReservationID)
	if err != nil {
		return Reply{}, err
	}
	o, value, err := c.Order.admit(a, m)
	if err != nil {
		return Reply{}, err
	}
	n := o.Tenders.Points
	if n > r.Points {
		return Reply{}, RefuseField(InsufficientPoints, "order.tenders.points", "%d points were asked for, %d are reserved", n, r.Points)
	}
	// After this point nothing may fail.
	var used, rest []Taking
	for _, t := range r.Takings {
		k := min(n, t.Points)
		n -= k
		if k > 0 {
			u := t
			u.Points = k
			used = append(used, u)
		}
		if k < t.Points {
			t.Points -= k
			rest = append(rest, t)
		}
	}
	a.pay(o, ledger.Capture, ledger.MemberReserved, used, value)
	a.release(r, rest)
	a.endReservation(r, stateCaptured, m.At)
	r.Captured, r.Order = sum(used), o.ID
	reply := a.placed(o, m)
	answer := reply.Body.(OrderPlaced)
	answer.Released = sum(rest)
	reply.Body = answer
	return reply, nil
}

// VoidReservation gives reserved points back. It refuses with NotFound or Conflict.
type VoidReservation struct {
	ReservationID string
}

// Name is the operation's name.
func (c VoidReservation) Name() string { return "reservations.void" }

// Needs is the reservation.
func (c VoidReservation) Needs() Need {
	return Need{Documents: []Key{{ReservationDocument, c.ReservationID}}}
}

// When is now.
func (c VoidReservation) When() time.Time { return time.Time{} }

// Apply gives the points back.
func (c VoidReservation) Apply(a *Account, m Moment) (Reply, error) {
	r, err := a.openReservation(c.ReservationID)
	if err != nil {
		return Reply{}, err
	}
	// After this point nothing may fail.
	a.release(r, r.Takings)
	a.endReservation(r, stateVoided, m.At)
	return Reply{Status: 200, Body: a.reservationView(r, a.Posted())}, nil
}

func (a *Account) openReservation(id string) (*Reservation, error) {
	r := Open[Reservation](a, Key{ReservationDocument, id})
	if r == nil {
		return nil, Refuse(NotFound, "there is no reservation %s", id)
	}
	if r.State != stateReserved {
		return nil, Refuse(Conflict, "reservation %s is %s", id, r.State)
	}
	return r, nil
}

// release gives reserved points back to their lots; points of a lot that expired or lapsed meanwhile expire at once.
func (a *Account) release(r *Reservation, takings []Taking) {
	var drafts []draft
	for _, t := range takings {
		drafts = append(drafts, debit(ledger.MemberReserved, t.Lot, t.Points))
		switch {
		case !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(a.instant()):
			drafts = append(drafts, credit(ledger.ExpiredLots, t.Lot, t.Points))
		case t.At.Before(a.LapsedAt):
			drafts = append(drafts, credit(ledger.ExpiredInactivity, t.Lot, t.Points))
		default:
			drafts = append(drafts, credit(ledger.MemberAvailable, t.Lot, t.Points).expires(t.ExpiresAt))
		}
	}
	if len(drafts) > 0 {
		a.post(ledger.Transaction{Kind: ledger.Release, Subject: r.ID}, drafts...)
	}
}

func (a *Account) endReservation(r *Reservation, state string, at time.Time) {
	key := Key{ReservationDocument, r.ID}
	r.State = state
	r.History = append(r.History, HistoryEntry{At: at, What: state})
	a.unwatch(key)
	a.Keep(key, state, r)
}

// releaseDue ends the reservations whose time runs out at the instant.
func (a *Account) releaseDue(at time.Time) (done Count) {
	for _, w := range a.watched(ReservationDocument) {
		if !w.Until.Equal(at) {
			continue
		}
		r := Open[Reservation](a, w.Key)
		a.release(r, r.Takings)
		a.endReservation(r, stateReleased, a.instant())
		done.add(Count{1, r.Points})
	}
	return done
}
