package reconcile

import (
	"context"
	"fmt"

	"chobo/ledger"
	"chobo/ledger/draw"
	"chobo/ledger/journal"
	"chobo/ledger/rows"
	"chobo/points"
)

// storedPrints are fingerprints of what is stored.
type storedPrints struct {
	*scope
	*prints // for its numbers alone

	batched    int64 // transactions that batches say they have
	held       uint64
	days       daySums
	orders     orderSums
	read       points.Order // the order that is looked at
	keys       uint64
	odd        bool // a row does not hold whole lots and holds
	unbalanced bool // a row's balances are not the sums of its lots and holds
	miscounted bool // a row does not know the lots that it does not pack
	below      bool // a lot or a hold has less than nothing
	noDays     bool // a sum by day is no whole number
	broken     bool // an order makes no sense or breaks a law of its own
}

// sumUp reads what is stored.
func (s *storedPrints) sumUp(ctx context.Context, q rows.Preparer) error {
	for _, sum := range []struct {
		of    string
		add   func(*rows.Row) error
		query string
		args  []any
	}{
		{"batches", s.batches, batchedSQL, nil},
		{"members' rows", s.row, memberRowsSQL, []any{s.scope.program.ID}},
		{"spilled lots", s.spilled, spilledRowsSQL, []any{s.scope.program.ID}},
		{"sums by day", s.day, daysSQL, []any{s.scope.program.ID}},
		{"orders", s.order, bodiesSQL, []any{s.scope.program.ID}},
	} {
		if err := rows.Each(ctx, q, sum.add, sum.query, sum.args...); err != nil {
			return fmt.Errorf("fingerprints of %s: %w", sum.of, err)
		}
	}
	if err := journal.EachClaim(ctx, q, s.claim); err != nil {
		return fmt.Errorf("fingerprints of keys: %w", err)
	}
	return nil
}

const (
	batchedSQL = `SELECT record_send(ROW(coalesce(sum(transactions), 0)::bigint)) FROM batches`

	// memberRowsSQL reads the rows of program $1, beside what the rows of spilled lots add up to.
	memberRowsSQL = `
SELECT record_send(ROW(a.member, a.available, a.pending, a.reserved, a.debt, a.spilled::bigint, a.spilled_points, a.lots, a.holds,
                       coalesce(s.lots, 0), coalesce(s.available, 0)::bigint, coalesce(s.reserved, 0)::bigint))
  FROM accounts a
  LEFT JOIN (SELECT member, count(*) AS lots, least(sum(remaining), 9223372036854775807) AS available, least(sum(reserved), 9223372036854775807) AS reserved
               FROM spilled_lots GROUP BY member) s USING (member)
 WHERE a.program = $1`

	spilledRowsSQL = `
SELECT record_send(ROW(s.member, s.lot, s.remaining, s.reserved)) FROM spilled_lots s JOIN accounts a USING (member) WHERE a.program = $1`

	// daysSQL reads sums as text: they may be larger than any amount, or nonsense.
	daysSQL = `
SELECT record_send(ROW(book_date, kind, account, shop, sum(points)::text, sum(money)::text, sum(lines)::text))
  FROM movements WHERE program = $1 GROUP BY book_date, kind, account, shop`
)

func (s *storedPrints) batches(r *rows.Row) error {
	s.batched = r.Int64()
	return nil
}

func (s *storedPrints) row(r *rows.Row) error {
	member := s.Member(r.Member())
	available, pending, reserved, debt, spilled, spilledPoints := r.Int64(), r.Int64(), r.Int64(), r.Int64(), r.Int64(), r.Int64()
	lots, holds := r.Array(8), r.Array(8)
	s.odd = s.odd || !lots.List && !lots.Null || !holds.List && !holds.Null || lots.N%5 != 0 || holds.N%4 != 0
	var sum struct{ available, pending, reserved int64 }
	for range lots.N / 5 {
		lot, remaining, set := ledger.LotID(lots.Next()), lots.Next(), lots.Next()
		lots.Next()
		lots.Next()
		s.lot(member, lot, remaining, set)
		sum.available += remaining
		sum.reserved += set
	}
	for range holds.N / 4 {
		lot, n := ledger.LotID(holds.Next()), holds.Next()
		holds.Next()
		holds.Next()
		s.add(member, ledger.MemberPending, lot, n)
		sum.pending += n
	}
	s.held -= draw.Bits(debt) * s.Lot(member, ledger.MemberDebt, 0)
	count, points := r.Int64(), r.Int64()
	s.miscounted = s.miscounted || spilled != count || spilledPoints != points
	sum.available += points
	sum.reserved += r.Int64()
	s.unbalanced = s.unbalanced || available != sum.available || pending != sum.pending || reserved != sum.reserved
	return nil
}

func (s *storedPrints) spilled(r *rows.Row) error {
	s.lot(s.Member(r.Member()), ledger.LotID(r.Int64()), r.Int64(), r.Int64())
	return nil
}

func (s *storedPrints) lot(member uint64, lot ledger.LotID, remaining, reserved int64) {
	s.add(member, ledger.MemberAvailable, lot, remaining)
	s.add(member, ledger.MemberReserved, lot, reserved)
}

func (s *storedPrints) add(member uint64, a ledger.Account, lot ledger.LotID, n int64) {
	s.held += draw.Bits(n) * s.Lot(member, a, lot)
	s.below = s.below || n < 0
}

func (s *storedPrints) day(r *rows.Row) error {
	date, kind := r.Date(), ledger.Kind(r.Int16())
	number := s.Sum(s.Day(s.scope.program.ID, kind, date.Unix()/86400), ledger.Account(r.Int16()), r.Text())
	var amounts [3]uint64
	for i := range amounts {
		n, ok := r.Modulo()
		s.noDays = s.noDays || !ok
		amounts[i] = n
	}
	s.days.add(number, amounts)
	return nil
}

func (s *storedPrints) claim(m ledger.Member, id ledger.TransactionID) {
	s.keys += s.Transaction(s.Member(m), id)
}

const (
	// howManySQL counts the members of all programs.
	howManySQL = `SELECT record_send(ROW(count(*))) FROM members`

	// knownSQL lists them.
	knownSQL = `SELECT record_send(ROW(member, program)) FROM members`
)

// mostKnown bounds how many members are held, for memory shall not grow with the books. Beyond, strangersSQL looks for others.
const mostKnown = 300_000

// knownMembers are the members with their programs; many: there are too many to hold.
func knownMembers(ctx context.Context, q rows.Preparer, d *draw.Draw) (known draw.Table, many bool, err error) {
	var n int64
	err = rows.Each(ctx, q, func(r *rows.Row) error {
		n = r.Int64()
		return nil
	}, howManySQL)
	if err != nil {
		return known, false, fmt.Errorf("count members: %w", err)
	}
	if n > mostKnown {
		return known, true, nil
	}
	known = draw.NewTable(int(n))
	err = rows.Each(ctx, q, func(r *rows.Row) error {
		known.Add(ofProgram(d, d.Member(r.Member()), r.Int32()))
		return nil
	}, knownSQL)
	if err != nil {
		return known, false, fmt.Errorf("list members: %w", err)
	}
	return known, false, nil
}

// ofProgram is the number of a member in a program.
func ofProgram(d *draw.Draw, member uint64, program int) uint64 {
	return d.Of(member, 0, draw.Bits(program))
}
