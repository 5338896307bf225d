package engine

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// makeSQL makes the rows of members who have none, in the order of their keys. $1 is sorted.
const makeSQL = `
INSERT INTO accounts (member, program)
SELECT u.member, u.program FROM unnest($1::uuid[], $2::int[]) AS u(member, program)
    ON CONFLICT DO NOTHING`

// lock locks the members of the batch and reads their rows. missing: those who have none, in order; nobody is
// locked for them.
func (b *batch) lock(ctx context.Context) (missing []ledger.Member, err error) {
	b.members = b.members[:0]
	for _, u := range b.units {
		if _, ok := b.accounts[u.member]; !ok {
			b.accounts[u.member] = nil
			b.members = append(b.members, u.member)
		}
	}
	slices.SortFunc(b.members, func(m, n ledger.Member) int { return bytes.Compare(m[:], n[:]) })
	keys := uuids()
	for _, m := range b.members {
		keys.member(m)
	}
	result, err := b.ask(ctx, lockSQL, &keys)
	err = each(result, err, rowFields, func(r *rows.Row) {
		revision, l, err := readRow(r)
		if err != nil {
			r.Err = err
			return
		}
		b.revision = revision
		b.accounts[l.Member] = l
	})
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	for _, m := range b.members {
		if b.accounts[m] == nil {
			missing = append(missing, m)
		}
	}
	return missing, nil
}

// make makes the rows of members who have none.
func (b *batch) make(ctx context.Context, missing []ledger.Member) error {
	program := make(map[ledger.Member]int, len(missing))
	for _, u := range b.units {
		program[u.member] = u.program.ID
	}
	members, programs := uuids(), int4s()
	for _, m := range missing {
		members.member(m)
		programs.int32(program[m])
	}
	if _, err := b.exec(ctx, makeSQL, &members, &programs); err != nil {
		return fmt.Errorf("make members' rows: %w", err)
	}
	return nil
}
