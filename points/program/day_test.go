package program

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestStartOfDay(t *testing.T) {
	for _, c := range []struct{ name, zone, date, want string }{
		{"no summer time", "Asia/Tokyo", "2026-05-02", "2026-05-02T00:00:00+09:00"},
		{"the change is later that day", "America/New_York", "2026-03-08", "2026-03-08T00:00:00-05:00"},
		{"the day after the change", "America/New_York", "2026-03-09", "2026-03-09T00:00:00-04:00"},
		{"the clock was put back at two", "America/New_York", "2026-11-01", "2026-11-01T00:00:00-04:00"},
		{"no midnight", "America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00"},
		{"back from midnight into the day before", "America/Sao_Paulo", "2018-02-18", "2018-02-18T00:00:00-03:00"},
		{"no midnight, east of Greenwich", "Asia/Beirut", "2022-03-27", "2022-03-27T01:00:00+03:00"},
		{"two midnights", "America/Havana", "2025-11-02", "2025-11-02T00:00:00-04:00"},
		{"a minute of the day, then the day before again", "America/St_Johns", "2010-11-07", "2010-11-07T00:00:00-03:30"},
		{"a day that never was", "Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00"},
	} {
		d, err := time.Parse(time.DateOnly, c.date)
		if err != nil {
			t.Fatal(err)
		}
		got := StartOfDay(d.Year(), d.Month(), d.Day(), mustZone(c.zone)).Format(time.RFC3339)
		if got != c.want {
			t.Errorf("%s: %s begins in %s at %s, want %s", c.name, c.date, c.zone, got, c.want)
		}
	}
}

// The start of a day is the one instant with only earlier dates just before it and no earlier date after it.
func TestStartOfDayParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, at := aZone().Draw(t, "zone"), anInstant().Draw(t, "at")
		d := dayOf(at, zone)
		start := d.start(zone)
		if !earlier(dayOf(start.Add(-1), zone), d) {
			t.Errorf("the instant before %s is not before %v", start, d)
		}
		for after := start; after.Before(start.Add(30 * time.Hour)); after = after.Add(15 * time.Minute) {
			if earlier(dayOf(after, zone), d) {
				t.Fatalf("%s comes after the start of %v, %s", after, d, start)
			}
		}
	})
}

func TestPlusMonths(t *testing.T) {
	for _, c := range []struct {
		from   day
		months int64
		want   day
	}{
		{day{2026, time.January, 31}, 1, day{2026, time.February, 28}},
		{day{2028, time.January, 31}, 1, day{2028, time.February, 29}},
		{day{2028, time.February, 29}, 12, day{2029, time.February, 28}},
		{day{2028, time.February, 29}, 48, day{2032, time.February, 29}},
		{day{2026, time.February, 28}, 1, day{2026, time.March, 28}},
		{day{2026, time.August, 31}, 6, day{2027, time.February, 28}},
		{day{2026, time.December, 15}, 1, day{2027, time.January, 15}},
		{day{2026, time.May, 10}, 0, day{2026, time.May, 10}},
	} {
		if got := c.from.plusMonths(c.months); got != c.want {
			t.Errorf("%v and %d months = %v, want %v", c.from, c.months, got, c.want)
		}
	}
}

func earlier(a, b day) bool {
	return time.Date(a.year, a.month, a.day, 0, 0, 0, 0, time.UTC).Before(time.Date(b.year, b.month, b.day, 0, 0, 0, 0, time.UTC))
}

func aZone() *rapid.Generator[*time.Location] {
	return rapid.Map(rapid.SampledFrom([]string{
		"Asia/Tokyo", "UTC", "America/New_York", "America/Sao_Paulo", "Asia/Beirut", "America/Havana", "America/St_Johns",
		"Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Kiritimati", "America/Santiago",
	}), mustZone)
}

// anInstant draws any time from 1970 to 2100, to the second.
func anInstant() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(0, 4_102_444_800), func(s int64) time.Time { return time.Unix(s, 0) })
}

func moment(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
