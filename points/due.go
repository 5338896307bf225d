package points

import (
	"time"

	"chobo/ledger"
	"chobo/points/program"
)

// maxLotsPosted bounds the lines of one transaction that closes many lots at once.
const maxLotsPosted = 500

// NextDue is when the next event of that kind falls due; zero: none does.
func (a *Account) NextDue(kind Due) time.Time {
	var next time.Time
	consider := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	switch kind {
	case DueRelease:
		for _, w := range a.watched(ReservationDocument) {
			consider(w.Until)
		}
	case DueMature:
		for _, h := range a.Holds {
			consider(h.Due)
		}
	case DueExpire:
		for _, l := range a.Lots {
			if l.Remaining > 0 {
				consider(l.ExpiresAt)
			}
		}
		for _, l := range a.spill {
			if l.Remaining > 0 {
				consider(l.ExpiresAt)
			}
		}
		if a.Spilled > 0 {
			consider(a.SpillExpires)
		}
	case DueLapse:
		if a.Available > 0 {
			return a.Programs.LapsesAt(a.ActiveAt)
		}
	}
	return next
}

// VisitDue is when a job of that kind has to come by, at the latest; zero: it need not. It comes for what NextDue knows
// of, and for points that are still pending and will be due once they have matured, though no other job came before it.
func (a *Account) VisitDue(kind Due) time.Time {
	next := a.NextDue(kind)
	for _, h := range a.Holds {
		var at time.Time
		switch kind {
		case DueExpire:
			at = h.ExpiresAt
		case DueLapse:
			at = a.Programs.LapsesAt(a.ActiveAt)
		}
		if h.Due.IsZero() || at.IsZero() {
			continue
		}
		if at = later(at, h.Due); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// advance posts everything that falls due up to and with the instant, in order of time; at one instant in the order of
// the kinds. through bounds it: advance stops behind the last event of that kind, and with dues it stops nowhere.
//
// So no answer depends on a job having run. Source: SM-P3.4a, SM-P6.3; "advance first".
func (a *Account) advance(until time.Time, through Due) (done Moved) {
	last := until
	if through != dues {
		last = a.lastDue(through, until)
		if last.IsZero() {
			return done
		}
	}
	for {
		kind, at := a.firstDue()
		if at.IsZero() || at.After(last) || at.Equal(last) && kind > through {
			return done
		}
		a.due = at
		done[kind].add(a.fall(kind, at))
		a.due = time.Time{}
	}
}

// Moved counts what advance moved, by kind: lots, holds or reservations, and their points.
type Moved [DueKinds]Count

// A Count is a number of lots, holds or reservations and their points.
type Count struct {
	Processed int
	Points    ledger.Points
}

func (c *Count) add(d Count) { c.Processed += d.Processed; c.Points += d.Points }

func (a *Account) firstDue() (first Due, at time.Time) {
	for kind := range dues {
		if t := a.NextDue(kind); !t.IsZero() && (at.IsZero() || t.Before(at)) {
			first, at = kind, t
		}
	}
	return first, at
}

// lastDue is the last instant, not after until, at which an event of the kind is known to fall due.
func (a *Account) lastDue(kind Due, until time.Time) (last time.Time) {
	consider := func(t time.Time) {
		if !t.IsZero() && !t.After(until) && t.After(last) {
			last = t
		}
	}
	switch kind {
	case DueRelease:
		for _, w := range a.watched(ReservationDocument) {
			consider(w.Until)
		}
	case DueMature:
		for _, h := range a.Holds {
			consider(h.Due)
		}
	case DueExpire:
		for _, l := range a.Lots {
			consider(l.ExpiresAt)
		}
		for _, l := range a.spill {
			consider(l.ExpiresAt)
		}
		for _, h := range a.Holds {
			if !h.Due.IsZero() && !h.Due.After(until) {
				consider(h.ExpiresAt) // its lot is born and dies before until
			}
		}
		if a.Spilled > 0 {
			consider(a.SpillExpires)
		}
	case DueLapse:
		return until
	}
	return last
}

// fall posts the event of that kind that is due at the instant.
func (a *Account) fall(kind Due, at time.Time) Count {
	switch kind {
	case DueRelease:
		return a.releaseDue(at)
	case DueMature:
		return a.matureDue(at)
	case DueExpire:
		return a.expireDue(at)
	default:
		return a.lapseDue()
	}
}

// matureDue turns holds that end at the instant into lots, one transaction an order.
func (a *Account) matureDue(at time.Time) (done Count) {
	for {
		var drafts []draft
		var matured []arrival
		var order string
		for _, h := range a.Holds {
			if !h.Due.Equal(at) || len(matured) > 0 && h.Order != order || len(matured) == maxLotsPosted {
				continue
			}
			order = h.Order
			matured = append(matured, arrival{h.Lot, h.Points})
			drafts = append(drafts, debit(ledger.MemberPending, h.Lot, h.Points), credit(ledger.MemberAvailable, h.Lot, h.Points).expires(h.ExpiresAt))
			done.add(Count{1, h.Points})
			a.admit(Lot{ID: h.Lot, ExpiresAt: h.ExpiresAt, GrantedAt: a.instant()})
		}
		if len(matured) == 0 {
			return done
		}
		a.post(ledger.Transaction{Kind: ledger.Mature, Subject: order}, drafts...)
		for _, p := range matured {
			a.arrived(p.lot, p.points, order)
		}
	}
}

// expireDue takes what is available of the lots that expire at the instant. Source: AS-5, SM-P6.4.
func (a *Account) expireDue(at time.Time) (done Count) {
	var drafts []draft
	a.arrange()
	for _, l := range a.Lots {
		if l.ExpiresAt.Equal(at) && l.Remaining > 0 && len(drafts) < 2*maxLotsPosted {
			drafts = append(drafts, debit(ledger.MemberAvailable, l.ID, l.Remaining), credit(ledger.ExpiredLots, l.ID, l.Remaining))
			done.add(Count{1, l.Remaining})
		}
	}
	if len(drafts) == 0 { // the lots that expire are spilled, or SpillExpires is older than they are
		a.loadMore()
		return done
	}
	a.post(ledger.Transaction{Kind: ledger.Expire}, drafts...)
	return done
}

// loadMore asks for spilled lots: the next in spending order where that is the order of expiry, else all.
func (a *Account) loadMore() {
	if a.Spilled == 0 {
		panic("an event falls due that no lot explains")
	}
	if a.lotOrder() == program.OldestGrant {
		lack(Need{Lots: -1})
	}
	lack(Need{Lots: max(1000, len(a.Lots))})
}

// lapseDue takes all available points of a member who was inactive for too long. Pending points are untouched.
// Source: SM-P6.3.
func (a *Account) lapseDue() (done Count) {
	if a.Spilled > 0 {
		lack(Need{Lots: -1})
	}
	a.arrange()
	for a.Available > 0 {
		var drafts []draft
		for _, l := range a.Lots {
			if l.Remaining > 0 && len(drafts) < 2*maxLotsPosted {
				drafts = append(drafts, debit(ledger.MemberAvailable, l.ID, l.Remaining), credit(ledger.ExpiredInactivity, l.ID, l.Remaining))
				done.add(Count{1, l.Remaining})
			}
		}
		a.post(ledger.Transaction{Kind: ledger.Lapse}, drafts...)
	}
	a.LapsedAt = a.LastAt
	return done
}

// arrived follows points that became available in a lot: they pay debt that is netted against grants, then go to
// use-all orders. order is whose grant or restoration they are.
func (a *Account) arrived(lot ledger.LotID, points ledger.Points, order string) {
	a.sweep(lot, points-a.net(lot, points), order)
}
