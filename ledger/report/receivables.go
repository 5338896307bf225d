package report

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// Receivables is what members owe after clawbacks beyond what was left, by how long they have owed it.
type Receivables struct {
	Program  string              `json:"program"`
	AsOf     string              `json:"as_of"`
	Currency string              `json:"currency"`
	Rows     []ReceivableRow     `json:"rows"`
	Buckets  []ReceivablesBucket `json:"buckets"`
	Totals   Amount              `json:"totals"`
	book     Book
}

// A ReceivableRow is what one member owes for one order.
type ReceivableRow struct {
	MemberID   string        `json:"member_id"`
	OrderID    string        `json:"order_id"`
	OpenedOn   string        `json:"opened_on"`
	AgeDays    int           `json:"age_days"`
	Original   ledger.Points `json:"original"`
	Paid       ledger.Points `json:"paid"`
	Netted     ledger.Points `json:"netted" doc:"Against later grants, or cancelled by points that came back."`
	WrittenOff ledger.Points `json:"written_off"`
	Points     ledger.Points `json:"points" doc:"Still open."`
	Money      ledger.Money  `json:"money"`
}

// A ReceivablesBucket is what has been open for at most so many days; 0: longer.
type ReceivablesBucket struct {
	Days int `json:"days"`
	Amount
}

// debtsSQL sums the debt lines of each order; what is settled in full is left out. Few transactions have any: only theirs
// are looked at.
const debtsSQL = `
SELECT coalesce(m.member_id, ''), coalesce(t.subject, ''), min(t.book_date) FILTER (WHERE t.kind = 22),
       coalesce(sum(l.points) FILTER (WHERE t.kind NOT IN (30, 31, 32)), 0), -coalesce(sum(l.points) FILTER (WHERE t.kind = 30), 0),
       -coalesce(sum(l.points) FILTER (WHERE t.kind = 32), 0), -coalesce(sum(l.points) FILTER (WHERE t.kind = 31), 0), sum(l.points), sum(l.money)
  FROM transactions t
 CROSS JOIN LATERAL (SELECT t.moves[3 * line - 2] AS points, t.moves[3 * line - 1] AS money
                       FROM unnest(t.accounts) WITH ORDINALITY AS a (account, line) WHERE account = 14) l
  LEFT JOIN members m ON m.member = t.member
 WHERE 14 = ANY (t.accounts) AND t.program = $1 AND t.book_date <= $2 AND ($3::timestamptz IS NULL OR t.posted_at <= $3)
 GROUP BY t.member, m.member_id, t.subject
HAVING sum(l.points) <> 0 OR sum(l.money) <> 0
 ORDER BY 3, 1, 2`

var receivableDays = []int{30, 60, 90, 0}

// Receivables lists what is open at the end of the day, the oldest first.
func (r Reader) Receivables(ctx context.Context, asOf Day) (*Receivables, error) {
	out := &Receivables{Program: r.Code, AsOf: date(asOf), Currency: r.Currency, Rows: []ReceivableRow{}, book: r.Book}
	for _, d := range receivableDays {
		out.Buckets = append(out.Buckets, ReceivablesBucket{Days: d})
	}
	err := r.snapshot(ctx, func(tx *sqlx.Tx) error {
		return rows.Scan(ctx, tx, debtsSQL, []any{r.Program, asOf, r.knownAt()}, func(rows *sql.Rows) error {
			var row ReceivableRow
			var opened sql.NullTime
			if err := rows.Scan(&row.MemberID, &row.OrderID, &opened, &row.Original, &row.Paid, &row.Netted, &row.WrittenOff, &row.Points, &row.Money); err != nil {
				return err
			}
			row.OpenedOn = date(opened.Time)
			row.AgeDays = int(asOf.Sub(opened.Time.UTC()) / (24 * time.Hour))
			out.Rows = append(out.Rows, row)
			open := Amount{row.Points, row.Money}
			out.Totals = out.Totals.add(open)
			for i := range out.Buckets {
				if d := out.Buckets[i].Days; d == 0 || row.AgeDays <= d {
					out.Buckets[i].Amount = out.Buckets[i].add(open)
					break
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("receivables: %w", err)
	}
	return out, nil
}

// Sheet shows a row an order.
func (r *Receivables) Sheet() Sheet {
	return Sheet{
		Title: "Receivables", About: r.book.about([2]string{"as_of", r.AsOf}),
		Columns: []Column{text("member_id"), text("order_id"), text("opened_on"), number("age_days"), number("original"), number("paid"), number("netted"),
			number("written_off"), number("points"), number("money")},
		Rows: rowsOf(r.Rows, func(r ReceivableRow) []any {
			return []any{r.MemberID, r.OrderID, r.OpenedOn, r.AgeDays, r.Original, r.Paid, r.Netted, r.WrittenOff, r.Points, r.Money}
		}),
		Totals: []any{"total", "", "", nil, nil, nil, nil, nil, r.Totals.Points, r.Totals.Money},
	}
}
