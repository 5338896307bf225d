package body

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// kind is the JSON type of a node.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

func (k kind) String() string {
	return [...]string{"null", "true or false", "a number", "text", "a list", "an object"}[k]
}

// A node is one value of a document. Nodes stand in the order of the text; the members of an object are pairs of a key
// and a value.
type node struct {
	kind    kind
	escaped bool  // a text with escapes
	start   int32 // of the raw text, quotes included
	end     int32
	next    int32 // index of the first node behind this one's own
	n       int32 // items, or members
}

// A Document is a JSON text taken apart. Its bytes belong to the caller and must not change while it is used.
type Document struct {
	src   []byte
	nodes []node
	nul   bool // some text has the character NUL
}

// maxDepth is how deep lists and objects may stand in each other.
const maxDepth = 64

var documents = sync.Pool{New: func() any { return &Document{nodes: make([]node, 0, 256)} }}

// A SyntaxError is a text that is not JSON.
type SyntaxError struct {
	Offset  int // in bytes
	Message string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Message, e.Offset) }

// MaxValues is how many values a text has at most, names of members included: what is made of one takes more room
// than the text itself.
const MaxValues = 1_500_000

// ErrTooMany is a text of more values than MaxValues.
var ErrTooMany = errors.New("the text has too many values")

// Parse takes a JSON text apart. It fails with a *SyntaxError or ErrTooMany. Free gives the document back.
func Parse(src []byte) (*Document, error) {
	d, _ := documents.Get().(*Document) // the pool has nothing else
	d.src, d.nodes, d.nul = src, d.nodes[:0], false
	p := parser{d: d}
	err := p.whole()
	if err != nil {
		d.Free()
		return nil, err
	}
	return d, nil
}

// Free lets the document be used for another text. Nothing that was bound of it refers to it, except Values.
func (d *Document) Free() {
	if cap(d.nodes) > 1<<14 {
		return
	}
	d.src = nil
	documents.Put(d)
}

// raw is a node's text.
func (d *Document) raw(i int32) []byte { return d.src[d.nodes[i].start:d.nodes[i].end] }

// string is a text node's value; without escapes a part of the source.
func (d *Document) string(i int32) []byte {
	n := &d.nodes[i]
	inner := d.src[n.start+1 : n.end-1]
	if !n.escaped {
		return inner
	}
	return unescape(inner)
}

// children calls each with every item of a list.
func (d *Document) children(i int32, each func(k int, child int32)) {
	child := i + 1
	for k := range int(d.nodes[i].n) {
		each(k, child)
		child = d.nodes[child].next
	}
}

// members calls each with every member of an object, in the order of the text.
func (d *Document) members(i int32, each func(key, value int32)) {
	key := i + 1
	for range d.nodes[i].n {
		value := d.nodes[key].next
		each(key, value)
		key = d.nodes[value].next
	}
}

type parser struct {
	d     *Document
	at    int
	depth int
}

func (p *parser) fail(format string, args ...any) error {
	return &SyntaxError{Offset: p.at, Message: fmt.Sprintf(format, args...)}
}

func (p *parser) whole() error {
	p.space()
	if err := p.value(); err != nil {
		return err
	}
	p.space()
	if p.at < len(p.d.src) {
		return p.fail("more follows the end")
	}
	return nil
}

func (p *parser) space() {
	for p.at < len(p.d.src) {
		switch p.d.src[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) value() error {
	if p.at >= len(p.d.src) {
		return p.fail("the text ends early")
	}
	i := len(p.d.nodes)
	if i >= MaxValues {
		return ErrTooMany
	}
	p.d.nodes = append(p.d.nodes, node{start: int32(p.at)}) //nolint:gosec // bodies are smaller than 2 GiB
	var err error
	var k kind
	switch c := p.d.src[p.at]; {
	case c == '{':
		k = object
		err = p.object(i)
	case c == '[':
		k = list
		err = p.list(i)
	case c == '"':
		k = text
		err = p.text(i)
	case c == '-' || '0' <= c && c <= '9':
		k = number
		err = p.number()
	case c == 't':
		k = boolean
		err = p.word("true")
	case c == 'f':
		k = boolean
		err = p.word("false")
	case c == 'n':
		err = p.word("null")
	default:
		return p.fail("a value was expected, not %s", printable(p.d.src[p.at:]))
	}
	n := &p.d.nodes[i]
	n.kind, n.end, n.next = k, int32(p.at), int32(len(p.d.nodes)) //nolint:gosec // bodies are smaller than 2 GiB
	return err
}

// printable shows the first character of a text in a message.
func printable(b []byte) string {
	r, _ := utf8.DecodeRune(b)
	return strconv.QuoteRune(r)
}

func (p *parser) word(w string) error {
	if len(p.d.src)-p.at < len(w) || string(p.d.src[p.at:p.at+len(w)]) != w {
		return p.fail("a value was expected")
	}
	p.at += len(w)
	return nil
}

func (p *parser) enter() error {
	p.depth++
	if p.depth > maxDepth {
		return p.fail("lists and objects stand in each other more than %d deep", maxDepth)
	}
	p.at++
	p.space()
	return nil
}

// ends tells whether the list or object ends here, and steps over the mark.
func (p *parser) ends(mark byte) bool {
	if p.at < len(p.d.src) && p.d.src[p.at] == mark {
		p.at++
		p.depth--
		return true
	}
	return false
}

func (p *parser) comma() error {
	if p.at >= len(p.d.src) {
		return p.fail("the text ends early")
	}
	if p.d.src[p.at] != ',' {
		return p.fail("a comma was expected, not %s", printable(p.d.src[p.at:]))
	}
	p.at++
	p.space()
	return nil
}

// items reads what stands between the marks of a list or object and returns how many items it has.
func (p *parser) items(end byte, item func() error) (n int32, err error) {
	if err := p.enter(); err != nil {
		return 0, err
	}
	if p.ends(end) {
		return 0, nil
	}
	for {
		if err := item(); err != nil {
			return 0, err
		}
		n++
		p.space()
		if p.ends(end) {
			return n, nil
		}
		if err := p.comma(); err != nil {
			return 0, err
		}
	}
}

func (p *parser) list(i int) error {
	n, err := p.items(']', p.value)
	p.d.nodes[i].n = n
	return err
}

func (p *parser) object(i int) error {
	n, err := p.items('}', p.member)
	p.d.nodes[i].n = n
	return err
}

func (p *parser) member() error {
	if p.at >= len(p.d.src) || p.d.src[p.at] != '"' {
		return p.fail("the name of a member was expected")
	}
	if err := p.value(); err != nil {
		return err
	}
	p.space()
	if p.at >= len(p.d.src) || p.d.src[p.at] != ':' {
		return p.fail("a colon was expected")
	}
	p.at++
	p.space()
	return p.value()
}

func (p *parser) number() error {
	digits := func() bool {
		from := p.at
		for p.at < len(p.d.src) && '0' <= p.d.src[p.at] && p.d.src[p.at] <= '9' {
			p.at++
		}
		return p.at > from
	}
	if p.d.src[p.at] == '-' {
		p.at++
	}
	from := p.at
	if !digits() || p.d.src[from] == '0' && p.at > from+1 {
		return p.fail("this is no number")
	}
	if p.at < len(p.d.src) && p.d.src[p.at] == '.' {
		p.at++
		if !digits() {
			return p.fail("this is no number")
		}
	}
	if p.at < len(p.d.src) && (p.d.src[p.at] == 'e' || p.d.src[p.at] == 'E') {
		p.at++
		if p.at < len(p.d.src) && (p.d.src[p.at] == '+' || p.d.src[p.at] == '-') {
			p.at++
		}
		if !digits() {
			return p.fail("this is no number")
		}
	}
	return nil
}

func (p *parser) text(i int) error {
	src := p.d.src
	p.at++
	for p.at < len(src) {
		switch c := src[p.at]; {
		case c == '"':
			p.at++
			return nil
		case c == '\\':
			p.d.nodes[i].escaped = true
			if err := p.escape(); err != nil {
				return err
			}
		case c < ' ':
			return p.fail("a control character stands in a text")
		case c < utf8.RuneSelf:
			p.at++
		default:
			r, size := utf8.DecodeRune(src[p.at:])
			if r == utf8.RuneError && size == 1 {
				return p.fail("the text is not UTF-8")
			}
			p.at += size
		}
	}
	return p.fail("the text ends early")
}

func (p *parser) escape() error {
	src := p.d.src
	if p.at+1 >= len(src) {
		return p.fail("the text ends early")
	}
	switch src[p.at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		p.at += 2
		return nil
	case 'u':
		r, ok := hex4(src[p.at+2:])
		if !ok {
			return p.fail("this is no escape")
		}
		p.d.nul = p.d.nul || r == 0
		size := 6
		if utf16.IsSurrogate(r) {
			if p.at+8 > len(src) || src[p.at+6] != '\\' || src[p.at+7] != 'u' {
				return p.fail("half of a surrogate pair stands alone")
			}
			low, ok := hex4(src[p.at+8:])
			if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
				return p.fail("half of a surrogate pair stands alone")
			}
			size = 12
		}
		p.at += size
		return nil
	default:
		return p.fail("this is no escape")
	}
}

func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape is the value of a text that the parser has accepted.
func unescape(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			out = append(out, s[i])
			i++
			continue
		}
		switch c := s[i+1]; c {
		case 'u':
			r, _ := hex4(s[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				low, _ := hex4(s[i+2:])
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			out = utf8.AppendRune(out, r)
			continue
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		default:
			out = append(out, c)
		}
		i += 2
	}
	return out
}

// Without is the text of an object without its members of some names.
func (d *Document) Without(names ...string) []byte {
	if len(d.nodes) == 0 || d.nodes[0].kind != object {
		return d.src
	}
	out, kept := []byte{'{'}, 0
	d.members(0, func(key, value int32) {
		if slices.Contains(names, string(d.string(key))) {
			return
		}
		if kept > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, d.raw(key)...), ':'), d.raw(value)...)
		kept++
	})
	if kept == int(d.nodes[0].n) {
		return d.src
	}
	return append(out, '}')
}
