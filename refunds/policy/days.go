package policy

import "time"

// DaysBetween counts calendar days from a to b in zone, the day of a not counted: it turns over at midnight there,
// whatever the hours, so a period of five days runs to the end of the fifth day. Negative if b's day is before a's.
func DaysBetween(a, b time.Time, zone *time.Location) int {
	return int(dayNumber(b.In(zone)) - dayNumber(a.In(zone)))
}

// dayNumber is the date's distance from 1970-01-01. It counts in UTC, where every day has 24 hours.
func dayNumber(t time.Time) int64 {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / int64(24*time.Hour/time.Second)
}
