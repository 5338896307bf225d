package policy

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite golden files and generated documentation")

// golden compares with a file in testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update and look at the difference\n%s", path, got)
	}
}

func TestExplain(t *testing.T) {
	facts := func(src string) Facts {
		f, err := ParseFacts("facts.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	var b strings.Builder
	for _, c := range []struct{ title, code, facts string }{
		{"A fault found at inspection to be the customer's", "card-secret", `{action: return, reason: defect, days_since_delivery: 2, inspection: customer_fault}`},
		{"A pre-order that nobody marked", "preorder-shop", `{"action": "cancel", "preorder": true, "status": "placed", "hours_since_order": 12.5}`},
		{"A picture missing", "kiwami-box", "action: return\nreason: defect\ndays_since_delivery: 1\n"},
		{"Silence", "kiwami-box", "action: return\nreason: lost\n"},
		{"The carrier's affair", "asmart", "action: return\nreason: lost\n"},
		{"The operator cancels", "asmart", "action: cancel\ninitiated_by: operator\n"},
		{"A costly watch of which little is told", "samurai-mall", `{action: return, reason: customer_convenience, category: electronics, unit_price: 300000, days_since_delivery: 2, condition: {opened: false}}`},
	} {
		b.WriteString("# " + c.title + "\n" + shippedPolicy(t, c.code).Explain(facts(c.facts)).String() + "\n")
	}
	golden(t, "explain.txt", b.String())
}

func TestParseFactsRefuses(t *testing.T) {
	for src, want := range map[string]string{
		"reason: defect": "f:1:1: the facts do not say the action, cancel or return",
		"action: refund": `f:1:9: action is never "refund"`,
		"action: return\ncondition: {open: true}":     "f:2:13: unknown fact condition.open",
		"action: return\nhours_since_order: tomorrow": "f:2:20: hours_since_order is a number of hours",
		"action: return\nunit_price: 12.5":            "f:2:13: unit_price must be a whole number, not the number 12.5",
		"[]":                                          "f:1:1: given must be a mapping",
		"":                                            "f:1:1: a policy file holds one YAML document",
	} {
		if _, err := ParseFacts("f", []byte(src)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", src, err, want)
		}
	}
}
