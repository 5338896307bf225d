package engine

import (
	"context"
	"fmt"
)

// write runs a statement that must touch exactly so many rows, and none at all if there are none.
func (b *batch) write(ctx context.Context, query string, rows int, args ...any) error {
	if rows == 0 {
		return nil
	}
	n, err := b.exec(ctx, query, args...)
	if err == nil && n != rows {
		err = fmt.Errorf("%d rows, not %d: %w", n, rows, errOvertaken)
	}
	return err
}

// store writes what the commands did: most of it in one statement, the rest in one a table that it touches.
func (b *batch) store(ctx context.Context) error {
	var changed []*loaded
	for _, m := range b.members {
		if l := b.accounts[m]; l.changed {
			changed = append(changed, l)
		}
	}
	postings, due, spill := b.postings(), newDueNotes(), newSpill()
	made, altered, n := documentRows(changed)
	for _, l := range changed {
		due.note(l)
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"stock", func() error { return b.storeStock(ctx) }},
		{"postings", func() error { return b.post(ctx, changed, postings, made, spill) }},
		{"lots", func() error { return spill.store(ctx, b) }},
		{"what is due", func() error { return due.store(ctx, b) }},
		{"members", func() error { return b.storeMembers(ctx, changed) }},
		{"notes", func() error { return b.storeNotes(ctx, postings) }},
		{"documents", func() error { return b.write(ctx, changedDocumentsSQL, n, altered...) }},
		{"refunds", func() error { return b.storeRefunds(ctx, changed) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("store %s: %w", step.name, err)
		}
	}
	return nil
}

const membersSQL = `
INSERT INTO members (member, program, member_id, enrolled_at)
SELECT unnest($1::uuid[]), unnest($2::int[]), unnest($3::text[]), unnest($4::timestamptz[])`

// storeMembers keeps who the new members are.
func (b *batch) storeMembers(ctx context.Context, changed []*loaded) error {
	members, programs, names, at := uuids(), int4s(), texts(), times()
	for _, l := range changed {
		if l.Enrolled() && !l.enrolled {
			members.member(l.Member)
			programs.int32(l.program.ID)
			names.text(l.Name)
			at.time(l.Now)
		}
	}
	return b.write(ctx, membersSQL, members.n, &members, &programs, &names, &at)
}

// changedDocumentsSQL finds rows by their whole key: no member = ANY, as in recallSQL.
const changedDocumentsSQL = `
UPDATE documents d SET state = u.state, body = u.body
  FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::text[]) AS u(member, kind, id, state, body)
 WHERE d.member = u.member AND d.kind = u.kind AND d.id = u.id`

// documentRows are the documents that commands made, as postSQL takes them, and the n that they changed, as
// changedDocumentsSQL does.
func documentRows(changed []*loaded) (made, altered []any, n int) {
	members, kinds, ids, at, programs, states, bodies := uuids(), int2s(), texts(), times(), int4s(), texts(), texts()
	members2, kinds2, ids2, states2, bodies2 := uuids(), int2s(), texts(), texts(), texts()
	for _, l := range changed {
		for _, d := range l.Changed() {
			if d.Stored {
				members2.member(l.Member)
				kinds2.int16(int16(d.Kind))
				ids2.text(d.ID)
				states2.text(d.State)
				bodies2.bytes(d.Body)
				continue
			}
			members.member(l.Member)
			kinds.int16(int16(d.Kind))
			ids.text(d.ID)
			at.time(d.At)
			programs.int32(l.program.ID)
			states.text(d.State)
			bodies.bytes(d.Body)
		}
	}
	return []any{&members, &kinds, &ids, &at, &programs, &states, &bodies}, []any{&members2, &kinds2, &ids2, &states2, &bodies2}, ids2.n
}

const refundsSQL = `
INSERT INTO refunds (member, id, program, order_id, return_id, cause, money, cash_fallback, paid_by, occurred_at, posted_at)
SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::int[]), unnest($4::text[]), unnest($5::text[]), unnest($6::text[]),
       unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::text[]), unnest($10::timestamptz[]), unnest($11::timestamptz[])`

// storeRefunds writes what somebody outside has to pay back.
func (b *batch) storeRefunds(ctx context.Context, changed []*loaded) error {
	members, ids, programs, orders, returns, causes := uuids(), int8s(), int4s(), texts(), texts(), texts()
	money, fallbacks, payers, at, posted := int8s(), int8s(), texts(), times(), times()
	for _, l := range changed {
		for _, r := range l.Refunds {
			members.member(l.Member)
			ids.int64(int64(b.ids.next()))
			programs.int32(l.program.ID)
			orders.text(r.Order)
			returns.textOrNull(r.Return)
			causes.text(r.Cause)
			money.int64(int64(r.Money))
			fallbacks.int64(int64(r.CashFallback))
			payers.text(r.PaidBy)
			at.time(r.OccurredAt)
			posted.time(l.Now)
		}
	}
	return b.write(ctx, refundsSQL, ids.n, &members, &ids, &programs, &orders, &returns, &causes,
		&money, &fallbacks, &payers, &at, &posted)
}

// answerRows are the answers to keep under their keys, as postSQL takes them, and how many they are.
func (b *batch) answerRows() (rows []any, n int) {
	members, keys, first, counts := uuids(), texts(), int8s(), int2s()
	status, requests, answers := int2s(), byteas(), byteas()
	for _, u := range b.units {
		for i := range u.ops {
			op := &u.ops[i]
			if !op.store {
				continue
			}
			members.member(u.member)
			keys.text(op.Key)
			first.int64OrNull(int64(op.Transaction))
			counts.int16(int16(op.Transactions)) //nolint:gosec // far fewer
			status.int16(int16(op.Status))       //nolint:gosec // an HTTP status
			requests.bytes(op.Hash[:])
			answers.bytes(packAnswer(op.Body, op.Transaction))
		}
	}
	return []any{&members, &keys, &first, &counts, &status, &requests, &answers}, keys.n
}

// storeStockSQL sets what is left; the rows are locked since they were read.
const storeStockSQL = `
UPDATE benefit_stock s SET remaining = u.remaining
  FROM unnest($1::int[], $2::text[], $3::bigint[]) AS u(program, benefit, remaining)
 WHERE s.program = u.program AND s.benefit = u.benefit`

func (b *batch) storeStock(ctx context.Context) error {
	programs, benefits, left := int4s(), texts(), int8s()
	for program, stock := range b.stocks {
		for benefit, n := range stock.left {
			if stock.was[benefit] == *n {
				continue
			}
			programs.int32(program)
			benefits.text(benefit)
			left.int64(*n)
		}
	}
	return b.write(ctx, storeStockSQL, left.n, &programs, &benefits, &left)
}
