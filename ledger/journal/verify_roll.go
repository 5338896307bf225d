package journal

import (
	"context"
	"fmt"
	"math"

	"chobo/ledger"
	"chobo/ledger/draw"
	"chobo/ledger/rows"
)

// A roll holds of members' rows, while the journal is walked through, what no sum can prove: that a member's last transaction
// is the last, that a lot is as old as the transaction that it came with. It is made for so many members and lots at most;
// beyond, statements find the differences, since memory shall not grow with the books.
type roll struct {
	p          *prints
	members    draw.Table
	states     []memberState // by the journal so far, at the members' places
	ages       draw.Table    // of lots
	expiries   []int64       // as rows say, at the lots' places: microseconds since 1970; 0: never
	orders     draw.Table    // of holds
	said, told origins       // by rows; by the journal

	balances, lots, holds       uint64 // sums of what rows say, as those of prints
	standing                    uint64 // where rows say that members stand
	lotsOdd, holdsOdd, stateOdd bool   // a row says what no journal can bear out
	timeOdd, dueOdd             bool   // something happened before what was posted earlier; a visit is missing
}

// Most members and lots, with holds, that a roll is made for: some 12 MB each.
const (
	mostMembers = 200_000
	mostOrigins = 600_000
)

// A memberState is where a member stands.
type memberState struct {
	last   ledger.TransactionID
	at     int64 // the latest that happened, microseconds since 1970
	lot    ledger.LotID
	status int8
}

// number is that of a member's standing just so.
func (s memberState) number(d *draw.Draw, member uint64) uint64 {
	return d.Of(d.Of(member, draw.Bits(s.last), draw.Bits(s.at)), draw.Bits(int(s.status)), draw.Bits(s.lot))
}

// never is before all that happened.
const never = math.MinInt64

// Origins are sums over what live lots and holds came with.
type (
	origins struct {
		lots  lotOrigins
		holds holdOrigins
	}
	lotOrigins struct {
		count    int
		granted  uint64 // when, each times its number
		expiring int    // those that have the expiry that the row says
	}
	holdOrigins struct {
		count int
		order uint64 // numbers of holds with their orders
	}
)

// What the journal has told of a lot or a hold, as its mark.
const (
	came    = 1 // the transaction that it came with
	stamped = 2 // the expiry that it has
)

// rollSQL reads members' rows, those that no list of members has, and members without a row. due's kinds are 1, a hold
// that ends, and 2, a lot that expires.
const rollSQL = `
SELECT record_send(ROW(coalesce(a.member, m.member), a.status, m.member IS NOT NULL, m.program IS NOT DISTINCT FROM a.program,
                       a.last_transaction, a.last_at, a.last_lot, a.available, a.pending, a.reserved, a.debt, a.lots, a.holds, a.hold_orders, d.mature, d.expire))
  FROM accounts a FULL JOIN members m ON m.member = a.member
  LEFT JOIN (SELECT member, min(at) FILTER (WHERE kind = 1) AS mature, min(at) FILTER (WHERE kind = 2) AS expire FROM due GROUP BY member) d ON d.member = a.member
 WHERE $1::int IN (0, a.program, m.program)`

const rollSpilledSQL = `
SELECT record_send(ROW(member, lot, remaining, reserved, expires_at, granted_at)) FROM spilled_lots
 WHERE $1::int = 0 OR member IN (SELECT member FROM accounts WHERE program = $1)`

// readRoll reads what members' rows say, unless there are too many.
func (p *proof) readRoll(ctx context.Context, q rows.Preparer) error {
	if err := p.measure(ctx, q); err != nil {
		return err
	}
	s := p.sizes
	lots := s.lots - s.spilled + s.apart
	if lots+s.holds > mostOrigins || s.accounts > mostMembers {
		return nil
	}
	a := &roll{p: p.prints, members: draw.NewTable(int(s.accounts)), ages: draw.NewTable(int(lots)), orders: draw.NewTable(int(s.holds))}
	a.states, a.expiries = make([]memberState, a.members.Places()), make([]int64, a.ages.Places())
	if err := rows.Each(ctx, q, a.read, rollSQL, p.Program); err != nil {
		return fmt.Errorf("read members' rows: %w", err)
	}
	err := rows.Each(ctx, q, func(r *rows.Row) error {
		a.lot(a.p.Member(r.Member()), ledger.LotID(r.Int64()), r.Int64(), r.Int64(), r.Micros(0), r.Micros(0))
		return nil
	}, rollSpilledSQL, p.Program)
	if err != nil {
		return fmt.Errorf("read spilled lots: %w", err)
	}
	p.roll = a
	return nil
}

// read takes in a row of rollSQL.
func (a *roll) read(r *rows.Row) error {
	member := a.p.Member(r.Member())
	none := r.Null()
	said := memberState{status: int8(r.Int16())} //nolint:gosec // a small number
	known, same := r.Bool(), r.Bool()
	said.last, said.at, said.lot = ledger.TransactionID(r.Int64()), r.Micros(never), ledger.LotID(r.Int64())
	switch {
	case none, known != (said.status != 0), known && !same:
		a.stateOdd = true // one without the other, but for a row that was locked once and never posted to
	case known:
		i, added := a.members.Add(member)
		a.stateOdd = a.stateOdd || !added
		a.states[i] = memberState{status: 1, at: never}
		a.standing += said.number(a.p.Draw, a.members.At(i))
	}
	for _, account := range []ledger.Account{ledger.MemberAvailable, ledger.MemberPending, ledger.MemberReserved} {
		a.balances += draw.Bits(r.Int64()) * a.p.Lot(member, account, 0)
	}
	a.balances -= draw.Bits(r.Int64()) * a.p.Lot(member, ledger.MemberDebt, 0)
	expires := a.readLots(member, r.Array(8))
	matures := a.readHolds(member, r.Array(8), r.Texts())
	a.dueOdd = a.dueOdd || r.Micros(math.MaxInt64) > matures || r.Micros(math.MaxInt64) > expires
	return nil
}

// readLots reads the lots in a row, and when the first of their available points expires.
func (a *roll) readLots(member uint64, lots rows.Array) (first int64) {
	first = math.MaxInt64
	a.lotsOdd = a.lotsOdd || !lots.List && !lots.Null || lots.N%5 != 0
	for range lots.N / 5 {
		lot, remaining, reserved, expires, granted := ledger.LotID(lots.Next()), lots.Next(), lots.Next(), lots.Next(), lots.Next()
		a.lot(member, lot, remaining, reserved, expires, granted)
		if remaining > 0 && expires > 0 {
			first = min(first, expires)
		}
	}
	return first
}

func (a *roll) lot(member uint64, lot ledger.LotID, remaining, reserved, expires, granted int64) {
	a.lots += draw.Bits(remaining)*a.p.Lot(member, ledger.MemberAvailable, lot) + draw.Bits(reserved)*a.p.Lot(member, ledger.MemberReserved, lot)
	number := a.p.Lot(member, 0, lot)
	i, added := a.ages.Add(number)
	if remaining == 0 && reserved == 0 || !added {
		a.lotsOdd = true
		return
	}
	a.expiries[i] = expires
	said := &a.said.lots
	said.count++
	said.granted += draw.Bits(granted) * number
	if expires != 0 {
		said.expiring++
	}
}

// readHolds reads the holds in a row with the orders beside them, and when the first ends.
func (a *roll) readHolds(member uint64, holds, names rows.Array) (first int64) {
	first = math.MaxInt64
	a.holdsOdd = a.holdsOdd || !holds.List && !holds.Null || holds.N%4 != 0 || !names.List && !names.Null
	for range holds.N / 4 {
		lot, points, due := ledger.LotID(holds.Next()), holds.Next(), holds.Next()
		holds.Next()
		order, ok := names.NextText()
		number := a.p.Lot(member, ledger.MemberPending, lot)
		a.holds += draw.Bits(points) * number
		_, added := a.orders.Add(number)
		a.holdsOdd = a.holdsOdd || points == 0 || !ok || !added
		a.said.holds.came(a.p.Draw, number, order)
		if due > 0 {
			first = min(first, due)
		}
	}
	return first
}

// came takes in the order that a hold came with.
func (o *holdOrigins) came(d *draw.Draw, hold uint64, order string) {
	o.count++
	o.order += d.Order(hold, order)
}

// add takes in a transaction of the journal, of the member of that number.
func (a *roll) add(t *Posted, member uint64) {
	at := t.OccurredAt.UnixMicro()
	i, ok := a.members.Find(member)
	if !ok {
		if a.p.program == 0 || t.Program == a.p.program {
			a.stateOdd, a.timeOdd, a.lotsOdd, a.holdsOdd = true, true, true, true
		}
		return
	}
	s := &a.states[i]
	a.timeOdd = a.timeOdd || at < s.at
	s.last, s.at = t.ID, max(s.at, at)
	switch t.Kind {
	case ledger.Suspend:
		s.status = 2
	case ledger.Reinstate:
		s.status = 1
	case ledger.Close:
		s.status = 3
	}
	for k := range t.Lines {
		l := &t.Lines[k]
		s.lot = max(s.lot, l.Lot)
		switch {
		case l.Account == ledger.MemberAvailable && l.Points < 0:
			a.lotCame(l, a.p.Lot(member, 0, l.Lot), at)
		case l.Account == ledger.MemberPending:
			a.holdCame(t, a.p.Lot(member, l.Account, l.Lot))
		}
	}
}

// lotCame takes in a line that made points of a lot available.
func (a *roll) lotCame(l *ledger.Line, lot uint64, at int64) {
	i, there := a.ages.Find(lot)
	if !there {
		return // it is spent
	}
	if a.ages.Mark(i, came) {
		a.told.lots.count++
		a.told.lots.granted += draw.Bits(at) * lot
	}
	if l.ExpiresAt.IsZero() {
		return
	}
	switch expiry := l.ExpiresAt.UnixMicro(); {
	case expiry > a.expiries[i]:
		a.lotsOdd = true
	case expiry == a.expiries[i] && a.ages.Mark(i, stamped):
		a.told.lots.expiring++
	}
}

// holdCame takes in a line of pending points. Kinds 1 and 3 name an order, see holdsSQL.
func (a *roll) holdCame(t *Posted, hold uint64) {
	i, there := a.orders.Find(hold)
	if !there || !a.orders.Mark(i, came) {
		return
	}
	order := ""
	if t.Kind == ledger.GrantPending || t.Kind == ledger.RepricePending {
		order = t.Subject
	}
	a.told.holds.came(a.p.Draw, hold, order)
}

// statesAgree tells whether each member stands where the journal left him.
func (a *roll) statesAgree() bool {
	var stand uint64
	for i := range a.states {
		if member := a.members.At(i); member != 0 {
			stand += a.states[i].number(a.p.Draw, member)
		}
	}
	return !a.stateOdd && stand == a.standing
}
