package engine

import (
	"context"
	"time"

	"chobo/ledger"
	"chobo/points"
)

// A cut array holds what all members have, and where each one's part begins and ends.
type cut struct {
	array
	from, to array
}

func newCut(of array) cut { return cut{of, int4s(), int4s()} }

func (c *cut) begin() { c.from.int32(c.n) }
func (c *cut) end()   { c.to.int32(c.n) }

// accountRows are the members' rows as postSQL takes them. What of the lots goes into rows of their own goes to spill.
func accountRows(changed []*loaded, spill *spill) []any {
	members, versions, status := uuids(), int8s(), int2s()
	available, pending, reserved, debt := int8s(), int8s(), int8s(), int8s()
	transactions, lastLots := int8s(), int8s()
	lastAt, qualifiedAt, activeAt, lapsedAt := times(), times(), times(), times()
	spilled, spilledPoints, spillExpires := int4s(), int8s(), times()
	hints, lots, holds, orders, watch := newCut(int8s()), newCut(int8s()), newCut(int8s()), newCut(texts()), newCut(texts())
	for _, l := range changed {
		repacked := l.Repack()
		spill.add(l, repacked)
		members.member(l.Member)
		versions.int64(l.version)
		status.int16(int16(l.Status))
		available.int64(int64(l.Available))
		pending.int64(int64(l.Pending))
		reserved.int64(int64(l.Reserved))
		debt.int64(int64(l.Debt))
		transactions.int64(int64(l.LastTransaction))
		lastLots.int64(int64(l.LastLot))
		lastAt.time(l.LastAt)
		qualifiedAt.time(l.QualifiedAt)
		activeAt.time(l.ActiveAt)
		lapsedAt.time(l.LapsedAt)
		spilled.int32(repacked.Spilled)
		spilledPoints.int64(int64(repacked.SpilledPoints))
		spillExpires.time(repacked.SpillExpires)
		hints.begin()
		if l.Hints != [points.DueKinds]time.Time{} {
			for _, at := range l.Hints {
				hints.int64(micros(at))
			}
		}
		hints.end()
		lots.begin()
		for _, lot := range repacked.Packed {
			packLot(&lots.array, lot)
		}
		lots.end()
		holds.begin()
		orders.begin()
		for _, h := range l.Holds {
			packHold(&holds.array, h)
			orders.text(h.Order)
		}
		holds.end()
		orders.end()
		watch.begin()
		for _, w := range l.Watch {
			watch.text(w.String())
		}
		watch.end()
	}
	return []any{&members, &versions, &status, &available, &pending,
		&reserved, &debt, &transactions, &lastLots, &lastAt, &qualifiedAt, &activeAt, &lapsedAt,
		&spilled, &spilledPoints, &spillExpires,
		&hints.array, &lots.array, &holds.array, &orders.array, &watch.array,
		&hints.from, &hints.to, &lots.from, &lots.to, &holds.from, &holds.to,
		&orders.from, &orders.to, &watch.from, &watch.to}
}

func packLot(a *array, l points.Lot) {
	a.int64(int64(l.ID))
	a.int64(int64(l.Remaining))
	a.int64(int64(l.Reserved))
	a.int64(micros(l.ExpiresAt))
	a.int64(micros(l.GrantedAt))
}

func packHold(a *array, h points.Hold) {
	a.int64(int64(h.Lot))
	a.int64(int64(h.Points))
	a.int64(micros(h.Due))
	a.int64(micros(h.ExpiresAt))
}

const (
	newSpillSQL = `
INSERT INTO spilled_lots (member, lot, remaining, reserved, expires_at, granted_at)
SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::timestamptz[]),
       unnest($6::timestamptz[])`
	// These find rows by their whole key: no member = ANY, as in recallSQL.
	changedSpillSQL = `
UPDATE spilled_lots s SET remaining = u.remaining, reserved = u.reserved, expires_at = u.expires_at, granted_at = u.granted_at
  FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
    AS u(member, lot, remaining, reserved, expires_at, granted_at)
 WHERE s.member = u.member AND s.lot = u.lot`
	goneSpillSQL = `
DELETE FROM spilled_lots s USING unnest($1::uuid[], $2::bigint[]) AS u(member, lot)
 WHERE s.member = u.member AND s.lot = u.lot`
)

// A spill is what changes among the lots in rows of their own.
type spill struct {
	added, changed        lotRows
	goneMembers, goneLots array
}

func newSpill() *spill {
	return &spill{newLotRows(), newLotRows(), uuids(), int8s()}
}

func (s *spill) add(l *loaded, r points.Repacking) {
	for _, lot := range r.Insert {
		s.added.add(l.Member, lot)
	}
	for _, lot := range r.Update {
		s.changed.add(l.Member, lot)
	}
	for _, lot := range r.Delete {
		s.goneMembers.member(l.Member)
		s.goneLots.int64(int64(lot))
	}
}

func (s *spill) store(ctx context.Context, b *batch) error {
	if err := b.write(ctx, goneSpillSQL, s.goneLots.n, &s.goneMembers, &s.goneLots); err != nil {
		return err
	}
	if err := b.write(ctx, changedSpillSQL, s.changed.lots.n, s.changed.args()...); err != nil {
		return err
	}
	return b.write(ctx, newSpillSQL, s.added.lots.n, s.added.args()...)
}

// lotRows are columns of spilled_lots.
type lotRows struct {
	members, lots, remaining, reserved, expires, granted array
}

func newLotRows() lotRows { return lotRows{uuids(), int8s(), int8s(), int8s(), times(), times()} }

func (r *lotRows) add(m ledger.Member, l points.Lot) {
	r.members.member(m)
	r.lots.int64(int64(l.ID))
	r.remaining.int64(int64(l.Remaining))
	r.reserved.int64(int64(l.Reserved))
	r.expires.time(l.ExpiresAt)
	r.granted.time(l.GrantedAt)
}

func (r *lotRows) args() []any {
	return []any{&r.members, &r.lots, &r.remaining, &r.reserved, &r.expires, &r.granted}
}

const (
	newDueSQL = `
INSERT INTO due (member, kind, at, program)
SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::timestamptz[]), unnest($4::int[])
    ON CONFLICT DO NOTHING`
	// goneDueSQL reads the whole list of the members, which is short.
	goneDueSQL = `
DELETE FROM due d USING unnest($1::uuid[], $2::smallint[], $3::timestamptz[]) AS u(member, kind, at)
 WHERE d.member = u.member AND d.kind = u.kind AND d.at <= u.at AND d.member = ANY($1::uuid[])`
)

// dueNotes are what changes in the jobs' list of members to visit.
type dueNotes struct {
	members, kinds, at, programs    array
	goneMembers, goneKinds, goneAts array
}

func newDueNotes() *dueNotes {
	return &dueNotes{uuids(), int2s(), times(), int4s(), uuids(), int2s(), times()}
}

// note sees to it that for each kind of event that the member has due a note stands in the list, not later than it;
// and takes out those that a job has worked off.
func (d *dueNotes) note(l *loaded) {
	for kind := range points.Due(points.DueKinds) {
		if up := l.Visited(kind); !up.IsZero() {
			d.goneMembers.member(l.Member)
			d.goneKinds.int16(int16(kind))
			d.goneAts.time(up)
		}
		next := l.VisitDue(kind)
		if next.IsZero() || !l.Hints[kind].IsZero() && !next.Before(l.Hints[kind]) {
			continue
		}
		l.Hints[kind] = next
		d.members.member(l.Member)
		d.kinds.int16(int16(kind))
		d.at.time(next)
		d.programs.int32(l.program.ID)
	}
}

func (d *dueNotes) store(ctx context.Context, b *batch) error {
	if d.goneKinds.n > 0 {
		if _, err := b.exec(ctx, goneDueSQL, &d.goneMembers, &d.goneKinds, &d.goneAts); err != nil {
			return err
		}
	}
	if d.kinds.n == 0 {
		return nil
	}
	_, err := b.exec(ctx, newDueSQL, &d.members, &d.kinds, &d.at, &d.programs)
	return err
}
