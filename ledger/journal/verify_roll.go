package journal

import (
	"context"
	"fmt"
	"math"
	mathbits "math/bits"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// A roll holds what members' rows say while the journal is walked through, and proves by each transaction what no sum can:
// that a member's last transaction is the last, that a lot is as old as the transaction that it came with. It is made for so
// many members and lots at most; beyond, statements find the differences, since memory shall not grow with the books.
type roll struct {
	p       *prints
	members map[ledger.Member]int32
	rows    []memberRow
	ages    origins // of lots
	orders  origins // of holds

	lots, holds                 uint64 // sums of what rows say, as those of prints
	lotsOdd, holdsOdd, stateOdd bool   // a row says what no journal can bear out
	timeOdd, dueOdd             bool   // something happened before what was posted earlier; a visit is missing
}

// Most members and lots, with holds, that a roll is made for: some 20 MB each.
const (
	mostMembers = 200_000
	mostOrigins = 600_000
)

// A memberRow is where a member stands, by the row and by the journal so far.
type memberRow struct{ said, seen memberState }

type memberState struct {
	last   ledger.TransactionID
	at     int64 // the latest that happened, microseconds since 1970
	lot    ledger.LotID
	status int8
}

// never is before all that happened.
const never = math.MinInt64

// An origin is a lot's age and expiry, or a hold's order, as the row says.
type origin struct {
	from   int64 // when the lot was granted; of a hold, the order's number
	expiry int64 // of the lot; 0: it has none
}

// What the journal has told of an origin.
const (
	came    = 1 << iota // the transaction that it came with
	stamped             // the expiry that it has
	wrong               // something else
)

// origins is a table of open addressing. Its keys stand by themselves, since most that are looked for are not there.
type origins struct {
	keys []uint64 // 0: nothing stands there
	all  []origin
	told []uint8
}

func newOrigins(n int) origins {
	n += n/2 + 1
	return origins{make([]uint64, n), make([]origin, n), make([]uint8, n)}
}

// place is where the key stands; there is false where it does not.
func (o *origins) place(key uint64) (i int, there bool) {
	hi, _ := mathbits.Mul64(key, uint64(len(o.keys)))
	for i = int(hi); ; i++ { //nolint:gosec // less than there are
		if i == len(o.keys) {
			i = 0
		}
		if k := o.keys[i]; k == key || k == 0 {
			return i, k == key
		}
	}
}

// add adds what a row says; false: there is one already.
func (o *origins) add(key uint64, one origin) bool {
	i, there := o.place(key)
	if !there {
		o.keys[i], o.all[i] = key, one
	}
	return !there
}

// borneOut tells whether the journal has told of each what its row says.
func (o *origins) borneOut() bool {
	for i, key := range o.keys {
		if key != 0 && (o.told[i]&(came|wrong) != came || o.all[i].expiry != 0 && o.told[i]&stamped == 0) {
			return false
		}
	}
	return true
}

type lotKey struct {
	member  ledger.Member
	account ledger.Account
	lot     ledger.LotID
}

// origin is the key of a lot or of a hold in their tables.
func (p *prints) origin(m ledger.Member, lot ledger.LotID) uint64 {
	return max(1, numberOf(p, lotKey{member: m, lot: lot}))
}

// rollSizeSQL is how many lots, holds and rows of members there are, at most.
const rollSizeSQL = `
SELECT record_send(ROW(coalesce(sum(coalesce(cardinality(lots), 0)) / 5, 0)::bigint + (SELECT count(*) FROM spilled_lots),
                       coalesce(sum(coalesce(cardinality(holds), 0)) / 4, 0)::bigint, count(*)))
  FROM accounts WHERE $1::int IN (0, program)`

// rollSQL reads members' rows, those that no list of members has, and members without a row. due's kinds are 1, a hold
// that ends, and 2, a lot that expires.
const rollSQL = `
SELECT record_send(ROW(coalesce(a.member, m.member), a.status, m.member IS NOT NULL, m.program IS NOT DISTINCT FROM a.program,
                       a.last_transaction, a.last_at, a.last_lot, a.lots, a.holds, a.hold_orders, d.mature, d.expire))
  FROM accounts a FULL JOIN members m ON m.member = a.member
  LEFT JOIN (SELECT member, min(at) FILTER (WHERE kind = 1) AS mature, min(at) FILTER (WHERE kind = 2) AS expire FROM due GROUP BY member) d ON d.member = a.member
 WHERE $1::int IN (0, a.program, m.program)`

const rollSpilledSQL = `
SELECT record_send(ROW(member, lot, remaining, reserved, expires_at, granted_at)) FROM spilled_lots
 WHERE $1::int = 0 OR member IN (SELECT member FROM accounts WHERE program = $1)`

// newRoll reads what members' rows say; nil: there are too many.
func (p *proof) newRoll(ctx context.Context) (*roll, error) {
	var lots, holds, members int64
	err := rows.Each(ctx, p.tx, func(r *rows.Row) error {
		lots, holds, members = r.Int64(), r.Int64(), r.Int64()
		return nil
	}, rollSizeSQL, p.Program)
	if err != nil {
		return nil, fmt.Errorf("measure members' rows: %w", err)
	}
	if lots+holds > mostOrigins || members > mostMembers {
		return nil, nil
	}
	a := &roll{p: p.prints, members: make(map[ledger.Member]int32, members), rows: make([]memberRow, 0, members), ages: newOrigins(int(lots)), orders: newOrigins(int(holds))}
	if err := rows.Each(ctx, p.tx, a.read, rollSQL, p.Program); err != nil {
		return nil, fmt.Errorf("read members' rows: %w", err)
	}
	err = rows.Each(ctx, p.tx, func(r *rows.Row) error {
		a.lot(r.Member(), ledger.LotID(r.Int64()), r.Int64(), r.Int64(), r.Micros(0), r.Micros(0))
		return nil
	}, rollSpilledSQL, p.Program)
	if err != nil {
		return nil, fmt.Errorf("read spilled lots: %w", err)
	}
	return a, nil
}

// read takes in a row of rollSQL.
func (a *roll) read(r *rows.Row) error {
	member := r.Member()
	none := r.Null()
	said := memberState{status: int8(r.Int16())} //nolint:gosec // a small number
	known, same := r.Bool(), r.Bool()
	said.last, said.at, said.lot = ledger.TransactionID(r.Int64()), r.Micros(never), ledger.LotID(r.Int64())
	switch {
	case none, known != (said.status != 0), known && !same:
		a.stateOdd = true // one without the other, but for a row that was locked once and never posted to
	case known:
		a.members[member] = int32(len(a.rows)) //nolint:gosec // at most mostMembers
		a.rows = append(a.rows, memberRow{said, memberState{status: 1, at: never}})
	}
	expires := a.readLots(member, r.Array(8))
	matures := a.readHolds(member, r.Array(8), r.Texts())
	a.dueOdd = a.dueOdd || r.Micros(math.MaxInt64) > matures || r.Micros(math.MaxInt64) > expires
	return nil
}

// readLots reads the lots in a row, and when the first of their available points expires.
func (a *roll) readLots(m ledger.Member, lots rows.Array) (first int64) {
	first = math.MaxInt64
	a.lotsOdd = a.lotsOdd || !lots.List && !lots.Null || lots.N%5 != 0
	for range lots.N / 5 {
		lot, remaining, reserved, expires, granted := ledger.LotID(lots.Next()), lots.Next(), lots.Next(), lots.Next(), lots.Next()
		a.lot(m, lot, remaining, reserved, expires, granted)
		if remaining > 0 && expires > 0 {
			first = min(first, expires)
		}
	}
	return first
}

func (a *roll) lot(m ledger.Member, lot ledger.LotID, remaining, reserved, expires, granted int64) {
	a.lots += uint64(remaining)*numberOf(a.p, lotKey{m, ledger.MemberAvailable, lot}) + uint64(reserved)*numberOf(a.p, lotKey{m, ledger.MemberReserved, lot}) //nolint:gosec // the bits
	if remaining == 0 && reserved == 0 || !a.ages.add(a.p.origin(m, lot), origin{granted, expires}) {
		a.lotsOdd = true
	}
}

// readHolds reads the holds in a row with the orders beside them, and when the first ends.
func (a *roll) readHolds(m ledger.Member, holds, names rows.Array) (first int64) {
	first = math.MaxInt64
	a.holdsOdd = a.holdsOdd || !holds.List && !holds.Null || holds.N%4 != 0 || !names.List && !names.Null
	for range holds.N / 4 {
		lot, points, due := ledger.LotID(holds.Next()), holds.Next(), holds.Next()
		holds.Next()
		order, ok := names.NextText()
		a.holds += uint64(points) * numberOf(a.p, lotKey{m, ledger.MemberPending, lot}) //nolint:gosec // the bits
		if points == 0 || !ok || !a.orders.add(a.p.origin(m, lot), origin{from: a.p.orderNumber(order)}) {
			a.holdsOdd = true
		}
		if due > 0 {
			first = min(first, due)
		}
	}
	return first
}

// orderNumber is the number of an order's id.
func (p *prints) orderNumber(id string) int64 {
	return int64(numberOf(p, id)) //nolint:gosec // the bits
}

// add takes in a transaction of the journal.
func (a *roll) add(t *Posted) {
	at := t.OccurredAt.UnixMicro()
	i, ok := a.members[t.Member]
	if !ok {
		if a.p.program == 0 || t.Program == a.p.program {
			a.stateOdd, a.timeOdd, a.lotsOdd, a.holdsOdd = true, true, true, true
		}
		return
	}
	s := &a.rows[i].seen
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
			a.lotCame(t, l, at)
		case l.Account == ledger.MemberPending:
			a.holdCame(t, l)
		}
	}
}

// lotCame takes in a line that made points of a lot available.
func (a *roll) lotCame(t *Posted, l *ledger.Line, at int64) {
	o := &a.ages
	i, there := o.place(a.p.origin(t.Member, l.Lot))
	if !there {
		return // it is spent
	}
	one := o.all[i]
	if o.told[i]&came == 0 && at != one.from {
		o.told[i] |= wrong
	}
	o.told[i] |= came
	if l.ExpiresAt.IsZero() {
		return
	}
	switch expiry := l.ExpiresAt.UnixMicro(); {
	case expiry == one.expiry:
		o.told[i] |= stamped
	case expiry > one.expiry:
		o.told[i] |= wrong
	}
}

// holdCame takes in a line of pending points. Kinds 1 and 3 name an order, see holdsSQL.
func (a *roll) holdCame(t *Posted, l *ledger.Line) {
	o := &a.orders
	i, there := o.place(a.p.origin(t.Member, l.Lot))
	if !there || o.told[i]&came != 0 {
		return
	}
	order := ""
	if t.Kind == ledger.GrantPending || t.Kind == ledger.RepricePending {
		order = t.Subject
	}
	if o.all[i].from != a.p.orderNumber(order) {
		o.told[i] |= wrong
	}
	o.told[i] |= came
}

// statesAgree tells whether each member stands where the journal left him.
func (a *roll) statesAgree() bool {
	for i := range a.rows {
		if r := &a.rows[i]; r.said != r.seen {
			return false
		}
	}
	return !a.stateOdd
}
