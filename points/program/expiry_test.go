package program

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestExpiresAt(t *testing.T) {
	for _, c := range []struct {
		name    string
		expiry  Expiry
		zone    string
		granted string
		want    string
	}{
		{"to the end of that day", Expiry{Fixed, 12}, "Asia/Tokyo", "2026-05-02T00:00:00+09:00", "2027-05-03T00:00:00+09:00"},
		{"whatever the hour", Expiry{Fixed, 12}, "Asia/Tokyo", "2026-05-02T23:59:59+09:00", "2027-05-03T00:00:00+09:00"},
		{"31 January", Expiry{Fixed, 1}, "Asia/Tokyo", "2026-01-31T12:00:00+09:00", "2026-03-01T00:00:00+09:00"},
		{"31 January of a leap year", Expiry{Fixed, 1}, "Asia/Tokyo", "2028-01-31T12:00:00+09:00", "2028-03-01T00:00:00+09:00"},
		{"29 February", Expiry{Fixed, 12}, "Asia/Tokyo", "2028-02-29T12:00:00+09:00", "2029-03-01T00:00:00+09:00"},
		{"28 February", Expiry{Fixed, 12}, "Asia/Tokyo", "2027-02-28T12:00:00+09:00", "2028-02-29T00:00:00+09:00"},
		{"to the end of the month", Expiry{FixedEndOfMonth, 12}, "Asia/Tokyo", "2026-05-02T00:00:00+09:00", "2027-06-01T00:00:00+09:00"},
		{"its last day too", Expiry{FixedEndOfMonth, 1}, "Asia/Tokyo", "2026-01-31T12:00:00+09:00", "2026-03-01T00:00:00+09:00"},
		{"over the year", Expiry{FixedEndOfMonth, 1}, "Asia/Tokyo", "2026-11-30T12:00:00+09:00", "2027-01-01T00:00:00+09:00"},
		{"over summer time", Expiry{Fixed, 6}, "America/New_York", "2026-01-15T12:00:00-05:00", "2026-07-16T00:00:00-04:00"},
		{"to a day without midnight", Expiry{Fixed, 1}, "America/Sao_Paulo", "2018-10-03T12:00:00-03:00", "2018-11-04T01:00:00-02:00"},
		{"to one in Beirut", Expiry{Fixed, 1}, "Asia/Beirut", "2022-02-26T12:00:00+02:00", "2022-03-27T01:00:00+03:00"},
		{"inactivity is not the lot's", Expiry{Inactivity, 12}, "Asia/Tokyo", "2026-05-02T00:00:00+09:00", ""},
		{"never", Expiry{Never, 0}, "Asia/Tokyo", "2026-05-02T00:00:00+09:00", ""},
	} {
		got := c.expiry.ExpiresAt(moment(t, c.granted), mustZone(c.zone))
		if c.want == "" && !got.IsZero() || c.want != "" && !got.Equal(moment(t, c.want)) {
			t.Errorf("%s: %+v of %s expires %s, want %s", c.name, c.expiry, c.granted, got, c.want)
		}
	}
}

func TestLapsesAt(t *testing.T) {
	last, zone := moment(t, "2026-02-28T18:00:00+09:00"), mustZone("Asia/Tokyo")
	if got := (Expiry{Inactivity, 12}).LapsesAt(last, zone); !got.Equal(moment(t, "2027-03-01T00:00:00+09:00")) {
		t.Errorf("12 months of inactivity end %s", got)
	}
	for _, mode := range []ExpiryMode{Fixed, FixedEndOfMonth, Never} {
		if got := (Expiry{mode, 12}).LapsesAt(last, zone); !got.IsZero() {
			t.Errorf("%s lapses %s", mode, got)
		}
	}
}

func TestExpiryKeepsItsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, granted := aZone().Draw(t, "zone"), anInstant().Draw(t, "granted")
		months := rapid.Int64Range(1, 120).Draw(t, "months")
		fixed := Expiry{Fixed, months}.ExpiresAt(granted, zone)
		if endOfMonth := (Expiry{FixedEndOfMonth, months}).ExpiresAt(granted, zone); endOfMonth.Before(fixed) {
			t.Errorf("the month ends %s, before the day, %s", endOfMonth, fixed)
		}
		if lapse := (Expiry{Inactivity, months}).LapsesAt(granted, zone); !lapse.Equal(fixed) {
			t.Errorf("inactivity ends %s, a lot of the same months %s", lapse, fixed)
		}
		if later := (Expiry{Fixed, months}).ExpiresAt(granted.Add(time.Hour*time.Duration(rapid.IntRange(0, 1000).Draw(t, "hours"))), zone); later.Before(fixed) {
			t.Errorf("granted later, expired sooner: %s before %s", later, fixed)
		}
		if last := dayOf(fixed.Add(-1), zone); last.year*12+int(last.month) > dayOf(granted, zone).year*12+int(dayOf(granted, zone).month)+int(months) {
			t.Errorf("the last day %v is in a later month than the %dth", last, months)
		}
	})
}
