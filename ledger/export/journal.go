package export

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"chobo/ledger"
	"chobo/ledger/report"
)

// An entry is a transaction as exports show it.
type entry struct {
	ledger.Transaction
	Member   ledger.Member
	MemberID string // as the caller chose it; empty for the house
	NoteHash []byte
}

// daySQL reads a day's transactions with their lines, in order of id. $3 is the id behind which to begin.
const daySQL = `
SELECT t.member, t.id, t.kind, t.occurred_at, t.posted_at, coalesce(t.subject, ''), coalesce(t.part, ''), t.version, coalesce(t.actor, ''),
       t.note_hash, coalesce(t.reverses, 0), coalesce(m.member_id, ''),
       l.line, l.account, l.points, l.money, l.lot, coalesce(l.shop, ''), l.expires_at
  FROM transactions t
  LEFT JOIN lines l ON l.member = t.member AND l.transaction = t.id
  LEFT JOIN members m ON m.member = t.member
 WHERE t.program = $1 AND t.book_date = $2 AND t.id > $3
 ORDER BY t.id, t.member, l.line`

// each calls fn with every transaction of the span, in order of book date and id. The entry is fn's until it returns.
func (x *run) each(fn func(*entry) error) error {
	for day := x.from; !day.After(x.Span.To); day = day.AddDate(0, 0, 1) {
		after := ledger.TransactionID(0)
		if x.After != 0 && day.Equal(x.from) {
			after = x.After
		}
		if err := x.day(day, after, fn); err != nil {
			return err
		}
	}
	return nil
}

func (x *run) day(day report.Day, after ledger.TransactionID, fn func(*entry) error) (err error) {
	rows, err := x.tx.QueryContext(x.ctx, daySQL, x.Program, day, int64(after))
	if err != nil {
		return fmt.Errorf("read %s: %w", day.Format(time.DateOnly), err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var e, next entry
	var member []byte
	var line, account sql.NullInt32
	var points, money, lot sql.NullInt64
	var shop string
	var expires sql.NullTime
	for rows.Next() {
		t := &next.Transaction
		err := rows.Scan(&member, &t.ID, &t.Kind, &t.OccurredAt, &t.PostedAt, &t.Subject, &t.Part, &t.Version, &t.Actor, &next.NoteHash, &t.Reverses, &next.MemberID,
			&line, &account, &points, &money, &lot, &shop, &expires)
		if err != nil {
			return err
		}
		if next.Member, err = parseMember(member); err != nil {
			return err
		}
		if e.ID != t.ID || e.Member != next.Member {
			if e.ID != 0 {
				if err := fn(&e); err != nil {
					return err
				}
			}
			lines := e.Lines[:0]
			e = next
			e.BookDate, e.Lines = day, lines
			if e.MemberID != "" && e.MemberID[0] < ' ' {
				e.MemberID = "" // the house
			}
		}
		if line.Valid {
			e.Lines = append(e.Lines, ledger.Line{Account: ledger.Account(account.Int32), Points: ledger.Points(points.Int64), Money: ledger.Money(money.Int64),
				Lot: ledger.LotID(lot.Int64), Shop: shop, ExpiresAt: expires.Time})
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read %s: %w", day.Format(time.DateOnly), err)
	}
	if e.ID != 0 {
		return fn(&e)
	}
	return nil
}

// parseMember reads a uuid as the database writes it.
func parseMember(text []byte) (m ledger.Member, err error) {
	if n, err := hex.Decode(m[:], bytes.ReplaceAll(text, []byte("-"), nil)); err != nil || n != len(m) {
		return m, fmt.Errorf("%q is no member's key", text)
	}
	return m, nil
}

const balancesSQL = `
SELECT account, sum(points), sum(money) FROM movements WHERE program = $1 AND book_date <= $2 GROUP BY account`

// balances are the accounts' at the end of a day, debit positive.
func (x *run) balances(day report.Day) (out map[ledger.Account]report.Amount, err error) {
	out = map[ledger.Account]report.Amount{}
	rows, err := x.tx.QueryContext(x.ctx, balancesSQL, x.Program, day)
	if err != nil {
		return nil, fmt.Errorf("balances: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var account ledger.Account
		var a report.Amount
		if err := rows.Scan(&account, &a.Points, &a.Money); err != nil {
			return nil, err
		}
		out[account] = a
	}
	return out, rows.Err()
}
