package policy

import (
	"fmt"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The two groups of facts whose members may be unknown one by one.
const (
	conditionGroup = "condition"
	attributeGroup = "attributes"
)

// hasPrefix marks the variable that has(x) becomes. No expression can spell it.
const hasPrefix = "@has."

// baseEnv is CEL with the facts of every policy: plain facts, conditions, has() and within().
//
// Every member of a group is a variable of its own with a dotted name. So a misspelt one fails the type check, and an
// absent one can be CEL's own unknown value, which && and || already treat as the language says.
// has() is the only macro: without comprehensions a condition's cost is bounded by its length.
var baseEnv = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.StdLib(), cel.ClearMacros(), cel.Macros(cel.GlobalMacro("has", 1, expandHas)),
		cel.Function("within",
			cel.MemberOverload("string_within_string", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
				cel.BinaryBinding(withinPath)),
			cel.MemberOverload("string_within_list", []*cel.Type{cel.StringType, cel.ListType(cel.StringType)}, cel.BoolType,
				cel.BinaryBinding(withinAny)),
		),
	}
	for _, f := range facts {
		options = append(options, cel.Variable(f.name, f.kind.celType()))
		if f.optional {
			options = append(options, cel.Variable(hasPrefix+f.name, cel.BoolType))
		}
	}
	for _, c := range conditions {
		name := conditionGroup + "." + c
		options = append(options, cel.Variable(name, cel.BoolType), cel.Variable(hasPrefix+name, cel.BoolType))
	}
	return cel.NewCustomEnv(options...)
})

// extendEnv adds the attributes and terms that one policy uses.
func extendEnv(attributes, terms []string) (*cel.Env, error) {
	base, err := baseEnv()
	if err != nil {
		return nil, err
	}
	var options []cel.EnvOption
	for _, a := range attributes {
		name := attributeGroup + "." + a
		options = append(options, cel.Variable(name, cel.DynType), cel.Variable(hasPrefix+name, cel.BoolType))
	}
	for _, t := range terms {
		options = append(options, cel.Variable(t, cel.BoolType))
	}
	return base.Extend(options...)
}

func (k kind) celType() *cel.Type {
	switch k {
	case kindFlag:
		return cel.BoolType
	case kindWhole:
		return cel.IntType
	case kindHours:
		return cel.DoubleType
	case kindList:
		return cel.ListType(cel.StringType)
	}
	return cel.StringType
}

// expandHas turns has(condition.opened) into a variable that says whether the fact is known.
func expandHas(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	name := dotted(args[0])
	group, _, isMember := strings.Cut(name, ".")
	f, isPlain := factNamed(name)
	if isMember && (group == conditionGroup || group == attributeGroup) || isPlain && f.optional {
		return eh.NewIdent(hasPrefix + name), nil
	}
	return nil, eh.NewError(args[0].ID(), fmt.Sprintf(
		"has() asks for condition.x, attributes.x, days_since_delivery or replacement_in_stock, not %s", orThis(name)))
}

func orThis(name string) string {
	if name == "" {
		return "this"
	}
	return name
}

// dotted spells an identifier or one selection from an identifier; else it is empty.
func dotted(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent()
	case ast.SelectKind:
		if s := e.AsSelect(); s.Operand().Kind() == ast.IdentKind {
			return s.Operand().AsIdent() + "." + s.FieldName()
		}
	}
	return ""
}

// within reports whether a category is the path or lies below it.
func within(category, path string) bool {
	return strings.HasPrefix(category, path) && (len(category) == len(path) || category[len(path)] == '/')
}

func withinPath(category, path ref.Val) ref.Val {
	return types.Bool(within(string(category.(types.String)), string(path.(types.String))))
}

func withinAny(category, paths ref.Val) ref.Val {
	l := paths.(traits.Lister)
	n := l.Size().(types.Int)
	for i := types.Int(0); i < n; i++ {
		path, ok := l.Get(i).(types.String)
		if ok && within(string(category.(types.String)), string(path)) {
			return types.True
		}
	}
	return types.False
}
