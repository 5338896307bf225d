package report

import (
	"fmt"
	"time"
)

// A Day is a day of the books: midnight UTC of a date in the program's zone.
type Day = time.Time

// A Span is days of the books, both ends included.
type Span struct{ From, To Day }

// Beginning is a day before all others.
var Beginning = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)

// DayOf is the day of an instant in the program's zone.
func (b Book) DayOf(at time.Time) Day {
	y, m, d := at.In(b.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Start is the first instant of the day.
func (b Book) Start(day Day) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, b.Zone)
}

// ParseFrom reads the first day of a span: a date (2026-04-01), a month (2026-04), or an instant in RFC 3339, which
// stands for its day in the program's zone. Empty is missing.
func (b Book) ParseFrom(s string, missing Day) (Day, error) {
	if t, err := time.Parse("2006-01", s); err == nil {
		return t, nil
	}
	return b.parseDay(s, missing)
}

// ParseTo reads the last day of a span, as ParseFrom does; a month stands for its last day.
func (b Book) ParseTo(s string, missing Day) (Day, error) {
	if t, err := time.Parse("2006-01", s); err == nil {
		return MonthEnd(t), nil
	}
	return b.parseDay(s, missing)
}

func (b Book) parseDay(s string, missing Day) (Day, error) {
	if s == "" {
		return missing, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return b.DayOf(t), nil
	}
	return Day{}, fmt.Errorf("%q is neither a date (2026-04-30) nor a month (2026-04) nor a time with offset", s)
}

// MonthStart is the first day of the day's month.
func MonthStart(d Day) Day { return time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC) }

// MonthEnd is the last day of the day's month.
func MonthEnd(d Day) Day { return time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC) }

// months are the first days of all months that the span touches.
func (s Span) months() (out []Day) {
	for m := MonthStart(s.From); !m.After(s.To); m = m.AddDate(0, 1, 0) {
		out = append(out, m)
	}
	return out
}

const monthLayout = "2006-01"
