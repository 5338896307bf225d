package program

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// readYAML makes a value of a YAML document. Anchors, aliases, tags and several documents in one file are not read.
func readYAML(source []byte) (value, *Problem) {
	if at, deep := tooDeep(source); deep {
		line, column := newPlaces(source).of(at)
		return value{}, &Problem{Message: "is nested too deep", Line: line, Column: column}
	}
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) {
			place := syntax.Token.Position
			return value{}, &Problem{Message: "is not YAML: " + syntax.Message, Line: place.Line, Column: place.Column}
		}
		return value{}, &Problem{Message: "is not YAML: " + err.Error(), Line: 1, Column: 1}
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return value{}, &Problem{Message: "must hold one document", Line: 1, Column: 1}
	}
	return fromYAML(file.Docs[0].Body), nil
}

// tooDeep finds where brackets are nested deeper than any program file needs.
func tooDeep(source []byte) (at int, deep bool) {
	const most = 100
	depth := 0
	for i, c := range source {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth > most {
			return i, true
		}
	}
	return 0, false
}

func fromYAML(node ast.Node) value {
	v := value{kind: strange}
	if t := node.GetToken(); t != nil && t.Position != nil {
		v.line, v.column = t.Position.Line, t.Position.Column
	}
	switch n := node.(type) {
	case *ast.MappingNode:
		v.kind = object
		for _, m := range n.Values {
			v.members = append(v.members, memberOfYAML(m))
		}
		if !n.IsFlowStyle && len(v.members) > 0 {
			v.line, v.column = v.members[0].line, v.members[0].column
		}
	case *ast.MappingValueNode:
		m := memberOfYAML(n)
		v.kind, v.members, v.line, v.column = object, []member{m}, m.line, m.column
	case *ast.SequenceNode:
		v.kind = list
		for _, item := range n.Values {
			v.items = append(v.items, fromYAML(item))
		}
	case *ast.StringNode:
		v.kind, v.text, v.inside = text, n.Value, insideOf(n.Token)
	case *ast.LiteralNode:
		v.kind, v.text = text, n.Value.Value
	case *ast.IntegerNode:
		v.kind, v.text = number, n.Token.Value
	case *ast.FloatNode:
		v.kind, v.text = number, n.Token.Value
	case *ast.BoolNode:
		v.kind, v.text = boolean, n.Token.Value
	case *ast.NullNode:
		v.kind = null
	}
	return v
}

func memberOfYAML(n *ast.MappingValueNode) member {
	m := member{value: value{kind: strange}}
	if n.Key != nil {
		if t := n.Key.GetToken(); t != nil {
			m.key, m.line, m.column = t.Value, t.Position.Line, t.Position.Column
		}
	}
	if n.Value != nil {
		m.value = fromYAML(n.Value)
	}
	return m
}

// insideOf is the column at which the text of a token begins, or 0 if the text does not stand in the file as it reads.
func insideOf(t *token.Token) int {
	written := strings.TrimSpace(t.Origin)
	switch t.Type {
	case token.SingleQuoteType, token.DoubleQuoteType:
		if len(written) == len(t.Value)+2 && written[1:len(written)-1] == t.Value {
			return t.Position.Column + 1
		}
	case token.StringType:
		if written == t.Value {
			return t.Position.Column
		}
	}
	return 0
}
