package report

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// A ValuationEntry is what brings one cohort to its allocated amount at the end of a period.
type ValuationEntry struct {
	Cohort   string       `json:"cohort"`
	Funder   Funder       `json:"funder"`
	Face     ledger.Money `json:"face" doc:"Outstanding."`
	Target   ledger.Money `json:"target" doc:"Still owed of the allocated amount."`
	Required ledger.Money `json:"allowance" doc:"Face less target."`
	Booked   ledger.Money `json:"booked" doc:"Of the allowance, before this entry."`
	Entry    ledger.Money `json:"entry" doc:"Debit of valuation:allowance, credit of valuation:result; negative: the reverse."`
}

func (v ValuationEntry) settled() ValuationEntry {
	v.Required = v.Face - v.Target
	v.Entry = v.Required - v.Booked
	return v
}

// valuedSQL is what closing the month that ends with a day has posted, by cohort.
const valuedSQL = `
SELECT subject, sum(money) FROM lines WHERE member = $1 AND kind = 62 AND book_date = $2 AND account = 71 GROUP BY 1`

// Valued are the entries that closing the month posted, which ends with the day: those of the estimate, as they were before
// they were booked.
func (r Reader) Valued(ctx context.Context, end Day) ([]ValuationEntry, error) {
	e, err := r.LastEstimate(ctx, end)
	if err != nil || e == nil {
		return []ValuationEntry{}, err
	}
	all, err := r.Valuation(ctx, end, e)
	if err != nil {
		return nil, err
	}
	posted := map[string]ledger.Money{}
	err = r.snapshot(ctx, func(tx *sqlx.Tx) error {
		return rows.Scan(ctx, tx, valuedSQL, []any{r.House.String(), end}, func(rows *sql.Rows) error {
			var subject string
			var entry ledger.Money
			err := rows.Scan(&subject, &entry)
			posted[subject] = entry
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("what was valued: %w", err)
	}
	out := []ValuationEntry{}
	for _, v := range all {
		if entry := posted[CohortSubject(v.Cohort, v.Funder)]; entry != 0 {
			v.Booked, v.Entry = v.Booked-entry, entry
			out = append(out, v)
		}
	}
	return out, nil
}

// Valuation computes the entries that the estimate asks for at the end of the day. Those that are booked already are 0.
func (r Reader) Valuation(ctx context.Context, asOf Day, e *Estimate) (out []ValuationEntry, err error) {
	var cohorts []Cohort
	var allowed map[string][2]ledger.Money
	err = r.snapshot(ctx, func(tx *sqlx.Tx) error {
		if cohorts, err = r.cohorts(ctx, tx, asOf); err != nil {
			return err
		}
		allowed, err = r.allowances(ctx, tx, Span{asOf, asOf})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("valuation: %w", err)
	}
	byKey := map[cohortKey]Cohort{}
	for _, c := range cohorts {
		byKey[cohortKey{c.Month.Format(monthLayout), c.Funder}] = c
	}
	out = []ValuationEntry{}
	for _, ec := range e.Cohorts {
		c := byKey[cohortKey{ec.Cohort, ec.Funder}]
		redeemed := -int64(c.Sum(Redeemed, asOf).Points)
		v := ValuationEntry{Cohort: ec.Cohort, Funder: ec.Funder, Face: c.Outstanding(asOf).Money,
			Target: Target(ec.Allocated, redeemed, ec.Expected), Booked: allowed[CohortSubject(ec.Cohort, ec.Funder)][1]}
		out = append(out, v.settled())
		delete(allowed, CohortSubject(ec.Cohort, ec.Funder))
	}
	for _, subject := range slices.Sorted(maps.Keys(allowed)) { // nothing of them stands any more
		month, funder, _ := strings.Cut(subject, "/")
		v := ValuationEntry{Cohort: month, Funder: Funder(funder), Booked: allowed[subject][1]}
		v.Face = byKey[cohortKey{month, v.Funder}].Outstanding(asOf).Money
		v.Target = v.Face
		out = append(out, v.settled())
	}
	return out, nil
}
