package report

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// An Aging says when the points that members hold at the end of a day expire if nobody uses them: by their lots' own date,
// or by inactivity if that takes them before. It is computed from the journal.
type Aging struct {
	Program  string        `json:"program"`
	AsOf     string        `json:"as_of"`
	Currency string        `json:"currency"`
	Months   []AgingRow    `json:"months"`
	Buckets  []AgingBucket `json:"buckets"`
	Pending  Amount        `json:"pending" doc:"Held back; when they expire is known once they mature."`
	Totals   Amount        `json:"totals" doc:"All lots, pending ones included."`
	book     Book
}

// An AgingRow is the lots whose last day lies in one month.
type AgingRow struct {
	Month     string        `json:"month" doc:"Of the last day on which the points can be used; empty: they never expire."`
	Available ledger.Points `json:"available"`
	Reserved  ledger.Points `json:"reserved"`
	Money     ledger.Money  `json:"money"`
	Lots      int64         `json:"lots"`
}

// An AgingBucket is the lots that expire within so many days.
type AgingBucket struct {
	Days   int           `json:"days" doc:"From the day of the report; 0: later, -1: never."`
	Points ledger.Points `json:"points"`
	Money  ledger.Money  `json:"money"`
}

const (
	// lotsSQL sums each lot up to and with a day and groups what is left by when it expires and, where the program knows
	// inactivity ($4), by the day of the member's last deed in zone $5.
	//
	// Deeds are orders, redemptions, exchanges, sweeps and what was given or taken by hand, and restorations of which
	// something stayed with the member. Orders that posted nothing stand in the documents alone; an opening may have
	// brought over an earlier deed, which only the account knows.
	lotsSQL = `
WITH lots AS (
  SELECT member, lot, sum(points) FILTER (WHERE account = 11) AS available, sum(money) FILTER (WHERE account = 11) AS available_money,
         sum(points) FILTER (WHERE account = 13) AS reserved, sum(money) FILTER (WHERE account = 13) AS reserved_money,
         max(expires_at) AS expires_at
    FROM lines
   WHERE program = $1 AND book_date <= $2 AND ($3::timestamptz IS NULL OR posted_at <= $3) AND account IN (11, 13)
   GROUP BY member, lot
), deeds AS (
  SELECT member, occurred_at AS at
    FROM transactions
   WHERE $4 AND program = $1 AND book_date <= $2 AND ($3::timestamptz IS NULL OR posted_at <= $3) AND kind IN (1, 2, 12, 13, 14, 44, 50, 60)
  UNION ALL
  SELECT member, occurred_at
    FROM lines
   WHERE $4 AND program = $1 AND book_date <= $2 AND ($3::timestamptz IS NULL OR posted_at <= $3)
     AND (kind IN (20, 51) OR kind IN (40, 41, 43) AND subject IS NOT NULL) AND account = 11
   GROUP BY member, subject, occurred_at HAVING sum(points) < 0
  UNION ALL
  SELECT d.member, d.at
    FROM documents d
   WHERE $4 AND d.program = $1 AND d.kind = 1 AND (d.at AT TIME ZONE $5)::date <= $2 AND ($3::timestamptz IS NULL OR d.at <= $3)
     AND NOT EXISTS (SELECT FROM transactions t WHERE t.member = d.member AND t.subject = d.id AND t.kind IN (1, 2, 12, 13)
                        AND (t.book_date > $2 OR t.posted_at > $3))
), active AS (
  SELECT d.member, (least(max(d.at), min(a.active_at)) AT TIME ZONE $5)::date AS day FROM deeds d JOIN accounts a USING (member) GROUP BY d.member
)
SELECT expires_at, day, -coalesce(sum(available), 0), -coalesce(sum(available_money), 0), count(*) FILTER (WHERE available <> 0),
       -coalesce(sum(reserved), 0), -coalesce(sum(reserved_money), 0), count(*) FILTER (WHERE reserved <> 0),
       count(*) FILTER (WHERE available <> 0 AND reserved <> 0)
  FROM lots LEFT JOIN active USING (member)
 GROUP BY expires_at, day`

	// pendingSQL leaves lots alone: nothing is told of those that are still held back but what they add up to.
	pendingSQL = `
SELECT -coalesce(sum(points), 0), -coalesce(sum(money), 0)
  FROM lines
 WHERE program = $1 AND book_date <= $2 AND ($3::timestamptz IS NULL OR posted_at <= $3) AND account = 12`
)

// bucketDays are the distances of an aging, nearest first.
var bucketDays = []int{30, 60, 90, 365, Later, Never}

// Distances that are no number of days.
const (
	Later = 0
	Never = -1
)

// ExpiryAging reads the lots as they stand at the end of the day.
func (r Reader) ExpiryAging(ctx context.Context, asOf Day) (*Aging, error) {
	out := &Aging{Program: r.Code, AsOf: date(asOf), Currency: r.Currency, Months: []AgingRow{}, book: r.Book}
	for _, d := range bucketDays {
		out.Buckets = append(out.Buckets, AgingBucket{Days: d})
	}
	going := map[time.Time]AgingRow{} // by the first instant without them; the zero time: never
	err := r.snapshot(ctx, func(tx *sqlx.Tx) error {
		if err := tx.QueryRowContext(ctx, pendingSQL, r.Program, asOf, r.knownAt()).Scan(&out.Pending.Points, &out.Pending.Money); err != nil {
			return err
		}
		return rows.Scan(ctx, tx, lotsSQL, []any{r.Program, asOf, r.knownAt(), r.LapsesAt != nil, r.Zone.String()}, func(rows *sql.Rows) error {
			var expires, day sql.NullTime
			var available, reserved AgingRow
			var shared int64 // lots of which points are available and reserved
			if err := rows.Scan(&expires, &day, &available.Available, &available.Money, &available.Lots, &reserved.Reserved, &reserved.Money, &reserved.Lots,
				&shared); err != nil {
				return err
			}
			own := expires.Time.UTC()
			goes := r.goes(own, day)
			if goes.Equal(own) {
				reserved.Lots -= shared
			}
			going[goes] = going[goes].add(available)
			going[own] = going[own].add(reserved)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("expiry aging: %w", err)
	}
	out.Totals = out.Pending
	never := going[time.Time{}]
	delete(going, time.Time{})
	for _, at := range slices.SortedFunc(maps.Keys(going), time.Time.Compare) {
		out.add(at, asOf, going[at])
	}
	out.add(time.Time{}, asOf, never)
	return out, nil
}

// goes is when available points are gone that expire at an instant, zero for never, and whose member's last deed was on
// the day.
func (r Reader) goes(expires time.Time, day sql.NullTime) time.Time {
	if !day.Valid {
		return expires
	}
	y, m, d := day.Time.Date()
	lapse := r.LapsesAt(time.Date(y, m, d, 12, 0, 0, 0, r.Zone)).UTC() // the hour does not matter, but not every day has a midnight
	if expires.IsZero() || !lapse.IsZero() && lapse.Before(expires) {
		return lapse
	}
	return expires
}

func (a AgingRow) add(b AgingRow) AgingRow {
	a.Available += b.Available
	a.Reserved += b.Reserved
	a.Money += b.Money
	a.Lots += b.Lots
	return a
}

// add puts lots that go at one instant into their month and their distance. They come in order of time.
func (a *Aging) add(expires time.Time, asOf Day, row AgingRow) {
	if row.Lots == 0 {
		return
	}
	a.Totals = a.Totals.add(Amount{row.Available + row.Reserved, row.Money})
	days := Never
	if !expires.IsZero() {
		last := a.book.DayOf(expires.Add(-time.Microsecond))
		row.Month = last.Format(monthLayout)
		days = Later
		for _, d := range bucketDays {
			if d > 0 && !last.After(asOf.AddDate(0, 0, d)) {
				days = d
				break
			}
		}
	}
	if n := len(a.Months); n > 0 && a.Months[n-1].Month == row.Month {
		a.Months[n-1] = a.Months[n-1].add(row)
	} else {
		a.Months = append(a.Months, row)
	}
	for i := range a.Buckets {
		if a.Buckets[i].Days == days {
			a.Buckets[i].Points += row.Available + row.Reserved
			a.Buckets[i].Money += row.Money
		}
	}
}

// Sheet shows a row a month, pending points last.
func (a *Aging) Sheet() Sheet {
	rows := append([]AgingRow(nil), a.Months...)
	s := Sheet{
		Title: "Expiry aging", About: a.book.about([2]string{"as_of", a.AsOf}),
		Columns: []Column{text("month"), number("available"), number("reserved"), number("pending"), number("money"), number("lots")},
		Totals:  []any{"total", ledger.Points(0), ledger.Points(0), a.Pending.Points, a.Totals.Money, nil},
	}
	var available, reserved ledger.Points
	cells := make([][]any, 0, len(rows)+1)
	for _, r := range rows {
		month := r.Month
		if month == "" {
			month = "never"
		}
		available += r.Available
		reserved += r.Reserved
		cells = append(cells, []any{month, r.Available, r.Reserved, ledger.Points(0), r.Money, r.Lots})
	}
	cells = append(cells, []any{"pending", ledger.Points(0), ledger.Points(0), a.Pending.Points, a.Pending.Money, nil})
	s.Totals[1], s.Totals[2] = available, reserved
	s.Rows = rowsOf(cells, func(c []any) []any { return c })
	return s
}
