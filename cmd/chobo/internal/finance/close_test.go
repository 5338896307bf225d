package finance_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"chobo/cmd/chobo/internal/finance"
	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points"
	"chobo/points/registry"
	"chobo/schema/pgtest"
)

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func month(y int, m time.Month) time.Time { return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC) }

func closer(m *trade.Mall) finance.Closer {
	return finance.Closer{DB: m.DB, Engine: m.Engine, Registry: m.Registry, Runner: m.Runner, Now: time.Now}
}

func balance(t *testing.T, m *trade.Mall, to report.Day) *report.TrialBalance {
	t.Helper()
	b, err := m.Reader().TrialBalance(t.Context(), to)
	fatal(t, err)
	return b
}

// IFRS 15 example 52, played through orders, estimates and closings, comes out to the unit.
func TestExample52ThroughTheBooks(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t), trade.Edit(`rate: "0.01"`, `rate: "0.1"`), trade.Edit(`hold: { days: 7, from: ordered, latest: 60 }`, `hold: { days: 0, from: ordered, latest: 0 }`),
		trade.Edit(`expiry: { mode: fixed_end_of_month, months: 12 }`, `expiry: { mode: none }`))
	step := func(end string, expected int64, closed time.Time, wantEntry, wantOwed, wantRevenue ledger.Money, revenueBefore ledger.Money) ledger.Money {
		t.Helper()
		m.At(end)
		_, err := finance.Approve(t.Context(), m.DB, m.Info(), finance.EstimateRequest{AsOf: closed.Format("2006-01"), Actor: "the controller",
			Cohorts: []finance.EstimateCohort{{Cohort: "2026-04", Expected: &expected}}}, time.Now())
		fatal(t, err)
		done, err := closer(m).Close(t.Context(), m.Info(), closed, "the controller")
		fatal(t, err)
		if done.State != "closed" || done.Estimate == nil || len(done.Valuation) != 1 || done.Valuation[0].Entry != wantEntry {
			t.Errorf("closing %s: %+v, want an entry of %d", closed, done, wantEntry)
		}
		if v := done.Valuation[0]; v.Booked+v.Entry != v.Required || v.Face-v.Target != v.Required || v.Target != wantOwed {
			t.Errorf("closing %s: %+v", closed, v)
		}
		b := balance(t, m, report.MonthEnd(closed))
		owed := -b.Of(ledger.MemberAvailable).Money - b.Of(ledger.ValuationAllowance).Money
		if owed != wantOwed {
			t.Errorf("owed at %s: %d, want %d", closed, owed, wantOwed)
		}
		// What was not put off is revenue: sales, less points granted at face, plus what the valuation says, plus what was redeemed.
		revenue := 100_000 - b.Of(ledger.IssuedPurchase).Money - b.Of(ledger.ValuationResult).Money - b.Of(ledger.RedeemedOrders).Money
		if revenue-revenueBefore != wantRevenue {
			t.Errorf("revenue at %s: %d, want %d", closed, revenue-revenueBefore, wantRevenue)
		}
		again, err := closer(m).Close(t.Context(), m.Info(), closed, "somebody else")
		if err != nil || text(t, again) != text(t, done) || again.Actor != "the controller" {
			t.Errorf("closing again: %+v, %v", again, err)
		}
		return revenue
	}
	m.At("2026-04-10 12:00")
	m.Buy("ann", trade.Order{ID: "sale", Shop: "S-1", Price: 100_000})
	revenue := step("2026-05-01 09:00", 9_500, month(2026, 4), 1_324, 8_676, 91_324, 0)
	m.At("2027-03-20 12:00").Buy("ann", trade.Order{ID: "use-1", Shop: "S-1", Price: 4_500, Points: 4_500})
	revenue = step("2027-04-01 09:00", 9_500, month(2027, 3), -390, 4_566, 4_110, revenue)
	m.At("2028-03-20 12:00").Buy("ann", trade.Order{ID: "use-2", Shop: "S-1", Price: 4_000, Points: 4_000})
	step("2028-04-01 09:00", 9_700, month(2028, 3), -507, 1_073, 3_493, revenue)
}

// What a closed period's books say never changes: later facts are booked in the open one.
func TestAClosedPeriodStaysAsItIs(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	april, may := month(2026, 4), month(2026, 5)
	if _, err := closer(m).Close(t.Context(), m.Info(), may, "eva"); !errors.Is(err, registry.ErrNotOver) {
		t.Errorf("a month under way: %v", err)
	}
	before := balance(t, m, report.MonthEnd(april))
	done, err := closer(m).Close(t.Context(), m.Info(), april, "eva")
	fatal(t, err)
	closed := balance(t, m, report.MonthEnd(april))
	for _, row := range before.Rows {
		account, err := ledger.ParseAccount(row.Account)
		fatal(t, err)
		if got := closed.Of(account); got.Points != row.Points || got.Money != row.Money && account != ledger.ValuationAllowance && account != ledger.ValuationResult {
			t.Errorf("closing changed %s from %+v to %+v", row.Account, row, got)
		}
	}
	// A fact of April that becomes known in May.
	m.Do("bob", points.GrantPoints{Points: 77, Reason: "forgotten", Actor: "eva", At: time.Date(2026, 4, 30, 3, 0, 0, 0, time.UTC)})
	for _, f := range []string{"daily", "directly"} {
		if got, want := text(t, balance(t, m, report.MonthEnd(april))), text(t, closed); got != want {
			t.Errorf("%s: April changed from\n%s\nto\n%s", f, want, got)
		}
		m.Fold()
	}
	if again, err := closer(m).Close(t.Context(), m.Info(), april, "eva"); err != nil || again.Hash != done.Hash {
		t.Errorf("closing again: %+v, %v", again, err)
	}
	m.At("2026-06-01 10:00")
	if _, err := closer(m).Close(t.Context(), m.Info(), may, "eva"); err != nil {
		t.Errorf("the next month: %v", err)
	}
	// A month before one that is closed is closed with it, and nothing is posted for it.
	if earlier, err := closer(m).Close(t.Context(), m.Info(), month(2026, 3), "eva"); err != nil || earlier.State != "closed" || len(earlier.Valuation) != 0 {
		t.Errorf("an earlier month: %+v, %v", earlier, err)
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	fatal(t, err)
	return string(b)
}

// A month with a break stays open.
func TestAMonthWithABreakStaysOpen(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	m.Owner.MustExec(`UPDATE accounts SET available = available + 1 WHERE member = (SELECT member FROM members WHERE member_id = 'cho')`)
	_, err := closer(m).Close(t.Context(), m.Info(), month(2026, 4), "eva")
	var refusal *points.Refusal
	if !errors.As(err, &refusal) || refusal.Code != points.Conflict {
		t.Errorf("closing with a break: %v", err)
	}
	periods, err := m.Registry.Periods(t.Context(), trade.Code)
	if err != nil || len(periods) != 0 {
		t.Errorf("the month did not stay open: %+v, %v", periods, err)
	}
	m.Owner.MustExec(`UPDATE accounts SET available = available - 1 WHERE member = (SELECT member FROM members WHERE member_id = 'cho')`)
	if done, err := closer(m).Close(t.Context(), m.Info(), month(2026, 4), "eva"); err != nil || done.State != "closed" {
		t.Errorf("mended: %+v, %v", done, err)
	}
}

func TestEstimatesAreKept(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	expected, few := int64(400), int64(1)
	for _, in := range []finance.EstimateRequest{
		{AsOf: "2026-04", Actor: "eva", Cohorts: []finance.EstimateCohort{{Cohort: "2026-03", Expected: &expected}}},
		{AsOf: "2026-04", Actor: "eva", Cohorts: []finance.EstimateCohort{{Cohort: "2026-04", Expected: &few}}},
		{AsOf: "2026-04", Actor: "eva", Prior: "1.5"},
		{AsOf: "yesterday", Actor: "eva"},
	} {
		var refusal *points.Refusal
		if _, err := finance.Approve(t.Context(), m.DB, m.Info(), in, time.Now()); !errors.As(err, &refusal) || refusal.Code != points.ValidationFailed {
			t.Errorf("%+v: %v", in, err)
		}
	}
	made, err := finance.Approve(t.Context(), m.DB, m.Info(), finance.EstimateRequest{AsOf: "2026-04", Actor: "eva", Prior: "0.9",
		Cohorts: []finance.EstimateCohort{{Cohort: "2026-04", Expected: &expected}}}, time.Now())
	fatal(t, err)
	kept, err := m.Reader().LastEstimate(t.Context(), report.MonthEnd(month(2026, 4)))
	fatal(t, err)
	for i := range made.Cohorts {
		made.Cohorts[i].First = false
	}
	if got, want := text(t, kept), text(t, made); got != want {
		t.Errorf("kept %s, made %s", got, want)
	}
	if kept.Approver != "eva" || kept.Cohorts[0].Expected != 400 || len(kept.Triangle) != 3 {
		t.Errorf("%+v", kept)
	}
}
