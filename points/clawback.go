package points

import (
	"slices"

	"chobo/ledger"
	"chobo/points/program"
)

// takeBack posts what the lines' grants lose: pending points are voided, granted ones reversed along the program's
// waterfall. Restorations of the same decision are posted before, so that they can absorb it.
func (a *Account) takeBack(o *Order, kind ledger.Kind, part string, change []ledger.Points, refund ledger.Money, r *Rerating) {
	var voids []draft
	for i := range change {
		l := &o.Lines[i]
		h := a.findHold(l.Earned.Lot)
		if change[i] >= 0 || h == nil {
			continue
		}
		k := min(-change[i], h.Points)
		voids = append(voids, debit(ledger.MemberPending, h.Lot, k), credit(l.Earned.By, 0, k).shop(shopOf(l.Earned.By, o.Shop)))
		change[i] += k
		l.Earned.Points -= k
		r.PendingVoided += k
	}
	if len(voids) > 0 {
		a.post(ledger.Transaction{Kind: kind, Subject: o.ID, Part: part, Version: o.Version}, voids...)
		o.Reversed += r.PendingVoided
	}
	for i := range change {
		if change[i] < 0 {
			l := &o.Lines[i]
			l.Earned.Points += change[i]
			o.Reversed -= change[i]
			a.clawBack(o, l, part, -change[i], &refund, r)
		}
	}
}

// clawBack reverses n points of a line's grant along the waterfall of the program version that the order was placed
// under. The account that the grant debited is credited. Points of the very lot that were lost without being spent
// count as taken back already. Source: SM-P6.1, SM-P9.1, ruling 15.
func (a *Account) clawBack(o *Order, l *OrderLine, part string, n ledger.Points, refund *ledger.Money, r *Rerating) {
	all := n
	var drafts []draft
	var withheld, absorbed, owed ledger.Points
	netting, counted := false, false
	countLost := func() { // before anything is short, whether or not the waterfall names the lot
		if counted || n == 0 {
			return
		}
		counted = true
		for _, loss := range a.lossesOf(l.Earned.Lot) {
			if k := min(n, loss.Points); k > 0 {
				drafts = append(drafts, debit(loss.Account, l.Earned.Lot, k))
				l.Earned.Lost += k
				n -= k
			}
		}
	}
	for _, step := range a.Programs.Number(o.Version).Clawback.Take {
		if n == 0 {
			break
		}
		switch step {
		case program.TakeLot:
			if lot := a.lot(l.Earned.Lot); lot != nil && lot.Remaining > 0 {
				k := min(n, lot.Remaining)
				drafts = append(drafts, debit(ledger.MemberAvailable, lot.ID, k))
				r.Reversed += k
				n -= k
			}
			countLost()
		case program.TakeOtherLots:
			for _, t := range a.pick(min(n, a.others(l.Earned.Lot)), func(id ledger.LotID) bool { return id == l.Earned.Lot }) {
				drafts = append(drafts, debit(ledger.MemberAvailable, t.Lot, t.Points))
				r.Reversed += t.Points
				n -= t.Points
			}
		case program.TakePending:
			for _, h := range a.Holds {
				if k := min(n, h.Points); k > 0 {
					drafts = append(drafts, debit(ledger.MemberPending, h.Lot, k))
					r.Reversed += k
					n -= k
				}
			}
		case program.TakeWithhold:
			countLost()
			withheld = min(n, ledger.PointsWithin(a.Programs.PointValue(), *refund))
			r.Shortfall += withheld
			n -= withheld
		case program.TakeNetFutureGrants, program.TakeReceivable:
			countLost()
			owed, netting = n, step == program.TakeNetFutureGrants
			r.Shortfall += n
			n = 0
		case program.TakeAbsorb:
			countLost()
			absorbed = n
			r.Shortfall += n
			n = 0
		}
	}
	countLost()
	if n > 0 { // the waterfall ends without naming who bears the rest: the program does
		absorbed += n
		r.Shortfall += n
	}
	drafts = append(drafts, debit(ledger.MemberDebt, 0, withheld+absorbed+owed), credit(l.Earned.By, 0, all).shop(shopOf(l.Earned.By, o.Shop)))
	a.post(ledger.Transaction{Kind: ledger.ReverseGrant, Subject: o.ID, Part: part, Version: o.Version}, drafts...)
	if owed > 0 {
		r.Receivable = a.owe(o, l.Earned.Lot, r.Receivable, owed, netting)
	}
	if withheld > 0 {
		a.post(ledger.Transaction{Kind: ledger.DebtPaid, Subject: o.ID, Part: part}, debit(ledger.DebtCollected, 0, withheld), credit(ledger.MemberDebt, 0, withheld))
		r.Withheld += a.worth(withheld)
		*refund -= a.worth(withheld)
	}
	if absorbed > 0 {
		a.post(ledger.Transaction{Kind: ledger.DebtWriteOff, Subject: o.ID, Part: part}, debit(ledger.DebtWrittenOff, 0, absorbed), credit(ledger.MemberDebt, 0, absorbed))
	}
}

// others is what is available outside the lot.
func (a *Account) others(lot ledger.LotID) ledger.Points {
	if l := a.lot(lot); l != nil {
		return a.Available - l.Remaining
	}
	return a.Available
}

// lossesOf is what of the lot was lost without being spent and not yet taken back, with what the command under way
// posted itself.
func (a *Account) lossesOf(lot ledger.LotID) []Loss {
	if !a.lossy[lot] {
		lack(Need{Losses: []ledger.LotID{lot}})
	}
	out := slices.Clone(a.losses[lot])
	for _, t := range a.unsaved() {
		for _, l := range t.Lines {
			if l.Lot != lot || !slices.Contains(ledger.LossAccounts, l.Account) {
				continue
			}
			i := slices.IndexFunc(out, func(o Loss) bool { return o.Account == l.Account })
			if i < 0 {
				i = len(out)
				out = append(out, Loss{Account: l.Account})
			}
			out[i].Points -= l.Points
		}
	}
	slices.SortFunc(out, func(x, y Loss) int { return int(x.Account) - int(y.Account) }) // as those that were saved come
	return out
}
