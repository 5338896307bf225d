package policy

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// readExample reads one example and appends it to the policy.
func (d *document) readExample(p *Policy, n ast.Node) {
	x := Example{at: d.at(n)}
	said := map[string]bool{}
	for _, k := range d.mapping(n, "an example") {
		said[k.key] = true
		switch k.key {
		case "example":
			x.Name, _ = d.word(k.value, "example")
			x.at = d.at(k.value)
		case "given":
			x.Given = d.facts(k.value)
		case "expect":
			x.want = d.expectation(k.value)
		case "contrast":
			x.Contrast = d.words(k.value, "contrast")
		default:
			d.add(k.at, "unknown key %q%s", k.key, suggestion(k.key, []string{"example", "given", "expect", "contrast"}, ""))
		}
	}
	x.Line = x.at.line
	for _, need := range []string{"example", "given", "expect"} {
		if !said[need] {
			d.add(x.at, "an example has no %s", need)
		}
	}
	if slices.ContainsFunc(p.examples, func(o Example) bool { return o.Name == x.Name && x.Name != "" }) {
		d.add(x.at, "there are two examples named %q", x.Name)
	}
	p.examples = append(p.examples, x)
}

// facts reads the facts of an example or of a file for Explain.
func (d *document) facts(n ast.Node) Facts {
	f := Facts{}
	pairs := d.mapping(n, "given")
	for _, k := range pairs {
		switch k.key {
		case conditionGroup:
			f.Condition = d.conditionFacts(k.value)
		case attributeGroup:
			f.Attributes = map[string]any{}
			for _, a := range d.mapping(k.value, attributeGroup) {
				if v, ok := d.value(a.value, a.key); ok {
					f.Attributes[a.key] = v
				}
			}
		default:
			d.plainFact(&f, k)
		}
	}
	if !slices.ContainsFunc(pairs, func(k pair) bool { return k.key == facts[slotAction].name }) {
		d.add(d.at(n), "the facts do not say the action, %s", strings.Join(actionWords, " or "))
	}
	return f.withDefaults()
}

func (d *document) conditionFacts(n ast.Node) map[string]bool {
	values := map[string]bool{}
	for _, c := range d.mapping(n, conditionGroup) {
		if !slices.Contains(conditions, c.key) {
			d.add(c.at, "unknown fact %s.%s%s", conditionGroup, c.key, suggestion(c.key, conditions, ""))
			continue
		}
		if v, ok := d.truth(c.value, c.key); ok {
			values[c.key] = v
		}
	}
	return values
}

func (d *document) plainFact(f *Facts, k pair) {
	known, ok := factNamed(k.key)
	if !ok {
		d.add(k.at, "unknown fact %s%s", k.key, suggestion(k.key, append(plainNames(), conditionGroup, attributeGroup), ""))
		return
	}
	switch known.kind {
	case kindText:
		w, ok := d.word(k.value, k.key)
		if ok && known.words != nil && !slices.Contains(known.words, w) {
			d.add(d.at(k.value), "%s is never %q%s", k.key, w, suggestion(w, known.words, ""))
		}
		*f.textField(k.key) = w
	case kindFlag:
		v, ok := d.truth(k.value, k.key)
		if k.key == facts[slotPreorder].name {
			f.Preorder = v
		} else if ok {
			f.ReplacementInStock = &v
		}
	case kindWhole:
		if v, ok := d.number(k.value, k.key); ok {
			f.setNumber(k.key, v)
		}
	case kindHours:
		f.SinceOrder = d.hours(k)
	case kindList:
		f.Evidence = d.words(k.value, k.key)
	}
}

func (f *Facts) textField(name string) *string {
	return map[string]*string{
		facts[slotAction].name: &f.Action, facts[slotInitiatedBy].name: &f.InitiatedBy, facts[slotReason].name: &f.Reason,
		facts[slotStatus].name: &f.Status, facts[slotDestination].name: &f.Destination, facts[slotCategory].name: &f.Category,
		facts[slotInspection].name: &f.Inspection, facts[slotPreferredRemedy].name: &f.PreferredRemedy,
		facts[slotAtFault].name: &f.AtFault,
	}[name]
}

func (f *Facts) setNumber(name string, v int64) {
	switch name {
	case facts[slotUnitPrice].name:
		f.UnitPrice = v
	case facts[slotDaysSinceDelivery].name:
		f.DaysSinceDelivery = new(int(v))
	case facts[slotDaysSinceOrder].name:
		f.DaysSinceOrder = int(v)
	case facts[slotReturnsInWindow].name:
		f.ReturnsInWindow = int(v)
	case facts[slotMaxReturns].name:
		f.MaxReturns = int(v)
	}
}

// hours reads 168, 167.5 or 168h0m1s.
func (d *document) hours(k pair) time.Duration {
	switch n := k.value.(type) {
	case *ast.IntegerNode:
		if v, ok := d.number(n, k.key); ok && v >= 0 && v < 1<<20 {
			return time.Duration(v) * time.Hour
		}
	case *ast.FloatNode:
		if n.Value >= 0 && n.Value < 1<<20 {
			return time.Duration(math.Round(n.Value * float64(time.Hour)))
		}
	case *ast.StringNode:
		if v, err := time.ParseDuration(n.Value); err == nil {
			return v
		}
	}
	d.add(d.at(k.value), "%s is a number of hours or a time such as 168h0m1s", k.key)
	return 0
}

var expectKeys = []string{
	"outcome", "clause", "rule", "remedy", "return_shipping", "refunds", "requires", "charges", "refer_to", "denied",
}

func (d *document) expectation(n ast.Node) expectation {
	var w expectation
	said := map[string]bool{}
	for _, k := range d.mapping(n, "expect") {
		said[k.key] = true
		text := func() *string {
			v, _ := d.word(k.value, k.key)
			return &v
		}
		texts := func() *[]string {
			v := d.words(k.value, k.key)
			return &v
		}
		switch k.key {
		case "outcome":
			w.outcome = d.oneOf(k, outcomeWords)
		case "clause":
			w.clause, _ = d.word(k.value, k.key)
		case "rule":
			w.rule = text()
		case "remedy":
			w.remedy = text()
		case "return_shipping":
			w.returnShipping = text()
		case "refer_to":
			w.refers = text()
		case "refunds":
			w.refunds = texts()
		case "requires":
			w.requires = texts()
		case "charges":
			w.charges = texts()
		case "denied":
			v, _ := d.truth(k.value, k.key)
			w.denied = &v
		default:
			d.add(k.at, "unknown key %q%s", k.key, suggestion(k.key, expectKeys, ""))
		}
	}
	for _, need := range expectKeys[:2] {
		if !said[need] {
			d.add(d.at(n), "expect has no %s", need)
		}
	}
	return w
}
