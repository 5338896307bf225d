package points

import (
	"slices"
	"time"

	"chobo/ledger"
)

// A MemberView is a member as the API shows it.
type MemberView struct {
	MemberID         string         `json:"member_id"`
	Status           string         `json:"status"`
	Points           Balances       `json:"points"`
	Receivable       Worth          `json:"receivable"`
	Expiring         []ExpiringView `json:"expiring"`
	LastQualifyingAt *time.Time     `json:"last_qualifying_at"`
}

// Worth is points and what they are worth.
type Worth struct {
	Points ledger.Points `json:"points"`
	Money  ledger.Money  `json:"money"`
}

// An ExpiringView is available points that expire at one instant, if nothing happens before.
type ExpiringView struct {
	Points    ledger.Points `json:"points"`
	ExpiresAt time.Time     `json:"expires_at"`
}

// View is the member as the account stands.
func (a *Account) View() MemberView {
	v := MemberView{MemberID: a.Name, Status: a.Status.String(), Points: a.balances(), Receivable: Worth{a.Debt, a.worth(a.Debt)},
		Expiring: a.expiring()}
	if !a.QualifiedAt.IsZero() {
		at := a.QualifiedAt.In(a.Zone())
		v.LastQualifyingAt = &at
	}
	return v
}

// expiring sums the lots up by when they go, the first first. Where inactivity takes them all before, that is when.
func (a *Account) expiring() []ExpiringView {
	if a.Spilled > 0 {
		lack(Need{Lots: -1})
	}
	out := []ExpiringView{}
	lapse := a.NextDue(DueLapse)
	for _, l := range slices.Concat(a.Lots, a.spill) {
		at := l.ExpiresAt
		if expiresBefore(lapse, at) {
			at = lapse
		}
		if at.IsZero() || l.Remaining == 0 {
			continue
		}
		i := slices.IndexFunc(out, func(e ExpiringView) bool { return e.ExpiresAt.Equal(at) })
		if i < 0 {
			i = len(out)
			out = append(out, ExpiringView{ExpiresAt: at.In(a.Zone())})
		}
		out[i].Points += l.Remaining
	}
	slices.SortFunc(out, func(e, f ExpiringView) int { return e.ExpiresAt.Compare(f.ExpiresAt) })
	return out
}

// An OrderView is an order as the ledger knows it now.
type OrderView struct {
	OrderID     string             `json:"order_id"`
	ShopID      string             `json:"shop_id"`
	Status      OrderStatus        `json:"status"`
	Paid        bool               `json:"paid"`
	OrderedAt   time.Time          `json:"ordered_at"`
	Total       ledger.Money       `json:"total" doc:"Of all that still stands."`
	Tenders     Tenders            `json:"tenders" doc:"What still stands as paid."`
	Refunded    Refunded           `json:"refunded"`
	Earned      EarnedView         `json:"earned"`
	Lines       []LineView         `json:"lines"`
	Shipping    ledger.Money       `json:"shipping"`
	Fees        Fees               `json:"fees"`
	UseAll      bool               `json:"use_all_points"`
	Returns     []string           `json:"returns"`
	Receivables []ReceivableAnswer `json:"receivables"`
	History     []HistoryEntry     `json:"history"`
}

// An EarnedView is what became of an order's grant.
type EarnedView struct {
	Pending  ledger.Points `json:"pending"`
	Granted  ledger.Points `json:"granted" doc:"Matured, and not taken back."`
	Reversed ledger.Points `json:"reversed" doc:"Voided, reversed or owed."`
}

// A LineView is one line of an order as it stands.
type LineView struct {
	LineID    string        `json:"line_id"`
	SKU       string        `json:"sku,omitempty"`
	Category  string        `json:"category,omitempty"`
	Quantity  int64         `json:"quantity"`
	Returned  int64         `json:"returned"`
	UnitPrice ledger.Money  `json:"unit_price"`
	Points    ledger.Points `json:"points" doc:"Of what still stands, paid by points."`
	Money     ledger.Money  `json:"money"`
	Earned    ledger.Points `json:"earned" doc:"Of what still stands."`
}

// OrderView is the order of that id as the API shows it; nil when there is none.
func (a *Account) OrderView(id string) *OrderView {
	o := Open[Order](a, Key{OrderDocument, id})
	if o == nil {
		return nil
	}
	_, paid := o.Times[Paid]
	v := &OrderView{OrderID: o.ID, ShopID: o.Shop, Status: o.Status, Paid: paid, OrderedAt: o.OrderedAt.In(a.Zone()), Total: o.Total(),
		Tenders: o.Standing(), Refunded: o.Refunded, Shipping: o.Shipping.left().Amount, Fees: Fees{}, UseAll: o.UseAll,
		Lines: []LineView{}, Returns: []string{}, Receivables: []ReceivableAnswer{}, History: []HistoryEntry{}}
	v.Earned.Reversed = o.Reversed
	for i := range o.Lines {
		l := &o.Lines[i]
		left := l.left()
		v.Lines = append(v.Lines, LineView{LineID: l.ID, SKU: l.SKU, Category: l.Category, Quantity: l.Quantity, Returned: l.Returned,
			UnitPrice: l.UnitPrice, Points: left.Points, Money: left.money(), Earned: l.Earned.Points})
		switch h := a.findHold(l.Earned.Lot); {
		case h != nil:
			v.Earned.Pending += h.Points // a hold that misses points lost them to a revocation or another clawback
		case !a.stillHeld(o, l):
			v.Earned.Granted += l.Earned.Points
		}
	}
	for _, f := range o.Fees {
		v.Fees = append(v.Fees, FeeAmount{f.Name, f.left().Amount})
	}
	v.Returns = append(v.Returns, o.Returns...)
	for _, id := range o.Debts {
		v.Receivables = append(v.Receivables, a.ReceivableView(Open[Receivable](a, Key{ReceivableDocument, id})))
	}
	placed := HistoryEntry{At: later(o.OrderedAt, o.PlacedAt), What: string(Placed)}
	for _, h := range append([]HistoryEntry{placed}, o.History...) {
		h.At = h.At.In(a.Zone())
		v.History = append(v.History, h)
	}
	return v
}
