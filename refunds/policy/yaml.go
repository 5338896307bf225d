package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A place is a line and a column of the file, from 1.
type place struct{ line, column int }

// A document is a file's text, read node by node so that every problem knows its place.
// It takes plain YAML only: no anchors, aliases, merge keys or tags, which hide where a value was written.
type document struct {
	problems
	lines []string
}

// A pair is one key of a mapping and its value.
type pair struct {
	key   string
	at    place // of the key
	value ast.Node
}

// Limits on a file, far above what people write. They keep a hostile one from costing more than a second.
const (
	maxBytes    = 256 << 10
	maxDepth    = 64
	maxRules    = 500
	maxExamples = 2000
	maxProblems = 200 // then the rest is not looked for
)

// parse returns the file's only document, or nil after noting why there is none.
func (d *document) parse(src []byte) (root ast.Node) {
	d.lines = strings.Split(string(src), "\n")
	if len(src) > maxBytes {
		d.add(place{1, 1}, "the file is larger than %d bytes", maxBytes)
		return nil
	}
	if line := tooDeep(d.lines); line > 0 {
		d.add(place{line, 1}, "brackets are nested deeper than %d", maxDepth)
		return nil
	}
	defer func() {
		// The parser is not ours, and broken input must not take the process down.
		if r := recover(); r != nil {
			d.add(place{1, 1}, "the file cannot be read as YAML")
			root = nil
		}
	}()
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		at, message := place{1, 1}, err.Error()
		if e, ok := errors.AsType[yaml.Error](err); ok {
			message = e.GetMessage()
			if t := e.GetToken(); t != nil {
				at = d.tokenPlace(t)
			}
		}
		d.add(at, "not YAML: %s", message)
		return nil
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) != 1 {
		d.add(place{1, 1}, "a policy file holds one YAML document, this one holds %d", len(bodies))
		return nil
	}
	return bodies[0]
}

// tooDeep returns the line at which brackets or indentation go beyond maxDepth, else 0.
func tooDeep(lines []string) int {
	depth := 0
	for i, line := range lines {
		depth += strings.Count(line, "[") + strings.Count(line, "{") - strings.Count(line, "]") - strings.Count(line, "}")
		dashes := strings.Count(line, "- ")
		if indent := len(line) - len(strings.TrimLeft(line, " -?")); depth > maxDepth || indent > 4*maxDepth || dashes > 4*maxDepth {
			return i + 1
		}
		if strings.Count(line, "[")+strings.Count(line, "{") > 16*maxDepth {
			return i + 1
		}
	}
	return 0
}

// at is where a node begins.
func (d *document) at(n ast.Node) place {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if n == nil || n.GetToken() == nil {
		return place{1, 1}
	}
	return d.tokenPlace(n.GetToken())
}

func (d *document) tokenPlace(t *token.Token) place {
	if t.Position == nil {
		return place{1, 1}
	}
	return place{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}

// mapping reads the keys of a mapping, in order. what names it in a problem.
func (d *document) mapping(n ast.Node, what string) []pair {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		d.add(d.at(n), "%s must be a mapping of keys to values, not %s", what, described(n))
		return nil
	}
	seen := map[string]bool{}
	var pairs []pair
	for _, v := range values {
		at := d.at(v.Key)
		if v.Key.IsMergeKey() {
			d.add(at, "merge keys are not supported: write the value out")
			continue
		}
		key := v.Key.GetToken().Value
		if seen[key] {
			d.add(at, "%s has the key %q twice", what, key)
			continue
		}
		seen[key] = true
		pairs = append(pairs, pair{key, at, v.Value})
	}
	return pairs
}

// items reads a sequence of at most so many.
func (d *document) items(n ast.Node, what string, most int) []ast.Node {
	if s, ok := n.(*ast.SequenceNode); ok {
		if len(s.Values) > most {
			d.add(d.at(n), "%s has %d entries, more than %d", what, len(s.Values), most)
			return nil
		}
		return s.Values
	}
	d.add(d.at(n), "%s must be a list, not %s", what, described(n))
	return nil
}

// word reads a text. Numbers and flags written without quotes are not texts.
func (d *document) word(n ast.Node, what string) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	}
	d.add(d.at(n), "%s must be a text, not %s", what, described(n))
	return "", false
}

// words reads a text or a list of texts.
func (d *document) words(n ast.Node, what string) []string {
	if _, ok := n.(*ast.SequenceNode); !ok {
		if w, ok := d.word(n, what); ok {
			return []string{w}
		}
		return nil
	}
	var ws []string
	for _, item := range d.items(n, what, maxExamples) {
		if w, ok := d.word(item, what); ok {
			ws = append(ws, w)
		}
	}
	return ws
}

// number reads a whole number.
func (d *document) number(n ast.Node, what string) (int64, bool) {
	if i, ok := n.(*ast.IntegerNode); ok {
		switch v := i.Value.(type) {
		case int64:
			return v, true
		case uint64:
			if v <= 1<<53 {
				return int64(v), true
			}
		}
	}
	d.add(d.at(n), "%s must be a whole number, not %s", what, described(n))
	return 0, false
}

// truth reads true or false.
func (d *document) truth(n ast.Node, what string) (value, ok bool) {
	if b, isBool := n.(*ast.BoolNode); isBool {
		return b.Value, true
	}
	d.add(d.at(n), "%s must be true or false, not %s", what, described(n))
	return false, false
}

// value reads anything plain, for an attribute.
func (d *document) value(n ast.Node, what string) (any, bool) {
	switch n := n.(type) {
	case *ast.BoolNode:
		return n.Value, true
	case *ast.StringNode, *ast.LiteralNode:
		return d.word(n, what)
	case *ast.IntegerNode:
		return d.number(n, what)
	case *ast.FloatNode:
		return n.Value, true
	case *ast.SequenceNode:
		return d.words(n, what), true
	}
	d.add(d.at(n), "%s must be a text, a number, true or false, or a list of texts, not %s", what, described(n))
	return nil, false
}

func described(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return fmt.Sprintf("%v", n.Value)
	case *ast.IntegerNode, *ast.FloatNode:
		return "the number " + n.GetToken().Value
	case *ast.StringNode:
		return fmt.Sprintf("the text %q", n.Value)
	case *ast.LiteralNode:
		return "a text"
	case *ast.AliasNode, *ast.AnchorNode:
		return "an anchor or alias"
	case *ast.TagNode:
		return "a tagged value"
	}
	return "nothing"
}
