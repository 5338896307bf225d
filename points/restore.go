package points

import (
	"slices"

	"chobo/ledger"
	"chobo/points/program"
)

// A Restoration is what became of points that were given back.
type Restoration struct {
	Points    ledger.Points // that the member has again
	Fallback  ledger.Money  // paid in cash instead
	Forfeited ledger.Points // of lapsed lots, where the program says so
	arrived   []arrival
}

// An arrival is points that became available in a lot.
type arrival struct {
	lot    ledger.LotID
	points ledger.Points
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
	var back []draft
	var lost []Taking
	var cash ledger.Points
	claims := map[string]ledger.Points{}
	for i := len(takings) - 1; i >= 0 && n > 0; {
		k := min(n, takings[i].Points-takings[i].Restored)
		if k == 0 {
			i--
			continue
		}
		lot := Lot{ID: takings[i].Lot, ExpiresAt: takings[i].ExpiresAt, GrantedAt: takings[i].GrantedAt}
		where := a.whereTo(takings[i], r)
		if owed := a.claim(lot.ID, k, where == toLot, claims); where != toLot && owed > 0 {
			where, k = toLot, owed // they cancel the debt of their lot, dead or not, before anything is paid
		}
		n -= k
		takings[i].Restored += k
		switch where {
		case toCash:
			cash += k
			continue
		case toNobody:
			lost = append(lost, Taking{Lot: lot.ID, Points: k, At: takings[i].At})
			done.Forfeited += k
		case toNewLot:
			lot = Lot{ID: a.nextLot(), GrantedAt: a.instant(), ExpiresAt: r.ReissueExpiresAt(a.instant(), a.Zone())}
			fallthrough
		default:
			done.Points += k
			done.arrived = append(done.arrived, arrival{lot.ID, k})
		}
		if a.lot(lot.ID) == nil {
			a.admit(lot)
		}
		back = append(back, credit(ledger.MemberAvailable, lot.ID, k).expires(lot.ExpiresAt))
	}
	gone := done.Points + done.Forfeited
	cashValue := ledger.Money(0)
	if cash > 0 {
		cashValue = ledger.Money(ledger.Share(int64(value), int64(cash), int64(cash+gone)))
	}
	if gone > 0 || value > cashValue { // a value without points: the fraction of a point, which goes to rounding
		given := from
		given.Points, given.Money, given.valued = gone, value-cashValue, true
		if t.Kind == 0 {
			t.Kind = ledger.Restore
		}
		a.post(t, append([]draft{given}, back...)...)
	}
	for _, l := range lost {
		a.lose(ledger.Transaction{Kind: a.lossOf(l).kind, Subject: t.Subject, Part: t.Part, Version: t.Version}, []Taking{l}, nil, a.lossOf(l).to)
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

// A loss is how points are lost that are not given back, though they return.
type loss struct {
	kind ledger.Kind
	to   ledger.Account
}

// lossOf tells how points of a taking from a dead lot are lost, or those of a closed member.
func (a *Account) lossOf(t Taking) loss {
	switch {
	case a.Status == Closed:
		return loss{ledger.Forfeit, ledger.ForfeitedClosure}
	case t.At.Before(a.LapsedAt):
		return loss{ledger.Lapse, ledger.ExpiredInactivity}
	default:
		return loss{ledger.Expire, ledger.ExpiredLots}
	}
}

// arrivals follows restored points: debts that they cancel, then use-all orders that they go to.
func (a *Account) arrivals(r Restoration, order string) {
	for _, p := range r.arrived {
		a.arrived(p.lot, p.points, order)
	}
}

// watchUseAll has points that become available soon go to a use-all order, as long as money of it stands.
func (a *Account) watchUseAll(o *Order) {
	key := Key{OrderDocument, o.ID}
	until := a.Programs.Number(o.Version).Sweep.End(o.OrderedAt, a.Zone())
	switch {
	case !o.UseAll || a.Status == Closed || o.Standing().Money == 0 || !a.instant().Before(until):
		a.unwatch(key)
	default:
		a.watch(key, until)
	}
}

// useAll are the orders that points which become available now go to, the oldest first.
func (a *Account) useAll() (orders []*Order) {
	for _, w := range a.watched(OrderDocument) {
		if !a.instant().Before(w.Until) {
			a.unwatch(w.Key)
			continue
		}
		orders = append(orders, Open[Order](a, w.Key))
	}
	slices.SortStableFunc(orders, func(o, p *Order) int { return o.OrderedAt.Compare(p.OrderedAt) })
	return orders
}

// sweep lets points that just became available in the lot pay use-all orders, the oldest first, up to the money that
// still stands in each, which is refunded. Never points that the order itself earned or got back. Source: SM-P7.6, ruling 16.
func (a *Account) sweep(lot ledger.LotID, points ledger.Points, order string) {
	if a.Status != Active {
		return
	}
	for _, o := range a.useAll() {
		l := a.lot(lot)
		if l == nil {
			return
		}
		if o.ID == order || o.earned(lot) {
			continue
		}
		v := a.Programs.Number(o.Version)
		most := min(a.worth(min(points, l.Remaining)), o.Standing().Money, o.room(v.Redeem))
		if n := ledger.PointsWithin(a.Programs.PointValue(), most); n > 0 {
			points -= n
			a.sweepInto(o, v, *l, n)
		}
	}
}

// earned tells whether the lot is of the order's own grant.
func (o *Order) earned(lot ledger.LotID) bool {
	return slices.ContainsFunc(o.Lines, func(l OrderLine) bool { return l.Earned.Lot == lot })
}

func (a *Account) sweepInto(o *Order, v *program.Version, l Lot, n ledger.Points) {
	value := a.worth(n)
	at := a.instant()
	standing := o.Standing()
	worth := o.Total() - standing.Money
	a.pay(o, ledger.Sweep, ledger.MemberAvailable, []Taking{{Lot: l.ID, Points: n, ExpiresAt: l.ExpiresAt, GrantedAt: l.GrantedAt, At: at}}, value)
	o.spread(standing.Points+n, worth+value)
	o.Charged.Points += n
	a.QualifiedAt, a.ActiveAt = at, at
	r := a.rerate(o, ledger.VoidPending, "", nil, value)
	o.Refunded.Money += value - r.Withheld
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
	r.OccurredAt = a.instant()
	a.Refunds = append(a.Refunds, r)
}
