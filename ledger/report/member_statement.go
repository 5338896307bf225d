package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// A MemberStatement is what a statement of one member is of: everything booked on the member's accounts up to a day, in
// the order in which it was posted, with the balance behind each. It may be of any size, so its entries are handed over
// one by one. What is due but not posted is not in the books, and so not in here.
type MemberStatement struct {
	Program  string         `json:"program"`
	MemberID string         `json:"member_id"`
	AsOf     string         `json:"as_of"`
	Opening  MemberBalances `json:"opening" doc:"Behind the transaction that it goes on from; else nothing."`
	Closing  MemberBalances `json:"closing" doc:"At the end of the day."`
	Lines    int64          `json:"lines" doc:"Entries between opening and closing, on all pages."`
}

// MemberBalances are a member's, in points. What a member can spend, and what a member owes, are positive.
type MemberBalances struct {
	Available ledger.Points `json:"available"`
	Pending   ledger.Points `json:"pending"`
	Reserved  ledger.Points `json:"reserved"`
	Debt      ledger.Points `json:"debt"`
}

// A MemberEntry is one line of it, in the columns of the member's own statement.
type MemberEntry struct {
	TransactionID ledger.TransactionID `json:"transaction_id"`
	Kind          ledger.Kind          `json:"kind"`
	Account       string               `json:"account" enum:"available,pending,reserved,debt"`
	Points        ledger.Points        `json:"points" doc:"Plus is more for the member; on debt plus is more owed."`
	BalanceAfter  ledger.Points        `json:"balance_after" doc:"Of the account."`
	BookDate      string               `json:"book_date"`
	OccurredAt    time.Time            `json:"occurred_at"`
	PostedAt      time.Time            `json:"posted_at"`
	OrderID       *string              `json:"order_id"`
	ReturnID      string               `json:"return_id,omitempty"`
	ReservationID string               `json:"reservation_id,omitempty"`
	ExchangeID    string               `json:"exchange_id,omitempty"`
	LotID         ledger.LotID         `json:"lot_id,omitempty"`
	Actor         string               `json:"actor,omitempty"`
	Description   string               `json:"description"`
}

// A MemberPage says which part of a statement to read.
type MemberPage struct {
	After ledger.TransactionID // go on behind this transaction; zero: from the beginning
	Limit int                  // transactions at most that moved the member's accounts, each whole; zero: all
}

// ErrNoMember is a statement of somebody who is no member.
var ErrNoMember = errors.New("there is no such member")

const (
	memberSQL = `SELECT EXISTS (SELECT FROM transactions WHERE member = $1 AND program = $2)`

	// memberSumsSQL sums the member's accounts up to a transaction, $4, and up to the day.
	memberSumsSQL = `
SELECT account, coalesce(sum(points) FILTER (WHERE transaction <= $4), 0), sum(points), count(*) FILTER (WHERE transaction > $4)
  FROM lines
 WHERE member = $1 AND book_date <= $2 AND ($3::timestamptz IS NULL OR posted_at <= $3) AND account BETWEEN 11 AND 14
 GROUP BY account`

	// memberEntriesSQL reads the lines of at most $5 transactions behind $4, found by the primary key. Those that moved only
	// accounts of the house do not count: a page is never empty before the last.
	memberEntriesSQL = `
SELECT t.id, t.kind, t.book_date, t.occurred_at, t.posted_at, coalesce(t.subject, ''), coalesce(t.part, ''), coalesce(t.actor, ''), coalesce(n.note, ''),
       l.account, t.moves[3 * l.line - 2], t.moves[3 * l.line]
  FROM (SELECT *
          FROM transactions
         WHERE member = $1 AND book_date <= $2 AND ($3::timestamptz IS NULL OR posted_at <= $3) AND id > $4 AND accounts && '{11,12,13,14}'
         ORDER BY id LIMIT $5) t
 CROSS JOIN LATERAL unnest(t.accounts) WITH ORDINALITY AS l (account, line)
  LEFT JOIN notes n ON n.member = $1 AND n.transaction = t.id
 WHERE l.account BETWEEN 11 AND 14
 ORDER BY t.id, l.line`
)

// MemberStatement hands fn the statement's head and its entries, to be read once and before fn returns. It fails with
// ErrNoMember.
func (r Reader) MemberStatement(ctx context.Context, member ledger.Member, id string, asOf Day, page MemberPage,
	fn func(MemberStatement, iter.Seq2[MemberEntry, error]) error) error {
	head := MemberStatement{Program: r.Code, MemberID: id, AsOf: date(asOf)}
	return r.snapshot(ctx, func(tx *sqlx.Tx) error {
		var known bool
		if err := tx.GetContext(ctx, &known, memberSQL, member.String(), r.Program); err != nil {
			return fmt.Errorf("member statement: %w", err)
		}
		if !known || member == r.House {
			return fmt.Errorf("%w: %s", ErrNoMember, id)
		}
		err := rows.Scan(ctx, tx, memberSumsSQL, []any{member.String(), asOf, r.knownAt(), int64(page.After)}, func(rows *sql.Rows) error {
			var account ledger.Account
			var before, at ledger.Points
			var lines int64
			err := rows.Scan(&account, &before, &at, &lines)
			head.Opening.add(account, before)
			head.Closing.add(account, at)
			head.Lines += lines
			return err
		})
		if err != nil {
			return fmt.Errorf("member statement: %w", err)
		}
		return fn(head, r.memberEntries(ctx, tx, member, asOf, page, head.Opening))
	})
}

func (r Reader) memberEntries(ctx context.Context, tx *sqlx.Tx, member ledger.Member, asOf Day, page MemberPage, balances MemberBalances) iter.Seq2[MemberEntry, error] {
	most := any(page.Limit)
	if page.Limit == 0 {
		most = nil
	}
	return func(yield func(MemberEntry, error) bool) {
		stop := errors.New("enough")
		err := rows.Scan(ctx, tx, memberEntriesSQL, []any{member.String(), asOf, r.knownAt(), int64(page.After), most}, func(rows *sql.Rows) error {
			var e MemberEntry
			var day time.Time
			var subject, note string
			var account ledger.Account
			var debit ledger.Points
			err := rows.Scan(&e.TransactionID, &e.Kind, &day, &e.OccurredAt, &e.PostedAt, &subject, &e.ReturnID, &e.Actor, &note, &account, &debit, &e.LotID)
			if err != nil {
				return err
			}
			e.BookDate, e.OccurredAt, e.PostedAt = date(day), e.OccurredAt.In(r.Zone), e.PostedAt.In(r.Zone)
			e.Account, e.Points, e.BalanceAfter = balances.add(account, debit)
			var order string
			if order, e.ReservationID, e.ExchangeID = SubjectOf(e.Kind, subject); order != "" {
				e.OrderID = &order
			}
			e.Description = Describe(e.Kind, subject, note)
			if !yield(e, nil) {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield(MemberEntry{}, fmt.Errorf("member statement: %w", err))
		}
	}
}

// add moves the balance of an account by a debit, and tells the account's name, what that is for the member, and what
// the balance is then.
func (b *MemberBalances) add(account ledger.Account, debit ledger.Points) (name string, n, balance ledger.Points) {
	move := func(name string, balance *ledger.Points, n ledger.Points) (string, ledger.Points, ledger.Points) {
		*balance += n
		return name, n, *balance
	}
	switch account {
	case ledger.MemberAvailable:
		return move("available", &b.Available, -debit)
	case ledger.MemberPending:
		return move("pending", &b.Pending, -debit)
	case ledger.MemberReserved:
		return move("reserved", &b.Reserved, -debit)
	default:
		return move("debt", &b.Debt, debit)
	}
}

// Sheet shows the entries; they are read as the sheet's rows are.
func (m MemberStatement) Sheet(entries iter.Seq2[MemberEntry, error]) Sheet {
	balances := func(b MemberBalances) string {
		return fmt.Sprintf("%d available, %d pending, %d reserved, %d owed", b.Available, b.Pending, b.Reserved, b.Debt)
	}
	return Sheet{
		Title: "Statement of " + m.MemberID,
		About: [][2]string{{"program", m.Program}, {"as_of", m.AsOf}, {"opening", balances(m.Opening)}, {"closing", balances(m.Closing)}},
		Columns: []Column{text("transaction_id"), text("kind"), text("account"), number("points"), number("balance_after"), text("book_date"), text("occurred_at"),
			text("posted_at"), text("order_id"), text("return_id"), text("reservation_id"), text("exchange_id"), text("lot_id"), text("actor"), text("description")},
		Rows: func(yield func([]any, error) bool) {
			for e, err := range entries {
				order, lot := "", ""
				if e.OrderID != nil {
					order = *e.OrderID
				}
				if e.LotID != 0 {
					lot = strconv.FormatInt(int64(e.LotID), 10)
				}
				cells := []any{e.TransactionID.String(), e.Kind.String(), e.Account, e.Points, e.BalanceAfter, e.BookDate, e.OccurredAt.Format(time.RFC3339),
					e.PostedAt.Format(time.RFC3339), order, e.ReturnID, e.ReservationID, e.ExchangeID, lot, e.Actor, e.Description}
				if !yield(cells, err) {
					return
				}
			}
		},
	}
}
