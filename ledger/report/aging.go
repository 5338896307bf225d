package report

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
)

// An Aging says when the points that members hold at the end of a day expire if nobody uses them. It is computed from
// the journal's lots alone.
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

// lotsSQL sums each lot up to and with a day and groups what is left by when it expires. Lines that came later are
// taken out by an anti-join, so that the present costs one pass over the lines.
const lotsSQL = `
WITH lots AS (
  SELECT l.member, l.lot, sum(l.points) FILTER (WHERE l.account = 11) AS available, sum(l.points) FILTER (WHERE l.account = 13) AS reserved,
         sum(l.points) FILTER (WHERE l.account = 12) AS pending, sum(l.money) AS money, sum(l.money) FILTER (WHERE l.account = 12) AS pending_money,
         max(l.expires_at) AS expires_at
    FROM lines l
   WHERE l.account IN (11, 12, 13)
     AND NOT EXISTS (SELECT FROM transactions t WHERE t.member = l.member AND t.id = l.transaction AND (t.book_date > $2 OR t.posted_at > $3))
   GROUP BY l.member, l.lot
)
SELECT expires_at, -coalesce(sum(available), 0), -coalesce(sum(reserved), 0), -coalesce(sum(pending), 0), -sum(money), -coalesce(sum(pending_money), 0),
       count(*) FILTER (WHERE available <> 0 OR reserved <> 0)
  FROM lots JOIN members USING (member)
 WHERE program = $1
 GROUP BY expires_at
 ORDER BY expires_at`

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
	err := r.snapshot(ctx, func(tx *sqlx.Tx) error {
		return each(ctx, tx, lotsSQL, []any{r.Program, asOf, r.knownAt()}, func(rows *sql.Rows) error {
			var expires sql.NullTime
			var row AgingRow
			var pending Amount
			var money ledger.Money
			if err := rows.Scan(&expires, &row.Available, &row.Reserved, &pending.Points, &money, &pending.Money, &row.Lots); err != nil {
				return err
			}
			row.Money = money - pending.Money
			out.Pending = out.Pending.add(pending)
			out.Totals = out.Totals.add(Amount{row.Available + row.Reserved + pending.Points, money})
			if row.Lots > 0 {
				out.add(expires.Time, asOf, row)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("expiry aging: %w", err)
	}
	return out, nil
}

// add puts lots that expire at one instant into their month and their distance. They come in order of time.
func (a *Aging) add(expires time.Time, asOf Day, row AgingRow) {
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
		last := &a.Months[n-1]
		last.Available += row.Available
		last.Reserved += row.Reserved
		last.Money += row.Money
		last.Lots += row.Lots
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
