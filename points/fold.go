package points

import (
	"slices"
	"sort"
	"time"

	"chobo/ledger"
)

// A draft is a line before its value in money is known.
type draft struct {
	ledger.Line
	valued bool // Money is given; else it is what the points are worth
}

func debit(account ledger.Account, lot ledger.LotID, n ledger.Points) draft {
	return draft{Line: ledger.Line{Account: account, Lot: lot, Points: n}}
}

func credit(account ledger.Account, lot ledger.LotID, n ledger.Points) draft {
	return debit(account, lot, -n)
}

func (d draft) shop(shop string) draft         { d.Shop = shop; return d }
func (d draft) expires(at time.Time) draft     { d.ExpiresAt = at; return d }
func (d draft) worth(money ledger.Money) draft { d.Money, d.valued = money, true; return d }

// post writes one transaction into the account's journal and folds its lines into the state: balances and lots are
// never changed in another way, so that the journal can always prove them.
//
// A member's line is worth floor(v × what stood before) − floor(v × what stands after), so that no unit of money is
// lost over the life of a lot; what both sides of a transaction differ by goes to rounding.
func (a *Account) post(t ledger.Transaction, drafts ...draft) *ledger.Transaction {
	if a.Status == 0 {
		a.Status = Active
	}
	t.ID = a.NextID
	t.OccurredAt = a.instant()
	t.PostedAt = a.Now
	if t.Version == 0 {
		t.Version = a.Programs.InForce(t.OccurredAt).Number
	}
	t.Lines = make([]ledger.Line, 0, len(drafts)+1)
	var money ledger.Money
	var emptied []ledger.LotID
	for _, d := range drafts {
		if d.Points == 0 && d.Money == 0 {
			continue
		}
		line := d.Line
		switch {
		case line.Account.OfMember():
			var left ledger.Points
			if line.Money, left = a.fold(line); left == 0 && line.Lot != 0 {
				emptied = append(emptied, line.Lot)
			}
		case !d.valued:
			line.Money = a.worth(line.Points)
		}
		money += line.Money
		t.Lines = append(t.Lines, line)
	}
	a.prune(emptied)
	if money != 0 {
		t.Lines = append(t.Lines, ledger.Line{Account: ledger.RoundingDifference, Money: -money})
	}
	if err := t.Check(); err != nil {
		panic(err.Error())
	}
	a.NextID += ledger.IDStep
	a.LastAt, a.LastTransaction = t.OccurredAt, t.ID
	if a.Transactions == nil {
		a.Transactions = make([]ledger.Transaction, 0, 2) // an order redeems and earns
	}
	a.Transactions = append(a.Transactions, t)
	return &a.Transactions[len(a.Transactions)-1]
}

// worth is floor(v × |n|) with the sign of n.
func (a *Account) worth(n ledger.Points) ledger.Money {
	if n < 0 {
		return -ledger.Value(a.Programs.PointValue(), -n)
	}
	return ledger.Value(a.Programs.PointValue(), n)
}

// fold moves the line's points in the state and tells what the movement is worth, debit positive, and what is left.
func (a *Account) fold(l ledger.Line) (worth ledger.Money, after ledger.Points) {
	var before ledger.Points
	switch l.Account {
	case ledger.MemberPending:
		h := a.findHold(l.Lot)
		before, after = h.Points, h.Points-l.Points
		h.Points = after
		a.Pending -= l.Points
		if after == 0 {
			a.Holds = slices.DeleteFunc(a.Holds, func(h Hold) bool { return h.Lot == l.Lot })
		}
	case ledger.MemberAvailable:
		lot := a.lot(l.Lot)
		before, after = lot.Remaining, lot.Remaining-l.Points
		lot.Remaining = after
		a.Available -= l.Points
	case ledger.MemberReserved:
		lot := a.lot(l.Lot)
		before, after = lot.Reserved, lot.Reserved-l.Points
		lot.Reserved = after
		a.Reserved -= l.Points
	case ledger.MemberDebt:
		before, after = -a.Debt, -a.Debt-l.Points
		a.Debt += l.Points
		if after > 0 {
			panic("a debt below nothing")
		}
		return a.worth(before) - a.worth(after), after
	}
	if after < 0 {
		panic("a lot below zero")
	}
	return a.worth(before) - a.worth(after), after
}

// expect makes a hold, still empty, so that a line may bring points to it. There must be none of that number.
func (a *Account) expect(h Hold) {
	i := sort.Search(len(a.Holds), func(i int) bool { return a.Holds[i].Lot >= h.Lot })
	a.Holds = slices.Insert(a.Holds, i, h)
}

// findHold is the pending grant of that number, or nil.
func (a *Account) findHold(lot ledger.LotID) *Hold {
	i := sort.Search(len(a.Holds), func(i int) bool { return a.Holds[i].Lot >= lot })
	if i == len(a.Holds) || a.Holds[i].Lot != lot {
		return nil
	}
	return &a.Holds[i]
}

// nextLot numbers a new lot.
func (a *Account) nextLot() ledger.LotID {
	a.LastLot++
	return a.LastLot
}

// instant is when what is posted now happens: when it fell due, or at the command's time; never before the last.
func (a *Account) instant() time.Time {
	if !a.due.IsZero() {
		return later(a.due, a.LastAt)
	}
	return later(a.moment.At, a.LastAt)
}
