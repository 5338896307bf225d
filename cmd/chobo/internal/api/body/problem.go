package body

import (
	"fmt"
	"strconv"
	"strings"
)

// A Problem is one thing wrong with a body.
type Problem struct {
	Location string // body.lines[0].quantity
	Message  string // begins with a verb whose subject is the field: "must be …"
	Range    bool   // an amount of points or money, or a number as such, is out of range
}

// Problems is everything wrong with a body, at most maxProblems.
type Problems []Problem

const maxProblems = 50

func (ps Problems) Error() string {
	words := make([]string, len(ps))
	for i, p := range ps {
		words[i] = p.Location + " " + p.Message
	}
	return strings.Join(words, "; ")
}

// OutOfRange tells whether nothing is wrong but amounts out of range.
func (ps Problems) OutOfRange() bool {
	for _, p := range ps {
		if !p.Range {
			return false
		}
	}
	return len(ps) > 0
}

// A step is one part of a location: a member's name, or an index when name is nil.
type step struct {
	name  []byte
	index int
}

// A binding is one body on its way into a Go value.
type binding struct {
	d        *Document
	path     []step
	room     [8]step
	problems Problems
	with     map[string]*string // members that belong to somebody else
}

func (b *binding) push(name []byte, index int) { b.path = append(b.path, step{name, index}) }
func (b *binding) pop()                        { b.path = b.path[:len(b.path)-1] }

func (b *binding) fail(format string, args ...any) { b.add(false, format, args...) }

func (b *binding) failRange(format string, args ...any) { b.add(true, format, args...) }

func (b *binding) add(outOfRange bool, format string, args ...any) {
	if len(b.problems) < maxProblems {
		b.problems = append(b.problems, Problem{Location: b.location(), Message: fmt.Sprintf(format, args...), Range: outOfRange})
	}
}

func (b *binding) location() string {
	var s strings.Builder
	s.WriteString("body")
	for _, p := range b.path {
		if p.name != nil {
			s.WriteByte('.')
			s.WriteString(clip(p.name))
		} else {
			s.WriteByte('[')
			s.WriteString(strconv.Itoa(p.index))
			s.WriteByte(']')
		}
	}
	return s.String()
}

// clip keeps what a caller sent short in a message.
func clip(s []byte) string {
	const most = 64
	if len(s) <= most {
		return string(s)
	}
	return strings.ToValidUTF8(string(s[:most]), "") + "…"
}
