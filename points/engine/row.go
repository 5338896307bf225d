package engine

import (
	"fmt"
	"time"

	"chobo/ledger"
	"chobo/ledger/rows"
	"chobo/points"
)

// A loaded is a member's account as the database had it and as commands changed it since.
type loaded struct {
	*points.Account
	program  *Program
	stock    *stock
	version  int64 // of the row; the update finds the row only if nobody else changed it
	enrolled bool  // before the batch
	changed  bool  // a command was accepted
	spilled  int   // lots that were loaded from rows of their own
}

// rowColumns are what readRow reads. The revision is read by the way; a change that commits while locks are awaited is
// seen by the next batch.
const rowColumns = `
SELECT record_send(ROW((SELECT revision FROM installation WHERE only_one),
       member, version, status, available, pending, reserved, debt, last_transaction, last_lot,
       last_at, qualified_at, active_at, lapsed_at, spilled, spilled_points, spill_expires,
       hints, lots, holds, hold_orders, watch))
  FROM accounts`

// lockSQL locks the members of a batch in the order of their keys and returns their rows. $1 is sorted.
const lockSQL = rowColumns + `
 WHERE member = ANY($1::uuid[])
 ORDER BY member
   FOR UPDATE`

// readSQL reads a member's row without a lock.
const readSQL = rowColumns + `
 WHERE member = $1`

// rowFields is how many fields the queries for a member's row select.
const rowFields = 22

// readRow reads a member's row: rowFields fields, of which the first is installation.revision.
func readRow(r *rows.Row) (revision int64, l *loaded, err error) {
	revision = r.Int64()
	l = &loaded{Account: &points.Account{}}
	a := l.Account
	a.Member = r.Member()
	l.version = r.Int64()
	a.Status = points.Status(r.Int16())
	l.enrolled = a.Status != 0
	for _, n := range []*ledger.Points{&a.Available, &a.Pending, &a.Reserved, &a.Debt} {
		*n = ledger.Points(r.Int64())
	}
	a.LastTransaction, a.LastLot = ledger.TransactionID(r.Int64()), ledger.LotID(r.Int64())
	for _, t := range []*time.Time{&a.LastAt, &a.QualifiedAt, &a.ActiveAt, &a.LapsedAt} {
		*t = r.Time()
	}
	a.Spilled, a.SpilledPoints, a.SpillExpires = r.Int32(), ledger.Points(r.Int64()), r.Time()
	hints, lots, holds := r.Int64s(), r.Int64s(), r.Int64s()
	orders, watch := r.Strings(), r.Strings()
	if r.Err != nil {
		return 0, nil, fmt.Errorf("read a member's row: %w", r.Err)
	}
	if err := unpack(a, hints, lots, holds, orders, watch); err != nil {
		return 0, nil, fmt.Errorf("read the row of member %s: %w", a.Member, err)
	}
	return revision, l, nil
}

// How many numbers pack a lot and a hold.
const (
	lotNumbers  = 5
	holdNumbers = 4
)

func unpack(a *points.Account, hints, lots, holds []int64, orders, watch []string) error {
	if len(hints) != 0 && len(hints) != points.DueKinds || len(lots)%lotNumbers != 0 || len(holds)%holdNumbers != 0 || len(orders) != len(holds)/holdNumbers {
		return fmt.Errorf("%d hints, %d numbers of lots, %d of holds, %d orders", len(hints), len(lots), len(holds), len(orders))
	}
	for i, at := range hints {
		a.Hints[i] = instant(at)
	}
	if len(lots) > 0 {
		a.Lots = make([]points.Lot, 0, len(lots)/lotNumbers+1)
	}
	for ; len(lots) > 0; lots = lots[lotNumbers:] {
		a.Lots = append(a.Lots, points.Lot{ID: ledger.LotID(lots[0]), Remaining: ledger.Points(lots[1]), Reserved: ledger.Points(lots[2]),
			ExpiresAt: instant(lots[3]), GrantedAt: instant(lots[4])})
	}
	for i := 0; len(holds) > 0; i, holds = i+1, holds[holdNumbers:] {
		a.Holds = append(a.Holds, points.Hold{Lot: ledger.LotID(holds[0]), Points: ledger.Points(holds[1]), Due: instant(holds[2]),
			ExpiresAt: instant(holds[3]), Order: orders[i]})
	}
	for _, s := range watch {
		w, err := points.ParseWatched(s)
		if err != nil {
			return err
		}
		a.Watch = append(a.Watch, w)
	}
	return nil
}

// instant is the time of so many microseconds since 1970; zero for 0.
func instant(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// micros is the reverse of instant.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
