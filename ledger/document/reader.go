// Package document reads numbers out of stored documents, of which a proof of the books reads every one there is. It
// looks at what it is asked for and passes over the rest without making anything of it: an order takes a sixth of the
// time that decoding it takes.
//
// It reads what encoding/json writes. Of what encoding/json would read in its own way (escaped or capital letters in
// names, fractions, the same name twice) it says that it cannot tell: then encoding/json has to.
package document

import (
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// ErrUnclear is a document that has to be read by encoding/json: it is none, or one that can be read in several ways.
var ErrUnclear = errors.New("the document has to be read with more care")

// A Reader reads a document from its beginning. The first mistake stays; what is read after it is zero.
type Reader struct {
	b   []byte
	i   int
	err error
}

// Read begins to read a document, which must not change meanwhile.
func Read(b []byte) *Reader { return &Reader{b: b} }

// End tells whether the document was read whole and without a mistake. It fails with ErrUnclear.
func (r *Reader) End() error {
	if r.peek(); r.err == nil && r.i < len(r.b) {
		r.Fail()
	}
	return r.err
}

// Fail says that what was read cannot be told.
func (r *Reader) Fail() {
	if r.err == nil {
		r.err = fmt.Errorf("%w: at byte %d", ErrUnclear, r.i)
	}
	r.i = len(r.b)
}

// peek is the next byte that is no space; 0: there is none.
func (r *Reader) peek() byte {
	for ; r.i < len(r.b); r.i++ {
		switch c := r.b[r.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// take passes over the byte if it is the next.
func (r *Reader) take(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.i++
	return true
}

// mostNames is how many names of an object are told apart, so that none comes twice.
const mostNames = 32

// Object calls member for each name of an object, which must read or Skip its value. The name belongs to the document. there is
// false for null, which is an object without names.
func (r *Reader) Object(member func(name []byte)) (there bool) {
	if r.null() {
		return false
	}
	if !r.take('{') {
		r.Fail()
		return true
	}
	if r.take('}') {
		return true
	}
	r.members(member)
	return true
}

func (r *Reader) members(member func(name []byte)) {
	var names [mostNames][]byte
	for n := 0; r.err == nil; n++ {
		name := r.name()
		if n == mostNames {
			r.Fail()
			return
		}
		for _, other := range names[:n] {
			if string(other) == string(name) {
				r.Fail()
				return
			}
		}
		names[n] = name
		if !r.take(':') {
			r.Fail()
			return
		}
		member(name)
		if !r.more('}') {
			return
		}
	}
}

// name reads a name in which nothing is capital.
func (r *Reader) name() []byte {
	b := r.text()
	for _, c := range b {
		if c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf {
			r.Fail()
			return nil
		}
	}
	return b
}

// Array calls element for each element of an array, which must read or Skip it. null is an array without elements.
func (r *Reader) Array(element func()) {
	if r.null() {
		return
	}
	if !r.take('[') {
		r.Fail()
		return
	}
	for more := !r.take(']'); more && r.err == nil; more = r.more(']') {
		element()
	}
}

// Int64 reads a whole number; null is 0.
func (r *Reader) Int64() int64 {
	if r.null() {
		return 0
	}
	minus := r.take('-')
	from := r.i
	var n int64
	for ; r.i < len(r.b) && isDigit(r.b[r.i]); r.i++ {
		digit := int64(r.b[r.i] - '0')
		if n > (math.MaxInt64-digit)/10 {
			r.Fail()
			return 0
		}
		n = 10*n + digit
	}
	if digits := r.i - from; digits == 0 || digits > 1 && r.b[from] == '0' || !r.ends() {
		r.Fail()
		return 0
	}
	if minus {
		return -n
	}
	return n
}

// OptionalInt64 reads a whole number; null is nil.
func (r *Reader) OptionalInt64() *int64 {
	if r.null() {
		return nil
	}
	n := r.Int64()
	return &n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// ends tells whether a number or a word ends here.
func (r *Reader) ends() bool {
	if r.i == len(r.b) {
		return true
	}
	switch r.b[r.i] {
	case ' ', '\t', '\n', '\r', ',', '}', ']':
		return true
	}
	return false
}

// Bool reads true or false; null is false.
func (r *Reader) Bool() bool {
	if r.null() || r.word("false") {
		return false
	}
	if !r.word("true") {
		r.Fail()
	}
	return true
}

// Text reads a string without escapes, of the document's own bytes; null is empty.
func (r *Reader) Text() []byte {
	if r.null() {
		return nil
	}
	b := r.text()
	if !utf8.Valid(b) {
		r.Fail()
	}
	return b
}

// text reads a string in which nothing is escaped.
func (r *Reader) text() []byte {
	if !r.take('"') {
		r.Fail()
		return nil
	}
	from := r.i
	for ; r.i < len(r.b); r.i++ {
		switch c := r.b[r.i]; {
		case c == '"':
			r.i++
			return r.b[from : r.i-1]
		case c == '\\' || c < ' ':
			r.Fail()
			return nil
		}
	}
	r.Fail()
	return nil
}

// Time reads a time as time.Time writes it; null is zero.
func (r *Reader) Time() time.Time {
	if r.null() {
		return time.Time{}
	}
	from := r.i
	r.text()
	var at time.Time
	if r.err == nil && at.UnmarshalJSON(r.b[from:r.i]) != nil {
		r.Fail()
	}
	return at
}

// null passes over the word null.
func (r *Reader) null() bool { return r.peek() == 'n' && r.word("null") }

// word passes over the word if it is next.
func (r *Reader) word(word string) bool {
	r.peek()
	if len(r.b)-r.i < len(word) || string(r.b[r.i:r.i+len(word)]) != word {
		return false
	}
	r.i += len(word)
	return r.ends()
}

// SkipText passes over a string, escaped or not, or null.
func (r *Reader) SkipText() {
	if r.null() {
		return
	}
	if !r.take('"') {
		r.Fail()
		return
	}
	for ; r.i < len(r.b); r.i++ {
		switch c := r.b[r.i]; {
		case c == '"':
			r.i++
			return
		case c == '\\':
			r.i++
			if r.i == len(r.b) || !r.escape() {
				r.Fail()
				return
			}
		case c < ' ':
			r.Fail()
			return
		}
	}
	r.Fail()
}

// escape tells whether what stands behind a backslash may stand there, and goes to its last byte.
func (r *Reader) escape() bool {
	switch r.b[r.i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if r.i++; r.i == len(r.b) || !isHex(r.b[r.i]) {
				return false
			}
		}
		return true
	}
	return false
}

func isHex(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

// deepest is how far values that are passed over may be nested.
const deepest = 100

// Skip passes over any value.
func (r *Reader) Skip() { r.skip(0) }

// SkipObject passes over an object, or null.
func (r *Reader) SkipObject() {
	if c := r.peek(); c != '{' && c != 'n' {
		r.Fail()
		return
	}
	r.Skip()
}

func (r *Reader) skip(depth int) {
	if depth == deepest {
		r.Fail()
		return
	}
	switch c := r.peek(); c {
	case '"':
		r.SkipText()
	case '{':
		r.i++
		for more := !r.take('}'); more && r.err == nil; more = r.more('}') {
			if r.peek() != '"' {
				r.Fail()
				return
			}
			r.SkipText()
			if !r.take(':') {
				r.Fail()
				return
			}
			r.skip(depth + 1)
		}
	case '[':
		r.i++
		for more := !r.take(']'); more && r.err == nil; more = r.more(']') {
			r.skip(depth + 1)
		}
	case 't', 'f', 'n':
		if !r.word("true") && !r.word("false") && !r.word("null") {
			r.Fail()
		}
	default:
		r.skipNumber()
	}
}

// more passes over a comma, or over what ends the list.
func (r *Reader) more(end byte) bool {
	if r.take(',') {
		return true
	}
	if !r.take(end) {
		r.Fail()
	}
	return false
}

// skipNumber passes over a number, fraction and exponent too.
func (r *Reader) skipNumber() {
	r.take('-')
	first := r.i
	whole := r.skipDigits()
	if whole == 0 || whole > 1 && r.b[first] == '0' {
		r.Fail()
		return
	}
	if r.i < len(r.b) && r.b[r.i] == '.' {
		if r.i++; r.skipDigits() == 0 {
			r.Fail()
			return
		}
	}
	if r.i < len(r.b) && (r.b[r.i] == 'e' || r.b[r.i] == 'E') {
		if r.i++; r.i < len(r.b) && (r.b[r.i] == '-' || r.b[r.i] == '+') {
			r.i++
		}
		if r.skipDigits() == 0 {
			r.Fail()
			return
		}
	}
	if !r.ends() {
		r.Fail()
	}
}

func (r *Reader) skipDigits() (n int) {
	for ; r.i < len(r.b) && isDigit(r.b[r.i]); r.i++ {
		n++
	}
	return n
}
