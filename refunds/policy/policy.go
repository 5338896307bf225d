package policy

import (
	"slices"
	"sync"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// A Policy is a checked policy file. It does not change and may be used by many goroutines at once.
type Policy struct {
	code, name    string
	shop          string
	version       int
	effectiveFrom time.Time
	source        []byte

	terms    []term
	rules    []rule
	silence  *Grant
	examples []Example

	variables   []variable
	slots       map[string]int
	evaluations sync.Pool
}

// A term is a condition with a name, so that rules can say it in one word.
type term struct {
	name      string
	condition *condition
}

// A rule is one row of a policy.
type rule struct {
	name      string
	at        place
	action    string // empty: both
	condition *condition
	clause    string
	also      []string // further clauses that the rule keeps
	asks      []string // facts to ask for if they are unknown

	decision   Decision
	preferred  bool     // decision is a refund, exchanged is what stands if the customer prefers an exchange
	exchanged  Decision // only if preferred
	askedNames []string // what each of asks is called in Requires
}

// Code is the policy's name in a program file.
func (p *Policy) Code() string { return p.code }

// Name is what people call it.
func (p *Policy) Name() string { return p.name }

// Shop is the shop whose own terms these are; empty for the mall's.
func (p *Policy) Shop() string { return p.shop }

// Version counts the versions of this policy.
func (p *Policy) Version() int { return p.version }

// EffectiveFrom is the first instant at which this version is in force.
func (p *Policy) EffectiveFrom() time.Time { return p.effectiveFrom }

// Source is the file as it was loaded.
func (p *Policy) Source() []byte { return slices.Clone(p.source) }

// Clauses lists the clauses that the policy's rules keep, each once, in order of appearance.
func (p *Policy) Clauses() []string {
	var clauses []string
	for _, r := range p.rules {
		for _, c := range append([]string{r.clause}, r.also...) {
			if !slices.Contains(clauses, c) {
				clauses = append(clauses, c)
			}
		}
	}
	return clauses
}

// Decide reads the rules top to bottom and answers with the first whose condition is true.
//
// No rule true: a review without a clause. A cancellation by the shop or an operator is accepted before any rule is read.
// The same facts always give the same decision.
func (p *Policy) Decide(f Facts) Decision {
	f = f.withDefaults()
	if f.Action == Cancel && f.InitiatedBy != ByMember {
		return byOperator
	}
	e := p.evaluate(f)
	defer p.done(e)
	for i := range p.rules {
		r := &p.rules[i]
		if r.concerns(f.Action) && e.truth(r.condition) == types.True {
			return r.decide(e)
		}
	}
	return silence(f.Action, p.silence)
}

// knowingOnly evaluates a condition with every fact unknown but the action.
func (p *Policy) knowingOnly(action string, c *condition) ref.Val {
	e := p.evaluate(Facts{Action: action})
	defer p.done(e)
	e.blank = true
	return e.truth(c)
}

func (r *rule) concerns(action string) bool { return r.action == "" || r.action == action }

// decide is the rule's decision for these facts.
func (r *rule) decide(e *evaluation) Decision {
	d := r.decision
	if r.preferred && e.facts.PreferredRemedy == string(Exchange) &&
		(e.facts.ReplacementInStock == nil || *e.facts.ReplacementInStock) {
		d = r.exchanged
	}
	for i, ask := range r.asks {
		if v := e.policy.variables[e.policy.slots[ask]]; e.known(&v) == nil {
			d.Requires = append(slices.Clip(d.Requires), r.askedNames[i])
		}
	}
	return d
}

func (p *Policy) evaluate(f Facts) *evaluation {
	e, ok := p.evaluations.Get().(*evaluation)
	if !ok {
		e = &evaluation{policy: p, values: make([]ref.Val, len(p.variables))}
	}
	e.facts = f
	return e
}

func (p *Policy) done(e *evaluation) {
	clear(e.values)
	e.facts, e.blank = Facts{}, false
	p.evaluations.Put(e)
}
