package history

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// isNumber tells a cell that JSON would take for a number; whether it is whole and in range is judged later.
var isNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// A sheet writes cells as the JSON that the API takes, so that rows of any form go through the same rules.
type sheet struct {
	json []byte
	zone *time.Location
}

func (s *sheet) begin() { s.json = append(s.json, '{') }

// end closes an object or, with ']', a list.
func (s *sheet) end(mark byte) {
	if n := len(s.json); n > 0 && s.json[n-1] == ',' {
		s.json = s.json[:n-1]
	}
	s.json = append(s.json, mark, ',')
}

// whole is the JSON that was written.
func (s *sheet) whole() []byte { return s.json[:len(s.json)-1] }

func (s *sheet) name(name string) {
	s.json = strconv.AppendQuote(s.json, name)
	s.json = append(s.json, ':')
}

func (s *sheet) raw(value string) {
	s.json = append(s.json, value...)
	s.json = append(s.json, ',')
}

func (s *sheet) text(value string) {
	b, err := json.Marshal(value)
	if err != nil { // text always encodes
		panic(err)
	}
	s.json = append(append(s.json, b...), ',')
}

// cell writes what a cell says of a column. It tells what is wrong where the cell makes no sense by itself.
func (s *sheet) cell(c column, value string) (problem string) {
	switch c.kind {
	case number:
		s.name(c.name)
		if isNumber.MatchString(value) {
			s.raw(value)
			return ""
		}
		s.text(value)
		return fmt.Sprintf("must be a whole number without separators, not %s", quoted(value))
	case truth:
		s.name(c.name)
		yes, problem := parseTruth(value)
		s.raw(strconv.FormatBool(yes))
		return problem
	case moment:
		t, _, problem := s.time(value)
		if problem == "" {
			s.moment(c.name, t)
		}
		return problem
	case expiry:
		if value == "never" {
			s.name("never_expires")
			s.raw("true")
			return ""
		}
		t, day, problem := s.time(value)
		if problem == "" && day {
			problem = "is a day, which does not say whether the points can be used on it: call the column last_day, or give the first instant without them"
		}
		if problem == "" {
			s.moment(c.name, t)
		}
		return problem
	case lastDay:
		t, day, problem := s.time(value)
		if problem == "" && !day {
			problem = "must be a day, as 2026-12-31"
		}
		if problem == "" {
			y, m, d := t.Date()
			s.moment("expires_at", time.Date(y, m, d+1, 0, 0, 0, 0, s.zone))
		}
		return problem
	default:
		s.name(c.name)
		s.text(value)
		return ""
	}
}

func (s *sheet) moment(name string, t time.Time) {
	s.name(name)
	s.text(t.UTC().Format(time.RFC3339Nano))
}

// The forms of times and days that are understood. Those without an offset are in the program's zone.
var (
	timeForms = []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006/01/02 15:04:05", "2006-01-02 15:04", "2006/01/02 15:04", "2006-01-02T15:04"}
	dayForms  = []string{"2006-01-02", "2006/01/02", "2006/1/2", "20060102"}
)

// time reads a time or a day, which is the instant at which it begins.
func (s *sheet) time(value string) (t time.Time, day bool, problem string) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(form, value); err == nil {
			return t, false, ""
		}
	}
	for _, form := range timeForms {
		if t, err := time.ParseInLocation(form, value, s.zone); err == nil {
			return t, false, ""
		}
	}
	for _, form := range dayForms {
		if t, err := time.ParseInLocation(form, value, s.zone); err == nil {
			return t, true, ""
		}
	}
	return t, false, fmt.Sprintf("must be a time or a day, as 2026-04-01T10:00:00+09:00 or 2026-04-01, not %s", quoted(value))
}

func parseTruth(value string) (yes bool, problem string) {
	switch strings.ToLower(value) {
	case "true", "yes", "y", "1":
		return true, ""
	case "false", "no", "n", "0":
		return false, ""
	default:
		return false, fmt.Sprintf("must be true or false, not %s", quoted(value))
	}
}

// quoted is a cell in a message, not too long.
func quoted(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}

// loose writes a value of which nothing is known: a number, true, false, or text.
func (s *sheet) loose(value string) {
	if value == "true" || value == "false" || isNumber.MatchString(value) {
		s.raw(value)
		return
	}
	s.text(value)
}
