package policy

import (
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// where a variable of a condition comes from.
type origin int

const (
	fromPlain origin = iota
	fromCondition
	fromAttribute
	fromTerm
)

// A variable is one name that this policy's conditions may read.
type variable struct {
	name    string // of the fact, without has()
	member  string // within its group
	origin  origin
	index   int  // slot of a plain fact, number of a term
	asks    bool // has(name)
	unknown *types.Unknown
}

// variablesOf lists every name of a policy. A variable's place in the list is its slot.
func variablesOf(attributes, terms []string) ([]variable, map[string]int) {
	var all []variable
	slots := map[string]int{}
	add := func(v variable, optional bool) {
		// The number that an unknown carries is the variable's, so that a trace can name it.
		v.unknown = types.NewUnknown(int64(len(all)), types.NewAttributeTrail(v.name))
		slots[v.name] = len(all)
		all = append(all, v)
		if optional {
			v.asks = true
			slots[hasPrefix+v.name] = len(all)
			all = append(all, v)
		}
	}
	for i, f := range facts {
		add(variable{name: f.name, index: i}, f.optional)
	}
	for _, c := range conditions {
		add(variable{name: conditionGroup + "." + c, member: c, origin: fromCondition}, true)
	}
	for _, a := range attributes {
		add(variable{name: attributeGroup + "." + a, member: a, origin: fromAttribute}, true)
	}
	for i, t := range terms {
		add(variable{name: t, origin: fromTerm, index: i}, false)
	}
	return all, slots
}

// An evaluation answers the names of one set of facts. It computes a value when it is first asked for and keeps it,
// so a term that twenty rules use is computed once. Not safe for two goroutines at a time.
type evaluation struct {
	policy *Policy
	facts  Facts
	values []ref.Val
	blank  bool // every fact but the action is unknown
}

var _ cel.Activation = (*evaluation)(nil)

// Parent is nil: there is no outer scope.
func (e *evaluation) Parent() cel.Activation { return nil }

// ResolveName answers CEL's question for a variable.
func (e *evaluation) ResolveName(name string) (any, bool) {
	slot, ok := e.policy.slots[name]
	if !ok {
		return nil, false
	}
	v := e.values[slot]
	if v == nil {
		v = e.compute(&e.policy.variables[slot])
		e.values[slot] = v
	}
	return v, true
}

func (e *evaluation) compute(v *variable) ref.Val {
	if v.origin == fromTerm {
		return e.truth(e.policy.terms[v.index].condition)
	}
	if e.blank && (v.origin != fromPlain || v.index != slotAction) {
		return v.unknown
	}
	value := e.known(v)
	if v.asks {
		return types.Bool(value != nil)
	}
	if value == nil {
		return v.unknown
	}
	return value
}

// known is a fact's value, nil if it is unknown.
func (e *evaluation) known(v *variable) ref.Val {
	switch v.origin {
	case fromCondition:
		if value, ok := e.facts.Condition[v.member]; ok {
			return types.Bool(value)
		}
		return nil
	case fromAttribute:
		if value, ok := e.facts.Attributes[v.member]; ok && value != nil {
			return types.DefaultTypeAdapter.NativeToValue(value)
		}
		return nil
	}
	return e.plain(v.index)
}

func (e *evaluation) plain(slot int) ref.Val {
	f := &e.facts
	switch slot {
	case slotAction:
		return types.String(f.Action)
	case slotInitiatedBy:
		return types.String(f.InitiatedBy)
	case slotReason:
		return types.String(f.Reason)
	case slotStatus:
		return types.String(f.Status)
	case slotPreorder:
		return types.Bool(f.Preorder)
	case slotDestination:
		return types.String(f.Destination)
	case slotCategory:
		return types.String(f.Category)
	case slotUnitPrice:
		return types.Int(f.UnitPrice)
	case slotEvidence:
		return types.DefaultTypeAdapter.NativeToValue(f.Evidence)
	case slotInspection:
		return types.String(f.Inspection)
	case slotReplacementInStock:
		if f.ReplacementInStock == nil {
			return nil
		}
		return types.Bool(*f.ReplacementInStock)
	case slotPreferredRemedy:
		return types.String(f.PreferredRemedy)
	case slotAtFault:
		return types.String(f.AtFault)
	case slotDaysSinceDelivery:
		if f.DaysSinceDelivery == nil {
			return nil
		}
		return types.Int(*f.DaysSinceDelivery)
	case slotDaysSinceOrder:
		return types.Int(f.DaysSinceOrder)
	case slotHoursSinceOrder:
		// The only fraction here: rules count hours, and it is time, not money.
		return types.Double(float64(f.SinceOrder) / float64(time.Hour))
	case slotReturnsInWindow:
		return types.Int(f.ReturnsInWindow)
	case slotMaxReturns:
		return types.Int(f.MaxReturns)
	}
	panic("policy: a fact without a value")
}

// truth is a condition's value: true, false, an unknown or an error (an attribute of the wrong type).
func (e *evaluation) truth(c *condition) ref.Val {
	v, _, err := c.program.Eval(e)
	if err != nil {
		return types.WrapErr(err)
	}
	return v
}

// unknowns names the facts that kept a value from being true or false.
func (e *evaluation) unknowns(v ref.Val) []string {
	u, ok := v.(*types.Unknown)
	if !ok {
		return nil
	}
	var names []string
	for _, id := range u.IDs() {
		names = append(names, e.policy.variables[id].name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
