package report_test

import (
	"reflect"
	"testing"

	"github.com/shopspring/decimal"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points"
	"chobo/points/registry"
	"chobo/schema/pgtest"
)

// A cohortSum is a cohort's points in a few figures.
type cohortSum struct{ Issued, Redeemed, Lost, Outstanding int64 }

func cohortsAt(t *testing.T, r report.Reader, to report.Day) map[string]cohortSum {
	t.Helper()
	b, err := r.Breakage(t.Context(), to, assumed)
	fatal(t, err)
	out := map[string]cohortSum{}
	for _, c := range b.Cohorts {
		out[c.Cohort+"/"+string(c.Funder)] = cohortSum{c.Issued, c.Redeemed, c.Lost, c.Outstanding}
	}
	return out
}

// reissues opens a mall whose points live for a month and are given back in a new lot once theirs is dead.
func reissues(t *testing.T) *trade.Mall {
	t.Helper()
	return trade.Open(t, pgtest.NewURL(t), trade.Edit("mode: fixed_end_of_month, months: 12", "mode: fixed, months: 1"),
		trade.Edit("expired_lot: cash, closed_member: cash, grace_days: 30", "expired_lot: reissue, closed_member: cash, grace_days: 90"))
}

func give(m *trade.Mall, member string, n ledger.Points) {
	m.Do(member, points.GrantPoints{Points: n, Reason: "x", Actor: "eva"})
}

// Points that come back in a new lot stay in the cohort of the lot that they were taken from: month and funder.
func TestReissuedPointsKeepTheirCohort(t *testing.T) {
	m := reissues(t)
	m.At("2026-04-10 10:00")
	give(m, "ann", 1000)
	m.Buy("ann", trade.Order{ID: "O-1", Shop: "S-1", Price: 1000, Points: 1000})
	give(m, "zoe", 1000)
	m.Buy("zoe", trade.Order{ID: "O-2", Shop: "S-1", Price: 500, Points: 500})
	m.Buy("eve", trade.Order{ID: "O-3", Shop: "S-2", Price: 2000}) // 100 funded by the shop, held for a week
	m.At("2026-04-18 10:00").Advance()
	m.Buy("eve", trade.Order{ID: "O-4", Shop: "S-1", Price: 100, Points: 100})
	m.At("2026-06-20 10:00").Advance()
	m.Cancel("eve", "O-4", 1)
	r, june, july := m.Reader(), report.Span{From: day(2026, 6, 1), To: day(2026, 6, 30)}, report.Span{From: day(2026, 7, 1), To: day(2026, 7, 31)}
	want := map[string]cohortSum{"2026-04/other": {2000, 1500, 500, 0}, "2026-04/shop": {100, 0, 0, 100}}
	if got := cohortsAt(t, r, june.To); !reflect.DeepEqual(got, want) {
		t.Errorf("a month without a grant: %v, want %v", got, want)
	}
	tieOut(t, r, june)

	give(m, "bob", 100)
	m.Cancel("ann", "O-1", 1)
	want["2026-04/other"], want["2026-06/other"] = cohortSum{2000, 500, 500, 1000}, cohortSum{100, 0, 0, 100}
	if got := cohortsAt(t, r, june.To); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	tieOut(t, r, june)
	tieOut(t, r, report.Span{From: april.From, To: june.To})

	// All that lives is owed: nothing of it is valued away, though by the program's terms April's points are gone.
	e, err := r.Estimate(t.Context(), june.To, report.Assumptions{Prior: decimal.NewFromInt(1), Term: 2})
	fatal(t, err)
	entries, err := r.Valuation(t.Context(), june.To, e)
	fatal(t, err)
	var target ledger.Money
	for _, v := range entries {
		target += v.Target
	}
	if target != 1200 || e.Method != report.ChainLadder {
		t.Errorf("a target of %d for 1200 live points: %+v", target, entries)
	}

	m.At("2026-07-31 10:00").Advance() // the new lots live until September
	want["2026-06/other"] = cohortSum{100, 0, 100, 0}
	if got := cohortsAt(t, r, july.To); !reflect.DeepEqual(got, want) {
		t.Errorf("in July %v, want %v", got, want)
	}
	tieOut(t, r, july)
}

// The last points that were taken come back first, each to its own cohort, and so on when they are spent and given back
// again; so do a use-all order's and an exchange's.
func TestReissuedPointsOfManyLots(t *testing.T) {
	m := reissues(t)
	_, err := m.Registry.PutBenefit(t.Context(), trade.Code, registry.Benefit{ID: "B-1", Name: "A towel", Points: 50})
	fatal(t, err)
	r := m.Reader()
	check := func(what string, to report.Day, want map[string]cohortSum) {
		t.Helper()
		if got := cohortsAt(t, r, to); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
		tieOut(t, r, report.Span{From: report.MonthStart(to), To: to})
	}
	m.At("2026-04-20 10:00")
	give(m, "cho", 300)
	m.At("2026-05-05 10:00")
	give(m, "cho", 100)
	m.Buy("cho", trade.Order{ID: "O-1", Shop: "S-1", Price: 100, Quantity: 5, Points: 400, UseAll: true})
	m.At("2026-05-15 10:00")
	give(m, "cho", 20)  // swept into O-1
	give(m, "dan", 120) // the exchange's
	m.Do("dan", points.ExchangePoints{ExchangeID: "X-1", BenefitID: "B-1", Quantity: 2, ShipTo: points.ShipTo{Country: "JP", IsMember: true}})
	check("taken", may.To, map[string]cohortSum{"2026-04/other": {300, 300, 0, 0}, "2026-05/other": {240, 220, 0, 20}})

	m.At("2026-07-10 10:00").Advance()
	m.Cancel("cho", "O-1", 2) // 168 points: 20 that were swept, 100 of May and 48 of April
	m.Do("dan", points.ChangeExchange{ExchangeID: "X-1", To: "cancel", Reason: "sold out", Actor: "eva"})
	july := day(2026, 7, 31)
	check("given back", july, map[string]cohortSum{"2026-04/other": {300, 252, 0, 48}, "2026-05/other": {240, 0, 20, 220}})

	m.Buy("cho", trade.Order{ID: "O-2", Shop: "S-1", Price: 150, Points: 150}) // of the three new lots, by their numbers
	check("spent again", july, map[string]cohortSum{"2026-04/other": {300, 282, 0, 18}, "2026-05/other": {240, 120, 20, 100}})
	m.At("2026-11-10 10:00").Advance() // their time is over too
	m.Cancel("cho", "O-2", 1)
	m.Cancel("cho", "O-1", 3)
	check("given back again", day(2026, 11, 30), map[string]cohortSum{"2026-04/other": {300, 0, 18, 282}, "2026-05/other": {240, 0, 120, 120}})
}

// What was swept into an order after a part of it had come back is given back first.
func TestReissueAfterASweepAfterARestoration(t *testing.T) {
	m := reissues(t)
	m.At("2026-04-20 10:00")
	give(m, "eli", 100)
	m.Buy("eli", trade.Order{ID: "O-1", Shop: "S-1", Price: 100, Quantity: 2, Points: 100, UseAll: true})
	m.At("2026-04-21 10:00").Cancel("eli", "O-1", 1) // 50 points go back to their lot
	m.At("2026-05-02 10:00")
	give(m, "eli", 30)
	m.At("2026-07-10 10:00").Advance()
	m.Cancel("eli", "O-1", 1)
	july := day(2026, 7, 31)
	want := map[string]cohortSum{"2026-04/other": {100, 0, 50, 50}, "2026-05/other": {30, 0, 0, 30}}
	if got := cohortsAt(t, m.Reader(), july); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
