package history

import (
	"context"
	"errors"
	"fmt"

	"chobo/points"
	"chobo/points/engine"
)

// A request is a step of an entry on its way.
type request struct {
	entry   *entry
	step    step
	attempt int
	out     engine.Outcome
}

// mostAttempts bounds how often something may have been refused under its keys before.
const mostAttempts = 1000

// post posts a chunk and counts what became of it.
//
// What was refused by an import before is answered the same under its key, for good: it is tried again under the next.
// That is safe, since the keys before hold nothing but refusals.
func (m *migration) post(ctx context.Context, chunk []*entry) error {
	var requests []*request
	for _, e := range chunk {
		m.summary.Read++
		if len(e.bad) > 0 {
			m.leave(e)
			continue
		}
		for _, s := range e.steps {
			requests = append(requests, &request{entry: e, step: s, attempt: 1})
		}
	}
	for open := requests; len(open) > 0; {
		m.submit(ctx, open)
		var again []*request
		for _, r := range open {
			if r.out.Err == nil && r.out.Replayed && r.out.Status >= 400 && r.attempt < mostAttempts {
				r.attempt++
				again = append(again, r)
			}
		}
		open = again
	}
	err := m.tally(requests)
	m.progress("posting", m.summary.Read, m.surveyed.entries)
	return err
}

func (m *migration) submit(ctx context.Context, requests []*request) {
	out := make([]engine.Request, len(requests))
	for i, r := range requests {
		out[i] = engine.Request{Program: m.how.Program, Member: r.entry.member, Key: r.entry.key(r.step, r.attempt), Hash: r.entry.hash(),
			Command: r.step.command, Enrol: true}
	}
	for i, o := range m.books.Engine.SubmitMany(ctx, out) {
		requests[i].out = o
	}
}

// tally counts entries by what became of their steps. An entry is posted if any step was; it is refused if any was,
// and the first refusal tells why. It fails when the ledger did not answer.
func (m *migration) tally(requests []*request) error {
	var down error
	for len(requests) > 0 {
		e := requests[0].entry
		n := 0
		posted, failed := false, false
		for n < len(requests) && requests[n].entry == e {
			r := requests[n]
			n++
			why, err := r.refusal()
			if err != nil {
				failed = true
				if down == nil {
					down = fmt.Errorf("line %d: %w", e.line(), err)
				}
			}
			if why != nil && len(e.bad) == 0 {
				e.bad = []Reason{*why}
			}
			posted = posted || why == nil && err == nil && !r.out.Replayed
		}
		requests = requests[n:]
		switch {
		case len(e.bad) > 0:
			m.leave(e)
		case failed:
		case posted:
			m.summary.Posted++
			m.summary.Points += e.points
		default:
			m.summary.Already++
		}
	}
	if down == nil && m.how.Whole && m.summary.Refused > 0 {
		return fmt.Errorf("%w: the ledger refused some; what was posted stays", ErrBadRows)
	}
	return down
}

// refusal says why a step was not carried out, or that nobody knows.
func (r *request) refusal() (*Reason, error) {
	why := Reason{Line: r.entry.line()}
	switch {
	case errors.Is(r.out.Err, engine.ErrKeyReused):
		why.Column, why.Rule, why.Message = r.entry.id, ruleRepeat, "was imported before with other content"
		return &why, nil
	case r.out.Err != nil:
		return nil, r.out.Err
	case r.out.Refusal != nil:
		return reasonOf(r.entry, r.out.Refusal), nil //nolint:nilerr // a refusal is an answer
	case r.out.Status >= 400:
		why.Rule, why.Message = points.Conflict, "was refused too often"
		return &why, nil
	}
	return nil, nil
}

func reasonOf(e *entry, r *points.Refusal) *Reason {
	return &Reason{Line: e.line(), Column: r.Field, Rule: r.Code, Message: r.Detail}
}
