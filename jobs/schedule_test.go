package jobs

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestSchedule(t *testing.T) {
	const daily = "5 0 * * *"
	for _, tt := range []struct {
		name, zone, fields, from string
		want                     []string
	}{
		{"each local day", "Asia/Tokyo", daily, "2026-04-01T00:04:59+09:00",
			[]string{"2026-04-01T00:05:00+09:00", "2026-04-02T00:05:00+09:00", "2026-04-03T00:05:00+09:00"}},
		{"not the same instant again", "Asia/Tokyo", daily, "2026-04-01T00:05:00+09:00", []string{"2026-04-02T00:05:00+09:00"}},
		{"the offset changes between two runs", "America/New_York", daily, "2026-03-07T12:00:00-05:00",
			[]string{"2026-03-08T00:05:00-05:00", "2026-03-09T00:05:00-04:00"}},
		{"the clocks are put forward over it: at the change", "America/New_York", "30 2 * * *", "2026-03-07T12:00:00-05:00",
			[]string{"2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"}},
		{"midnight itself is left out", "Asia/Beirut", daily, "2026-03-28T12:00:00+02:00",
			[]string{"2026-03-29T01:00:00+03:00", "2026-03-30T00:05:00+03:00"}},
		{"the clocks are put back over it: at the first of two", "America/New_York", "30 1 * * *", "2026-10-31T12:00:00-04:00",
			[]string{"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"}},
		{"between the first and the second of two", "America/New_York", "30 1 * * *", "2026-11-01T01:10:00-05:00",
			[]string{"2026-11-02T01:30:00-05:00"}},
		{"put back at midnight into the day before", "Asia/Beirut", "30 23 * * *", "2026-10-24T12:00:00+03:00",
			[]string{"2026-10-24T23:30:00+03:00", "2026-10-25T23:30:00+02:00"}},
		{"the day after such a day begins once", "Asia/Beirut", daily, "2026-10-24T23:59:00+03:00", []string{"2026-10-25T00:05:00+02:00"}},
		{"any hour goes by the minutes that pass, also where they come twice", "America/New_York", "59 * * * *", "2026-11-01T01:30:00-04:00",
			[]string{"2026-11-01T01:59:00-04:00", "2026-11-01T01:59:00-05:00", "2026-11-01T02:59:00-05:00"}},
		{"and where they are left out", "America/New_York", "* * * * *", "2026-03-08T01:58:30-05:00",
			[]string{"2026-03-08T01:59:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-08T03:01:00-04:00"}},
		{"a whole day that a country skipped", "Pacific/Apia", daily, "2011-12-29T12:00:00-10:00",
			[]string{"2011-12-31T00:00:00+14:00", "2011-12-31T00:05:00+14:00"}},
		{"only on Mondays", "Asia/Tokyo", "0 9 * * MON", "2026-04-01T00:00:00+09:00", []string{"2026-04-06T09:00:00+09:00"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			s, err := schedule(tt.fields, zone)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, tt.from)
			if err != nil {
				t.Fatal(err)
			}
			at = at.UTC()
			for _, want := range tt.want {
				at = s.Next(at)
				if got := at.In(zone).Format(time.RFC3339); got != want {
					t.Fatalf("next is %s, want %s", got, want)
				}
			}
		})
	}
}

func TestScheduleNeverSkipsADay(t *testing.T) {
	for _, name := range []string{"America/New_York", "Asia/Beirut", "Asia/Tokyo", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo", "Europe/London"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, fields := range []string{"5 0 * * *", "30 1 * * *", "15 2 * * *", "45 23 * * *"} {
			s, err := schedule(fields, zone)
			if err != nil {
				t.Fatal(err)
			}
			at := time.Date(2025, 1, 1, 12, 0, 0, 0, time.UTC)
			day := at.In(zone).YearDay()
			if at.In(zone).Hour() < 23 && fields == "45 23 * * *" {
				day--
			}
			for range 1000 {
				next := s.Next(at)
				if d := next.In(zone).YearDay(); d != day+1 && d != 1 {
					t.Fatalf("%s %q: after %s comes %s", name, fields, at.In(zone), next.In(zone))
				}
				at, day = next, next.In(zone).YearDay()
			}
		}
	}
}

func TestScheduleRefused(t *testing.T) {
	for _, fields := range []string{"", "daily", "61 * * * *", "* * * *"} {
		if _, err := schedule(fields, time.UTC); err == nil {
			t.Errorf("%q is taken for a schedule", fields)
		}
	}
}
