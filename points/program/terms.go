package program

import (
	"time"

	"chobo/ledger"

	"github.com/shopspring/decimal"
)

// Terms are what a line earns on: the program's own, or those of the rule that matched. Source: SM-P3.1, SM-P3.3.
type Terms struct {
	Rule     string          // name of the rule; empty: the program's own
	Rate     decimal.Decimal // points per minor unit of what was paid in money; 0 … 1000
	Rounding ledger.Rounding // of the points of one line
	Hold     Hold
	Expiry   Expiry
	FundedBy Funder
}

// Points is what a line earns on which base was paid in money: round(base × rate). base is 0 … ledger.MaxAmount.
func (t Terms) Points(base ledger.Money) ledger.Points {
	return ledger.Points(t.Rounding.Times(int64(base), t.Rate))
}

// Funder is who pays for the points of a grant.
type Funder string

// The funders.
const (
	Mall Funder = "mall"
	Shop Funder = "shop"
)

// LineFacts are what rules may know of an order's line.
type LineFacts struct {
	SKU        string
	Category   string // a path, as books/comics
	Quantity   int64
	UnitPrice  ledger.Money
	Total      ledger.Money   // quantity × unit price less the discount
	Attributes map[string]any // as decoded from JSON: text, numbers, true and false, null, lists and maps of them
}

// OrderFacts are what rules may know of the order that a line is part of.
type OrderFacts struct {
	ShopID        string
	MemberID      string
	PaymentMethod string
	Destination   string
	Preorder      bool
	Total         ledger.Money // lines, shipping and fees
	OrderedAt     time.Time
}

// Terms are those on which a line of an order earns: of the first rule that is valid when the order was placed and
// matches, or the program's own.
func (p *Program) Terms(line LineFacts, order OrderFacts) Terms {
	if len(p.Earn.Rules) == 0 {
		return p.Earn.Terms
	}
	return p.match(line, order)
}

// match tries the rules. It stands apart so that a program without rules pays nothing for them.
func (p *Program) match(line LineFacts, order OrderFacts) Terms {
	facts := &facts{line: line, order: order, zone: p.Zone}
	for i := range p.Earn.Rules {
		if rule := &p.Earn.Rules[i]; rule.matches(facts) {
			return rule.Terms
		}
	}
	return p.Earn.Terms
}
