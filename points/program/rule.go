package program

import (
	"fmt"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// A Rule gives the lines that it matches terms of their own.
type Rule struct {
	Name      string    // stands with every grant made by it
	When      string    // CEL over the facts of the line and the order; empty: every line
	ValidFrom time.Time // first instant of orders it holds for; zero: since ever
	ValidTo   time.Time // first instant of orders it no longer holds for; zero: for ever
	Terms     Terms     // complete: what the rule left out is the program's

	when cel.Program // nil: every line
	own  ruleFile    // what the file says, for the canonical form
}

// matches says whether the rule holds for the line. A line without the facts that the rule asks for is none of its.
func (r *Rule) matches(f *facts) bool {
	at := f.order.OrderedAt
	if at.Before(r.ValidFrom) || !r.ValidTo.IsZero() && !at.Before(r.ValidTo) {
		return false
	}
	if r.when == nil {
		return true
	}
	result, _, err := r.when.Eval(f)
	return err == nil && result == types.True
}

// facts offers the facts of a line to CEL by their names.
type facts struct {
	line  LineFacts
	order OrderFacts
	zone  *time.Location
}

// factTypes are the names that rules may use.
var factTypes = []cel.EnvOption{
	cel.Variable("sku", cel.StringType),
	cel.Variable("category", cel.StringType),
	cel.Variable("quantity", cel.IntType),
	cel.Variable("unit_price", cel.IntType),
	cel.Variable("line_total", cel.IntType),
	cel.Variable("attributes", cel.MapType(cel.StringType, cel.DynType)),
	cel.Variable("shop_id", cel.StringType),
	cel.Variable("member_id", cel.StringType),
	cel.Variable("payment_method", cel.StringType),
	cel.Variable("destination", cel.StringType),
	cel.Variable("preorder", cel.BoolType),
	cel.Variable("order_total", cel.IntType),
	cel.Variable("ordered_at", cel.TimestampType),
}

// ResolveName is the value of a fact.
func (f *facts) ResolveName(name string) (any, bool) {
	switch name {
	case "sku":
		return f.line.SKU, true
	case "category":
		return f.line.Category, true
	case "quantity":
		return f.line.Quantity, true
	case "unit_price":
		return int64(f.line.UnitPrice), true
	case "line_total":
		return int64(f.line.Total), true
	case "attributes":
		return f.line.Attributes, true
	case "shop_id":
		return f.order.ShopID, true
	case "member_id":
		return f.order.MemberID, true
	case "payment_method":
		return f.order.PaymentMethod, true
	case "destination":
		return f.order.Destination, true
	case "preorder":
		return f.order.Preorder, true
	case "order_total":
		return int64(f.order.Total), true
	case "ordered_at":
		return f.order.OrderedAt.In(f.zone), true
	}
	return nil, false
}

// Parent is nil: there are no other facts.
func (*facts) Parent() cel.Activation { return nil }

// language is CEL without loops, so that no rule takes longer than its text is long, plus under(category, path).
var language = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(append([]cel.EnvOption{
		cel.ClearMacros(),
		cel.Macros(cel.HasMacro),
		cel.CrossTypeNumericComparisons(true), // attributes.weight > 3 holds for 3.5
		cel.DefaultUTCTimeZone(false),         // ordered_at.getHours() is the hour in the program's zone
		cel.ParserRecursionLimit(50),
		cel.Function("under", cel.Overload("under_string_string", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(func(category, path ref.Val) ref.Val {
				return types.Bool(Under(string(category.(types.String)), string(path.(types.String))))
			}))),
	}, factTypes...)...)
})

// compile makes an expression ready to run. Each issue has the place in the expression where it is, from 1:1.
func compile(expression string) (cel.Program, []issue) {
	env, err := language()
	if err != nil {
		panic(fmt.Sprintf("program: the language of rules: %v", err))
	}
	ast, found := env.Compile(expression)
	if found.Err() != nil {
		var issues []issue
		for _, e := range found.Errors() {
			// What has no place, such as too deep a nesting, is said of the beginning.
			issues = append(issues, issue{line: max(e.Location.Line(), 1), column: e.Location.Column() + 1, message: e.Message})
		}
		return nil, issues
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, []issue{{1, 1, fmt.Sprintf("is %s, must be true or false", t)}}
	}
	ready, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, []issue{{1, 1, err.Error()}}
	}
	return ready, nil
}

// issue is what is wrong with an expression, and where in it.
type issue struct {
	line, column int
	message      string
}
