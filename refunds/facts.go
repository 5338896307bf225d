package refunds

import (
	"maps"
	"time"

	"chobo/points"
	"chobo/refunds/policy"
)

// habits is what abuse is judged by: when this member's convenience returns were settled. Source: SM-B16.11.
type habits struct {
	Returns []time.Time `json:"returns"`
}

var habitsKey = points.Key{Kind: points.HabitsDocument, ID: ""}

// returnsWithin counts the settled convenience returns of the program's abuse window, and gives its limit.
func returnsWithin(a *points.Account, at time.Time) (n, limit int) {
	rules := a.Programs.InForce(at).Abuse
	h := points.Open[habits](a, habitsKey)
	if h == nil || rules.WindowDays == 0 {
		return 0, int(rules.MaxReturns)
	}
	for _, t := range h.Returns {
		if policy.DaysBetween(t, at, a.Zone()) <= int(rules.WindowDays) {
			n++
		}
	}
	return n, int(rules.MaxReturns)
}

// noteReturn remembers a settled convenience return.
func noteReturn(a *points.Account, at time.Time) {
	h := points.Open[habits](a, habitsKey)
	if h == nil {
		h = &habits{}
	}
	h.Returns = append(h.Returns, at)
	a.Keep(habitsKey, "", h)
}

// lineFacts is what the order itself tells a policy about one of its lines.
func lineFacts(a *points.Account, o *points.Order, line int, requested time.Time) policy.Facts {
	l := &o.Lines[line]
	f := policy.Facts{
		Status: string(o.Status), Preorder: o.Preorder, Destination: "domestic",
		Category: l.Category, UnitPrice: int64(l.UnitPrice), Attributes: maps.Clone(l.Attributes),
	}
	if o.Abroad {
		f.Destination = "overseas"
	}
	f.ReturnsInWindow, f.MaxReturns = returnsWithin(a, requested)
	return f.At(o.OrderedAt, o.Times[points.Delivered], requested, a.Zone())
}

// decide asks the policy that was in force for the order when it was placed. Source: SM-T0.
func decide(a *points.Account, book policy.Book, o *points.Order, f policy.Facts) policy.Decision {
	p := book.For(a.Programs.Number(o.Version).ReturnsPolicy, o.Shop, o.OrderedAt)
	if p == nil {
		return policy.Decision{Outcome: policy.Review, Remedy: policy.NoRemedy, IfAccepted: &policy.Grant{Remedy: policy.Refund, Refunds: []string{"price"}},
			Explanation: "This shop had no terms in force when the order was placed, so a person will decide."}
	}
	return p.Decide(f)
}
