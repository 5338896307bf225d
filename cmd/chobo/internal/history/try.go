package history

import (
	"context"
	"fmt"

	"github.com/lib/pq"
	"golang.org/x/sync/errgroup"

	"chobo/points/engine"
)

// triesAtOnce bounds how many connections a dry run takes.
const triesAtOnce = 8

// answeredSQL finds the answers that keys had. Members and keys stand side by side in two arrays.
const answeredSQL = `
SELECT u.place, o.status
  FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS u(member, key, place)
  JOIN operations o ON o.member = u.member AND o.key = u.key`

// try tells what would become of a chunk: each entry by itself, on the books as they are, without those before it.
func (m *migration) try(ctx context.Context, chunk []*entry) error {
	var open []*request
	for _, e := range chunk {
		m.summary.Read++
		if len(e.bad) > 0 {
			m.leave(e)
			continue
		}
		open = append(open, &request{entry: e, step: e.steps[0], attempt: 1})
	}
	fresh, err := m.fresh(ctx, open)
	if err != nil {
		return err
	}
	m.summary.Already += int64(len(open) - len(fresh))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(triesAtOnce)
	for _, r := range fresh {
		g.Go(func() error { return m.tryOne(ctx, r.entry) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, r := range fresh {
		if len(r.entry.bad) > 0 {
			m.leave(r.entry)
			continue
		}
		m.summary.Posted++
		m.summary.Points += r.entry.points
	}
	m.progress("trying", m.summary.Read, m.surveyed.entries)
	return nil
}

// fresh are the requests that were not carried out before.
func (m *migration) fresh(ctx context.Context, open []*request) (fresh []*request, err error) {
	for len(open) > 0 {
		members, keys := make([]string, len(open)), make([]string, len(open))
		for i, r := range open {
			members[i], keys[i] = m.program.Member(r.entry.member).String(), r.entry.key(r.step, r.attempt)
		}
		var answers []struct {
			Place  int `db:"place"`
			Status int `db:"status"`
		}
		if err := m.books.DB.SelectContext(ctx, &answers, answeredSQL, pq.Array(members), pq.Array(keys)); err != nil {
			return nil, fmt.Errorf("look for what is there: %w", err)
		}
		status := make([]int, len(open))
		for _, a := range answers {
			status[a.Place-1] = a.Status
		}
		var again []*request
		for i, r := range open {
			switch {
			case status[i] == 0:
				fresh = append(fresh, r)
			case status[i] >= 400: // it was refused, and would be tried again under the next key
				r.attempt++
				again = append(again, r)
			}
		}
		open = again
	}
	return fresh, nil
}

func (m *migration) tryOne(ctx context.Context, e *entry) error {
	p, err := m.books.Engine.DryRun(ctx, engine.Request{Program: m.how.Program, Member: e.member, Command: e.steps[0].command, Enrol: true})
	if err != nil {
		return fmt.Errorf("line %d: %w", e.line(), err)
	}
	if p.Refusal != nil {
		e.bad = []Reason{*reasonOf(e, p.Refusal)}
	}
	return nil
}
