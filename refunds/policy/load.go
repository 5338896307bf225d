package policy

import (
	"regexp"
	"slices"
	"time"

	"cel.dev/cel-go/common/types"
	"github.com/goccy/go-yaml/ast"
)

// Load reads, type-checks and proves a policy file.
//
// The error is a *LoadError that lists every problem with file, line and column: what is not YAML or has the wrong shape,
// an unknown fact or word, a wrong type, a rule named twice, without a clause or without an explanation, a rule that can never
// be reached, a rule that no example reaches, an example whose decision is another. With an error nothing is loaded.
func Load(filename string, src []byte) (*Policy, error) {
	p, d := read(filename, src)
	if len(d.found) == 0 {
		for _, r := range p.RunExamples() {
			for _, difference := range r.Differences {
				d.add(r.Example.at, "example %q: %s", r.Example.Name, difference)
			}
		}
		d.checkReached(p)
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return p, nil
}

// Test runs a file's examples, failing ones too. The error is Load's, for a file that Load refuses for any other reason
// than a failing example or a rule without one.
func Test(filename string, src []byte) ([]ExampleResult, error) {
	p, d := read(filename, src)
	if err := d.err(); err != nil {
		return nil, err
	}
	return p.RunExamples(), nil
}

// ParseFacts reads one set of facts, YAML or JSON, written as in the examples of a policy file. The error is a *LoadError.
func ParseFacts(filename string, src []byte) (Facts, error) {
	d := &document{problems: problems{file: filename}}
	root := d.parse(src)
	if root == nil {
		return Facts{}, d.err()
	}
	f := d.facts(root)
	return f, d.err()
}

// read does all of Load but the examples.
func read(filename string, src []byte) (*Policy, *document) {
	d := &document{problems: problems{file: filename}}
	p := &Policy{source: slices.Clone(src), version: 1}
	root := d.parse(src)
	if root == nil {
		return p, d
	}
	f := d.file(root)
	p.code, p.name, p.shop = f.code, f.name, f.shop
	if f.version > 0 {
		p.version = f.version
	}
	p.effectiveFrom = f.effectiveFrom
	p.silence = f.silence

	s := &scope{used: map[string]bool{}}
	if len(f.terms) > maxRules {
		d.add(f.terms[maxRules].at, "terms has %d entries, more than %d", len(f.terms), maxRules)
		return p, d
	}
	for _, t := range f.terms {
		d.readTerm(p, t, s)
	}
	if f.rules != nil {
		for i, n := range d.items(f.rules, "rules", maxRules) {
			d.readRule(p, n, s, i)
		}
	}
	if f.examples != nil {
		for _, n := range d.items(f.examples, "examples", maxExamples) {
			d.readExample(p, n)
		}
	}
	d.compile(p, s)
	if len(d.found) == 0 {
		d.checkTermsUsed(p, s)
		d.checkBehind(p)
	}
	return p, d
}

// A header is the top of a file, its lists still unread.
type header struct {
	code, name, shop string
	version          int
	effectiveFrom    time.Time
	silence          *Grant
	terms            []pair
	rules, examples  ast.Node
}

var codePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,127}$`)

func (d *document) file(root ast.Node) header {
	var h header
	zone := time.UTC
	var from *pair
	pairs := d.mapping(root, "the file")
	for i, p := range pairs {
		switch p.key {
		case "policy":
			h.code, _ = d.word(p.value, "policy")
			if h.code != "" && !codePattern.MatchString(h.code) {
				d.add(d.at(p.value), "policy is a code of small letters, digits and hyphens, not %q", h.code)
			}
		case "name":
			h.name, _ = d.word(p.value, "name")
		case "shop":
			h.shop, _ = d.word(p.value, "shop")
		case "version":
			if n, ok := d.number(p.value, "version"); ok && (n < 1 || n > 1<<31-1) {
				d.add(d.at(p.value), "version counts from 1")
			} else {
				h.version = int(n)
			}
		case "timezone":
			name, ok := d.word(p.value, "timezone")
			if z, err := time.LoadLocation(name); ok && (err != nil || name == "Local") {
				d.add(d.at(p.value), "unknown timezone %q", name)
			} else if ok {
				zone = z
			}
		case "effective_from":
			from = &pairs[i]
		case "if_accepted":
			h.silence = d.grant(p.value)
		case "terms":
			h.terms = d.mapping(p.value, "terms")
		case "rules":
			h.rules = p.value
		case "examples":
			h.examples = p.value
		default:
			d.add(p.at, "unknown key %q%s", p.key, suggestion(p.key, fileKeys, ""))
		}
	}
	for _, need := range []string{"policy", "effective_from", "rules", "examples"} {
		if !slices.ContainsFunc(pairs, func(p pair) bool { return p.key == need }) {
			d.add(d.at(root), "the file says nothing for %q", need)
		}
	}
	if from != nil {
		h.effectiveFrom = d.instant(from.value, zone)
	}
	return h
}

var fileKeys = []string{"policy", "name", "shop", "version", "timezone", "effective_from", "if_accepted", "terms", "rules", "examples"}

// instant reads a date, which begins at midnight in zone, or a time with its offset.
func (d *document) instant(n ast.Node, zone *time.Location) time.Time {
	w, ok := d.word(n, "effective_from")
	if !ok {
		return time.Time{}
	}
	if t, err := time.ParseInLocation(time.DateOnly, w, zone); err == nil {
		return t
	}
	t, err := time.Parse(time.RFC3339, w)
	if err != nil {
		d.add(d.at(n), "effective_from is a date such as 2026-04-01 or a time with its offset, not %q", w)
	}
	return t
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// reserved are words of CEL that cannot name a term.
var reserved = []string{
	"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
	"loop", "package", "namespace", "return", "var", "void", "while", conditionGroup, attributeGroup, "has", "within",
	"bool", "int", "uint", "double", "bytes", "string", "list", "map", "type", "dyn", "null_type", "size", "duration", "timestamp", "matches",
}

func (d *document) readTerm(p *Policy, t pair, s *scope) {
	_, taken := factNamed(t.key)
	switch {
	case taken || slices.Contains(reserved, t.key):
		d.add(t.at, "%s already has a meaning and cannot name a term", t.key)
		return
	case !namePattern.MatchString(t.key):
		d.add(t.at, "a term is named in small letters, digits and underscores, not %q", t.key)
		return
	}
	e, ok := d.expression(t.value, "the term "+t.key)
	if !ok {
		s.terms = append(s.terms, t.key) // so that its users are not blamed too
		return
	}
	p.terms = append(p.terms, term{t.key, d.parseCondition(e, s)})
	s.terms = append(s.terms, t.key)
}

func (d *document) checkTermsUsed(p *Policy, s *scope) {
	for _, t := range p.terms {
		if !s.used[t.name] {
			d.add(t.condition.start, "no rule uses the term %s", t.name)
		}
	}
}

// compile type-checks all conditions against the names of the file. It needs all of them to have been read.
func (d *document) compile(p *Policy, s *scope) {
	env, err := extendEnv(s.attributes, s.terms)
	if err != nil {
		d.add(place{1, 1}, "the file's names cannot be used together: %v", err)
		return
	}
	for _, t := range p.terms {
		if t.condition != nil {
			d.checkCondition(t.condition, env)
		}
	}
	for _, r := range p.rules {
		if r.condition != nil {
			d.checkCondition(r.condition, env)
		}
	}
	for i := range p.rules {
		for _, ask := range p.rules[i].asks {
			s.checkAsk(d, p.rules[i].at, ask)
		}
	}
	p.variables, p.slots = variablesOf(s.attributes, s.terms)
}

// checkAsk makes sure that a fact to be asked for is one that may be unknown.
func (s *scope) checkAsk(d *document, at place, ask string) {
	group, member := splitFact(ask)
	f, plain := factNamed(ask)
	switch {
	case group == conditionGroup && slices.Contains(conditions, member):
	case group == attributeGroup && slices.Contains(s.attributes, member):
	case plain && f.optional:
	default:
		d.add(at, "asks names %s, which is not a fact that this file reads and that can be unknown", ask)
	}
}

// checkBehind reports rules that stand behind one that holds whatever the facts are.
//
// A condition always holds for an action if CEL finds it true with every other fact unknown.
func (d *document) checkBehind(p *Policy) {
	always := map[string]*rule{}
	for i := range p.rules {
		r := &p.rules[i]
		var behind *rule
		reachable := false
		for _, action := range actionWords {
			if !r.concerns(action) {
				continue
			}
			v := p.knowingOnly(action, r.condition)
			if v == types.False {
				continue
			}
			if first := always[action]; first != nil {
				behind = first
				continue
			}
			reachable = true
			if v == types.True {
				always[action] = r
			}
		}
		switch {
		case behind != nil && !reachable:
			d.add(r.at, "rule %s can never be reached: %s on line %d always holds", r.name, behind.name, behind.at.line)
		case !reachable:
			d.add(r.at, "rule %s can never be reached: its condition never holds", r.name)
		}
	}
}

// checkReached reports rules that decide no example.
func (d *document) checkReached(p *Policy) {
	reached := map[string]bool{}
	for _, x := range p.examples {
		reached[p.Decide(x.Given).Rule] = true
	}
	for _, r := range p.rules {
		if !reached[r.name] {
			d.add(r.at, "no example reaches rule %s", r.name)
		}
	}
}
