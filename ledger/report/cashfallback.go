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

// CashFallbacks is the register of points that could not go back to a member, because their lots had died or the
// membership had ended, and that a shop paid back in cash instead.
type CashFallbacks struct {
	Program  string            `json:"program"`
	From     string            `json:"from"`
	To       string            `json:"to"`
	Currency string            `json:"currency"`
	Rows     []CashFallbackRow `json:"rows"`
	Totals   Amount            `json:"totals"`
	book     Book
}

// A CashFallbackRow is one order's or return's points paid back in cash.
type CashFallbackRow struct {
	TransactionID ledger.TransactionID `json:"transaction_id"`
	BookDate      string               `json:"book_date"`
	OccurredAt    time.Time            `json:"occurred_at"`
	MemberID      string               `json:"member_id"`
	OrderID       string               `json:"order_id"`
	ReturnID      string               `json:"return_id,omitempty"`
	ShopID        string               `json:"shop_id" doc:"Who pays it."`
	Points        ledger.Points        `json:"points"`
	Money         ledger.Money         `json:"money"`
}

const cashFallbacksSQL = `
SELECT l.transaction, l.book_date, l.occurred_at, coalesce(m.member_id, ''), coalesce(l.subject, ''), coalesce(l.part, ''), coalesce(l.shop, ''), -l.points, -l.money
  FROM lines l LEFT JOIN members m ON m.member = l.member
 WHERE l.program = $1 AND l.book_date BETWEEN $2 AND $3 AND l.kind = 21 AND l.account = 32 AND ($4::timestamptz IS NULL OR l.posted_at <= $4)
 ORDER BY l.book_date, l.transaction, l.line`

// CashFallbacks lists the register over the span.
func (r Reader) CashFallbacks(ctx context.Context, s Span) (*CashFallbacks, error) {
	out := &CashFallbacks{Program: r.Code, From: date(s.From), To: date(s.To), Currency: r.Currency, Rows: []CashFallbackRow{}, book: r.Book}
	err := r.snapshot(ctx, func(tx *sqlx.Tx) error {
		return rows.Scan(ctx, tx, cashFallbacksSQL, []any{r.Program, s.From, s.To, r.knownAt()}, func(rows *sql.Rows) error {
			var row CashFallbackRow
			var day time.Time
			err := rows.Scan(&row.TransactionID, &day, &row.OccurredAt, &row.MemberID, &row.OrderID, &row.ReturnID, &row.ShopID, &row.Points, &row.Money)
			row.BookDate, row.OccurredAt = date(day), row.OccurredAt.In(r.Zone)
			out.Rows = append(out.Rows, row)
			out.Totals = out.Totals.add(Amount{row.Points, row.Money})
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("cash fallbacks: %w", err)
	}
	return out, nil
}

// Sheet shows the register.
func (c *CashFallbacks) Sheet() Sheet {
	return Sheet{
		Title: "Cash fallbacks", About: c.book.about([2]string{"from", c.From}, [2]string{"to", c.To}),
		Columns: []Column{text("book_date"), text("transaction_id"), text("occurred_at"), text("member_id"), text("order_id"), text("return_id"), text("shop_id"),
			number("points"), number("money")},
		Rows: rowsOf(c.Rows, func(r CashFallbackRow) []any {
			return []any{r.BookDate, r.TransactionID.String(), r.OccurredAt.Format(time.RFC3339), r.MemberID, r.OrderID, r.ReturnID, r.ShopID, r.Points, r.Money}
		}),
		Totals: []any{"total", "", "", "", "", "", "", c.Totals.Points, c.Totals.Money},
	}
}
