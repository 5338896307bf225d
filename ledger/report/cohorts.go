package report

import (
	"context"
	"database/sql"
	"slices"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// A Funder says who bears a grant.
type Funder string

// The funders of grants.
const (
	Mall  Funder = "mall"  // for orders, borne by the mall; also where a grant has both funders
	Shop  Funder = "shop"  // for orders or by hand, borne by a shop
	Other Funder = "other" // campaigns, goodwill and balances brought over: they belong to no sale
)

// A Cohort is the points granted in one month by one kind of funder, and what became of them.
type Cohort struct {
	Month  Day
	Funder Funder
	Moves  []CohortMove // in order of their months
}

// A CohortMove is what a cohort's lots moved in one month. Points that came are positive.
type CohortMove struct {
	Month Day
	Class MoveClass
	Amount
}

// A MoveClass says what a movement of a lot means for the estimate of use.
type MoveClass int

// The classes of movements.
const (
	Issued   MoveClass = 1 // granted, less reversals
	Redeemed MoveClass = 2 // spent, less what was given back; negative. Cash that was paid instead stays redeemed
	Lost     MoveClass = 3 // expired, lapsed, revoked, forfeited, taken by hand; negative
)

// cohortsSQL follows each lot: its cohort is the month of its first line, its funder who stood on the other side of it.
//
// Points that were given back in a new lot stay in the cohort that they were taken from. Of an order or an exchange the
// last points taken are the first given back, so its lines build a stack: what a line takes off it was laid there, at
// that height, by the last taking before. The lot of that taking may have been given back itself: the first one counts.
const cohortsSQL = `
WITH RECURSIVE moves AS (
  SELECT *, min(month) OVER lot AS cohort, min(first) OVER lot AS born, min(first) FILTER (WHERE class = 2) OVER lot = min(first) OVER lot AS reissued
    FROM (SELECT member, lot, date_trunc('month', book_date)::date AS month,
                 CASE WHEN kind IN (12, 13, 14, 20, 50, 51) THEN 2 WHEN kind IN (11, 40, 41, 42, 43) OR kind = 44 AND points > 0 THEN 3 ELSE 1 END AS class,
                 -sum(points) AS points, -sum(money) AS money, min(transaction) AS first
            FROM lines
           WHERE program = $1 AND book_date <= $2 AND account IN (11, 12, 13) AND ($3::timestamptz IS NULL OR posted_at <= $3)
           GROUP BY 1, 2, 3, 4) g
  WINDOW lot AS (PARTITION BY member, lot)
), sources AS (
  SELECT r.member, r.lot, (
    WITH steps AS (
      SELECT l.transaction AS id, l.line, l.lot, CASE l.kind WHEN 21 THEN -l.points ELSE l.points END AS points
        FROM transactions b
        JOIN lines l ON l.member = b.member AND l.subject = b.subject
             AND l.kind = ANY (CASE b.kind WHEN 51 THEN '{50,51}'::smallint[] ELSE '{12,13,14,20,21}' END)
             AND (l.account IN (11, 13) OR l.kind = 21 AND l.account = 31)
       WHERE b.member = r.member AND b.id = r.born
    ), stack AS (
      SELECT id, lot, points, sum(points) OVER (ORDER BY id, line) - greatest(points, 0) AS height FROM steps
    )
    SELECT took.lot
      FROM stack gave JOIN stack took ON took.points > 0 AND took.id < gave.id AND gave.height >= took.height AND gave.height < took.height + took.points
     WHERE gave.id = r.born AND gave.lot = r.lot
     ORDER BY took.id DESC LIMIT 1) AS source
    FROM (SELECT DISTINCT member, lot, born FROM moves WHERE reissued) r
), lineage AS (
  SELECT member, lot, source FROM sources
  UNION ALL
  SELECT l.member, l.lot, s.source FROM lineage l JOIN sources s ON s.member = l.member AND s.lot = l.source
), origins AS (
  SELECT o.member, o.lot, min(m.cohort) AS cohort, min(m.born) AS born
    FROM (SELECT member, lot, min(source) AS origin FROM lineage GROUP BY 1, 2) o JOIN moves m ON m.member = o.member AND m.lot = o.origin
   GROUP BY 1, 2
)
SELECT coalesce(o.cohort, m.cohort), CASE WHEN 21 = ANY (t.accounts) THEN 'mall' WHEN 25 = ANY (t.accounts) THEN 'shop' ELSE 'other' END, m.month, m.class,
       sum(m.points), sum(m.money)
  FROM moves m LEFT JOIN origins o USING (member, lot)
       LEFT JOIN transactions t ON t.member = m.member AND t.id = coalesce(o.born, m.born) AND t.accounts && '{21,25}'
 GROUP BY 1, 2, 3, 4 HAVING sum(m.points) <> 0 OR sum(m.money) <> 0
 ORDER BY 1, 2, 3, 4`

// Cohorts follows all lots up to and with a day.
func (r Reader) Cohorts(ctx context.Context, asOf Day) (out []Cohort, err error) {
	err = r.snapshot(ctx, func(tx *sqlx.Tx) error {
		out, err = r.cohorts(ctx, tx, asOf)
		return err
	})
	return out, err
}

func (r Reader) cohorts(ctx context.Context, tx *sqlx.Tx, asOf Day) (out []Cohort, err error) {
	err = rows.Scan(ctx, tx, cohortsSQL, []any{r.Program, asOf, r.knownAt()}, func(rows *sql.Rows) error {
		var c Cohort
		var m CohortMove
		if err := rows.Scan(&c.Month, &c.Funder, &m.Month, &m.Class, &m.Points, &m.Money); err != nil {
			return err
		}
		c.Month, m.Month = c.Month.UTC(), m.Month.UTC()
		if n := len(out); n == 0 || !out[n-1].Month.Equal(c.Month) || out[n-1].Funder != c.Funder {
			out = append(out, c)
		}
		last := &out[len(out)-1]
		last.Moves = append(last.Moves, m)
		return nil
	})
	return out, err
}

// Sum is all movements of the class up to and with a day's month.
func (c Cohort) Sum(class MoveClass, upTo Day) (a Amount) {
	for _, m := range c.Moves {
		if m.Class == class && !m.Month.After(upTo) {
			a = a.add(m.Amount)
		}
	}
	return a
}

// Outstanding is what of the cohort was neither redeemed nor lost by the end of the day's month.
func (c Cohort) Outstanding(upTo Day) (a Amount) {
	for _, m := range c.Moves {
		if !m.Month.After(upTo) {
			a = a.add(m.Amount)
		}
	}
	return a
}

// development is the points redeemed so far at each age in months, from 0 to the day's.
func (c Cohort) development(asOf Day) []int64 {
	ages := (asOf.Year()-c.Month.Year())*12 + int(asOf.Month()-c.Month.Month()) + 1
	out := make([]int64, max(ages, 0))
	for i := range out {
		out[i] = -int64(c.Sum(Redeemed, c.Month.AddDate(0, i, 0)).Points)
	}
	return out
}

// triangleOf turns cohorts into a triangle, leaving out those that issued nothing in all.
func triangleOf(cohorts []Cohort, asOf Day) (t Triangle) {
	for _, c := range cohorts {
		t = append(t, Vintage{
			Cohort: c.Month.Format(monthLayout), Funder: c.Funder, Issued: int64(c.Sum(Issued, asOf).Points), Lost: -int64(c.Sum(Lost, asOf).Points),
			Redeemed: c.development(asOf),
		})
	}
	return slices.DeleteFunc(t, func(v Vintage) bool { return v.Issued <= 0 })
}

// face is what points are worth at face.
func (b Book) face(n int64) ledger.Money {
	if n < 0 {
		return -ledger.Value(b.Value, ledger.Points(-n))
	}
	return ledger.Value(b.Value, ledger.Points(n))
}
