package report

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// A DeferredRevenue is what is still owed for points as the balance sheet has it, the face less the allowance, by
// cohort, and how much of it is expected to be earned in each of the next twelve months.
type DeferredRevenue struct {
	Program  string          `json:"program"`
	From     string          `json:"from"`
	To       string          `json:"to"`
	Currency string          `json:"currency"`
	Estimate *int64          `json:"estimate" doc:"On which the expectation rests; null: none was approved."`
	Months   []string        `json:"months" doc:"Of the expected release."`
	Cohorts  []DeferredRow   `json:"cohorts"`
	Totals   DeferredAmounts `json:"totals"`
	book     Book
}

// A DeferredRow is one cohort.
type DeferredRow struct {
	Cohort string `json:"cohort"`
	Funder Funder `json:"funder"`
	DeferredAmounts
}

// DeferredAmounts are the columns of the schedule: opening + granted − released = closing, and closing = face −
// allowance = current + non_current.
type DeferredAmounts struct {
	Opening    ledger.Money   `json:"opening"`
	Granted    ledger.Money   `json:"granted" doc:"At face, less reversals."`
	Released   ledger.Money   `json:"released" doc:"Redeemed, lost, or valued down."`
	Closing    ledger.Money   `json:"closing"`
	Face       ledger.Money   `json:"face" doc:"At the end, before the allowance."`
	Allowance  ledger.Money   `json:"allowance"`
	Current    ledger.Money   `json:"current" doc:"Expected to be released within twelve months."`
	NonCurrent ledger.Money   `json:"non_current"`
	Expected   []ledger.Money `json:"expected" doc:"Release in each of the next twelve months."`
}

const ahead = 12 // months

// allowancesSQL sums the allowance of each cohort, which is the subject of its valuations.
const allowancesSQL = `
SELECT coalesce(subject, ''), coalesce(sum(money) FILTER (WHERE book_date < $2), 0), sum(money)
  FROM lines
 WHERE member = $1 AND book_date <= $3 AND account = 71 AND ($4::timestamptz IS NULL OR posted_at <= $4)
 GROUP BY 1`

// CohortSubject is what valuations of a cohort name as their subject.
func CohortSubject(month string, f Funder) string { return month + "/" + string(f) }

// allowances are the allowances before the span and at its end, by cohort; a contra-liability, so debits are positive.
func (r Reader) allowances(ctx context.Context, tx *sqlx.Tx, s Span) (map[string][2]ledger.Money, error) {
	out := map[string][2]ledger.Money{}
	return out, rows.Scan(ctx, tx, allowancesSQL, []any{r.House.String(), s.From, s.To, r.knownAt()}, func(rows *sql.Rows) error {
		var subject string
		var before, at ledger.Money
		err := rows.Scan(&subject, &before, &at)
		out[subject] = [2]ledger.Money{before, at}
		return err
	})
}

// DeferredRevenue states the cohorts over the span, which begins with a month.
func (r Reader) DeferredRevenue(ctx context.Context, s Span, as Assumptions) (*DeferredRevenue, error) {
	s.From = MonthStart(s.From)
	out := &DeferredRevenue{Program: r.Code, From: date(s.From), To: date(s.To), Currency: r.Currency, Months: []string{}, Cohorts: []DeferredRow{}, book: r.Book}
	for i := 1; i <= ahead; i++ {
		out.Months = append(out.Months, MonthStart(s.To).AddDate(0, i, 0).Format(monthLayout))
	}
	var cohorts []Cohort
	var before map[cohortKey]Amount
	var allowed map[string][2]ledger.Money
	var estimate *Estimate
	err := r.snapshot(ctx, func(tx *sqlx.Tx) (err error) {
		if cohorts, err = r.cohorts(ctx, tx, s.To); err != nil {
			return err
		}
		if before, err = r.outstanding(ctx, tx, s.From.AddDate(0, 0, -1)); err != nil {
			return err
		}
		if allowed, err = r.allowances(ctx, tx, s); err != nil {
			return err
		}
		estimate, err = r.lastEstimate(ctx, tx, s.To)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("deferred revenue: %w", err)
	}
	if estimate != nil {
		out.Estimate = &estimate.Estimate
	}
	factors := triangleOf(cohorts, s.To).Factors()
	for _, c := range cohorts {
		key := cohortKey{c.Month.Format(monthLayout), c.Funder}
		allowance := allowed[CohortSubject(key.month, key.funder)]
		delete(allowed, CohortSubject(key.month, key.funder))
		issuedBefore := before[key]
		row := DeferredRow{Cohort: key.month, Funder: key.funder}
		row.Opening = issuedBefore.Money - allowance[0]
		row.Face = c.Outstanding(s.To).Money
		row.Allowance = allowance[1]
		row.Closing = row.Face - row.Allowance
		row.Granted = c.Sum(Issued, s.To).Money - c.issuedBefore(s)
		row.Released = row.Opening + row.Granted - row.Closing
		row.expect(c, s.To, factors, as)
		out.Cohorts = append(out.Cohorts, row)
		out.Totals.add(row.DeferredAmounts)
	}
	for _, subject := range slices.Sorted(maps.Keys(allowed)) { // cohorts of which nothing moved: only an allowance
		a := allowed[subject]
		row := DeferredRow{Cohort: subject, Funder: ""}
		row.Opening, row.Allowance, row.Closing = -a[0], a[1], -a[1]
		row.Released = row.Opening - row.Closing
		row.NonCurrent, row.Expected = row.Closing, make([]ledger.Money, ahead)
		out.Cohorts = append(out.Cohorts, row)
		out.Totals.add(row.DeferredAmounts)
	}
	if out.Totals.Expected == nil {
		out.Totals.Expected = make([]ledger.Money, ahead)
	}
	return out, nil
}

// issuedBefore is what was granted before the span.
func (c Cohort) issuedBefore(s Span) ledger.Money {
	return c.Sum(Issued, s.From.AddDate(0, 0, -1)).Money
}

// outstanding is what of each cohort stood at the end of a day.
func (r Reader) outstanding(ctx context.Context, tx *sqlx.Tx, day Day) (map[cohortKey]Amount, error) {
	out := map[cohortKey]Amount{}
	if day.Before(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)) {
		return out, nil
	}
	cohorts, err := r.cohorts(ctx, tx, day)
	for _, c := range cohorts {
		out[cohortKey{c.Month.Format(monthLayout), c.Funder}] = c.Outstanding(day)
	}
	return out, err
}

// expect spreads what is owed over the coming months: as the triangle says that cohorts of this age go on, or evenly up
// to the month in which the points expire where it does not say.
func (d *DeferredAmounts) expect(c Cohort, to Day, factors []*big.Rat, as Assumptions) {
	d.Expected = make([]ledger.Money, ahead)
	age := (to.Year()-c.Month.Year())*12 + int(to.Month()-c.Month.Month())
	var weights []int64
	if as.Term > 0 && len(factors) < as.Term {
		for range max(1, as.Term-age) {
			weights = append(weights, 1)
		}
	} else {
		weights = ladderWeights(factors, age)
	}
	if d.Closing <= 0 {
		d.NonCurrent = d.Closing
		return
	}
	for i, part := range ledger.Spread(int64(d.Closing), weights) {
		if i < ahead {
			d.Expected[i] = ledger.Money(part)
			d.Current += ledger.Money(part)
		}
	}
	d.NonCurrent = d.Closing - d.Current
}

// ladderWeights are what a vintage of that age redeems in each later month, in parts.
func ladderWeights(factors []*big.Rat, age int) (weights []int64) {
	const scale = 1_000_000
	stand := big.NewRat(1, 1)
	one := big.NewRat(1, 1)
	for _, f := range factors[min(max(age, 0), len(factors)):] {
		more := new(big.Rat).Mul(stand, new(big.Rat).Sub(f, one))
		weights = append(weights, max(0, halfUp(more.Mul(more, big.NewRat(scale, 1)))))
		stand = new(big.Rat).Mul(stand, f)
	}
	if len(weights) == 0 {
		weights = []int64{1}
	}
	return weights
}

func (d *DeferredAmounts) add(e DeferredAmounts) {
	d.Opening += e.Opening
	d.Granted += e.Granted
	d.Released += e.Released
	d.Closing += e.Closing
	d.Face += e.Face
	d.Allowance += e.Allowance
	d.Current += e.Current
	d.NonCurrent += e.NonCurrent
	if d.Expected == nil {
		d.Expected = make([]ledger.Money, ahead)
	}
	for i, n := range e.Expected {
		d.Expected[i] += n
	}
}

// Sheet shows a row a cohort.
func (d *DeferredRevenue) Sheet() Sheet {
	s := Sheet{
		Title: "Deferred revenue", About: d.book.about([2]string{"from", d.From}, [2]string{"to", d.To}),
		Columns: []Column{text("cohort"), text("funder"), number("opening"), number("granted"), number("released"), number("closing"),
			number("face"), number("allowance"), number("current"), number("non_current")},
	}
	for _, m := range d.Months {
		s.Columns = append(s.Columns, number(m))
	}
	cells := func(cohort, funder string, a DeferredAmounts) []any {
		out := []any{cohort, funder, a.Opening, a.Granted, a.Released, a.Closing, a.Face, a.Allowance, a.Current, a.NonCurrent}
		for _, n := range a.Expected {
			out = append(out, n)
		}
		return out
	}
	s.Rows = rowsOf(d.Cohorts, func(r DeferredRow) []any { return cells(r.Cohort, string(r.Funder), r.DeferredAmounts) })
	s.Totals = cells("total", "", d.Totals)
	return s
}
