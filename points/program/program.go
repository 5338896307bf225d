package program

import (
	"time"

	"github.com/shopspring/decimal"
)

// A Program is one version of a program file, checked and complete. It is read by Parse or Decode and not changed
// afterwards, so any number of goroutines may share it.
type Program struct {
	Code          string // 1 to 64 of a-z, 0-9, - and _; stands in every path of the API
	Sandbox       bool   // it has a clock of its own, set through the API
	Name          string
	Currency      string          // ISO 4217; the one that every amount of the program is in
	Zone          *time.Location  // whose days and months count
	EffectiveFrom time.Time       // first instant this version is in force
	PointValue    decimal.Decimal // minor units of Currency one point settles; more than 0, at most 1000
	ReturnsPolicy string          // code of the policy that decides on cancellations and returns

	Earn     Earn
	Redeem   Redeem
	Expiry   Expiry
	Restore  Restore
	Reprice  Reprice
	Clawback Clawback
	Sweep    Sweep
	Abuse    Abuse
}

// Timezone is the name of the zone, as Asia/Tokyo.
func (p *Program) Timezone() string { return p.Zone.String() }

// Earn says what a purchase brings. Terms holds for every line that no rule matches.
type Earn struct {
	Terms       // without a rule's name
	Rules       []Rule
	CapPerOrder int64 // points; 0: none
}

// Redeem limits what points may pay for.
type Redeem struct {
	Min                int64           // points an order takes at least, if any; 0 and 1: no minimum
	Step               int64           // points are taken in multiples of this; at least 1
	MaxShare           decimal.Decimal // of the order's total; 0 … 1
	ExcludedCategories []string        // may not be paid with points, with all below them
	LotOrder           LotOrder
}

// Excludes says whether goods of the category may not be paid with points. Source: SM-P7.2.
func (r Redeem) Excludes(category string) bool {
	for _, path := range r.ExcludedCategories {
		if Under(category, path) {
			return true
		}
	}
	return false
}

// LotOrder says which lots go first when points are taken.
type LotOrder string

// The orders of spending.
const (
	EarliestExpiry LotOrder = "earliest_expiry"
	OldestGrant    LotOrder = "oldest_grant"
)

// Restore says what becomes of points that come back where they cannot come back. Source: SM-P7.3b.
type Restore struct {
	ExpiredLot   Fallback // the lot has expired meanwhile: Cash, Reissue or Forfeit
	ClosedMember Fallback // the member has left: Cash or Forfeit
	GraceDays    int64    // days a reissued lot lives
}

// Fallback is what a member gets in place of points that cannot come back.
type Fallback string

// The fallbacks.
const (
	Cash    Fallback = "cash"    // their value in money, paid by the order's shop
	Reissue Fallback = "reissue" // as many points in a new lot
	Forfeit Fallback = "forfeit" // nothing
)

// Reprice says who is refunded first when a price falls.
type Reprice struct{ RefundOrder RefundOrder }

// RefundOrder is an order of tenders.
type RefundOrder string

// The orders of tenders.
const (
	OtherTenderFirst RefundOrder = "other_tender_first" // money, then points. Source: SM-P7.4b.
	Proportional     RefundOrder = "proportional"
)

// Clawback says where points are taken from when a grant is reversed, in this order, each at most once.
// Source: SM-P6.1, SM-P9.1.
type Clawback struct{ Take []Take }

// Take is one place to take points back from.
type Take string

// The places, in the order of the usual waterfall.
const (
	TakeLot             Take = "lot"               // what is left of the lot of that order line
	TakeOtherLots       Take = "other_lots"        // the member's other available points
	TakePending         Take = "pending"           // points still held
	TakeWithhold        Take = "withhold"          // the money refund of the same decision
	TakeNetFutureGrants Take = "net_future_grants" // the next grants to mature
	TakeReceivable      Take = "receivable"        // the member owes their value
	TakeAbsorb          Take = "absorb"            // the program bears it
)

// Abuse says when a member returns too much. Source: SM-B16.11.
type Abuse struct {
	WindowDays int64 // days that are counted; 0: nobody is watched
	MaxReturns int64 // returns within them that are not too many
}
