package program

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// First is the first version; there is always one in a program that exists.
func (vs Versions) First() *Version { return &vs[0] }

// Zone is the time zone of all versions.
func (vs Versions) Zone() *time.Location { return vs[0].Zone }

// PointValue is what a point is worth in all versions, in minor units of the currency.
func (vs Versions) PointValue() decimal.Decimal { return vs[0].PointValue }

// Number is the version of that number, from 1.
func (vs Versions) Number(n int) *Version { return &vs[n-1] }

// InForce is the version at t, and before the first takes effect the first: what happened before the program began
// is judged by how it began.
func (vs Versions) InForce(t time.Time) *Version {
	if v := vs.At(t); v != nil {
		return v
	}
	return vs.First()
}

// LapsesAt is when inactivity takes the available points of a member whose last deed was then: the first instant at which
// the version then in force says that the member was inactive for too long. Zero: none does.
func (vs Versions) LapsesAt(last time.Time) (first time.Time) {
	for i, v := range vs {
		at := v.Expiry.LapsesAt(last, vs.Zone())
		if at.IsZero() {
			continue
		}
		if i > 0 && v.EffectiveFrom.After(at) {
			at = v.EffectiveFrom
		}
		if vs.InForce(at).Number == v.Number && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// KnowInactivity tells whether inactivity takes points under any version.
func (vs Versions) KnowInactivity() bool {
	return slices.ContainsFunc(vs, func(v Version) bool { return v.Expiry.Mode == Inactivity })
}

// Named is the terms of the rule of that name; of the program itself for an empty one.
func (p *Program) Named(rule string) Terms {
	for i := range p.Earn.Rules {
		if rule != "" && p.Earn.Rules[i].Name == rule {
			return p.Earn.Rules[i].Terms
		}
	}
	return p.Earn.Terms
}
