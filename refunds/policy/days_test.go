package policy

import (
	"testing"
	"time"
)

func TestDaysBetween(t *testing.T) {
	tokyo, newYork := zone(t, "Asia/Tokyo"), zone(t, "America/New_York")
	for _, c := range []struct {
		name, from, to string
		zone           *time.Location
		want           int
	}{
		{"the last second of the fifth day", "2026-04-01T23:59:59+09:00", "2026-04-06T23:59:59+09:00", tokyo, 5},
		{"the first second of the sixth", "2026-04-01T23:59:59+09:00", "2026-04-07T00:00:00+09:00", tokyo, 6},
		{"the hour of delivery does not matter", "2026-04-01T00:00:00+09:00", "2026-04-06T23:59:59.999999999+09:00", tokyo, 5},
		{"the same day", "2026-04-01T00:00:00+09:00", "2026-04-01T23:59:59+09:00", tokyo, 0},
		{"two seconds over midnight", "2026-04-01T23:59:59+09:00", "2026-04-02T00:00:01+09:00", tokyo, 1},
		{"the zone counts, not the offset written", "2026-04-01T14:59:59Z", "2026-04-01T15:00:00Z", tokyo, 1},
		{"the same moments in UTC are one day", "2026-04-01T14:59:59Z", "2026-04-01T15:00:00Z", time.UTC, 0},
		{"a leap day", "2028-02-28T12:00:00+09:00", "2028-03-01T12:00:00+09:00", tokyo, 2},
		{"over a year's end", "2026-12-31T23:00:00+09:00", "2027-01-01T01:00:00+09:00", tokyo, 1},
		{"a day of 23 hours", "2026-03-07T12:00:00-05:00", "2026-03-09T00:00:00-04:00", newYork, 2},
		{"a day of 25 hours", "2026-10-31T12:00:00-04:00", "2026-11-02T00:00:00-05:00", newYork, 2},
		{"backwards", "2026-04-02T00:00:00+09:00", "2026-04-01T23:59:59+09:00", tokyo, -1},
		{"before 1970", "1969-12-31T12:00:00Z", "1970-01-01T00:00:00Z", time.UTC, 1},
	} {
		if got := DaysBetween(instant(t, c.from), instant(t, c.to), c.zone); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// A period given in days ends with the day, one given in full days ends with the second.
func TestPeriodsEndToTheSecond(t *testing.T) {
	tokyo := zone(t, "Asia/Tokyo")
	mall, preorders := shippedPolicy(t, "samurai-mall"), shippedPolicy(t, "preorder-shop")
	ordered, delivered := instant(t, "2026-03-25T10:00:00+09:00"), instant(t, "2026-04-01T18:30:00+09:00")
	for requested, want := range map[string]Outcome{
		"2026-04-01T18:30:00+09:00": Accept,
		"2026-04-06T23:59:59+09:00": Accept,
		"2026-04-06T14:59:59Z":      Accept,
		"2026-04-07T00:00:00+09:00": Reject,
		"2026-04-06T15:00:00Z":      Reject,
	} {
		f := Facts{Action: Return, Reason: "customer_convenience", Category: "electronics"}.At(ordered, delivered, instant(t, requested), tokyo)
		if d := mall.Decide(f); d.Outcome != want || d.Clause != "SM-R23.5" {
			t.Errorf("returned %s: %s %s, want %s", requested, d.Outcome, d.Clause, want)
		}
	}
	for requested, want := range map[string]Outcome{
		"2026-04-01T10:00:00+09:00":           Accept,
		"2026-04-01T01:00:00Z":                Accept,
		"2026-04-01T10:00:00.000000001+09:00": Reject,
		"2026-04-01T10:00:01+09:00":           Reject,
	} {
		f := Facts{Action: Cancel, Reason: "changed_mind", Status: "placed", Preorder: true, Attributes: map[string]any{"cancellable": true}}.
			At(ordered, time.Time{}, instant(t, requested), tokyo)
		if d := preorders.Decide(f); d.Outcome != want || d.Clause != "PS-3" {
			t.Errorf("cancelled %s: %s %s, want %s", requested, d.Outcome, d.Clause, want)
		}
	}
}

func TestAtLeavesTheUndeliveredUnknown(t *testing.T) {
	day := instant(t, "2026-04-01T00:00:00Z")
	if f := (Facts{DaysSinceDelivery: new(3)}).At(day, time.Time{}, day.Add(49*time.Hour), time.UTC); f.DaysSinceDelivery != nil || f.DaysSinceOrder != 2 || f.SinceOrder != 49*time.Hour {
		t.Errorf("%+v", f)
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
