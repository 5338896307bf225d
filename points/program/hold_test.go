package program

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHoldEnd(t *testing.T) {
	for _, c := range []struct {
		name, zone, from string
		days             int64
		want             string
	}{
		{"first hour", "Asia/Tokyo", "2026-04-01T00:00:00+09:00", 30, "2026-05-02T00:00:00+09:00"},
		{"at ten", "Asia/Tokyo", "2026-04-01T10:00:00+09:00", 30, "2026-05-02T00:00:00+09:00"},
		{"last second", "Asia/Tokyo", "2026-04-01T23:59:59+09:00", 30, "2026-05-02T00:00:00+09:00"},
		{"the date is the zone's, not the caller's", "Asia/Tokyo", "2026-03-31T15:00:00Z", 30, "2026-05-02T00:00:00+09:00"},
		{"one day", "Asia/Tokyo", "2026-12-30T12:00:00+09:00", 1, "2027-01-01T00:00:00+09:00"},
		{"not held", "Asia/Tokyo", "2026-04-01T10:00:00+09:00", 0, "2026-04-01T10:00:00+09:00"},
		{"over the start of summer time", "America/New_York", "2026-03-01T10:00:00-05:00", 30, "2026-04-01T00:00:00-04:00"},
		{"to a day without midnight", "America/Sao_Paulo", "2018-11-02T10:00:00-03:00", 1, "2018-11-04T01:00:00-02:00"},
	} {
		got := Hold{Days: c.days}.End(moment(t, c.from), mustZone(c.zone))
		if !got.Equal(moment(t, c.want)) {
			t.Errorf("%s: %d days from %s end %s, want %s", c.name, c.days, c.from, got, c.want)
		}
	}
}

func TestHoldHoldsFullDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, from := aZone().Draw(t, "zone"), anInstant().Draw(t, "from")
		days := rapid.Int64Range(1, 400).Draw(t, "days")
		end := Hold{Days: days}.End(from, zone)
		if least := time.Duration(days)*24*time.Hour - 26*time.Hour; end.Sub(from) < least {
			t.Errorf("%d days from %s end %s", days, from, end)
		}
		if later := (Hold{Days: days + 1}).End(from, zone); later.Before(end) {
			t.Errorf("a longer hold ends sooner: %s before %s", later, end)
		}
		if same := (Hold{Days: days}).End(dayOf(from, zone).start(zone), zone); dayOf(same, zone) != dayOf(end, zone) {
			t.Errorf("the hour matters: %s and %s", same, end)
		}
	})
}

func TestLatestStart(t *testing.T) {
	ordered := moment(t, "2026-04-01T10:00:00+09:00")
	for _, c := range []struct {
		hold Hold
		want string
	}{
		{Hold{Days: 30, From: OnDelivery, Latest: 60}, "2026-05-31T10:00:00+09:00"},
		{Hold{Days: 30, From: OnOrder, Latest: 60}, "2026-04-01T10:00:00+09:00"},
		{Hold{Days: 30, From: OnShipment, Latest: 0}, ""},
	} {
		got := c.hold.LatestStart(ordered, mustZone("Asia/Tokyo"))
		if c.want == "" && !got.IsZero() || c.want != "" && !got.Equal(moment(t, c.want)) {
			t.Errorf("%+v starts at the latest %s, want %s", c.hold, got, c.want)
		}
	}
}

func TestSweepEnd(t *testing.T) {
	ordered, zone := moment(t, "2026-04-01T10:00:00+09:00"), mustZone("Asia/Tokyo")
	if got := (Sweep{Days: 14}).End(ordered, zone); !got.Equal(moment(t, "2026-04-16T00:00:00+09:00")) {
		t.Errorf("the sweep ends %s", got)
	}
	if got := (Sweep{}).End(ordered, zone); !got.Equal(ordered) {
		t.Errorf("no sweep ends %s", got)
	}
}

func TestReissueExpiresAt(t *testing.T) {
	at, zone := moment(t, "2026-04-01T10:00:00+09:00"), mustZone("Asia/Tokyo")
	if got := (Restore{GraceDays: 30}).ReissueExpiresAt(at, zone); !got.Equal(moment(t, "2026-05-02T00:00:00+09:00")) {
		t.Errorf("30 days of grace end %s", got)
	}
	if got := (Restore{}).ReissueExpiresAt(at, zone); !got.Equal(moment(t, "2026-04-02T00:00:00+09:00")) {
		t.Errorf("no days of grace end %s", got)
	}
}
