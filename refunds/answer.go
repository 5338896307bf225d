package refunds

import (
	"chobo/ledger"
	"chobo/points"
	"chobo/refunds/policy"
)

// Refund is what goes back to the member.
type Refund struct {
	Points       ledger.Points `json:"points"`
	Money        ledger.Money  `json:"money"`
	CashFallback ledger.Money  `json:"cash_fallback" doc:"Of points that could not come back."`
	PaidBy       string        `json:"paid_by" doc:"The shop that pays the cash fallback."`
}

// Earned is what a decision took back of what the order had earned.
type Earned struct {
	PendingVoided ledger.Points `json:"pending_voided"`
	Reversed      ledger.Points `json:"reversed" doc:"Out of balances."`
	Shortfall     ledger.Points `json:"shortfall" doc:"What no balance covered."`
}

// Effect is what a decision that was carried out did.
type Effect struct {
	Refund       Refund          `json:"refund"`
	Earned       Earned          `json:"earned"`
	Receivable   *points.Owed    `json:"receivable"`
	Withheld     ledger.Money    `json:"withheld" doc:"Kept back from the money refund for points that were missing."`
	Forfeited    ledger.Points   `json:"forfeited,omitempty" doc:"Restored points that went with a lapsed lot."`
	Transactions []points.Posted `json:"transactions"`
}

// quote is the effect as it would have been foretold.
func (e Effect) quote() Quote {
	return Quote{Points: e.Refund.Points, Money: e.Refund.Money, CashFallback: e.Refund.CashFallback,
		EarnedReversed: e.Earned.PendingVoided + e.Earned.Reversed, Shortfall: e.Earned.Shortfall}
}

// effect tells what undoing did.
func effect(a *points.Account, u points.Undone) Effect {
	return Effect{
		Refund:     Refund{Points: u.Refunded.Points, Money: u.Money, CashFallback: u.CashFallback, PaidBy: u.PaidBy},
		Earned:     Earned{PendingVoided: u.PendingVoided, Reversed: u.Rerating.Reversed, Shortfall: u.Shortfall},
		Receivable: a.Owed(u.Receivable), Withheld: u.Withheld, Forfeited: u.Forfeited, Transactions: a.Posted(),
	}
}

// nothing is the effect of a decision that posts nothing.
func nothing() Effect { return Effect{Transactions: []points.Posted{}} }

// shown is a decision whose lists are never null in JSON.
func shown(d policy.Decision) policy.Decision {
	if d.Refunds == nil {
		d.Refunds = []string{}
	}
	if d.Requires == nil {
		d.Requires = []string{}
	}
	if d.Charges == nil {
		d.Charges = []string{}
	}
	if g := d.IfAccepted; g != nil {
		grant := *g
		if grant.Refunds == nil {
			grant.Refunds = []string{}
		}
		if grant.Requires == nil {
			grant.Requires = []string{}
		}
		d.IfAccepted = &grant
	}
	return d
}
