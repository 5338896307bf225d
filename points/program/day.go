package program

import "time"

// A day is a date of the calendar, in no zone yet.
type day struct {
	year  int
	month time.Month
	day   int
}

// dayOf is the date that t has in zone.
func dayOf(t time.Time, zone *time.Location) day {
	y, m, d := t.In(zone).Date()
	return day{y, m, d}
}

// plusDays is the date n days later.
func (d day) plusDays(n int64) day {
	y, m, dd := time.Date(d.year, d.month, d.day+int(n), 0, 0, 0, 0, time.UTC).Date()
	return day{y, m, dd}
}

// plusMonths is the same day of the month n months later, or that month's last day if it has no such day.
func (d day) plusMonths(n int64) day {
	y, m, last := time.Date(d.year, d.month+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC).Date()
	return day{y, m, min(d.day, last)}
}

// firstOfNextMonth is the first day of the month after d's.
func (d day) firstOfNextMonth() day {
	y, m, dd := time.Date(d.year, d.month+1, 1, 0, 0, 0, 0, time.UTC).Date()
	return day{y, m, dd}
}

// start is the first instant of the day in zone: the one after which no clock there shows an earlier date. That is
// midnight, but where the clock is put forward over midnight it is the instant of the change, where midnight comes
// twice the first of the two, and where the clock is put back into the day before the midnight after that.
func (d day) start(zone *time.Location) time.Time {
	midnight := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC) // as the clock shows it
	// No zone is more than a day from UTC, so the day has begun. From here back, one stretch of equal offset at a time.
	t := midnight.Add(24 * time.Hour).In(zone)
	for {
		_, offset := t.Zone()
		start, _ := t.ZoneBounds()
		at := midnight.Add(-time.Duration(offset) * time.Second) // when this stretch's clock shows it
		if start.IsZero() || at.After(start) {
			return at.In(zone)
		}
		before := start.Add(-1)
		_, offset = before.In(zone).Zone()
		if before.Add(time.Duration(offset) * time.Second).Before(midnight) {
			return start.In(zone)
		}
		t = before.In(zone)
	}
}

// StartOfDay is the first instant of the date in zone, also where that day has no midnight or has two.
func StartOfDay(year int, month time.Month, dayOfMonth int, zone *time.Location) time.Time {
	return day{year, month, 0}.plusDays(int64(dayOfMonth)).start(zone)
}
