package policy

import (
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
)

// An expression is a CEL text and where in the file it was written.
type expression struct {
	text  string
	node  ast.Node
	start place
}

// expression reads a condition. true, false and numbers are taken as CEL wrote them.
func (d *document) expression(n ast.Node, what string) (expression, bool) {
	switch n := n.(type) {
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		return expression{n.GetToken().Value, n, d.at(n)}, true
	case *ast.LiteralNode:
		at := d.tokenPlace(n.Start)
		return expression{n.Value.Value, n, place{at.line + 1, 1}}, true
	case *ast.StringNode:
		return expression{n.Value, n, d.at(n)}, true
	}
	d.add(d.at(n), "%s must be a condition, not %s", what, described(n))
	return expression{}, false
}

// place finds where in the file a line (from 1) and column (from 0) of the expression stand.
//
// Folding and quoting change white space and add quotes or backslashes, never the order of what is left, so the place
// is found by walking both texts together over the visible characters.
func (d *document) place(e expression, line, column int) place {
	want := visibleBefore(e.text, line, column)
	at := e.start
	target := []rune(strings.Join(strings.Fields(e.text), ""))
	seen := 0
	for l := e.start.line; l <= len(d.lines); l++ {
		runes := []rune(d.lines[l-1])
		from := 0
		if l == e.start.line {
			from = min(e.start.column-1, len(runes))
		}
		for c := from; c < len(runes); c++ {
			if seen == len(target) {
				return at
			}
			if runes[c] != target[seen] {
				continue
			}
			if seen == want {
				return place{l, c + 1}
			}
			seen++
			at = place{l, c + 2}
		}
	}
	return at
}

// visibleBefore counts the characters of text, white space aside, before a line (from 1) and column (from 0).
func visibleBefore(text string, line, column int) int {
	count := 0
	for i, l := range strings.Split(text, "\n") {
		if i+1 > line {
			break
		}
		for c, r := range []rune(l) {
			if i+1 == line && c >= column {
				break
			}
			if !unicode.IsSpace(r) {
				count++
			}
		}
	}
	return count
}
