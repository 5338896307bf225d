package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points"
	"chobo/schema/pgtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	april = report.Span{From: day(2026, 4, 1), To: day(2026, 4, 30)}
	may   = report.Span{From: day(2026, 5, 1), To: day(2026, 5, 31)}
	both  = report.Span{From: april.From, To: may.To}

	assumed = report.Assumptions{Prior: decimal.NewFromInt(1), Term: 13}
)

func day(y int, m time.Month, d int) report.Day { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// golden compares text with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		fatal(t, os.MkdirAll("testdata", 0o750))
		fatal(t, os.WriteFile(file, got, 0o600))
	}
	want, err := os.ReadFile(file)
	fatal(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", file, got)
	}
}

// Every report over April, as a terminal shows it, is in a file that a person has read.
func TestReportsOfApril(t *testing.T) {
	r := trade.Open(t, pgtest.NewURL(t)).April().Reader()
	ctx := t.Context()
	for _, c := range []struct {
		name string
		of   func() (report.Sheeter, error)
	}{
		{"trial_balance", func() (report.Sheeter, error) { return r.TrialBalance(ctx, april.To) }},
		{"rollforward", func() (report.Sheeter, error) { return r.RollForward(ctx, april, report.ByNothing) }},
		{"rollforward_by_shop", func() (report.Sheeter, error) { return r.RollForward(ctx, april, report.ByShop) }},
		{"rollforward_by_month", func() (report.Sheeter, error) { return r.RollForward(ctx, both, report.ByMonth) }},
		{"rollforward_by_kind", func() (report.Sheeter, error) { return r.RollForward(ctx, april, report.ByKind) }},
		{"expiry_aging", func() (report.Sheeter, error) { return r.ExpiryAging(ctx, april.To) }},
		{"breakage", func() (report.Sheeter, error) { return r.Breakage(ctx, april.To, assumed) }},
		{"deferred_revenue", func() (report.Sheeter, error) { return r.DeferredRevenue(ctx, april, assumed) }},
		{"shop_settlement", func() (report.Sheeter, error) { return r.Settlement(ctx, april, "") }},
		{"receivables", func() (report.Sheeter, error) { return r.Receivables(ctx, day(2026, 4, 20)) }},
		{"interventions", func() (report.Sheeter, error) { return r.Interventions(ctx, april) }},
		{"cash_fallbacks", func() (report.Sheeter, error) { return r.CashFallbacks(ctx, may) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := c.of()
			fatal(t, err)
			var table, csv bytes.Buffer
			fatal(t, report.WriteTable(&table, anonymous(s.Sheet())))
			_, err = report.WriteCSV(&csv, anonymous(s.Sheet()))
			fatal(t, err)
			golden(t, c.name+".txt", table.Bytes())
			golden(t, c.name+".csv", csv.Bytes())
		})
	}
	t.Run("general_ledger", func(t *testing.T) {
		var table bytes.Buffer
		fatal(t, r.GeneralLedger(ctx, ledger.RedeemedOrders, april, func(head report.GeneralLedger, entries iter.Seq2[report.Entry, error]) error {
			return report.WriteTable(&table, anonymous(head.Sheet(entries)))
		}))
		golden(t, "general_ledger.txt", table.Bytes())
	})
}

// A reason of several lines breaks no row of a table, and what a terminal would obey is told as text.
func TestTablesKeepTheirRows(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t))
	m.At("2026-04-10 10:00").Do("ann", points.AdjustPoints{Points: 5, Reason: "an apology\r\nfor\tthe \x1b[31mdelay\u0085", Actor: "eva"})
	i, err := m.Reader().Interventions(t.Context(), april)
	fatal(t, err)
	var table bytes.Buffer
	fatal(t, report.WriteTable(&table, i.Sheet()))
	if !strings.Contains(table.String(), "an apology  for the  [31mdelay") || strings.ContainsAny(table.String(), "\r\t\x1b\u0085") {
		t.Errorf("%q", table.String())
	}
}

// A member's statement is in a file too; it is read whole or page by page, and its balances are the member's.
func TestMemberStatement(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	r := m.Reader()
	type entries = []report.MemberEntry
	read := func(r report.Reader, id string, asOf report.Day, page report.MemberPage) (head report.MemberStatement, out entries) {
		t.Helper()
		fatal(t, r.MemberStatement(t.Context(), m.Info().Member(id), id, asOf, page, func(h report.MemberStatement, es iter.Seq2[report.MemberEntry, error]) error {
			head = h
			for e, err := range es {
				fatal(t, err)
				out = append(out, e)
			}
			return nil
		}))
		return head, out
	}
	fatal(t, r.MemberStatement(t.Context(), m.Info().Member("ann"), "ann", april.To, report.MemberPage{}, func(h report.MemberStatement, es iter.Seq2[report.MemberEntry, error]) error {
		var table bytes.Buffer
		fatal(t, report.WriteTable(&table, anonymous(h.Sheet(es))))
		golden(t, "member_statement.txt", table.Bytes())
		return nil
	}))
	head, whole := read(r, "old-1", may.To, report.MemberPage{})
	if head.Lines != int64(len(whole)) || head.Opening != (report.MemberBalances{}) {
		t.Errorf("%+v, %d entries", head, len(whole))
	}
	var paged entries
	for page := (report.MemberPage{Limit: 1}); ; {
		h, es := read(r, "old-1", may.To, page)
		if len(es) == 0 {
			if h.Opening != head.Closing || h.Closing != head.Closing || h.Lines != 0 {
				t.Errorf("behind the last: %+v", h)
			}
			break
		}
		paged = append(paged, es...)
		page.After = es[len(es)-1].TransactionID
	}
	if !reflect.DeepEqual(paged, whole) {
		t.Errorf("page by page\n%+v\nwhole\n%+v", paged, whole)
	}
	// All members together are the trial balance, on any day and as it was known at any time.
	known := r
	known.KnownAt = time.Date(2026, 4, 12, 12, 0, 0, 0, time.UTC)
	for _, r := range []report.Reader{r, known} {
		for _, to := range []report.Day{day(2026, 4, 3), april.To, may.To} {
			b, err := r.TrialBalance(t.Context(), to)
			fatal(t, err)
			var all report.MemberBalances
			for _, id := range []string{"old-1", "old-2", "ann", "bob", "cho", "dan"} {
				h, es := read(r, id, to, report.MemberPage{})
				last := report.MemberBalances{}
				for _, e := range es {
					*map[string]*ledger.Points{"available": &last.Available, "pending": &last.Pending, "reserved": &last.Reserved, "debt": &last.Debt}[e.Account] = e.BalanceAfter
				}
				if last != h.Closing {
					t.Errorf("%s at %s: the last balances are %+v, the closing %+v", id, to.Format(time.DateOnly), last, h.Closing)
				}
				all.Available += h.Closing.Available
				all.Pending += h.Closing.Pending
				all.Reserved += h.Closing.Reserved
				all.Debt += h.Closing.Debt
			}
			want := report.MemberBalances{Available: -b.Of(ledger.MemberAvailable).Points, Pending: -b.Of(ledger.MemberPending).Points,
				Reserved: -b.Of(ledger.MemberReserved).Points, Debt: b.Of(ledger.MemberDebt).Points}
			if all != want {
				t.Errorf("all members at %s: %+v, want %+v", to.Format(time.DateOnly), all, want)
			}
		}
	}
	none := func(report.MemberStatement, iter.Seq2[report.MemberEntry, error]) error { return nil }
	for _, id := range []string{"nobody", points.HouseMember} {
		if err := r.MemberStatement(t.Context(), m.Info().Member(id), id, april.To, report.MemberPage{}, none); !errors.Is(err, report.ErrNoMember) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// anonymous blanks transaction ids, which are of the wall clock.
func anonymous(s report.Sheet) report.Sheet {
	i := slices.IndexFunc(s.Columns, func(c report.Column) bool { return c.Name == "transaction_id" })
	if i < 0 {
		return s
	}
	rows := s.Rows
	s.Rows = func(yield func([]any, error) bool) {
		for cells, err := range rows {
			cells[i] = "…"
			if !yield(cells, err) {
				return
			}
		}
	}
	return s
}

// All reports say the same.
func TestReportsTieOut(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	r := m.Reader()
	for _, to := range []report.Day{day(2026, 4, 1), day(2026, 4, 12), april.To, day(2026, 5, 1), may.To} {
		tieOut(t, r, report.Span{From: april.From, To: to})
		tieOut(t, r, report.Span{From: to, To: to})
	}
	known := r
	known.KnownAt = time.Date(2026, 4, 12, 12, 0, 0, 0, time.UTC) // by the program's clock
	tieOut(t, known, april)
}

func tieOut(t *testing.T, r report.Reader, s report.Span) {
	t.Helper()
	ctx := context.Background()
	b, err := r.TrialBalance(ctx, s.To)
	fatal(t, err)
	if b.Totals != (report.Amount{}) {
		t.Errorf("%v: the trial balance adds up to %v", s.To, b.Totals)
	}
	var owed report.Amount
	for _, a := range []ledger.Account{ledger.MemberAvailable, ledger.MemberPending, ledger.MemberReserved} {
		owed.Points -= b.Of(a).Points
		owed.Money -= b.Of(a).Money
	}
	is := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s at %s: %v, want %v", what, s.To.Format(time.DateOnly), got, want)
		}
	}
	whole, err := r.RollForward(ctx, s, report.ByNothing)
	fatal(t, err)
	is("roll-forward", report.Amount{Points: ledger.Points(whole.Points.Closing), Money: ledger.Money(whole.Money.Closing)}, owed)
	for _, by := range []report.By{report.ByShop, report.ByMonth, report.ByKind} {
		f, err := r.RollForward(ctx, s, by)
		fatal(t, err)
		is("roll-forward by "+string(by), f.Points, whole.Points)
		is("roll-forward by "+string(by), f.Money, whole.Money)
		moved := map[string]int64{}
		var closing int64
		for _, g := range f.Groups {
			closing += g.Points.Closing
			for k, n := range g.Points.Movements {
				if moved[k] += n; moved[k] == 0 {
					delete(moved, k)
				}
			}
		}
		is("movements by "+string(by), moved, whole.Points.Movements)
		switch by {
		case report.ByShop:
			is("closing by shop", closing, whole.Points.Closing)
		case report.ByMonth:
			is("closing of the last month", f.Groups[len(f.Groups)-1].Points.Closing, whole.Points.Closing)
		}
	}
	aging, err := r.ExpiryAging(ctx, s.To)
	fatal(t, err)
	is("aging", aging.Totals, owed)
	is("pending in the aging", aging.Pending.Points, -b.Of(ledger.MemberPending).Points)
	var bucketed ledger.Points
	for _, bucket := range aging.Buckets {
		bucketed += bucket.Points
	}
	is("buckets of the aging", bucketed+aging.Pending.Points, owed.Points)
	breakage, err := r.Breakage(ctx, s.To, assumed)
	fatal(t, err)
	is("breakage", breakage.Total.Outstanding, int64(owed.Points))
	for _, c := range breakage.Cohorts {
		if c.Redeemed < 0 || c.Ultimate < c.Redeemed || c.Ultimate > c.Issued-c.Lost || slices.Min(c.ByAge) < 0 {
			t.Errorf("cohort %s/%s at %s: %+v", c.Cohort, c.Funder, s.To.Format(time.DateOnly), c)
		}
	}
	debts, err := r.Receivables(ctx, s.To)
	fatal(t, err)
	is("receivables", debts.Totals, b.Of(ledger.MemberDebt))
	cash, err := r.CashFallbacks(ctx, report.Span{From: report.Beginning, To: s.To})
	fatal(t, err)
	is("cash fallbacks", cash.Totals, report.Amount{Points: -b.Of(ledger.RedeemedCashFallback).Points, Money: -b.Of(ledger.RedeemedCashFallback).Money})
	settlement, err := r.Settlement(ctx, s, "")
	fatal(t, err)
	is("settlement", settlement.Totals.Closing, -b.Of(ledger.RedeemedOrders).Money-b.Of(ledger.RedeemedCashFallback).Money-b.Of(ledger.FundedShop).Money)
	for _, e := range ledger.Chart {
		fatal(t, r.GeneralLedger(ctx, e.Account, s, func(head report.GeneralLedger, entries iter.Seq2[report.Entry, error]) error {
			is("general ledger of "+e.Name, head.Closing, b.Of(e.Account))
			last, n := head.Opening, int64(0)
			for entry, err := range entries {
				fatal(t, err)
				last, n = report.Amount{Points: entry.BalancePoints, Money: entry.BalanceMoney}, n+1
			}
			is("last balance of "+e.Name, last, head.Closing)
			is("entries of "+e.Name, n, head.Lines)
			return nil
		}))
	}
	deferred, err := r.DeferredRevenue(ctx, s, assumed)
	fatal(t, err)
	is("deferred revenue", deferred.Totals.Closing, owed.Money+(-b.Of(ledger.ValuationAllowance).Money))
	is("face of deferred revenue", deferred.Totals.Face, owed.Money)
	is("expected release", deferred.Totals.Current+deferred.Totals.NonCurrent, deferred.Totals.Closing)
}

// A new price that lets a shop fund more is none that reverses its funding, on the same day neither.
func TestRepricesOfAShopsFunding(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t))
	m.At("2026-04-10 10:00")
	m.Buy("ann", trade.Order{ID: "O-1", Shop: "S-2", Price: 4000})
	m.Buy("bob", trade.Order{ID: "O-2", Shop: "S-2", Price: 4000})
	m.Do("ann", points.Reprice{OrderID: "O-1", Prices: points.Repricing{Lines: []points.LinePrice{{LineID: "1", UnitPrice: 5000}}}})
	m.Do("bob", points.Reprice{OrderID: "O-2", Prices: points.Repricing{Lines: []points.LinePrice{{LineID: "1", UnitPrice: 1000}}}})
	known := m.Reader()
	known.KnownAt = time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)
	for range 2 {
		for _, r := range []report.Reader{m.Reader(), known} {
			s, err := r.Settlement(t.Context(), april, "")
			fatal(t, err)
			if s.Totals.Funded != 450 || s.Totals.FundingReversed != 150 || s.Totals.Closing != -300 {
				t.Errorf("%+v", s.Totals)
			}
		}
		m.Fold()
	}
}

// A report does not depend on what is summed up yet.
func TestReportsAreTheSameBeforeAndAfterTheRollUp(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t))
	read := func() string {
		r := m.Reader()
		b, err := r.TrialBalance(t.Context(), may.To)
		fatal(t, err)
		f, err := r.RollForward(t.Context(), both, report.ByShop)
		fatal(t, err)
		s, err := r.Settlement(t.Context(), april, "")
		fatal(t, err)
		out, err := json.Marshal([]any{b, f, s})
		fatal(t, err)
		return string(out)
	}
	m.Buy("zoe", trade.Order{ID: "Z-1", Shop: "S-2", Price: 1000})
	m.Fold()
	m.April()
	before := read()
	if m.Fold() == 0 {
		t.Error("nothing was folded")
	}
	if after := read(); after != before {
		t.Errorf("before the roll-up:\n%s\nafter:\n%s", before, after)
	}
	if n := m.Fold(); n != 0 {
		t.Errorf("a second fold took %d transactions", n)
	}
}
