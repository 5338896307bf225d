package program

import (
	"sort"
	"unicode/utf8"
)

// places turns offsets into lines and columns.
type places struct {
	source []byte
	lines  []int // offsets at which they begin
}

func newPlaces(source []byte) *places {
	p := &places{source: source, lines: []int{0}}
	for i, c := range source {
		if c == '\n' {
			p.lines = append(p.lines, i+1)
		}
	}
	return p
}

// of is the line and the column, in characters and from 1, of the byte at that offset.
func (p *places) of(at int) (line, column int) {
	at = min(at, len(p.source))
	line = sort.SearchInts(p.lines, at+1)
	return line, utf8.RuneCount(p.source[p.lines[line-1]:at]) + 1
}
