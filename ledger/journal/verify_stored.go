package journal

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"chobo/ledger"
	"chobo/ledger/draw"
	"chobo/ledger/rows"
)

// stored are sums over what is kept beside the journal, as prints are over the journal.
type stored struct {
	*prints         // for its numbers alone
	program         int
	keys            uint64
	days            daySums
	orders          orderSums
	refunded        refundSums
	papers          paperSums
	notes           uint64
	mute            int64                   // redacted notes whose transactions are yet to be found
	read            [exchangeKind + 1]int64 // documents, by kind
	noDays          bool                    // a sum by day is no whole number
	noOrder, noBook bool                    // a document makes no sense: an order, another one
}

// refundSums are money that orders say went back, what the list of refunds says of it, and its cash fallback.
type refundSums struct{ said, listed, fallback uint64 }

// sumUp sums up what is stored.
func (s *stored) sumUp(ctx context.Context, q rows.Preparer) error {
	for _, sum := range []struct {
		of    string
		add   func(*rows.Row) error
		query string
		args  []any
	}{
		{"sums by day", s.day, summedSQL, []any{s.program}},
		{"orders", s.order, orderBodiesSQL, []any{s.program}},
		{"refunds", s.refund, listedSQL, []any{s.program}},
		{"documents", s.paper, papersSQL, []any{s.program}},
		{"notes", s.note, noteTextsSQL, []any{s.program}},
		{"redacted notes", s.redacted, redactedSQL, []any{s.program}},
	} {
		if err := rows.Each(ctx, q, sum.add, sum.query, sum.args...); err != nil {
			return fmt.Errorf("sum up %s: %w", sum.of, err)
		}
	}
	if err := EachClaim(ctx, q, s.claim); err != nil {
		return fmt.Errorf("sum up keys: %w", err)
	}
	return nil
}

// summedSQL reads sums as text, since a sum may be larger than any amount, or nonsense.
const summedSQL = `
SELECT record_send(ROW(program, book_date, kind, account, shop, sum(points)::text, sum(money)::text, sum(debits)::text, sum(worth)::text, sum(lines)::text))
  FROM movements WHERE $1::int IN (0, program)
 GROUP BY program, book_date, kind, account, shop`

func (s *stored) day(r *rows.Row) error {
	program, date, kind := r.Int32(), r.Date(), ledger.Kind(r.Int16())
	number := s.Sum(s.Day(program, kind, date.Unix()/86400), ledger.Account(r.Int16()), r.Text())
	var amounts [5]uint64
	for i := range amounts {
		n, ok := r.Modulo()
		s.noDays = s.noDays || !ok
		amounts[i] = n
	}
	s.days.add(number, amounts)
	return nil
}

const claimsSQL = `SELECT record_send(ROW(member, first_transaction, transactions)) FROM operations WHERE transactions > 0 AND first_transaction IS NOT NULL`

// EachClaim calls fn with every transaction that an idempotency key says it has.
func EachClaim(ctx context.Context, q rows.Preparer, fn func(m ledger.Member, id ledger.TransactionID)) error {
	return rows.Each(ctx, q, func(r *rows.Row) error {
		member, first := r.Member(), ledger.TransactionID(r.Int64())
		for i := range r.Int16() {
			fn(member, first+ledger.TransactionID(i)*ledger.IDStep)
		}
		return nil
	}, claimsSQL)
}

func (s *stored) claim(m ledger.Member, id ledger.TransactionID) {
	s.keys += s.Transaction(s.Member(m), id)
}

const orderBodiesSQL = `SELECT record_send(ROW(member, id, body)) FROM documents WHERE kind = 1 AND $1::int IN (0, program)`

func (s *stored) order(r *rows.Row) error {
	number := s.Order(s.Member(r.Member()), r.Text())
	s.read[orderKind]++
	var b orderBook
	if s.noOrder = s.noOrder || b.says(r.Field()) != nil; !s.noOrder {
		s.orders.figures(number, b.stored)
		s.refunded.said += draw.Bits(b.stored.money) * number
	}
	return nil
}

const listedSQL = `SELECT record_send(ROW(member, order_id, money, cash_fallback)) FROM refunds WHERE $1::int IN (0, program)`

func (s *stored) refund(r *rows.Row) error {
	number := s.Order(s.Member(r.Member()), r.Text())
	s.refunded.listed += draw.Bits(r.Int64()) * number
	s.refunded.fallback += draw.Bits(r.Int64()) * number
	return nil
}

const papersSQL = `SELECT record_send(ROW(member, kind::integer, id, state, body)) FROM documents WHERE kind IN (4, 5, 6) AND $1::int IN (0, program)`

func (s *stored) paper(r *rows.Row) error {
	member, kind, id, state := s.Member(r.Member()), r.Int32(), r.Text(), r.Text()
	var d paper
	s.noBook = json.Unmarshal(r.Field(), &d) != nil || s.noBook
	s.read[kind]++
	switch {
	case kind == reservationKind && state == reservationOpen:
		s.papers.reserved += draw.Bits(d.Points) * s.Lot(member, ledger.MemberReserved, 0)
	case kind == receivableKind:
		s.papers.open += draw.Bits(d.Open) * s.Order(member, d.Order)
	case kind == exchangeKind && state != exchangeCancelled:
		s.papers.exchanged += draw.Bits(d.Points) * s.Order(member, id)
	}
	return nil
}

const (
	noteTextsSQL = `
SELECT record_send(ROW(member, transaction, note, salt)) FROM notes WHERE $1::int = 0 OR member IN (SELECT member FROM accounts WHERE program = $1)`

	// redactedSQL finds what notes were hashed to that are no longer there.
	redactedSQL = `
SELECT record_send(ROW(t.member, t.id, t.note_hash))
  FROM notes n JOIN transactions t ON t.member = n.member AND t.id = n.transaction
 WHERE n.note IS NULL AND t.note_hash IS NOT NULL AND ($1::int = 0 OR n.member IN (SELECT member FROM accounts WHERE program = $1))`
)

func (s *stored) note(r *rows.Row) error {
	member, id := s.Member(r.Member()), ledger.TransactionID(r.Int64())
	note, salt := r.Field(), r.Field()
	if note == nil {
		s.mute++
		return nil
	}
	sum := sha256.Sum256(slices.Concat(salt, note))
	s.notes += s.prints.note(member, id, sum[:])
	return nil
}

func (s *stored) redacted(r *rows.Row) error {
	s.mute--
	s.notes += s.prints.note(s.Member(r.Member()), ledger.TransactionID(r.Int64()), r.Field())
	return nil
}

// notesAgree tells whether each note is what was hashed, or was redacted.
func (p *proof) notesAgree(context.Context) (bool, error) {
	return p.stored.mute == 0 && p.stored.notes == p.prints.notes, nil
}

func (p *proof) timeAgrees(context.Context) (bool, error) {
	return p.roll != nil && !p.roll.timeOdd, nil
}

// balancesAgree tells whether members' rows say what the journal says.
func (p *proof) balancesAgree(context.Context) (bool, error) {
	return p.roll != nil && p.roll.balances == p.prints.balances, nil
}

func (p *proof) lotsAgree(context.Context) (bool, error) {
	a := p.roll
	return a != nil && !a.lotsOdd && a.lots == p.prints.lots && a.said.lots == a.told.lots, nil
}

func (p *proof) holdsAgree(context.Context) (bool, error) {
	a := p.roll
	return a != nil && !a.holdsOdd && a.holds == p.prints.holds && a.said.holds == a.told.holds, nil
}

func (p *proof) membersAgree(context.Context) (bool, error) {
	return p.roll != nil && p.roll.statesAgree(), nil
}

func (p *proof) dueAgree(context.Context) (bool, error) {
	return p.roll != nil && !p.roll.dueOdd && !p.roll.lotsOdd && !p.roll.holdsOdd, nil
}

// daysAgree tells whether the sums by day are those of the journal.
func (p *proof) daysAgree(context.Context) (bool, error) {
	return !p.stored.noDays && p.stored.days == p.prints.days, nil
}

// followedSQL reads transactions that have a key and need not: those of kinds that follow from others. What matures,
// kind 5, has none.
const followedSQL = `
SELECT record_send(ROW(member, id))
  FROM (SELECT DISTINCT t.member, t.id
          FROM transactions t
          JOIN operations o ON o.member = t.member AND t.id BETWEEN o.first_transaction AND o.first_transaction + (o.transactions - 1) * 4096::bigint AND (t.id - o.first_transaction) % 4096 = 0
         WHERE t.kind IN (4, 11, 14, 22, 30, 31, 32, 40, 41)) AS claimed`

// keysAgree tells whether keys have just the transactions that need one, and those that may have one, each once. Which of
// these do is mostly as it seems; else they are looked up.
func (p *proof) keysAgree(ctx context.Context) (bool, error) {
	if p.Program != 0 { // a key does not say whose program it is of
		return false, nil
	}
	if p.stored.keys == p.prints.keys+p.prints.likely {
		return true, nil
	}
	followed := uint64(0)
	err := rows.Each(ctx, p.tx, func(r *rows.Row) error {
		followed += p.prints.Transaction(p.prints.Member(r.Member()), ledger.TransactionID(r.Int64()))
		return nil
	}, followedSQL)
	if err != nil {
		return false, fmt.Errorf("sum up what follows: %w", err)
	}
	return p.stored.keys == p.prints.keys+followed, nil
}

// ordersAgree tells whether all orders say what the journal and the list of refunds say.
func (p *proof) ordersAgree() bool {
	s := p.stored
	return !s.noOrder && s.orders == p.prints.orders && s.refunded.said == s.refunded.listed && s.orders[5] == s.refunded.fallback
}

// papersAgree tells whether receivables, reservations and exchanges say what the journal says.
func (p *proof) papersAgree() bool { return !p.stored.noBook && p.stored.papers == p.prints.papers }
