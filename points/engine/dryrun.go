package engine

import (
	"context"
	"errors"
	"slices"

	"chobo/points"
)

// DryRunAll is DryRun of requests of one member, each as the account stands after those before. atomic: all or nothing,
// as SubmitAtomic answers.
func (e *Engine) DryRunAll(ctx context.Context, requests []Request, atomic bool) ([]Preview, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	first := &requests[0]
	var needs points.Need
	for i := range requests {
		r := &requests[i]
		if r.Program != first.Program || r.Member != first.Member {
			return nil, errors.New("engine: the requests of a dry run name several members")
		}
		n := r.Command.Needs()
		needs.Documents = append(needs.Documents, n.Documents...)
		needs.Losses = append(needs.Losses, n.Losses...)
		needs.Stock = append(needs.Stock, n.Stock...)
		if needs.Lots < 0 || n.Lots < 0 {
			needs.Lots = -1
		} else {
			needs.Lots += n.Lots
		}
	}
	var run *rehearsal
	err := e.look(ctx, first.Program, first.Member, needs, func(l *loaded) (need *points.Need, err error) {
		defer caught(&err)
		if run == nil || run.loaded != l { // else it goes on where it lacked something
			run = &rehearsal{engine: e, loaded: l, atomic: atomic, enrol: slices.ContainsFunc(requests, func(r Request) bool { return r.Enrol })}
		}
		return run.rest(requests)
	})
	if err != nil {
		return nil, err
	}
	return run.previews, nil
}

// A rehearsal runs requests on an account that is dropped afterwards.
type rehearsal struct {
	*loaded
	engine   *Engine
	atomic   bool
	enrol    bool // one of the requests may enrol the member
	previews []Preview
}

// rest runs the requests that were not run yet.
func (h *rehearsal) rest(requests []Request) (*points.Need, error) {
	for len(h.previews) < len(requests) {
		r := &requests[len(h.previews)]
		p, need, err := h.one(r)
		var why *points.Refusal
		switch {
		case errors.As(err, &why) && h.atomic:
			h.refuseAll(len(requests), len(h.previews), why)
			return nil, nil
		case errors.As(err, &why):
			p = h.refused(why)
		case err != nil || need != nil:
			return need, err
		}
		h.previews = append(h.previews, p)
	}
	return nil, nil
}

// one runs a request.
func (h *rehearsal) one(r *Request) (p Preview, need *points.Need, err error) {
	if !h.Enrolled() && !r.Enrol && !(h.atomic && h.enrol) {
		return p, nil, unknownMember(r.Member)
	}
	if len(h.Transactions) == 0 {
		g := ids{}
		g.reach(h.engine.opts.Now())
		g.above(h.LastTransaction)
		h.NextID = g.next()
	}
	before := len(h.Transactions)
	reply, need, err := points.Run(h.Account, r.Command)
	if err != nil || need != nil {
		return p, need, err
	}
	p.Status = reply.Status
	if p.Body, err = encode(reply.Body); err != nil {
		return p, nil, err
	}
	p.Posted = slices.Clone(h.Transactions[before:])
	for i := range p.Posted {
		if t := &p.Posted[i]; t.BookDate.IsZero() {
			t.BookDate = h.program.bookDate(t.OccurredAt)
		}
	}
	if p.Transactions = len(p.Posted); p.Transactions > 0 {
		p.Transaction = p.Posted[0].ID
	}
	return p, nil, nil
}

func (h *rehearsal) refused(why *points.Refusal) (p Preview) {
	p.Refusal = why
	p.Status, p.Body = h.engine.opts.Render(why)
	return p
}

// refuseAll answers that the request of that place was refused, and the others with it.
func (h *rehearsal) refuseAll(n, place int, why *points.Refusal) {
	h.previews = nil
	for i := range n {
		if i == place {
			h.previews = append(h.previews, h.refused(why))
		} else {
			h.previews = append(h.previews, h.refused(batchRefused()))
		}
	}
}
