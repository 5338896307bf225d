package report_test

import (
	"maps"
	"testing"
	"time"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points"
	"chobo/points/program"
	"chobo/schema/pgtest"
)

// agingOf is the available points by the month in which they go.
func agingOf(t *testing.T, r report.Reader, to report.Day) map[string]ledger.Points {
	t.Helper()
	a, err := r.ExpiryAging(t.Context(), to)
	fatal(t, err)
	out := map[string]ledger.Points{}
	for _, row := range a.Months {
		if row.Available != 0 {
			out[row.Month] = row.Available
		}
	}
	return out
}

// shown is the same as the members see it.
func shown(t *testing.T, m *trade.Mall, members ...string) map[string]ledger.Points {
	t.Helper()
	out := map[string]ledger.Points{}
	for _, id := range members {
		fatal(t, m.Engine.Read(t.Context(), trade.Code, id, points.Need{}, time.Time{}, func(a *points.Account) error {
			var v points.MemberView
			points.Reading(a, func(a *points.Account) { v = a.View() })
			for _, e := range v.Expiring {
				out[e.ExpiresAt.Add(-time.Microsecond).Format("2006-01")] += e.Points
			}
			return nil
		}))
	}
	return out
}

// Where inactivity takes points they go when the members are told that they go, and a past day's report stays what it was.
func TestAgingByInactivity(t *testing.T) {
	file := trade.Edit("mode: fixed_end_of_month, months: 12", "mode: inactivity, months: 2")(
		trade.Edit("expired_lot: cash", "expired_lot: forfeit")(trade.Program))
	m := trade.Open(t, pgtest.NewURL(t), func(string) string { return file })
	later, err := program.Parse("mall.yaml", []byte(trade.Edit("months: 2", "months: 1")(trade.Edit("effective_from: 2026-04-01", "effective_from: 2026-08-01")(file))))
	fatal(t, err)
	_, _, _, err = m.Registry.PutProgram(t.Context(), later, time.Now())
	fatal(t, err)
	members := []string{"old", "ann", "bob", "cho", "dee", "fay", "kim"}
	said := map[report.Day]map[string]ledger.Points{}
	check := func(day report.Day, want map[string]ledger.Points) {
		t.Helper()
		got := agingOf(t, m.Reader(), day)
		if !maps.Equal(got, want) {
			t.Errorf("on %s %v, want %v", day.Format(time.DateOnly), got, want)
		}
		if seen := shown(t, m, members...); !maps.Equal(got, seen) {
			t.Errorf("on %s %v, the members see %v", day.Format(time.DateOnly), got, seen)
		}
		tieOut(t, m.Reader(), report.Span{From: april.From, To: day})
		said[day] = got
	}
	zone := m.Info().Versions.Zone()
	m.At("2026-04-01 10:00")
	m.Do("old", points.OpenBalance{Points: 1, QualifiedAt: time.Date(2026, 3, 15, 9, 0, 0, 0, zone)}) // to 15 May
	for id, n := range map[string]ledger.Points{"ann": 10, "bob": 100, "dee": 10_000, "fay": 1, "kim": 100_000} {
		give(m, id, n) // to 1 June
	}
	m.Do("cho", points.GrantPoints{Points: 1000, ExpiresAt: time.Date(2026, 4, 30, 0, 0, 0, 0, zone), Reason: "x", Actor: "eva"}) // before it lapses
	m.Do("fay", points.GrantPoints{Points: 500, ExpiresAt: time.Date(2026, 4, 15, 0, 0, 0, 0, zone), Reason: "x", Actor: "eva"})
	check(day(2026, 4, 1), map[string]ledger.Points{"2026-04": 1500, "2026-05": 1, "2026-06": 110_111})

	m.At("2026-04-02 23:50")
	m.Buy("fay", trade.Order{ID: "F-1", Shop: "S-1", Price: 500, Points: 500})
	m.Buy("dee", trade.Order{ID: "D-1", Shop: "S-1", Price: 4000, Points: 4000})
	m.Do("bob", points.MakeReservation{ReservationID: "R-1", Points: 40})
	check(day(2026, 4, 2), map[string]ledger.Points{"2026-04": 1000, "2026-05": 1, "2026-06": 106_071})

	m.At("2026-05-20 10:00").Advance()
	m.Buy("bob", trade.Order{ID: "B-1", Shop: "S-1", Price: 50}) // earns nothing and posts nothing
	m.Cancel("dee", "D-1", 1)                                    // comes back, so she was active
	m.Cancel("fay", "F-1", 1)                                    // is forfeited, so she was not
	late := points.OrderRequest{OrderID: "K-1", ShopID: "S-1", OrderedAt: time.Date(2026, 5, 18, 10, 0, 0, 0, zone), Tenders: points.Tenders{Money: 2000},
		Lines: []points.OrderLineRequest{{LineID: "1", SKU: "x", Category: "books", Quantity: 1, UnitPrice: 2000}}}
	m.Do("kim", points.PlaceOrder{Order: late})
	check(day(2026, 5, 20), map[string]ledger.Points{"2026-06": 11, "2026-07": 110_100})

	m.At("2026-06-10 10:00").Advance()
	give(m, "ann", 5)
	give(m, "fay", 5)
	check(day(2026, 6, 10), map[string]ledger.Points{"2026-07": 110_130}) // 20 of kim's order; all new ones by the version that is in force from 1 August

	for day, was := range said {
		if got := agingOf(t, m.Reader(), day); !maps.Equal(got, was) {
			t.Errorf("of %s later %v, then %v", day.Format(time.DateOnly), got, was)
		}
	}
	known := m.Reader()
	known.KnownAt = time.Date(2026, 5, 19, 10, 0, 0, 0, zone) // the day after kim's order happened, the day before it was told
	if got := agingOf(t, known, day(2026, 5, 19)); got["2026-06"] != 106_071 {
		t.Errorf("as known on 19 May: %v", got)
	}
}
