package policy

import (
	"fmt"
	"slices"
	"strings"
)

// An Example is a case written down in a policy file: these facts must lead to this decision.
type Example struct {
	Name     string
	Line     int
	Given    Facts
	Contrast []string // clauses whose other side this case shows

	at   place
	want expectation
}

// An expectation holds what an example says of a decision; nil means that it says nothing.
type expectation struct {
	outcome, clause                      string
	rule, remedy, returnShipping, refers *string
	refunds, requires, charges           *[]string
	denied                               *bool
}

// An ExampleResult is what became of an example.
type ExampleResult struct {
	Example     Example
	Got         Decision
	Differences []string // empty: as expected
}

// Passed reports whether the decision was the expected one.
func (r ExampleResult) Passed() bool { return len(r.Differences) == 0 }

// RunExamples decides every example of the file, in its order. Those of a loaded policy all pass.
func (p *Policy) RunExamples() []ExampleResult {
	results := make([]ExampleResult, len(p.examples))
	for i, x := range p.examples {
		got := p.Decide(x.Given)
		results[i] = ExampleResult{Example: x, Got: got, Differences: x.want.differences(got)}
	}
	return results
}

// Examples lists the file's examples.
func (p *Policy) Examples() []Example { return slices.Clone(p.examples) }

func (w expectation) differences(got Decision) []string {
	var out []string
	say := func(what string, want, got any) {
		out = append(out, fmt.Sprintf("%s is %v, not %v", what, shown(got), shown(want)))
	}
	word := func(what string, want *string, got string) {
		if want != nil && *want != got {
			say(what, *want, got)
		}
	}
	words := func(what string, want *[]string, got []string) {
		if want != nil && !sameWords(*want, got) {
			say(what, *want, got)
		}
	}
	word("outcome", &w.outcome, string(got.Outcome))
	word("clause", &w.clause, got.Clause)
	word("rule", w.rule, got.Rule)
	word("remedy", w.remedy, string(got.Remedy))
	word("return_shipping", w.returnShipping, got.ReturnShipping)
	word("refer_to", w.refers, got.ReferTo)
	words("refunds", w.refunds, got.Refunds)
	words("requires", w.requires, got.Requires)
	words("charges", w.charges, got.Charges)
	if w.denied != nil && *w.denied != got.Denied {
		say("denied", *w.denied, got.Denied)
	}
	return out
}

func shown(v any) string {
	switch v := v.(type) {
	case string:
		if v == "" {
			return "empty"
		}
	case []string:
		return "[" + strings.Join(v, ", ") + "]"
	}
	return fmt.Sprint(v)
}

// sameWords ignores the order.
func sameWords(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}
