package report

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// An Estimate is what somebody approved about the use that is still to come, with all that it was computed from. It is
// kept for as long as the books are.
type Estimate struct {
	Estimate int64             `json:"estimate"`
	AsOf     string            `json:"as_of"`
	Method   string            `json:"method"`
	Prior    string            `json:"prior"`
	Factors  []string          `json:"factors"`
	Triangle Triangle          `json:"triangle"`
	MadeAt   time.Time         `json:"made_at"`
	Approver string            `json:"approver"`
	Cohorts  []EstimatedCohort `json:"cohorts"`
}

// An EstimatedCohort is what an estimate says of one cohort.
type EstimatedCohort struct {
	Cohort    string       `json:"cohort"`
	Funder    Funder       `json:"funder"`
	Issued    int64        `json:"issued"`
	Redeemed  int64        `json:"redeemed"`
	Expected  int64        `json:"expected" doc:"To be redeemed in all."`
	Sales     ledger.Money `json:"sales" doc:"Money paid for what earned the points."`
	Allocated ledger.Money `json:"allocated" doc:"Of the sales, to the points. Set by the first estimate; later ones only scale it by reversals of grants."`
	First     bool         `json:"-"` // no estimate has seen the cohort before
}

const (
	// salesSQL is the money that still stands as paid for order lines that earned points, by the month of the order. A line
	// whose amount goes without saying is of all its pieces, one where it does not say how many, at their price; pw are points
	// that are worth as much.
	salesSQL = `
SELECT to_char(d.at AT TIME ZONE $2, 'YYYY-MM'), CASE WHEN line->'g'->>'by' = '25' THEN 'shop' ELSE 'mall' END,
       sum(coalesce((line->>'a')::bigint,
                    coalesce((line->>'at')::bigint, (line->>'q')::bigint, 1) * (line->>'price')::bigint - coalesce((line->>'off')::bigint, 0))
           - coalesce((line->>'w')::bigint, (line->>'pw')::bigint, 0) - coalesce((line->'b'->>'a')::bigint, 0) + coalesce((line->'b'->>'w')::bigint, 0))
  FROM documents d CROSS JOIN LATERAL jsonb_array_elements(d.body::jsonb->'lines') AS line
 WHERE d.program = $1 AND d.kind = 1 AND d.at < $3 AND (line->'g'->>'n')::bigint > 0
 GROUP BY 1, 2`

	lastEstimateSQL = `
SELECT estimate, as_of, method, prior::text, factors, triangle, made_at, approver
  FROM estimates WHERE program = $1 AND as_of <= $2 ORDER BY as_of DESC, estimate DESC LIMIT 1`

	// firstAllocationsSQL is how each cohort was allocated at first.
	firstAllocationsSQL = `
SELECT DISTINCT ON (c.cohort, c.funder) to_char(c.cohort, 'YYYY-MM'), c.funder, c.issued, c.sales, c.allocated
  FROM estimated_cohorts c JOIN estimates e USING (estimate)
 WHERE e.program = $1 AND e.as_of <= $2
 ORDER BY c.cohort, c.funder, c.estimate`

	estimatedCohortsSQL = `
SELECT to_char(cohort, 'YYYY-MM'), funder, issued, redeemed, expected, sales, allocated
  FROM estimated_cohorts WHERE estimate = $1 ORDER BY cohort, funder`
)

// Estimate computes, but does not keep, what the cohorts at the end of the day will redeem, and allocates the sales of
// those that no earlier estimate has seen.
func (r Reader) Estimate(ctx context.Context, asOf Day, as Assumptions) (*Estimate, error) {
	var cohorts []Cohort
	known := map[cohortKey]EstimatedCohort{}
	sales := map[cohortKey]ledger.Money{}
	err := r.snapshot(ctx, func(tx *sqlx.Tx) (err error) {
		if cohorts, err = r.cohorts(ctx, tx, asOf); err != nil {
			return err
		}
		err = rows.Scan(ctx, tx, firstAllocationsSQL, []any{r.Program, asOf}, func(rows *sql.Rows) error {
			var c EstimatedCohort
			err := rows.Scan(&c.Cohort, &c.Funder, &c.Issued, &c.Sales, &c.Allocated)
			known[cohortKey{c.Cohort, c.Funder}] = c
			return err
		})
		if err != nil {
			return err
		}
		return rows.Scan(ctx, tx, salesSQL, []any{r.Program, r.Zone.String(), r.Start(asOf.AddDate(0, 0, 1))}, func(rows *sql.Rows) error {
			var k cohortKey
			var n ledger.Money
			err := rows.Scan(&k.month, &k.funder, &n)
			sales[k] = n
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("estimate: %w", err)
	}
	triangle := triangleOf(cohorts, asOf)
	b := triangle.breakage(as)
	out := &Estimate{AsOf: date(asOf), Method: b.Method, Prior: b.Prior, Factors: b.Factors, Triangle: triangle, Cohorts: []EstimatedCohort{}}
	for _, row := range b.Cohorts {
		key := cohortKey{row.Cohort, row.Funder}
		c := EstimatedCohort{Cohort: row.Cohort, Funder: row.Funder, Issued: row.Issued, Redeemed: row.Redeemed, Expected: row.Ultimate, Sales: sales[key]}
		if k, ok := known[key]; ok {
			c.Sales, c.Allocated = k.Sales, Shrink(k.Allocated, c.Issued, k.Issued)
		} else {
			c.First = true
			c.Allocate(r.Book)
		}
		out.Cohorts = append(out.Cohorts, c)
	}
	return out, nil
}

// Allocate sets the amount that belongs to the points. Points that came with a sale share its price by stand-alone
// prices; of all others, and of those that a shop pays for, what is expected to be used is owed at face.
func (c *EstimatedCohort) Allocate(b Book) {
	if c.Funder == Mall && c.Sales > 0 {
		c.Allocated = Allocate(c.Sales, c.Sales, b.Value, c.Expected)
		return
	}
	c.Allocated = b.face(c.Expected)
}

type cohortKey struct {
	month  string
	funder Funder
}

// LastEstimate is the newest estimate approved as of the day or before; nil: there is none.
func (r Reader) LastEstimate(ctx context.Context, asOf Day) (e *Estimate, err error) {
	err = r.snapshot(ctx, func(tx *sqlx.Tx) error {
		e, err = r.lastEstimate(ctx, tx, asOf)
		return err
	})
	return e, err
}

func (r Reader) lastEstimate(ctx context.Context, tx *sqlx.Tx, asOf Day) (*Estimate, error) {
	e := &Estimate{Cohorts: []EstimatedCohort{}}
	var day time.Time
	var factors, triangle string
	err := tx.QueryRowContext(ctx, lastEstimateSQL, r.Program, asOf).Scan(&e.Estimate, &day, &e.Method, &e.Prior, &factors, &triangle, &e.MadeAt, &e.Approver)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e.AsOf, e.MadeAt = date(day), e.MadeAt.In(r.Zone)
	if err := errors.Join(json.Unmarshal([]byte(factors), &e.Factors), json.Unmarshal([]byte(triangle), &e.Triangle)); err != nil {
		return nil, fmt.Errorf("estimate %d: %w", e.Estimate, err)
	}
	return e, rows.Scan(ctx, tx, estimatedCohortsSQL, []any{e.Estimate}, func(rows *sql.Rows) error {
		var c EstimatedCohort
		err := rows.Scan(&c.Cohort, &c.Funder, &c.Issued, &c.Redeemed, &c.Expected, &c.Sales, &c.Allocated)
		e.Cohorts = append(e.Cohorts, c)
		return err
	})
}
