package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// A GeneralLedger is what a general ledger of one account is of: every movement on it, with the balance behind each.
// It may be of any size, so its rows are handed over one by one. Debits are positive.
type GeneralLedger struct {
	Program  string `json:"program"`
	Account  string `json:"account"`
	From     string `json:"from"`
	To       string `json:"to"`
	Currency string `json:"currency"`
	Opening  Amount `json:"opening"`
	Debits   Amount `json:"debits"`
	Credits  Amount `json:"credits"`
	Closing  Amount `json:"closing"`
	Lines    int64  `json:"lines"`
}

// An Entry is one movement on an account.
type Entry struct {
	BookDate      string               `json:"book_date"`
	TransactionID ledger.TransactionID `json:"transaction_id"`
	Kind          ledger.Kind          `json:"kind"`
	OccurredAt    time.Time            `json:"occurred_at"`
	MemberID      string               `json:"member_id"`
	Subject       string               `json:"subject"`
	ShopID        string               `json:"shop_id"`
	Contra        string               `json:"contra" doc:"The account on the other side; several where there are more."`
	Points        ledger.Points        `json:"points"`
	Money         ledger.Money         `json:"money"`
	BalancePoints ledger.Points        `json:"balance_points"`
	BalanceMoney  ledger.Money         `json:"balance_money"`
}

const (
	ledgerSumsSQL = `
SELECT coalesce(sum(points) FILTER (WHERE book_date < $2), 0), coalesce(sum(money) FILTER (WHERE book_date < $2), 0),
       coalesce(sum(debits) FILTER (WHERE book_date >= $2), 0), coalesce(sum(worth) FILTER (WHERE book_date >= $2), 0),
       coalesce(sum(points) FILTER (WHERE book_date >= $2), 0), coalesce(sum(money) FILTER (WHERE book_date >= $2), 0),
       coalesce(sum(lines) FILTER (WHERE book_date >= $2), 0)
  FROM movements WHERE program = $1 AND book_date <= $3 AND account = $4`

	// knownLedgerSumsSQL sums the journal itself: daily sums do not say when their lines were posted.
	knownLedgerSumsSQL = `
SELECT coalesce(sum(points) FILTER (WHERE book_date < $2), 0), coalesce(sum(money) FILTER (WHERE book_date < $2), 0),
       coalesce(sum(points) FILTER (WHERE book_date >= $2 AND points > 0), 0), coalesce(sum(money) FILTER (WHERE book_date >= $2 AND money > 0), 0),
       coalesce(sum(points) FILTER (WHERE book_date >= $2), 0), coalesce(sum(money) FILTER (WHERE book_date >= $2), 0),
       count(*) FILTER (WHERE book_date >= $2)
  FROM lines WHERE program = $1 AND book_date <= $3 AND account = $4 AND posted_at <= $5`

	// entriesSQL reads the lines of account $4. Only transactions that move it are taken apart.
	entriesSQL = `
SELECT t.book_date, t.id, t.kind, t.occurred_at, coalesce(m.member_id, ''), coalesce(t.subject, ''),
       CASE WHEN l.account IN (25, 31, 32, 61) THEN coalesce(t.shop, '') ELSE '' END, t.moves[3 * l.line - 2], t.moves[3 * l.line - 1],
       CASE WHEN t.others[1] = ALL (t.others) THEN t.others[1] END
  FROM (SELECT *, array_remove(accounts, $4::smallint) AS others FROM transactions) t
 CROSS JOIN LATERAL unnest(t.accounts) WITH ORDINALITY AS l (account, line)
  LEFT JOIN members m ON m.member = t.member
 WHERE t.program = $1 AND t.book_date BETWEEN $2 AND $3 AND $4::smallint = ANY (t.accounts) AND l.account = $4 AND ($5::timestamptz IS NULL OR t.posted_at <= $5)
 ORDER BY t.book_date, t.id, l.line`
)

// GeneralLedger hands fn the account's head, whose sums are those of all rows, and its rows, to be read once and
// before fn returns.
func (r Reader) GeneralLedger(ctx context.Context, account ledger.Account, s Span, fn func(GeneralLedger, iter.Seq2[Entry, error]) error) error {
	head := GeneralLedger{Program: r.Code, Account: account.String(), From: date(s.From), To: date(s.To), Currency: r.Currency}
	return r.snapshot(ctx, func(tx *sqlx.Tx) error {
		query, args := ledgerSumsSQL, []any{r.Program, s.From, s.To, account}
		if !r.KnownAt.IsZero() {
			query, args = knownLedgerSumsSQL, append(args, r.knownAt())
		}
		var moved Amount
		err := tx.QueryRowContext(ctx, query, args...).Scan(&head.Opening.Points, &head.Opening.Money,
			&head.Debits.Points, &head.Debits.Money, &moved.Points, &moved.Money, &head.Lines)
		if err != nil {
			return fmt.Errorf("general ledger: %w", err)
		}
		head.Credits = head.Debits.sub(moved)
		head.Closing = head.Opening.add(moved)
		return fn(head, r.entries(ctx, tx, account, s, head.Opening))
	})
}

func (r Reader) entries(ctx context.Context, tx *sqlx.Tx, account ledger.Account, s Span, balance Amount) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		stop := errors.New("enough")
		err := rows.Scan(ctx, tx, entriesSQL, []any{r.Program, s.From, s.To, account, r.knownAt()}, func(rows *sql.Rows) error {
			var e Entry
			var day time.Time
			var contra sql.NullInt16
			err := rows.Scan(&day, &e.TransactionID, &e.Kind, &e.OccurredAt, &e.MemberID, &e.Subject, &e.ShopID, &e.Points, &e.Money, &contra)
			if err != nil {
				return err
			}
			e.BookDate, e.OccurredAt = date(day), e.OccurredAt.In(r.Zone)
			e.Contra = "several"
			if contra.Valid {
				e.Contra = ledger.Account(contra.Int16).String()
			}
			balance = balance.add(Amount{e.Points, e.Money})
			e.BalancePoints, e.BalanceMoney = balance.Points, balance.Money
			if !yield(e, nil) {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield(Entry{}, fmt.Errorf("general ledger: %w", err))
		}
	}
}

// Sheet shows the entries; they are read as the sheet's rows are.
func (g GeneralLedger) Sheet(entries iter.Seq2[Entry, error]) Sheet {
	return Sheet{
		Title: "General ledger of " + g.Account,
		About: [][2]string{{"program", g.Program}, {"currency", g.Currency}, {"from", g.From}, {"to", g.To},
			{"opening", fmt.Sprintf("%d points, %d money", g.Opening.Points, g.Opening.Money)},
			{"closing", fmt.Sprintf("%d points, %d money", g.Closing.Points, g.Closing.Money)}},
		Columns: []Column{text("book_date"), text("transaction_id"), text("kind"), text("occurred_at"), text("member_id"), text("subject"), text("shop_id"), text("contra"),
			number("points"), number("money"), number("balance_points"), number("balance_money")},
		Rows: func(yield func([]any, error) bool) {
			for e, err := range entries {
				cells := []any{e.BookDate, e.TransactionID.String(), e.Kind.String(), e.OccurredAt.Format(time.RFC3339), e.MemberID, e.Subject, e.ShopID, e.Contra,
					e.Points, e.Money, e.BalancePoints, e.BalanceMoney}
				if !yield(cells, err) {
					return
				}
			}
		},
	}
}
