package points

import (
	"slices"
	"time"

	"chobo/ledger"
)

// A Receivable is what a member owes after a clawback beyond what was left.
type Receivable struct {
	ID       string         `json:"id"`
	Order    string         `json:"order_id"`
	Lots     []ledger.LotID `json:"lots"` // whose grants were reversed: points that come back to them cancel the debt
	Original ledger.Points  `json:"original"`
	Open     ledger.Points  `json:"open"`
	Netting  bool           `json:"netting,omitempty"` // taken from the next grants
	OpenedAt time.Time      `json:"opened_at"`
	Paid     ledger.Points  `json:"paid,omitempty"`
	Netted   ledger.Points  `json:"netted,omitempty"` // against grants, or cancelled by restored points
	Written  ledger.Points  `json:"written_off,omitempty"`
	History  []HistoryEntry `json:"history,omitempty"`
}

// State is open or closed.
func (r *Receivable) State() string {
	if r.Open == 0 {
		return "closed"
	}
	return "open"
}

func (a *Account) keepReceivable(r *Receivable) {
	key := Key{ReceivableDocument, r.ID}
	a.Keep(key, r.State(), r)
	if r.Open == 0 {
		a.unwatch(key)
	}
}

// owe opens a receivable for points of a lot's grant, or adds them to the one that the same decision opened already;
// it tells its id. Source: SM-P9.1.
func (a *Account) owe(o *Order, lot ledger.LotID, opened string, n ledger.Points, netting bool) string {
	if opened != "" {
		r := Open[Receivable](a, Key{ReceivableDocument, opened})
		r.Original += n
		r.Open += n
		r.Lots = append(r.Lots, lot)
		a.keepReceivable(r)
		return opened
	}
	r := &Receivable{ID: a.LastTransaction.String(), Order: o.ID, Lots: []ledger.LotID{lot}, Original: n, Open: n, Netting: netting, OpenedAt: a.LastAt}
	a.watch(Key{ReceivableDocument, r.ID}, time.Time{})
	a.keepReceivable(r)
	o.Debts = append(o.Debts, r.ID)
	return r.ID
}

// net pays debt from points that just became available in the lot, and tells how many it took: debt that is netted
// against grants, and debt of the very lot.
func (a *Account) net(lot ledger.LotID, points ledger.Points) (netted ledger.Points) {
	for _, w := range a.watched(ReceivableDocument) {
		l := a.lot(lot)
		if l == nil {
			return netted
		}
		r := Open[Receivable](a, w.Key)
		if !r.Netting && !slices.Contains(r.Lots, lot) {
			continue
		}
		k := min(r.Open, l.Remaining, points-netted)
		if k == 0 {
			continue
		}
		a.post(ledger.Transaction{Kind: ledger.DebtNetted, Subject: r.Order}, debit(ledger.MemberAvailable, lot, k), credit(ledger.MemberDebt, 0, k))
		netted += k
		r.Open -= k
		r.Netted += k
		a.keepReceivable(r)
	}
	return netted
}

// claim is how many of the points that come back to a lot will cancel debt: of that lot, and where the lot lives, debt
// that is netted. claims are those of points that came back before in the same decision.
func (a *Account) claim(lot ledger.LotID, points ledger.Points, lives bool, claims map[string]ledger.Points) (n ledger.Points) {
	for _, w := range a.watched(ReceivableDocument) {
		r := Open[Receivable](a, w.Key)
		if !slices.Contains(r.Lots, lot) && !(lives && r.Netting) {
			continue
		}
		k := min(points-n, r.Open-claims[r.ID])
		claims[r.ID] += k
		n += k
	}
	return n
}

// PayReceivable books money that the member paid towards a receivable.
//
// Money must be worth whole points and at most what is open. It refuses with NotFound, Conflict or AmountOutOfRange.
type PayReceivable struct {
	ID    string
	Money ledger.Money
	Actor string
}

// WriteOffReceivable gives up what is open of a receivable. It refuses with NotFound or Conflict.
type WriteOffReceivable struct {
	ID     string
	Actor  string
	Reason string
}

// A ReceivableAnswer tells how a receivable stands.
type ReceivableAnswer struct {
	ID           string        `json:"id"`
	State        string        `json:"state"`
	OrderID      string        `json:"order_id"`
	Points       ledger.Points `json:"points" doc:"Still open."`
	Money        ledger.Money  `json:"money" doc:"What they are worth."`
	OpenedAt     time.Time     `json:"opened_at"`
	Original     ledger.Points `json:"original"`
	Paid         ledger.Points `json:"paid"`
	Netted       ledger.Points `json:"netted"`
	WrittenOff   ledger.Points `json:"written_off"`
	Transactions []Posted      `json:"transactions,omitempty"`
}

// Name is the operation's name.
func (c PayReceivable) Name() string { return "receivables.pay" }

// Name is the operation's name.
func (c WriteOffReceivable) Name() string { return "receivables.write_off" }

// Needs is the receivable.
func (c PayReceivable) Needs() Need { return Need{Documents: []Key{{ReceivableDocument, c.ID}}} }

// Needs is the receivable.
func (c WriteOffReceivable) Needs() Need { return Need{Documents: []Key{{ReceivableDocument, c.ID}}} }

// When is now.
func (c PayReceivable) When() time.Time { return time.Time{} }

// When is now.
func (c WriteOffReceivable) When() time.Time { return time.Time{} }

// Apply books the payment.
func (c PayReceivable) Apply(a *Account, m Moment) (Reply, error) {
	r, err := a.openReceivable(c.ID)
	if err != nil {
		return Reply{}, err
	}
	n := ledger.PointsWithin(a.Programs.PointValue(), c.Money)
	if c.Money == a.worth(r.Open) {
		n = r.Open // the last point too, which may be worth less than a unit
	}
	if c.Money < 1 || c.Money > a.worth(r.Open) || a.worth(n) != c.Money {
		return Reply{}, RefuseField(AmountOutOfRange, "money", "must be worth 1 to %d whole points, at most %d", r.Open, a.worth(r.Open))
	}
	// After this point nothing may fail.
	a.post(ledger.Transaction{Kind: ledger.DebtPaid, Subject: r.Order, Actor: c.Actor}, debit(ledger.DebtCollected, 0, n), credit(ledger.MemberDebt, 0, n))
	r.Open -= n
	r.Paid += n
	r.History = append(r.History, HistoryEntry{At: m.At, What: "paid", Actor: c.Actor})
	return a.receivableReply(r), nil
}

// Apply writes the receivable off.
func (c WriteOffReceivable) Apply(a *Account, m Moment) (Reply, error) {
	r, err := a.openReceivable(c.ID)
	if err != nil {
		return Reply{}, err
	}
	// After this point nothing may fail.
	a.post(ledger.Transaction{Kind: ledger.DebtWriteOff, Subject: r.Order, Actor: c.Actor, Note: c.Reason},
		debit(ledger.DebtWrittenOff, 0, r.Open), credit(ledger.MemberDebt, 0, r.Open))
	r.Written += r.Open
	r.Open = 0
	r.History = append(r.History, HistoryEntry{At: m.At, What: "written_off", Actor: c.Actor, Note: c.Reason})
	return a.receivableReply(r), nil
}

func (a *Account) openReceivable(id string) (*Receivable, error) {
	r := Open[Receivable](a, Key{ReceivableDocument, id})
	if r == nil {
		return nil, Refuse(NotFound, "there is no receivable %s", id)
	}
	if r.Open == 0 {
		return nil, Refuse(Conflict, "receivable %s is closed", id)
	}
	return r, nil
}

func (a *Account) receivableReply(r *Receivable) Reply {
	a.keepReceivable(r)
	view := a.ReceivableView(r)
	view.Transactions = a.Posted()
	return Reply{Status: 200, Body: view}
}

// ReceivableView is the receivable as the API shows it.
func (a *Account) ReceivableView(r *Receivable) ReceivableAnswer {
	return ReceivableAnswer{ID: r.ID, State: r.State(), OrderID: r.Order, Points: r.Open, Money: a.worth(r.Open), OpenedAt: r.OpenedAt.In(a.Zone()),
		Original: r.Original, Paid: r.Paid, Netted: r.Netted, WrittenOff: r.Written}
}
