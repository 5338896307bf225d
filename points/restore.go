package points

import (
	"chobo/ledger"
	"chobo/points/program"
)

// A Restoration is what became of points that were given back.
type Restoration struct {
	Points    ledger.Points // that the member has again
	Fallback  ledger.Money  // paid in cash instead
	Forfeited ledger.Points // of lapsed lots, where the program says so
	lots      []ledger.LotID
}

// a place is where points of a taking go back to.
type place int

const (
	toLot place = iota
	toNewLot
	toCash
	toNobody
)

// whereTo decides what becomes of points of a taking: back to their lot while it lives, else as the program says.
// Source: SM-P7.3a, SM-P7.3b; ruling 17: a lot taken before a lapse counts as expired.
func (a *Account) whereTo(t Taking, r program.Restore) place {
	dead := !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(a.instant()) || t.At.Before(a.LapsedAt)
	policy := r.ExpiredLot
	switch {
	case a.Status == Closed:
		policy = r.ClosedMember
	case !dead:
		return toLot
	}
	switch policy {
	case program.Reissue:
		return toNewLot
	case program.Forfeit:
		return toNobody
	default:
		return toCash
	}
}

// restore gives n points worth value back from takings, the last taken first, and books it under the house account
// that they had gone to. Closed members are answered by restore.closed_member, dead lots by restore.expired_lot.
// The takings remember what went back. Points that arrived are to be followed by arrivals, after any clawback of the same decision.
func (a *Account) restore(t ledger.Transaction, takings []Taking, n ledger.Points, value ledger.Money, from draft, r program.Restore) (done Restoration) {
	var back, lost []draft
	var cash ledger.Points
	for i := len(takings) - 1; i >= 0 && n > 0; i-- {
		k := min(n, takings[i].Points-takings[i].Restored)
		if k == 0 {
			continue
		}
		n -= k
		takings[i].Restored += k
		lot := Lot{ID: takings[i].Lot, ExpiresAt: takings[i].ExpiresAt, GrantedAt: takings[i].GrantedAt}
		where := a.whereTo(takings[i], r)
		switch where {
		case toCash:
			cash += k
			continue
		case toNewLot:
			lot = Lot{ID: a.nextLot(), GrantedAt: a.instant(), ExpiresAt: r.ReissueExpiresAt(a.instant(), a.Zone())}
		case toNobody:
			lost = append(lost, debit(ledger.MemberAvailable, lot.ID, k), credit(a.lostTo(takings[i]), lot.ID, k))
			done.Forfeited += k
		}
		if where != toNobody {
			done.Points += k
			done.lots = append(done.lots, lot.ID)
		}
		if a.lot(lot.ID) == nil {
			a.admit(lot)
		}
		back = append(back, credit(ledger.MemberAvailable, lot.ID, k).expires(lot.ExpiresAt))
	}
	cashValue := value
	if gone := done.Points + done.Forfeited; gone > 0 {
		cashValue = 0
		if cash > 0 {
			cashValue = ledger.Money(ledger.Share(int64(value), int64(cash), int64(cash+gone)))
		}
		given := from
		given.Points, given.Money, given.valued = gone, value-cashValue, true
		t.Kind = restoreKind(t.Kind)
		a.post(t, append([]draft{given}, back...)...)
	}
	if len(lost) > 0 {
		t.Kind = ledger.Expire
		a.post(t, lost...)
	}
	if cash > 0 {
		given := from
		given.Points, given.Money, given.valued = cash, cashValue, true
		t.Kind = ledger.CashFallback
		a.post(t, given, credit(ledger.RedeemedCashFallback, 0, cash).shop(from.Shop).worth(-cashValue))
		done.Fallback = cashValue
	}
	if done.Points > 0 {
		a.ActiveAt = a.instant()
	}
	return done
}

func restoreKind(k ledger.Kind) ledger.Kind {
	if k == 0 {
		return ledger.Restore
	}
	return k
}

// lostTo is where points of a dead lot are lost to when they are not given back.
func (a *Account) lostTo(t Taking) ledger.Account {
	if a.Status == Closed {
		return ledger.ForfeitedClosure
	}
	if t.At.Before(a.LapsedAt) {
		return ledger.ExpiredInactivity
	}
	return ledger.ExpiredLots
}

// arrivals follows restored points: debts that they cancel, then use-all orders that they go to.
func (a *Account) arrivals(r Restoration, order string) {
	for _, lot := range r.lots {
		a.arrived(lot, order)
	}
}

// sweep lets points that just became available in the lot pay use-all orders, the oldest first, up to the money that
// still stands in each, which is refunded. Never points that the order itself earned or got back. Source: SM-P7.6, ruling 16.
func (a *Account) sweep(lot ledger.LotID, order string) {
	for _, w := range a.watched(OrderDocument) {
		if !a.instant().Before(w.Until) {
			a.unwatch(w.Key)
			continue
		}
		if w.ID == order || a.Status != Active {
			continue
		}
		o := Open[Order](a, w.Key)
		l := a.lot(lot)
		if o == nil || l == nil {
			continue
		}
		v := a.Programs.Number(o.Version)
		n := min(l.Remaining, ledger.PointsWithin(a.Programs.PointValue(), min(o.Standing().Money, o.room(v.Redeem))))
		if n == 0 {
			continue
		}
		a.sweepInto(o, v, *l, n)
	}
}

// room is how much more money of the order points may take the place of.
func (o *Order) room(r program.Redeem) (room ledger.Money) {
	may := o.mayPay(r)
	var value ledger.Money
	for i, p := range o.parts() {
		left := p.left()
		value += left.Value
		if may(i) {
			room += left.money()
		}
	}
	return max(0, min(room, r.MostOf(o.Total())-value))
}

func (a *Account) sweepInto(o *Order, v *program.Version, l Lot, n ledger.Points) {
	value := a.worth(n)
	at := a.instant()
	standing := o.Standing()
	worth := o.Total() - standing.Money
	a.pay(o, ledger.Sweep, ledger.MemberAvailable, []Taking{{Lot: l.ID, Points: n, ExpiresAt: l.ExpiresAt, GrantedAt: l.GrantedAt, At: at}}, value)
	o.spread(standing.Points+n, worth+value, o.mayPay(v.Redeem))
	o.Charged.Points += n
	o.Refunded.Money += value
	a.QualifiedAt, a.ActiveAt = at, at
	r := a.rerate(o, ledger.VoidPending, "", nil, value)
	o.Refunded.Money -= r.Withheld
	o.History = append(o.History, HistoryEntry{At: at, What: "swept"})
	a.refund(Refund{Order: o.ID, Cause: "sweep", Money: value - r.Withheld})
	if o.Standing().Money == 0 {
		a.unwatch(Key{OrderDocument, o.ID})
	}
	a.KeepOrder(o)
}

// refund asks for money to be paid back, if there is any.
func (a *Account) refund(r Refund) {
	if r.Money == 0 && r.CashFallback == 0 {
		return
	}
	r.OccurredAt = a.LastAt
	a.Refunds = append(a.Refunds, r)
}
