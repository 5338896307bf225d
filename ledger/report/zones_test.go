package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/schema/pgtest"
)

// Days and months are those of the program's zone, whatever zones the server and the database live in. Each order is
// placed an instant before or after midnight between two months.
func TestDaysAreTheProgramsDays(t *testing.T) {
	local := time.Local
	t.Cleanup(func() { time.Local = local }) //nolint:gosmopolitan // it is what is tested
	for _, program := range []string{"Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC", "Asia/Kathmandu"} {
		for _, place := range [][2]string{{"UTC", "UTC"}, {"Asia/Tokyo", "America/St_Johns"}, {"America/Los_Angeles", "Asia/Tokyo"}} {
			server, database := place[0], place[1]
			t.Run(strings.Join([]string{program, server, database}, " "), func(t *testing.T) {
				zone, err := time.LoadLocation(server)
				fatal(t, err)
				time.Local = zone //nolint:gosmopolitan // it is what is tested
				url := pgtest.NewURL(t)
				owner := pgtest.OpenOwner(t, url)
				owner.MustExec(fmt.Sprintf(`ALTER DATABASE %s SET timezone = '%s'`, name(url), database))
				m := trade.Open(t, url, trade.Edit("timezone: Asia/Tokyo", "timezone: "+program),
					trade.Edit("hold: { days: 7, from: ordered, latest: 60 }", "hold: { days: 0, from: ordered, latest: 0 }"))
				m.At("2026-04-30 23:59").Buy("ann", trade.Order{ID: "last", Shop: "S-1", Price: 1000})
				m.At("2026-05-01 00:00").Buy("ann", trade.Order{ID: "first", Shop: "S-1", Price: 2000})
				r := m.Reader()
				for range 2 {
					roll, err := r.RollForward(t.Context(), both, report.ByMonth)
					fatal(t, err)
					if g := roll.Groups; len(g) != 2 || g[0].Points.Closing != 10 || g[1].Points.Opening != 10 || g[1].Points.Closing != 30 {
						t.Errorf("roll-forward %+v", g)
					}
					b, err := r.TrialBalance(t.Context(), april.To)
					fatal(t, err)
					if got := b.Of(ledger.MemberAvailable).Points; got != -10 {
						t.Errorf("at the end of April %d", got)
					}
					// Both lots expire with the end of their month a year later.
					aging, err := r.ExpiryAging(t.Context(), may.To)
					fatal(t, err)
					if a := aging.Months; len(a) != 2 || a[0].Month != "2027-04" || a[0].Available != 10 || a[1].Month != "2027-05" || a[1].Available != 20 {
						t.Errorf("aging %+v", a)
					}
					m.Fold()
				}
				// An instant stands for its day there.
				day, err := r.ParseTo("2026-05-01T00:30:00Z", report.Day{})
				fatal(t, err)
				if want := r.DayOf(time.Date(2026, 5, 1, 0, 30, 0, 0, time.UTC)); !day.Equal(want) {
					t.Errorf("an instant is of %s, want %s", day, want)
				}
			})
		}
	}
}

// name is the database of a URL.
func name(url string) string {
	path, _, _ := strings.Cut(url[strings.LastIndex(url, "/")+1:], "?")
	return path
}
