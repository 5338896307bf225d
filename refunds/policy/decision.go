package policy

import "slices"

// Outcome is how a request ends: granted, refused, or handed to a person.
type Outcome string

// The three outcomes.
const (
	Accept Outcome = "accept"
	Reject Outcome = "reject"
	Review Outcome = "review"
)

// Remedy is what the customer gets.
type Remedy string

// The remedies. A file may also say preferred, which a decision never does: it becomes exchange or refund.
const (
	NoRemedy        Remedy = "none"
	Refund          Remedy = "refund"
	Exchange        Remedy = "exchange"
	ReplacementPart Remedy = "replacement_part"

	preferred Remedy = "preferred"
)

// ClauseOperator is the clause of a cancellation that the shop or an operator ordered.
const ClauseOperator = "operator"

// What a decision may require before it is carried out. The first two are steps of the return itself.
const (
	GoodsBack  = "goods_back"
	Inspection = "inspection"
)

// A Decision is a policy's answer about one line of an order. Its slices belong to the policy and must not be changed.
type Decision struct {
	Outcome Outcome `json:"outcome"`
	Remedy  Remedy  `json:"remedy"`
	Clause  string  `json:"clause"` // empty: the document is silent
	Rule    string  `json:"rule"`   // the rule that decided; empty when none did

	Explanation string `json:"explanation"`
	ReferTo     string `json:"refer_to"` // who can help instead: carrier, maker, shop

	ReturnShipping string   `json:"return_shipping"` // who bears it: shop or member; empty if nothing is sent back
	Refunds        []string `json:"refunds"`         // price, shipping, return_shipping and names of the order's fees
	Requires       []string `json:"requires"`        // what must happen or be told first
	Charges        []string `json:"charges"`         // what the customer is charged: return_shipping, handling

	// Denied marks a refusal of goods that had already come back: the inspection undid an earlier acceptance.
	Denied bool `json:"denied"`

	// IfAccepted is what a person who accepts a review grants. Nil for the other outcomes.
	IfAccepted *Grant `json:"if_accepted,omitempty"`
}

// A Grant is what follows from an acceptance.
type Grant struct {
	Remedy         Remedy   `json:"remedy"`
	ReturnShipping string   `json:"return_shipping"`
	Refunds        []string `json:"refunds"`
	Requires       []string `json:"requires"`
}

// AwaitsGoods reports whether nothing may be paid or sent before the goods are back.
func (d Decision) AwaitsGoods() bool { return d.requires(GoodsBack) || d.requires(Inspection) }

// AwaitsInspection reports whether the goods must also be looked at.
func (d Decision) AwaitsInspection() bool { return d.requires(Inspection) }

func (d Decision) requires(what string) bool {
	return slices.Contains(d.Requires, what)
}

// Accepted is the decision that stands after a person accepted a review. Any other decision is returned as it is.
func (d Decision) Accepted() Decision {
	if d.Outcome != Review || d.IfAccepted == nil {
		return d
	}
	g := *d.IfAccepted
	d.Outcome, d.Remedy, d.IfAccepted = Accept, g.Remedy, nil
	d.ReturnShipping, d.Refunds, d.Requires = g.ReturnShipping, g.Refunds, g.Requires
	return d
}

// WholeOrder joins the decisions of an order's lines into one for the order: refused if one line is refused,
// else reviewed if one line is, else accepted. It is the first line's decision of that outcome. Lines must not be empty.
//
// A member's cancellation is always of the whole order, so it is answered this way.
func WholeOrder(lines []Decision) Decision {
	for _, outcome := range []Outcome{Reject, Review} {
		for _, d := range lines {
			if d.Outcome == outcome {
				return d
			}
		}
	}
	return lines[0]
}

// wholePayment names every part that a cancelled order may have been paid in.
var wholePayment = []string{"price", "shipping", "cod", "settlement", "gift_wrap", "handling", "stairs", "installation"}

// byOperator accepts what the selling side itself cancels; no file has a say in it.
var byOperator = Decision{
	Outcome: Accept, Remedy: Refund, Clause: ClauseOperator, Rule: ClauseOperator, Refunds: wholePayment,
	Explanation: "The shop or the operator cancelled this order, so everything paid for it is given back.",
}

// silence is the answer when no rule matches.
func silence(action string, granted *Grant) Decision {
	if granted == nil {
		granted = &Grant{Remedy: Refund, ReturnShipping: "shop", Refunds: []string{"price"}, Requires: []string{GoodsBack}}
	}
	if action == Cancel {
		granted = &Grant{Remedy: Refund, Refunds: wholePayment}
	}
	return Decision{
		Outcome: Review, Remedy: NoRemedy, IfAccepted: granted,
		Explanation: "The shop's terms do not say what happens in this case, so a person will decide.",
	}
}
