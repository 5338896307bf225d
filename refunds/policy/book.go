package policy

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Book holds every version of every policy. It does not change: With gives a new one.
// The zero Book is empty.
type Book struct {
	versions map[bookKey][]*Policy // by EffectiveFrom, earliest first
}

type bookKey struct{ code, shop string }

// A TakenError is a refusal to put a policy into a book that has another one for the same moment or number.
type TakenError struct {
	Code, Shop string
	Version    int
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("policy %s %s already has another version %d or another one in force from that time", e.Code, e.Shop, e.Version)
}

// With returns a book that also holds these policies. The same content again changes nothing.
// It refuses with *TakenError a policy whose version number or effective time another content already has.
func (b Book) With(policies ...*Policy) (Book, error) {
	next := make(map[bookKey][]*Policy, len(b.versions)+1)
	for k, v := range b.versions {
		next[k] = slices.Clone(v)
	}
	for _, p := range policies {
		key := bookKey{p.code, p.shop}
		same := false
		for _, old := range next[key] {
			if bytes.Equal(old.source, p.source) {
				same = true
			} else if old.version == p.version || old.effectiveFrom.Equal(p.effectiveFrom) {
				return b, &TakenError{p.code, p.shop, p.version}
			}
		}
		if !same {
			next[key] = append(next[key], p)
			slices.SortFunc(next[key], func(a, b *Policy) int { return a.effectiveFrom.Compare(b.effectiveFrom) })
		}
	}
	return Book{next}, nil
}

// For is the policy of that code in force at a time: the shop's own if it has one by then, else the one for all shops.
// Nil if there is none. An order is decided by the policy in force when it was placed.
//
// Source: SM-T0.
func (b Book) For(code, shop string, at time.Time) *Policy {
	if shop != "" {
		if p := inForce(b.versions[bookKey{code, shop}], at); p != nil {
			return p
		}
	}
	return inForce(b.versions[bookKey{code, ""}], at)
}

// Versions lists what the book holds for a code and a shop, earliest first. An empty shop asks for the policy of all shops.
func (b Book) Versions(code, shop string) []*Policy {
	return slices.Clone(b.versions[bookKey{code, shop}])
}

// All lists every policy of the book, by code, shop and time.
func (b Book) All() []*Policy {
	var all []*Policy
	for _, v := range b.versions {
		all = append(all, v...)
	}
	slices.SortFunc(all, func(a, b *Policy) int {
		return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.shop, b.shop), a.effectiveFrom.Compare(b.effectiveFrom))
	})
	return all
}

func inForce(versions []*Policy, at time.Time) *Policy {
	for _, p := range slices.Backward(versions) {
		if !p.effectiveFrom.After(at) {
			return p
		}
	}
	return nil
}
