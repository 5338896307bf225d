package points

import (
	"time"

	"chobo/ledger"
	"chobo/points/program"
)

// GrantPoints grants points that no order earned. Source: SM-P3.1.
//
// It refuses with MemberClosed, MemberSuspended, ValidationFailed or AmountOutOfRange.
type GrantPoints struct {
	Points    ledger.Points `json:"points" minimum:"1" maximum:"9007199254740991"`
	Reason    string        `json:"reason,omitempty" maxLength:"1000"`
	HoldDays  int           `json:"hold_days,omitempty" minimum:"0" maximum:"3650" doc:"Default: available at once."`
	ExpiresAt time.Time     `json:"expires_at,omitzero" doc:"First instant without the points. Default: as the program says."`
	FundedBy  string        `json:"funded_by,omitempty" enum:"mall,shop" doc:"Default: mall."`
	ShopID    string        `json:"shop_id,omitempty" maxLength:"128" doc:"Who funds it, where a shop does."`
	Actor     string        `json:"actor,omitempty" maxLength:"128"`
	At        time.Time     `json:"occurred_at,omitzero"`
}

// A PointsPosted answers grants, adjustments and revocations.
type PointsPosted struct {
	MemberID     string        `json:"member_id"`
	Points       ledger.Points `json:"points" doc:"Moved by this call, with its sign."`
	LotID        ledger.LotID  `json:"lot_id,omitempty"`
	Pending      *PendingGrant `json:"pending,omitempty"`
	ExpiresAt    *time.Time    `json:"expires_at,omitempty"`
	Balances     Balances      `json:"balances"`
	Transactions []Posted      `json:"transactions"`
}

// Balances are a member's points.
type Balances struct {
	Available ledger.Points `json:"available"`
	Pending   ledger.Points `json:"pending"`
	Reserved  ledger.Points `json:"reserved"`
}

func (a *Account) balances() Balances {
	return Balances{Available: a.Available, Pending: a.Pending, Reserved: a.Reserved}
}

// Name is the operation's name.
func (c GrantPoints) Name() string { return "grants.create" }

// Needs nothing but the account.
func (c GrantPoints) Needs() Need { return Need{} }

// When is the time that the caller gives.
func (c GrantPoints) When() time.Time { return c.At }

// Apply grants the points.
func (c GrantPoints) Apply(a *Account, m Moment) (Reply, error) {
	if err := a.mayBuy(); err != nil {
		return Reply{}, err
	}
	if err := inRange("points", c.Points, a.Available+a.Pending+a.Reserved); err != nil {
		return Reply{}, err
	}
	by, shop := ledger.IssuedCampaign, ""
	if c.FundedBy == string(program.Shop) {
		by, shop = ledger.FundedShop, c.ShopID
	}
	v := a.Programs.InForce(m.Fact)
	due := m.At
	if c.HoldDays > 0 {
		due = later(m.At, program.Hold{Days: int64(c.HoldDays)}.End(m.Fact, a.Zone()))
	}
	expires := c.ExpiresAt.Truncate(time.Microsecond)
	if expires.IsZero() {
		expires = v.Expiry.ExpiresAt(due, a.Zone())
	} else if !expires.After(due) {
		return Reply{}, RefuseField(ValidationFailed, "expires_at", "must lie behind the time at which the points become available")
	}
	// After this point nothing may fail.
	answer := PointsPosted{MemberID: a.Name, Points: c.Points}
	answer.LotID = a.grant(ledger.Transaction{Actor: c.Actor, Note: c.Reason}, c.Points, by, shop, due, expires)
	a.ActiveAt = m.At
	if h := a.findHold(answer.LotID); h != nil {
		at := h.Due.In(a.Zone())
		answer.Pending = &PendingGrant{Points: h.Points, MaturesAt: &at}
	}
	if !expires.IsZero() {
		at := expires.In(a.Zone())
		answer.ExpiresAt = &at
	}
	return a.pointsReply(answer), nil
}

// grant posts a grant by hand: pending until due, or available at once.
func (a *Account) grant(t ledger.Transaction, n ledger.Points, by ledger.Account, shop string, due, expires time.Time) ledger.LotID {
	lot := a.nextLot()
	if due.After(a.instant()) {
		t.Kind = ledger.GrantPending
		a.expect(Hold{Lot: lot, Due: due, ExpiresAt: expires})
		a.post(t, debit(by, 0, n).shop(shop), credit(ledger.MemberPending, lot, n))
		return lot
	}
	if t.Kind == 0 {
		t.Kind = ledger.Grant
	}
	a.admit(Lot{ID: lot, ExpiresAt: expires, GrantedAt: a.instant()})
	a.post(t, debit(by, 0, n).shop(shop), credit(ledger.MemberAvailable, lot, n).expires(expires))
	a.arrived(lot, n, "")
	return lot
}

// inRange checks a number of points that would be added to what is there.
func inRange(field string, n, there ledger.Points) error {
	if n < 1 || n > ledger.MaxAmount || there+n > ledger.MaxAmount {
		return RefuseField(AmountOutOfRange, field, "must be at least 1, and the member's points at most %d", int64(ledger.MaxAmount))
	}
	return nil
}

func (a *Account) pointsReply(answer PointsPosted) Reply {
	answer.Balances = a.balances()
	answer.Transactions = a.Posted()
	return Reply{Status: 201, Body: answer}
}

// AdjustPoints adds or takes points by hand, with reason and actor. It works on suspended members too.
//
// It refuses with MemberClosed, ValidationFailed, AmountOutOfRange or InsufficientPoints.
type AdjustPoints struct {
	Points ledger.Points `json:"points" minimum:"-9007199254740991" maximum:"9007199254740991" doc:"Not 0; negative takes points away."`
	Reason string        `json:"reason" minLength:"1" maxLength:"1000"`
	Actor  string        `json:"actor" minLength:"1" maxLength:"128"`
	At     time.Time     `json:"occurred_at,omitzero"`
}

// Name is the operation's name.
func (c AdjustPoints) Name() string { return "adjustments.create" }

// Needs nothing but the account.
func (c AdjustPoints) Needs() Need { return Need{} }

// When is the time that the caller gives.
func (c AdjustPoints) When() time.Time { return c.At }

// Apply adjusts the balance.
func (c AdjustPoints) Apply(a *Account, m Moment) (Reply, error) {
	if a.Status == Closed {
		return Reply{}, a.mayBuy()
	}
	if c.Points == 0 {
		return Reply{}, RefuseField(ValidationFailed, "points", "must not be 0")
	}
	t := ledger.Transaction{Kind: ledger.Adjust, Actor: c.Actor, Note: c.Reason}
	answer := PointsPosted{MemberID: a.Name, Points: c.Points}
	if c.Points > 0 {
		if err := inRange("points", c.Points, a.Available+a.Pending+a.Reserved); err != nil {
			return Reply{}, err
		}
		// After this point nothing may fail.
		answer.LotID = a.grant(t, c.Points, ledger.IssuedGoodwill, "", m.At, a.Programs.InForce(m.Fact).Expiry.ExpiresAt(m.At, a.Zone()))
		a.ActiveAt = m.At
		return a.pointsReply(answer), nil
	}
	if c.Points < -ledger.MaxAmount {
		return Reply{}, RefuseField(AmountOutOfRange, "points", "is below %d", -int64(ledger.MaxAmount))
	}
	n := -c.Points
	if a.Available < n {
		return Reply{}, RefuseField(InsufficientPoints, "points", "%d points were to be taken, %d are available", n, a.Available)
	}
	takings := a.pick(n, nil)
	// After this point nothing may fail.
	a.lose(t, takings, nil, ledger.Adjusted)
	a.ActiveAt = m.At
	return a.pointsReply(answer), nil
}

// lose posts points lost without being spent, lot by lot, to the house account.
func (a *Account) lose(t ledger.Transaction, available []Taking, holds []Hold, to ledger.Account) {
	var drafts []draft
	move := func(from ledger.Account, lot ledger.LotID, n ledger.Points) {
		if n > 0 {
			drafts = append(drafts, debit(from, lot, n), credit(to, lot, n))
		}
	}
	for _, t := range available {
		move(ledger.MemberAvailable, t.Lot, t.Points)
	}
	for _, h := range holds {
		move(ledger.MemberPending, h.Lot, h.Points)
	}
	for len(drafts) > 0 {
		k := min(len(drafts), 2*maxLotsPosted)
		a.post(t, drafts[:k]...)
		drafts = drafts[k:]
	}
}

// RevokePoints takes points for misconduct, some or all, without notice. All takes pending points too, and voids
// reservations first. Source: SM-P6.2, SM-P6.4.
//
// It refuses with MemberClosed, ValidationFailed or InsufficientPoints.
type RevokePoints struct {
	Points ledger.Points `json:"points,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Either points or all."`
	All    bool          `json:"all,omitempty"`
	Reason string        `json:"reason" minLength:"1" maxLength:"1000"`
	Actor  string        `json:"actor" minLength:"1" maxLength:"128"`
	At     time.Time     `json:"occurred_at,omitzero"`
}

// Name is the operation's name.
func (c RevokePoints) Name() string { return "revocations.create" }

// Needs nothing but the account.
func (c RevokePoints) Needs() Need { return Need{} }

// When is the time that the caller gives.
func (c RevokePoints) When() time.Time { return c.At }

// Apply takes the points: available ones first, then pending ones.
func (c RevokePoints) Apply(a *Account, _ Moment) (Reply, error) {
	if a.Status == Closed {
		return Reply{}, a.mayBuy()
	}
	if c.All == (c.Points > 0) {
		return Reply{}, RefuseField(ValidationFailed, "points", "either points, at least 1, or all")
	}
	if c.Points > a.Available+a.Pending {
		return Reply{}, RefuseField(InsufficientPoints, "points", "%d points were to be revoked, there are %d", c.Points, a.Available+a.Pending)
	}
	n := c.Points
	if c.All {
		a.voidReservations()
		n = a.Available + a.Pending
	}
	takings := a.pick(min(n, a.Available), nil)
	// After this point nothing may fail.
	var holds []Hold
	left := n - sum(takings)
	for _, h := range a.Holds {
		h.Points = min(h.Points, left)
		left -= h.Points
		holds = append(holds, h)
	}
	a.lose(ledger.Transaction{Kind: ledger.Revoke, Actor: c.Actor, Note: c.Reason}, takings, holds, ledger.ForfeitedMisconduct)
	return a.pointsReply(PointsPosted{MemberID: a.Name, Points: -n}), nil
}

// voidReservations gives all reserved points back, because the membership's points are taken as a whole.
func (a *Account) voidReservations() {
	for _, w := range a.watched(ReservationDocument) {
		r := Open[Reservation](a, w.Key)
		a.release(r, r.Takings)
		a.endReservation(r, stateVoided, a.instant())
	}
}
