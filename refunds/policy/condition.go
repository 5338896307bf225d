package policy

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// A condition is a type-checked CEL expression that yields a truth.
type condition struct {
	expression
	parsed  *cel.Ast
	program cel.Program
}

// A scope is what conditions of one file may name, and what they have named.
type scope struct {
	terms      []string // those defined so far
	used       map[string]bool
	attributes []string
}

// parseCondition reads e's grammar and notes unknown facts, words a fact can never be, and attributes used. Nil after a problem.
func (d *document) parseCondition(e expression, s *scope) *condition {
	env, err := baseEnv()
	if err != nil {
		panic(err) // the facts themselves are wrong
	}
	parsed, issues := env.Parse(e.text)
	if issues.Err() != nil {
		for _, issue := range issues.Errors() {
			d.add(d.place(e, issue.Location.Line(), issue.Location.Column()), "%s", plainSyntax(issue.Message))
		}
		return nil
	}
	info := parsed.NativeRep().SourceInfo()
	wrong := false
	d.checkNames(parsed.NativeRep().Expr(), s, func(at ast.Expr, format string, args ...any) {
		wrong = true
		if !d.full() {
			l := info.GetStartLocation(at.ID())
			d.add(d.place(e, l.Line(), l.Column()), format, args...)
		}
	})
	if wrong {
		return nil
	}
	return &condition{expression: e, parsed: parsed}
}

type reporter func(at ast.Expr, format string, args ...any)

// checkNames walks an expression, children included.
func (d *document) checkNames(e ast.Expr, s *scope, report reporter) {
	switch e.Kind() {
	case ast.IdentKind:
		s.checkName(e.AsIdent(), e, report)
	case ast.SelectKind:
		if name := dotted(e); name != "" {
			s.checkName(name, e.AsSelect().Operand(), report)
			return
		}
		d.checkNames(e.AsSelect().Operand(), s, report)
	case ast.CallKind:
		call := e.AsCall()
		checkWords(call, report)
		if call.IsMemberFunction() {
			d.checkNames(call.Target(), s, report)
		}
		for _, a := range call.Args() {
			d.checkNames(a, s, report)
		}
	case ast.ListKind:
		for _, a := range e.AsList().Elements() {
			d.checkNames(a, s, report)
		}
	case ast.MapKind, ast.StructKind:
		report(e, "conditions compare facts; maps and messages have no use here")
	}
}

// checkName judges one name as written, has() already unfolded.
func (s *scope) checkName(name string, at ast.Expr, report reporter) {
	name = strings.TrimPrefix(name, hasPrefix)
	group, member, isMember := strings.Cut(name, ".")
	switch {
	case group == conditionGroup && isMember:
		if !slices.Contains(conditions, member) {
			report(at, "unknown fact %s%s", name, suggestion(member, conditions, conditionGroup+"."))
		}
	case group == attributeGroup && isMember:
		if !slices.Contains(s.attributes, member) {
			s.attributes = append(s.attributes, member)
		}
	case group == conditionGroup || group == attributeGroup:
		report(at, "%s is a group of facts: name one of them, such as %s.%s", group, group,
			map[string]string{conditionGroup: "opened", attributeGroup: "cancellable"}[group])
	case slices.Contains(s.terms, name):
		s.used[name] = true
	default:
		if _, ok := factNamed(group); !ok {
			report(at, "unknown fact %s%s", name, suggestion(name, append(plainNames(), s.terms...), ""))
		}
	}
}

func plainNames() []string {
	names := make([]string, len(facts))
	for i, f := range facts {
		names[i] = f.name
	}
	return names
}

// checkWords refuses to compare a fact with a word that it never is.
func checkWords(call ast.CallExpr, report reporter) {
	if len(call.Args()) != 2 {
		return
	}
	left, right := call.Args()[0], call.Args()[1]
	switch call.FunctionName() {
	case operators.Equals, operators.NotEquals:
		checkWord(left, right, report)
		checkWord(right, left, report)
	case operators.In:
		if right.Kind() == ast.ListKind {
			for _, word := range right.AsList().Elements() {
				checkWord(left, word, report)
			}
		}
	}
}

func checkWord(name, literal ast.Expr, report reporter) {
	f, ok := factNamed(dotted(name))
	if !ok || f.words == nil || literal.Kind() != ast.LiteralKind {
		return
	}
	if word, isText := literal.AsLiteral().(types.String); isText && !slices.Contains(f.words, string(word)) {
		report(literal, "%s is never %q%s", f.name, string(word), suggestion(string(word), f.words, ""))
	}
}

// checkCondition type-checks and compiles c in an environment that knows all names of the file.
func (d *document) checkCondition(c *condition, env *cel.Env) bool {
	checked, issues := env.Check(c.parsed)
	if issues.Err() != nil {
		for _, issue := range issues.Errors() {
			d.add(d.issuePlace(c, issue), "%s", plainType(issue.Message))
		}
		return false
	}
	if t := checked.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		d.add(c.start, "wrong type: a condition is true or false, this one is %s", plainTypeName(t.String()))
		return false
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		d.add(c.start, "the condition cannot be used: %v", err)
		return false
	}
	c.program = program
	return true
}

func (d *document) issuePlace(c *condition, issue *common.Error) place {
	return d.place(c.expression, issue.Location.Line(), issue.Location.Column())
}

// plainSyntax shortens the parser's words: the list of everything that could have come instead helps nobody.
func plainSyntax(message string) string {
	message, isSyntax := strings.CutPrefix(message, "Syntax error: ")
	if !isSyntax {
		return message // our own, from expandHas
	}
	if i := strings.Index(message, " expecting "); i > 0 {
		message = message[:i]
	}
	return "not a condition: " + strings.ReplaceAll(message, "<EOF>", "the end")
}

// plainType says what the type checker found in the words of the file's language.
func plainType(message string) string {
	const overload = "found no matching overload for '"
	rest, ok := strings.CutPrefix(message, overload)
	if !ok {
		return "wrong type: " + message
	}
	name, rest, _ := strings.Cut(rest, "'")
	_, args, _ := strings.Cut(rest, "applied to ")
	if symbol, ok := operators.FindReverse(name); ok && symbol != "" {
		name = symbol
	} else {
		name = strings.Trim(name, "_@!")
	}
	return fmt.Sprintf("wrong type: %s cannot be used on %s", name, plainTypeName(strings.Trim(args, "'")))
}

func plainTypeName(t string) string {
	return strings.NewReplacer("(", "", ")", "", "string", "text", "double", "number with a point", "int", "whole number",
		"bool", "true/false").Replace(t)
}

// suggestion offers the nearest of the known words, if one is near.
func suggestion(word string, known []string, prefix string) string {
	best, distance := "", 3
	for _, k := range known {
		if n := editDistance(word, k); n < distance && n < max(len(k), 2) {
			best, distance = k, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s%s?", prefix, best)
}

// editDistance is Levenshtein's, on bytes: the words of the vocabulary are ASCII.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
