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

// Interventions is the log of what people did by hand: grants without an order, adjustments, revocations, forfeitures,
// debts written off, memberships suspended, reinstated and closed, corrections.
type Interventions struct {
	Program  string            `json:"program"`
	From     string            `json:"from"`
	To       string            `json:"to"`
	Currency string            `json:"currency"`
	Rows     []InterventionRow `json:"rows"`
	Totals   Amount            `json:"totals"`
	book     Book
}

// An InterventionRow is one of them.
type InterventionRow struct {
	TransactionID ledger.TransactionID `json:"transaction_id"`
	Kind          ledger.Kind          `json:"kind"`
	BookDate      string               `json:"book_date"`
	OccurredAt    time.Time            `json:"occurred_at"`
	MemberID      string               `json:"member_id"`
	Actor         string               `json:"actor"`
	Reason        string               `json:"reason" doc:"Empty where it was redacted."`
	Points        ledger.Points        `json:"points" doc:"What the member gained; negative: lost. Of a debt written off: what is not owed any more."`
	Money         ledger.Money         `json:"money"`
}

const interventionsSQL = `
SELECT t.id, t.kind, t.book_date, t.occurred_at, coalesce(m.member_id, ''), coalesce(t.actor, ''), coalesce(n.note, ''),
       l.points, l.money
  FROM transactions t
 CROSS JOIN LATERAL (SELECT coalesce(-sum(t.moves[3 * line - 2]), 0) AS points, coalesce(-sum(t.moves[3 * line - 1]), 0) AS money
                       FROM unnest(t.accounts) WITH ORDINALITY AS a (account, line) WHERE account BETWEEN 11 AND 14) l
  LEFT JOIN members m ON m.member = t.member
  LEFT JOIN notes n ON n.member = t.member AND n.transaction = t.id
 WHERE t.program = $1 AND t.book_date BETWEEN $2 AND $3 AND ($4::timestamptz IS NULL OR t.posted_at <= $4)
   AND (t.kind IN (31, 42, 43, 44, 63, 70, 71, 72) OR t.kind IN (1, 2) AND t.subject IS NULL)
 ORDER BY t.book_date, t.id`

// Interventions lists the log over the span.
func (r Reader) Interventions(ctx context.Context, s Span) (*Interventions, error) {
	out := &Interventions{Program: r.Code, From: date(s.From), To: date(s.To), Currency: r.Currency, Rows: []InterventionRow{}, book: r.Book}
	err := r.snapshot(ctx, func(tx *sqlx.Tx) error {
		return rows.Scan(ctx, tx, interventionsSQL, []any{r.Program, s.From, s.To, r.knownAt()}, func(rows *sql.Rows) error {
			var row InterventionRow
			var day time.Time
			err := rows.Scan(&row.TransactionID, &row.Kind, &day, &row.OccurredAt, &row.MemberID, &row.Actor, &row.Reason, &row.Points, &row.Money)
			row.BookDate, row.OccurredAt = date(day), row.OccurredAt.In(r.Zone)
			out.Rows = append(out.Rows, row)
			out.Totals = out.Totals.add(Amount{row.Points, row.Money})
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("interventions: %w", err)
	}
	return out, nil
}

// Sheet shows the log.
func (i *Interventions) Sheet() Sheet {
	return Sheet{
		Title: "Adjustments and forfeitures by hand", About: i.book.about([2]string{"from", i.From}, [2]string{"to", i.To}),
		Columns: []Column{text("book_date"), text("transaction_id"), text("kind"), text("occurred_at"), text("member_id"), text("actor"), text("reason"),
			number("points"), number("money")},
		Rows: rowsOf(i.Rows, func(r InterventionRow) []any {
			return []any{r.BookDate, r.TransactionID.String(), r.Kind.String(), r.OccurredAt.Format(time.RFC3339), r.MemberID, r.Actor, r.Reason, r.Points, r.Money}
		}),
		Totals: []any{"total", "", "", "", "", "", "", i.Totals.Points, i.Totals.Money},
	}
}
