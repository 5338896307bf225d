package program

import (
	"encoding/json"
	"fmt"
	"testing"

	"chobo/ledger"
)

func TestTerms(t *testing.T) {
	p := parse(t, `
program: rules
effective_from: 2026-01-01
earn:
  hold: { days: 30, from: delivered, latest: 45 }
  rules:
    - { name: partner-week, when: 'shop_id == "S-9"', rate: "0.05", valid: { from: 2026-04-01, to: 2026-04-08 } }
    - { name: comics, when: 'under(category, "books/comics")', rounding: ceil, funded_by: shop }
    - { name: books, when: 'under(category, "books")', hold: { days: 10 }, expiry: { mode: fixed, months: 6 } }
    - { name: heavy, when: 'attributes.weight > 3 && attributes.kind in ["a", "b"]', rate: "0" }
    - { name: signed, when: attributes.signed, rate: 2 }
    - { name: big, when: 'order_total >= 100000 && payment_method == "card" && !preorder', rate: "0.02", expiry: { mode: none } }
    - { name: night, when: 'ordered_at.getHours() < 5 && destination == "domestic"', rate: "0.03" }
`)
	for _, c := range []struct {
		name  string
		line  LineFacts
		order OrderFacts
		want  string // the rule's name
	}{
		{"nothing known of it", LineFacts{}, OrderFacts{}, ""},
		{"first instant of the week", LineFacts{}, OrderFacts{ShopID: "S-9", OrderedAt: moment(t, "2026-04-01T00:00:00+09:00")}, "partner-week"},
		{"last of the week", LineFacts{}, OrderFacts{ShopID: "S-9", OrderedAt: moment(t, "2026-04-07T23:59:59+09:00")}, "partner-week"},
		{"before the week", LineFacts{}, OrderFacts{ShopID: "S-9", OrderedAt: moment(t, "2026-03-31T23:59:59+09:00")}, ""},
		{"after the week", LineFacts{}, OrderFacts{ShopID: "S-9", OrderedAt: moment(t, "2026-04-08T00:00:00+09:00")}, ""},
		{"the first that matches", LineFacts{Category: "books/comics/new"}, OrderFacts{}, "comics"},
		{"a category itself", LineFacts{Category: "books"}, OrderFacts{}, "books"},
		{"a category that only begins alike", LineFacts{Category: "booksellers"}, OrderFacts{}, ""},
		{"attributes", LineFacts{Attributes: map[string]any{"weight": 3.5, "kind": "b"}}, OrderFacts{}, "heavy"},
		{"whole attributes", LineFacts{Attributes: map[string]any{"weight": int64(4), "kind": "b"}}, OrderFacts{}, "heavy"},
		{"attributes as JSON numbers", LineFacts{Attributes: map[string]any{"weight": json.Number("4"), "kind": "b"}}, OrderFacts{}, "heavy"},
		{"one attribute missing", LineFacts{Attributes: map[string]any{"weight": 4.0}}, OrderFacts{}, ""},
		{"an attribute of another type", LineFacts{Attributes: map[string]any{"weight": "4", "kind": "b"}}, OrderFacts{}, ""},
		{"a true attribute", LineFacts{Attributes: map[string]any{"signed": true}}, OrderFacts{}, "signed"},
		{"an attribute neither true nor false", LineFacts{Attributes: map[string]any{"signed": "yes"}}, OrderFacts{}, ""},
		{"a null attribute", LineFacts{Attributes: map[string]any{"signed": nil}}, OrderFacts{}, ""},
		{"the order's total", LineFacts{}, OrderFacts{Total: 100_000, PaymentMethod: "card"}, "big"},
		{"a preorder's total", LineFacts{}, OrderFacts{Total: 100_000, PaymentMethod: "card", Preorder: true}, ""},
		{"the hour in the program's zone", LineFacts{}, OrderFacts{OrderedAt: moment(t, "2026-05-01T19:00:00Z"), Destination: "domestic"}, "night"},
	} {
		if got := p.Terms(c.line, c.order).Rule; got != c.want {
			t.Errorf("%s: rule %q, want %q", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		category string
		want     string
	}{
		{"", "rule , 0.01 floor, hold {30 delivered 45}, expiry {inactivity 12}, funded by mall"},
		{"books/comics", "rule comics, 0.01 ceil, hold {30 delivered 45}, expiry {inactivity 12}, funded by shop"},
		{"books", "rule books, 0.01 floor, hold {10 delivered 45}, expiry {fixed 6}, funded by mall"},
	} {
		terms := p.Terms(LineFacts{Category: c.category}, OrderFacts{})
		got := fmt.Sprintf("rule %s, %s %s, hold %v, expiry %v, funded by %s", terms.Rule, terms.Rate, terms.Rounding, terms.Hold, terms.Expiry, terms.FundedBy)
		if got != c.want {
			t.Errorf("category %q:\n got %s\nwant %s", c.category, got, c.want)
		}
	}
}

func TestEveryFactHasItsType(t *testing.T) {
	for _, when := range []string{
		`sku == "BK-7" && category != "" && quantity == 2 && unit_price == 1500 && line_total == 3000`,
		`shop_id == "S-1" && member_id == "M-1" && payment_method == "card" && destination == "domestic" && !preorder`,
		`order_total == 3800 && ordered_at >= timestamp("2026-04-01T00:00:00+09:00") && has(attributes.magazine) && !attributes.magazine`,
		`category.startsWith("books") && sku.matches("^[A-Z]{2}-[0-9]+$") && "new" in attributes.tags`,
		`attributes.missing == 1 || line_total > 0`,
	} {
		p := parse(t, fmt.Sprintf("{ program: facts, effective_from: 2026-01-01, earn: { rules: [ { name: all, when: '%s' } ] } }", when))
		terms := p.Terms(
			LineFacts{SKU: "BK-7", Category: "books/comics", Quantity: 2, UnitPrice: 1500, Total: 3000, Attributes: map[string]any{"magazine": false, "tags": []any{"new"}}},
			OrderFacts{ShopID: "S-1", MemberID: "M-1", PaymentMethod: "card", Destination: "domestic", Total: 3800, OrderedAt: moment(t, "2026-04-01T10:00:00+09:00")})
		if terms.Rule != "all" {
			t.Errorf("%s does not match", when)
		}
	}
}

func TestPoints(t *testing.T) {
	terms := parse(t, "{ program: x, effective_from: 2026-01-01 }").Earn.Terms
	for base, want := range map[ledger.Money]ledger.Points{2211: 22, 99: 0, 0: 0, ledger.MaxAmount: 90071992547409} {
		if got := terms.Points(base); got != want {
			t.Errorf("%d earns %d, want %d", base, got, want)
		}
	}
}

func TestUnder(t *testing.T) {
	for _, c := range []struct {
		category, path string
		want           bool
	}{
		{"books", "books", true}, {"books/comics", "books", true}, {"books/comics/new", "books/comics", true},
		{"booksellers", "books", false}, {"book", "books", false}, {"", "books", false}, {"books", "", false}, {"", "", false},
	} {
		if got := Under(c.category, c.path); got != c.want {
			t.Errorf("Under(%q, %q) = %t", c.category, c.path, got)
		}
	}
}

func TestExcludes(t *testing.T) {
	p := parse(t, "{ program: x, effective_from: 2026-01-01, redeem: { excluded_categories: [gift-cards, books/new] } }")
	for category, want := range map[string]bool{"gift-cards/100": true, "books/new": true, "books": false, "": false} {
		if got := p.Redeem.Excludes(category); got != want {
			t.Errorf("Excludes(%q) = %t", category, got)
		}
	}
}

func BenchmarkTerms(b *testing.B) {
	line := LineFacts{SKU: "BK-7", Category: "books", Quantity: 2, UnitPrice: 1500, Total: 3000, Attributes: map[string]any{"magazine": false}}
	order := OrderFacts{ShopID: "S-1", Total: 3800, OrderedAt: moment(b, "2026-04-01T10:00:00+09:00")}
	for _, c := range []struct{ name, rules string }{
		{"no rules", "[]"},
		{"one rule", `[ { name: a, when: 'shop_id == "S-9"' } ]`},
		{"one rule out of season", `[ { name: a, when: 'shop_id == "S-9"', valid: { to: 2026-03-01 } } ]`},
		{"three rules", `[ { name: a, when: 'shop_id == "S-9"' }, { name: b, when: 'under(category, "toys")' }, { name: c, when: 'attributes.magazine && line_total > 1000' } ]`},
	} {
		p := parse(b, "{ program: x, effective_from: 2026-01-01, earn: { rules: "+c.rules+" } }")
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Terms(line, order)
			}
		})
	}
}

func parse(t testing.TB, file string) *Program {
	t.Helper()
	p, err := Parse("test.yaml", []byte(file))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p
}
