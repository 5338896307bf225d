package points

import (
	"time"

	"chobo/ledger"
)

// HouseMember is the member to whom a program's own transactions belong: settlements with shops and valuations. No
// caller can name it, since ids hold no control characters. Source: ruling 8.
const HouseMember = "\x1fhouse"

// PostHouse posts a transaction of the program's own: money only, on house accounts.
//
// It refuses with ValidationFailed. Whoever sends it has computed the lines, under a key that makes them count once.
type PostHouse struct {
	Kind     ledger.Kind
	Subject  string    // up to which day a shop is settled; which cohort is valued
	BookDate time.Time // midnight UTC; zero: as of every transaction
	Lines    []ledger.Line
	Actor    string
	Reason   string
}

// A HousePosted answers PostHouse.
type HousePosted struct {
	Transactions []Posted `json:"transactions"`
}

// Name is the operation's name.
func (c PostHouse) Name() string { return "house." + c.Kind.String() }

// Needs nothing but the account.
func (c PostHouse) Needs() Need { return Need{} }

// When is now.
func (c PostHouse) When() time.Time { return time.Time{} }

// Apply posts the lines.
func (c PostHouse) Apply(a *Account, _ Moment) (Reply, error) {
	if a.Name != HouseMember || c.Kind != ledger.ShopSettlement && c.Kind != ledger.Valuation {
		return Reply{}, Refuse(ValidationFailed, "%s is no transaction of the house", c.Kind)
	}
	var sum ledger.Money
	drafts := make([]draft, 0, len(c.Lines))
	for _, l := range c.Lines {
		if l.Account.OfMember() || l.Points != 0 || l.Lot != 0 {
			return Reply{}, Refuse(ValidationFailed, "the house moves money on house accounts only, not %d points on %s", l.Points, l.Account)
		}
		sum += l.Money
		drafts = append(drafts, draft{Line: l, valued: true})
	}
	if sum != 0 {
		return Reply{}, Refuse(ValidationFailed, "the lines add up to %d", sum)
	}
	// After this point nothing may fail.
	a.post(ledger.Transaction{Kind: c.Kind, Subject: c.Subject, BookDate: c.BookDate, Actor: c.Actor, Note: c.Reason}, drafts...)
	return Reply{Status: 201, Body: HousePosted{a.Posted()}}, nil
}
