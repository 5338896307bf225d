package export

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

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

// daySQL reads a day's transactions, in order of id. $3 is the id behind which to begin.
const daySQL = `
SELECT t.member, t.id, t.kind, t.occurred_at, t.posted_at, coalesce(t.subject, ''), coalesce(t.part, ''), t.version, coalesce(t.actor, ''),
       t.note_hash, coalesce(t.reverses, 0), coalesce(m.member_id, ''), coalesce(t.shop, ''), t.accounts, t.moves, t.expires
  FROM transactions t LEFT JOIN members m ON m.member = t.member
 WHERE t.program = $1 AND t.book_date = $2 AND t.id > $3
 ORDER BY t.id, t.member`

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
	e := entry{Transaction: ledger.Transaction{BookDate: day}}
	t := &e.Transaction
	var member []byte
	var shop string
	var accounts, moves, expires pq.Int64Array
	for rows.Next() {
		err := rows.Scan(&member, &t.ID, &t.Kind, &t.OccurredAt, &t.PostedAt, &t.Subject, &t.Part, &t.Version, &t.Actor, &e.NoteHash, &t.Reverses, &e.MemberID,
			&shop, &accounts, &moves, &expires)
		if err != nil {
			return err
		}
		if e.Member, err = parseMember(member); err != nil {
			return err
		}
		if e.MemberID != "" && e.MemberID[0] < ' ' {
			e.MemberID = "" // the house
		}
		t.Lines = appendLines(t.Lines[:0], shop, accounts, moves, expires)
		if err := fn(&e); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read %s: %w", day.Format(time.DateOnly), err)
	}
	return nil
}

// appendLines reads a transaction's lines from the arrays of its row: an account a line, then points, money and lot, and the
// microsecond from which the lot is no longer there, 0 for never. Of expires there is none where no line has one.
func appendLines(lines []ledger.Line, shop string, accounts, moves, expires []int64) []ledger.Line {
	for i, account := range accounts {
		l := ledger.Line{Account: ledger.Account(account), Points: ledger.Points(moves[3*i]), Money: ledger.Money(moves[3*i+1]), Lot: ledger.LotID(moves[3*i+2])}
		if l.Account.OfShop() {
			l.Shop = shop
		}
		if expires != nil && expires[i] != 0 {
			l.ExpiresAt = time.UnixMicro(expires[i]).UTC()
		}
		lines = append(lines, l)
	}
	return lines
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
