package policy

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/common/types"
)

// A Trace tells how a decision came about.
type Trace struct {
	Policy   string   `json:"policy"`
	Shop     string   `json:"shop,omitempty"`
	Version  int      `json:"version"`
	Terms    []Step   `json:"terms,omitempty"` // what the rules read say in one word, Rule being that word
	Steps    []Step   `json:"steps"`           // the rules read, in order; the last one decided if Decision.Rule names it
	Decision Decision `json:"decision"`
}

// A Step is one rule that was read.
type Step struct {
	Rule    string   `json:"rule"`
	Clause  string   `json:"clause"`
	Line    int      `json:"line"`
	When    string   `json:"when"`
	Value   string   `json:"value"`             // true, false or unknown
	Unknown []string `json:"unknown,omitempty"` // the facts that would have settled it
	Note    string   `json:"note,omitempty"`    // why a value could not be computed
}

// Explain decides like Decide and tells every rule that was read until one held. It reads no rule after that one.
func (p *Policy) Explain(f Facts) Trace {
	f = f.withDefaults()
	t := Trace{Policy: p.code, Shop: p.shop, Version: p.version, Decision: p.Decide(f)}
	if f.Action == Cancel && f.InitiatedBy != ByMember {
		return t
	}
	e := p.evaluate(f)
	defer p.done(e)
	for i := range p.rules {
		r := &p.rules[i]
		if !r.concerns(f.Action) {
			continue
		}
		step := e.step(r.name, r.condition)
		step.Clause, step.Line = r.clause, r.at.line
		t.Steps = append(t.Steps, step)
		if step.Value == "true" {
			break
		}
	}
	for _, w := range p.terms {
		if e.values[p.slots[w.name]] != nil { // a rule has asked for it
			t.Terms = append(t.Terms, e.step(w.name, w.condition))
		}
	}
	return t
}

func (e *evaluation) step(name string, c *condition) Step {
	s := Step{Rule: name, Line: c.start.line, When: strings.Join(strings.Fields(c.text), " ")}
	switch v := e.truth(c).(type) {
	case types.Bool:
		s.Value = fmt.Sprint(bool(v))
	case *types.Unknown:
		s.Value, s.Unknown = "unknown", e.unknowns(v)
	case *types.Err:
		s.Value, s.Note = "unknown", v.String()
	default:
		s.Value, s.Note = "unknown", "the condition yields neither true nor false"
	}
	return s
}

// String is the whole trace, one rule a line, for a terminal.
func (t Trace) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "policy %s, version %d", t.Policy, t.Version)
	if t.Shop != "" {
		fmt.Fprintf(&b, ", shop %s", t.Shop)
	}
	b.WriteByte('\n')
	for _, s := range t.Terms {
		fmt.Fprintf(&b, "%-8s %s: %s\n", s.Value, s.Rule, s.When)
	}
	for _, s := range t.Steps {
		fmt.Fprintf(&b, "%-8s line %-4d %s (%s)\n         when %s\n", s.Value, s.Line, s.Rule, s.Clause, s.When)
		if len(s.Unknown) > 0 {
			fmt.Fprintf(&b, "         not known: %s\n", strings.Join(s.Unknown, ", "))
		}
		if s.Note != "" {
			fmt.Fprintf(&b, "         %s\n", s.Note)
		}
	}
	d := t.Decision
	fmt.Fprintf(&b, "decision %s", d.Outcome)
	if d.Remedy != NoRemedy {
		fmt.Fprintf(&b, ", %s", d.Remedy)
	}
	if d.Clause != "" {
		fmt.Fprintf(&b, ", clause %s", d.Clause)
	}
	fmt.Fprintf(&b, "\n%s\n", t.Words())
	return b.String()
}

// Words is the answer in sentences that can be sent to the customer.
func (t Trace) Words() string {
	d := t.Decision
	parts := []string{d.Explanation}
	if d.Clause != "" && d.Clause != ClauseOperator {
		parts = append(parts, fmt.Sprintf("This follows from clause %s of the terms.", d.Clause))
	}
	if len(d.Requires) > 0 && d.Outcome != Reject {
		parts = append(parts, "Still needed: "+spoken(d.Requires)+".")
	}
	switch d.ReturnShipping {
	case "shop":
		parts = append(parts, "The shop pays for sending the goods back.")
	case "member":
		parts = append(parts, "The cost of sending the goods back is yours.")
	}
	if d.ReferTo != "" {
		parts = append(parts, fmt.Sprintf("Please turn to the %s.", strings.ReplaceAll(d.ReferTo, "_", " ")))
	}
	return strings.Join(parts, " ")
}

// inWords says what the customer is asked for.
var inWords = map[string]string{
	GoodsBack: "the goods themselves", Inspection: "our check of the goods", "photo_or_video": "a photo or a video",
	"insured": "insurance for the parcel's value", "tracked": "a parcel with tracking", "marked_return": "the mark “Return” on the parcel",
	"opened": "whether the goods were opened", "used": "whether the goods were used",
	"cancellable": "whether the item can be cancelled", "replacement_in_stock": "whether a replacement is in stock",
}

func spoken(requires []string) string {
	words := make([]string, len(requires))
	for i, r := range requires {
		words[i] = r
		if w, ok := inWords[r]; ok {
			words[i] = w
		} else {
			words[i] = strings.ReplaceAll(r, "_", " ")
		}
	}
	return strings.Join(words, ", ")
}
