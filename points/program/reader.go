package program

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// reader takes values out of a file and notes what is wrong with them.
type reader struct{ problems []Problem }

func (r *reader) refuse(v value, location, format string, args ...any) {
	r.problems = append(r.problems, Problem{Location: location, Message: fmt.Sprintf(format, args...), Line: v.line, Column: v.column})
}

// mistyped refuses a value that is not what it has to be.
func (r *reader) mistyped(v value, location, what string) {
	if v.kind == strange {
		what += ", written out: anchors, aliases and tags are not read"
	}
	r.refuse(v, location, "must be %s", what)
}

// section is a mapping whose keys are known.
type section struct {
	*reader
	value
	location string
	found    map[string]value
}

// section reads a mapping and refuses keys that are not among those known. Of what is no mapping it is an empty one.
func (r *reader) section(v value, location string, known ...string) section {
	s := section{reader: r, value: v, location: location, found: map[string]value{}}
	switch v.kind {
	case absent:
	case object:
		for _, m := range v.members {
			at := value{line: m.line, column: m.column}
			_, twice := s.found[m.key]
			switch {
			case !slices.Contains(known, m.key):
				r.refuse(at, s.at(m.key), "is not a known key; known here: %s", strings.Join(known, ", "))
			case twice:
				r.refuse(at, s.at(m.key), "is there twice")
			default:
				s.found[m.key] = m.value
			}
		}
	default:
		r.mistyped(v, location, "a mapping with keys: "+strings.Join(known, ", "))
	}
	return s
}

// at is the location of a key in the file.
func (s section) at(key string) string {
	switch {
	case key == "":
		return s.location
	case s.location == "":
		return key
	default:
		return s.location + "." + key
	}
}

func (s section) has(key string) bool { return s.found[key].kind != absent }

// under is the section below a key.
func (s section) under(key string, known ...string) section {
	return s.section(s.found[key], s.at(key), known...)
}

// require refuses the section if a key is missing.
func (s section) require(keys ...string) {
	for _, key := range keys {
		if !s.has(key) && (s.kind == object || s.kind == absent) {
			s.refuse(s.value, s.at(key), "is missing")
		}
	}
}

// is says whether the key is there and of that kind, and refuses it if it is of another.
func (s section) is(key string, k kind, what string) (value, bool) {
	v := s.found[key]
	if v.kind != k && v.kind != absent {
		s.mistyped(v, s.at(key), what)
	}
	return v, v.kind == k
}

// words is text for people to read: 1 to 200 printable characters.
func (s section) words(key, otherwise string) string {
	v, ok := s.is(key, text, "text")
	if !ok {
		return otherwise
	}
	if wrong := wrongWords(v.text); wrong != "" {
		s.refuse(v, s.at(key), "%s", wrong)
	}
	return v.text
}

func wrongWords(w string) string {
	switch {
	case strings.TrimSpace(w) == "" || utf8.RuneCountInString(w) > 200:
		return "must have 1 to 200 characters"
	case strings.TrimSpace(w) != w:
		return "must not begin or end with a space"
	case strings.ContainsFunc(w, func(c rune) bool { return c == utf8.RuneError || !unicode.IsPrint(c) }):
		return "must be printable"
	}
	return ""
}

// pattern is text of a certain form.
func (s section) pattern(key, otherwise string, form *regexp.Regexp, what string) string {
	v, ok := s.is(key, text, "text: "+what)
	if !ok {
		return otherwise
	}
	if !form.MatchString(v.text) {
		s.refuse(v, s.at(key), "must be %s", what)
	}
	return v.text
}

// oneOf is one of some words.
func oneOf[T ~string](s section, key string, otherwise T, of ...T) T {
	names := make([]string, len(of))
	for i, o := range of {
		names[i] = string(o)
	}
	v, ok := s.is(key, text, "one of "+strings.Join(names, ", "))
	if !ok {
		return otherwise
	}
	if !slices.Contains(of, T(v.text)) {
		s.refuse(v, s.at(key), "must be one of %s", strings.Join(names, ", "))
		return otherwise
	}
	return T(v.text)
}

// flag is true or false.
func (s section) flag(key string, otherwise bool) bool {
	v, ok := s.is(key, boolean, "true or false")
	if !ok {
		return otherwise
	}
	return strings.EqualFold(v.text, "true")
}

var wholeNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// whole is a whole number from low to high.
func (s section) whole(key string, otherwise, low, high int64) int64 {
	what := fmt.Sprintf("a whole number from %d to %d", low, high)
	v, ok := s.is(key, number, what)
	if !ok {
		return otherwise
	}
	n, err := strconv.ParseInt(v.text, 10, 64)
	if !wholeNumber.MatchString(v.text) || err != nil || n < low || n > high {
		s.refuse(v, s.at(key), "must be %s", what)
		return otherwise
	}
	return n
}

var decimalNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$`)

// exact is a decimal number from low to high, in text or bare, taken as it is written.
func (s section) exact(key string, otherwise, low, high decimal.Decimal) decimal.Decimal {
	v := s.found[key]
	if v.kind == absent {
		return otherwise
	}
	if v.kind == text || v.kind == number {
		if d, ok := plain(v.text); ok && !d.LessThan(low) && !d.GreaterThan(high) {
			return d
		}
	}
	s.mistyped(v, s.at(key), fmt.Sprintf("a decimal number from %s to %s, as %q", low, high, otherwise))
	return otherwise
}

// plain is the number with no more digits than it needs, so that equal numbers are written alike.
func plain(written string) (decimal.Decimal, bool) {
	if !decimalNumber.MatchString(written) {
		return decimal.Decimal{}, false
	}
	if strings.Contains(written, ".") {
		written = strings.TrimRight(strings.TrimRight(written, "0"), ".")
	}
	d, err := decimal.NewFromString(written)
	return d, err == nil
}

// instant is a time: a date, which means its first instant in zone, or a time with its offset, to the second.
// Both lie in the years 1970 to 9999. It is zero if there is none.
func (s section) instant(key string, zone *time.Location) time.Time {
	const what = "a date as 2026-04-01 or a time as 2026-04-01T00:00:00+09:00"
	v, ok := s.is(key, text, what)
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v.text)
	if err == nil {
		t = t.In(zone)
	} else if t, err = time.Parse(time.DateOnly, v.text); err == nil {
		t = StartOfDay(t.Year(), t.Month(), t.Day(), zone)
	}
	if err != nil || t.Year() < 1970 || t.Year() > 9999 || t.Nanosecond() != 0 {
		s.refuse(v, s.at(key), "must be %s", what)
		return time.Time{}
	}
	return t
}

// list is what stands in a list: of each item a section that has it under the empty key.
func (s section) list(key string) []section {
	v, ok := s.is(key, list, "a list")
	if !ok {
		return nil
	}
	items := make([]section, len(v.items))
	for i, item := range v.items {
		items[i] = section{reader: s.reader, value: item, location: fmt.Sprintf("%s[%d]", s.at(key), i), found: map[string]value{"": item}}
	}
	return items
}
