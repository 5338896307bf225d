package policy

import (
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

var ruleKeys = []string{
	"rule", "action", "when", "clause", "also", "outcome", "remedy", "return_shipping", "refunds", "requires",
	"charges", "refer_to", "denied", "asks", "if_accepted", "explanation",
}

// The closed lists of words that other parts of the program act on.
var (
	actionWords   = []string{Cancel, Return}
	outcomeWords  = []string{string(Accept), string(Reject), string(Review)}
	remedyWords   = []string{string(Refund), string(Exchange), string(ReplacementPart), string(preferred)}
	bearerWords   = []string{"shop", "member"}
	chargeWords   = []string{"return_shipping", "handling"}
	requiredWords = []string{
		GoodsBack, Inspection, "photo_or_video", "insured", "tracked", "marked_return",
		"data_erased", "fuel_removed", "registration_cancelled", "accessories_complete",
	}
	partPattern   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	ruleName      = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	clausePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.()_-]{0,63}$`)
)

// readRule reads one rule and appends it to the policy.
func (d *document) readRule(p *Policy, n ast.Node, s *scope, index int) {
	r := rule{at: d.at(n)}
	g := &Grant{}
	said := map[string]place{}
	for _, k := range d.mapping(n, "a rule") {
		said[k.key] = k.at
		switch k.key {
		case "rule":
			r.name = d.matching(k, ruleName, "small letters, digits and hyphens")
			r.at = d.at(k.value)
		case "action":
			r.action = d.oneOf(k, actionWords)
		case "when":
			if e, ok := d.expression(k.value, "when"); ok {
				r.condition = d.parseCondition(e, s)
			}
		case "clause":
			r.clause = d.matching(k, clausePattern, "letters, digits, points and hyphens")
		case "also":
			r.also = d.allMatching(k, clausePattern, "letters, digits, points and hyphens")
		case "outcome":
			r.decision.Outcome = Outcome(d.oneOf(k, outcomeWords))
		case "charges":
			r.decision.Charges = d.allOf(k, chargeWords)
		case "refer_to":
			r.decision.ReferTo = d.matching(k, partPattern, "small letters and underscores")
		case "denied":
			r.decision.Denied, _ = d.truth(k.value, "denied")
		case "asks":
			r.asks = d.words(k.value, "asks")
		case "if_accepted":
			r.decision.IfAccepted = d.grant(k.value)
		case "explanation":
			w, _ := d.word(k.value, "explanation")
			r.decision.Explanation = strings.Join(strings.Fields(w), " ")
		default:
			if !d.grantKey(g, k) {
				d.add(k.at, "unknown key %q%s", k.key, suggestion(k.key, ruleKeys, ""))
			}
		}
	}
	d.checkRule(p, &r, g, said)
	r.finish(g, p.silence)
	p.rules = append(p.rules, r)
}

// checkRule looks at a rule as a whole.
func (d *document) checkRule(p *Policy, r *rule, g *Grant, said map[string]place) {
	for _, need := range []string{"rule", "when", "clause", "outcome", "explanation"} {
		if _, ok := said[need]; !ok {
			d.add(r.at, "%s has no %s", orRule(r.name), need)
		}
	}
	if i := slices.IndexFunc(p.rules, func(o rule) bool { return o.name == r.name && r.name != "" }); i >= 0 {
		d.add(r.at, "rule %s is already on line %d: every rule has a name of its own", r.name, p.rules[i].at.line)
	}
	known := slices.Contains(outcomeWords, string(r.decision.Outcome))
	only := func(outcome Outcome, keys ...string) {
		for _, k := range keys {
			if at, ok := said[k]; ok && r.decision.Outcome != outcome && known {
				d.add(at, "%s belongs to a rule whose outcome is %s", k, outcome)
			}
		}
	}
	only(Accept, "remedy", "refunds")
	only(Reject, "denied", "charges")
	only(Review, "if_accepted")
	if r.decision.Outcome == Accept && r.action != Cancel {
		if _, ok := said["remedy"]; !ok {
			d.add(r.at, "%s accepts but has no remedy", orRule(r.name))
		}
	}
	refunds := g.Remedy == Refund || g.Remedy == preferred
	if _, ok := said["refunds"]; refunds && !ok && r.action != Cancel {
		d.add(r.at, "%s pays a refund but does not say of what: it has no refunds", orRule(r.name))
	}
}

func orRule(name string) string {
	if name == "" {
		return "a rule"
	}
	return "rule " + name
}

// finish works out the decisions that the rule gives.
func (r *rule) finish(g *Grant, silent *Grant) {
	d := &r.decision
	d.Clause, d.Rule, d.Remedy = r.clause, r.name, NoRemedy
	d.ReturnShipping, d.Requires = g.ReturnShipping, g.Requires
	switch d.Outcome {
	case Accept:
		d.Remedy, d.Refunds = g.Remedy, g.Refunds
		if r.action == Cancel && d.Remedy == "" {
			d.Remedy, d.Refunds = Refund, wholePayment
		}
	case Review:
		if d.IfAccepted == nil {
			d.IfAccepted = silence(r.action, silent).IfAccepted
		}
	}
	if d.Remedy == preferred {
		r.preferred = true
		r.exchanged = *d
		r.exchanged.Remedy, r.exchanged.Refunds = Exchange, nil
		d.Remedy = Refund
	}
	for _, ask := range r.asks {
		_, member := splitFact(ask)
		r.askedNames = append(r.askedNames, member)
	}
}

// splitFact divides condition.opened into its group and member; a plain fact is its own member.
func splitFact(name string) (group, member string) {
	group, member, ok := strings.Cut(name, ".")
	if !ok {
		return "", name
	}
	return group, member
}

// grant reads what follows from an acceptance.
func (d *document) grant(n ast.Node) *Grant {
	g := &Grant{}
	for _, k := range d.mapping(n, "if_accepted") {
		if !d.grantKey(g, k) {
			d.add(k.at, "unknown key %q in if_accepted", k.key)
		}
	}
	if g.Remedy == preferred {
		d.add(d.at(n), "if_accepted names one remedy")
	}
	return g
}

func (d *document) grantKey(g *Grant, k pair) bool {
	switch k.key {
	case "remedy":
		g.Remedy = Remedy(d.oneOf(k, remedyWords))
	case "return_shipping":
		g.ReturnShipping = d.oneOf(k, bearerWords)
	case "refunds":
		g.Refunds = d.allMatching(k, partPattern, "small letters and underscores")
	case "requires":
		g.Requires = d.allOf(k, requiredWords)
	default:
		return false
	}
	return true
}

// oneOf reads a word of a closed list.
func (d *document) oneOf(k pair, words []string) string {
	w, ok := d.word(k.value, k.key)
	if ok && !slices.Contains(words, w) {
		d.add(d.at(k.value), "%s is one of %s, not %q%s", k.key, strings.Join(words, ", "), w, suggestion(w, words, ""))
	}
	return w
}

// allOf reads a list of words of a closed list.
func (d *document) allOf(k pair, words []string) []string {
	ws := d.words(k.value, k.key)
	for _, w := range ws {
		if !slices.Contains(words, w) {
			d.add(d.at(k.value), "%s holds %q, but knows only %s%s", k.key, w, strings.Join(words, ", "), suggestion(w, words, ""))
		}
	}
	return ws
}

func (d *document) matching(k pair, pattern *regexp.Regexp, letters string) string {
	w, ok := d.word(k.value, k.key)
	if ok && !pattern.MatchString(w) {
		d.add(d.at(k.value), "%s is made of %s, not %q", k.key, letters, w)
	}
	return w
}

func (d *document) allMatching(k pair, pattern *regexp.Regexp, letters string) []string {
	ws := d.words(k.value, k.key)
	for _, w := range ws {
		if !pattern.MatchString(w) {
			d.add(d.at(k.value), "%s are made of %s, not %q", k.key, letters, w)
		}
	}
	return ws
}
