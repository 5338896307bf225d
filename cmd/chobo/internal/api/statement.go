package api

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points"
)

// An Entry is one line of a member's statement.
type Entry struct {
	TransactionID *ledger.TransactionID `json:"transaction_id" doc:"Null: due already, but not posted yet; it counts."`
	Kind          ledger.Kind           `json:"kind"`
	Account       string                `json:"account"`
	Points        ledger.Points         `json:"points" doc:"Plus is more for the member; on debt plus is more owed."`
	BalanceAfter  ledger.Points         `json:"balance_after"`
	OccurredAt    time.Time             `json:"occurred_at"`
	PostedAt      *time.Time            `json:"posted_at"`
	OrderID       *string               `json:"order_id"`
	ReturnID      string                `json:"return_id,omitempty"`
	ReservationID string                `json:"reservation_id,omitempty"`
	ExchangeID    string                `json:"exchange_id,omitempty"`
	LotID         ledger.LotID          `json:"lot_id,omitempty"`
	Actor         string                `json:"actor,omitempty"`
	Description   string                `json:"description"`
}

type (
	entriesQuery struct {
		MemberPath
		Account string `query:"account" enum:"available,pending,reserved,debt" default:"available"`
		AsOf    string `query:"as_of" format:"date-time" doc:"Of what occurred by then, that instant included. Default: now."`
		KnownAt string `query:"known_at" format:"date-time" doc:"Of what was posted by then only."`
		Page
	}
	entryList struct {
		Entries    []Entry `json:"entries"`
		NextCursor *string `json:"next_cursor" doc:"Null on the last page."`
	}
)

var memberAccounts = map[string]ledger.Account{
	"available": ledger.MemberAvailable, "pending": ledger.MemberPending, "reserved": ledger.MemberReserved, "debt": ledger.MemberDebt,
}

// statement adds the statement of a member's points.
func (s *Server) statement() {
	read(s, route{ID: "members.entries", Path: membersPath + "/entries", Tag: "members", Summary: "Read a member's statement, newest first", Scopes: readers,
		About: "What is due but not posted yet comes first, without a transaction, so the newest balance_after is what `GET` of the member tells."},
		func(ctx context.Context, c *call, in *entriesQuery) (*entryList, error) { return c.entries(ctx, in) })
}

// entrySQL is the lines of a member's account before a line, newest first. $1 member, $2 account, $3 and $4 the
// line, $5 how many, $6 as of, $7 known at; null: now. As many lines are on no more transactions, and one that the page
// before has begun.
const entrySQL = `
SELECT t.id AS transaction, l.line, t.moves[3 * l.line - 2] AS points, t.moves[3 * l.line] AS lot, t.kind, t.occurred_at, t.posted_at,
       coalesce(t.subject, '') AS subject, coalesce(t.part, '') AS part, coalesce(t.actor, '') AS actor, coalesce(n.note, '') AS note
  FROM (SELECT *
          FROM transactions
         WHERE member = $1 AND id <= $3::bigint AND $2::smallint = ANY (accounts)
           AND occurred_at <= coalesce($6::timestamptz, 'infinity') AND posted_at <= coalesce($7::timestamptz, 'infinity')
         ORDER BY id DESC LIMIT $5::bigint + 1) t
 CROSS JOIN LATERAL unnest(t.accounts) WITH ORDINALITY AS l (account, line)
  LEFT JOIN notes n ON n.member = $1 AND n.transaction = t.id
 WHERE l.account = $2 AND (t.id, l.line) < ($3::bigint, $4::int)
 ORDER BY t.id DESC, l.line DESC
 LIMIT $5::bigint`

// sumSQL is an account's debits less its credits as of a time. $1 member, $2 account, $3 as of, $4 known at.
const sumSQL = `
SELECT coalesce(sum(points), 0)::bigint
  FROM lines
 WHERE member = $1 AND account = $2 AND occurred_at <= coalesce($3::timestamptz, 'infinity') AND posted_at <= coalesce($4::timestamptz, 'infinity')`

// balanceSQL is the member's balances as posted.
const balanceSQL = `SELECT available, pending, reserved, debt FROM accounts WHERE member = $1`

type entryRow struct {
	Transaction ledger.TransactionID `db:"transaction"`
	Line        int                  `db:"line"`
	Points      ledger.Points        `db:"points"`
	Lot         ledger.LotID         `db:"lot"`
	Kind        ledger.Kind          `db:"kind"`
	OccurredAt  time.Time            `db:"occurred_at"`
	PostedAt    time.Time            `db:"posted_at"`
	Subject     string               `db:"subject"`
	Part        string               `db:"part"`
	Actor       string               `db:"actor"`
	Note        string               `db:"note"`
}

// A standing is a member's account as it is posted and what is due on top, of one instant.
type standing struct {
	posted balances
	due    []ledger.Transaction // oldest first
	holds  []points.Hold
}

type balances struct {
	Available ledger.Points `db:"available"`
	Pending   ledger.Points `db:"pending"`
	Reserved  ledger.Points `db:"reserved"`
	Debt      ledger.Points `db:"debt"`
}

func (b balances) of(account ledger.Account) ledger.Points {
	return map[ledger.Account]ledger.Points{ledger.MemberAvailable: b.Available, ledger.MemberPending: b.Pending,
		ledger.MemberReserved: b.Reserved, ledger.MemberDebt: b.Debt}[account]
}

// sign is what a debit on the account is for the member.
func sign(account ledger.Account) ledger.Points {
	if account == ledger.MemberDebt {
		return 1
	}
	return -1
}

// moves is what transactions do to the balances.
func moves(ts []ledger.Transaction) (b balances) {
	for _, t := range ts {
		for _, l := range t.Lines {
			switch l.Account {
			case ledger.MemberAvailable:
				b.Available -= l.Points
			case ledger.MemberPending:
				b.Pending -= l.Points
			case ledger.MemberReserved:
				b.Reserved -= l.Points
			case ledger.MemberDebt:
				b.Debt += l.Points
			default: // the house's
			}
		}
	}
	return b
}

// standing looks at the member of the path: what is due, and what the books have without it.
func (c *call) standing(ctx context.Context) (st standing, err error) {
	err = c.view(ctx, points.Need{}, func(a *points.Account) {
		st.due, st.holds = slices.Clone(a.Transactions), slices.Clone(a.Holds)
		due := moves(a.Transactions)
		st.posted = balances{a.Available - due.Available, a.Pending - due.Pending, a.Reserved - due.Reserved, a.Debt - due.Debt}
	})
	return st, err
}

// entries is one page of a statement. Source: ruling 28.
func (c *call) entries(ctx context.Context, in *entriesQuery) (*entryList, error) {
	account := memberAccounts[in.Account]
	out := &entryList{Entries: []Entry{}}
	before, line := int64(1)<<62, 0
	var balance ledger.Points
	if in.Cursor != "" {
		parts, err := c.after(in.Page, 4)
		if err != nil {
			return nil, err
		}
		var numbers [3]int64
		for i := range numbers {
			if numbers[i], err = strconv.ParseInt(parts[i+1], 10, 64); err != nil {
				return nil, badCursor()
			}
		}
		if parts[0] != in.Account {
			return nil, badCursor()
		}
		before, line, balance = numbers[0], int(numbers[1]), ledger.Points(numbers[2])
	}
	member := c.program.Member(c.member())
	rows, err := c.firstEntries(ctx, in, account, member, before, line, &balance, out)
	if err != nil {
		return nil, err
	}
	zone := c.program.Versions.Zone()
	more := len(rows) > in.Limit
	if more {
		rows = rows[:in.Limit]
	}
	for _, r := range rows {
		id, posted := r.Transaction, r.PostedAt.In(zone)
		e := Entry{TransactionID: &id, Kind: r.Kind, Account: in.Account, Points: sign(account) * r.Points, BalanceAfter: balance,
			OccurredAt: r.OccurredAt.In(zone), PostedAt: &posted, LotID: r.Lot, ReturnID: r.Part, Actor: r.Actor}
		e.belongs(r.Subject)
		e.Description = report.Describe(r.Kind, r.Subject, r.Note)
		out.Entries = append(out.Entries, e)
		balance -= e.Points
	}
	if more {
		last := rows[len(rows)-1]
		out.NextCursor = c.behind(in.Account, strconv.FormatInt(int64(last.Transaction), 10), strconv.Itoa(last.Line), strconv.FormatInt(int64(balance), 10))
	}
	return out, nil
}

// firstEntries reads posted lines, and on the first page puts what is due before them.
func (c *call) firstEntries(ctx context.Context, in *entriesQuery, account ledger.Account, member ledger.Member, before int64, line int,
	balance *ledger.Points, out *entryList) (rows []entryRow, err error) {
	asOf, err := c.queryTime("as_of", in.AsOf)
	if err != nil {
		return nil, err
	}
	knownAt, err := c.queryTime("known_at", in.KnownAt)
	if err != nil {
		return nil, err
	}
	past := !asOf.IsZero() || !knownAt.IsZero()
	var sum ledger.Points
	st, err := c.beside(ctx, member, func(tx *sqlx.Tx) error {
		rows = nil
		if past && in.Cursor == "" {
			if err := tx.GetContext(ctx, &sum, sumSQL, member.String(), int(account), orNull(asOf), orNull(knownAt)); err != nil {
				return err
			}
		}
		return tx.SelectContext(ctx, &rows, entrySQL, member.String(), int(account), before, line, in.Limit+1, orNull(asOf), orNull(knownAt))
	})
	if err != nil {
		return nil, fmt.Errorf("read the statement: %w", err)
	}
	if in.Cursor == "" {
		*balance = st.posted.of(account)
		if past {
			*balance = sign(account) * sum
		}
		if !knownAt.IsZero() {
			st.due = nil // the books do not know it
		} else if !asOf.IsZero() {
			st.due = slices.DeleteFunc(st.due, func(t ledger.Transaction) bool { return t.OccurredAt.After(asOf) })
		}
		out.Entries = c.dueEntries(st.due, account, in.Account, *balance)
	}
	return rows, nil
}

// orNull is a time as an argument of a statement; null: it was not given.
func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

// beside reads what is posted, and tells what is due beside it. Should that be posted between the two looks, it looks
// again: whoever posts, posts first what is due, so the next look finds nothing due.
func (c *call) beside(ctx context.Context, member ledger.Member, read func(tx *sqlx.Tx) error) (st standing, err error) {
	for range 5 {
		if st, err = c.standing(ctx); err != nil {
			return st, err
		}
		tx, err := c.opts.DB.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
		if err != nil {
			return st, err
		}
		var now balances
		if err = tx.GetContext(ctx, &now, balanceSQL, member.String()); err == nil {
			err = read(tx)
		}
		if err2 := tx.Rollback(); err == nil {
			err = err2
		}
		if err != nil {
			return st, err
		}
		if len(st.due) == 0 || now == st.posted {
			st.posted = now
			return st, nil
		}
	}
	return st, errors.New("what is due is posted again and again")
}

// dueEntries are the entries of what is due, newest first.
func (c *call) dueEntries(due []ledger.Transaction, account ledger.Account, name string, balance ledger.Points) []Entry {
	entries := []Entry{}
	zone := c.program.Versions.Zone()
	for _, t := range due {
		for _, l := range t.Lines {
			if l.Account != account {
				continue
			}
			balance += sign(account) * l.Points
			e := Entry{Kind: t.Kind, Account: name, Points: sign(account) * l.Points, BalanceAfter: balance, OccurredAt: t.OccurredAt.In(zone),
				LotID: l.Lot, ReturnID: t.Part}
			e.belongs(t.Subject)
			e.Description = report.Describe(t.Kind, t.Subject, t.Note)
			entries = append(entries, e)
		}
	}
	slices.Reverse(entries)
	return entries
}

// belongs notes what the transaction's subject is.
func (e *Entry) belongs(subject string) {
	order, reservation, exchange := report.SubjectOf(e.Kind, subject)
	e.ReservationID, e.ExchangeID = reservation, exchange
	if order != "" {
		e.OrderID = &order
	}
}
