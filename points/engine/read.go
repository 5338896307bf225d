package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chobo/ledger"
	"chobo/ledger/rows"
	"chobo/points"
)

// Read shows a member's account to fn as it stands at a time, or, with the zero time, by the program's clock: all that
// is due by then is posted on a copy, and nothing is written. What fn looks at is loaded; what needs already names is
// loaded first. fn may be called several times and counts the last. A member who is not known is shown too: Enrolled
// tells.
//
// It fails with ErrUnknownProgram, ErrUnavailable or ErrFailed, with the context's error, and with fn's.
func (e *Engine) Read(ctx context.Context, code, memberID string, needs points.Need, at time.Time, fn func(*points.Account) error) error {
	var own error // fn's
	err := e.look(ctx, code, memberID, needs, func(l *loaded) (need *points.Need, err error) {
		defer caught(&err)
		at := at
		if at.IsZero() {
			at = l.Now
		}
		view, need := points.Glance(l.Account, at)
		if need != nil {
			return need, nil
		}
		return points.Reading(view, func(a *points.Account) { own = fn(a) }), nil
	})
	if err != nil {
		return err
	}
	return own
}

// A Preview is what a request would be answered and what it would post.
type Preview struct {
	Result
	Posted []ledger.Transaction // what was due before included
}

// DryRun answers what a request would be answered if it were posted now, and posts nothing. Its key is not looked at.
//
// It fails as Read does.
func (e *Engine) DryRun(ctx context.Context, r Request) (Preview, error) {
	var p Preview
	err := e.look(ctx, r.Program, r.Member, r.Command.Needs(), func(l *loaded) (need *points.Need, err error) {
		defer caught(&err)
		if !l.Enrolled() && !r.Enrol {
			why := unknownMember(r.Member)
			p.Refusal = why
			p.Status, p.Body = e.opts.Render(why)
			return nil, nil
		}
		g := ids{}
		g.reach(e.opts.Now())
		g.above(l.LastTransaction)
		l.NextID = g.next()
		reply, need, err := points.Run(l.Account, r.Command)
		var why *points.Refusal
		switch {
		case errors.As(err, &why):
			p.Refusal = why
			p.Status, p.Body = e.opts.Render(why)
			return nil, nil
		case err != nil || need != nil:
			return need, err
		}
		p.Status = reply.Status
		if p.Body, err = encode(reply.Body); err != nil {
			return nil, err
		}
		p.Posted = l.Transactions
		for i := range p.Posted {
			if t := &p.Posted[i]; t.BookDate.IsZero() {
				t.BookDate = l.program.bookDate(t.OccurredAt)
			}
		}
		if p.Transactions = len(p.Posted); p.Transactions > 0 {
			p.Transaction = p.Posted[0].ID
		}
		return nil, nil
	})
	return p, err
}

// caught turns a panic into an error.
func caught(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("panic: %v", v)
	}
}

// look loads an account and calls fn until it lacks nothing. All that it loads is of one instant.
func (e *Engine) look(ctx context.Context, code, memberID string, needs points.Need, fn func(*loaded) (*points.Need, error)) error {
	p, err := e.program(ctx, code)
	if err != nil {
		return err
	}
	member := p.Member(memberID)
	if needs.Empty() { // most readers want no more than the row, which is one query
		l, err := e.row(ctx, e.asks.ask, code, memberID, member)
		if err != nil {
			return e.away(ctx, err)
		}
		if len(l.Watch) == 0 {
			need, err := fn(l)
			if need == nil {
				return e.away(ctx, err)
			}
		}
	}
	err = e.asks.snapshot(ctx, func(q ask) error {
		l, err := e.row(ctx, q, code, memberID, member)
		if err != nil {
			return err
		}
		wants := []want{{l, l.watches()}, {l, needs}}
		for range maxRounds {
			if err := load(ctx, q, stockSQL, wants); err != nil {
				return err
			}
			need, err := fn(l)
			if need == nil || err != nil {
				return err
			}
			wants = []want{{l, *need}}
		}
		return fmt.Errorf("asks for %+v again and again", wants[0].need)
	})
	return e.away(ctx, err)
}

// away says what a failed reader is told.
func (e *Engine) away(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return unavailable(err)
	}
}

// row reads a member's row; a member who has none is as good as one without anything.
func (e *Engine) row(ctx context.Context, q ask, code, memberID string, member ledger.Member) (*loaded, error) {
	var l *loaded
	config := e.Config()
	revision := config.Revision
	result, err := q(ctx, readSQL, member.String())
	err = each(result, err, rowFields, func(r *rows.Row) {
		seen, row, err := readRow(r)
		if err != nil {
			r.Err = err
			return
		}
		revision, l = seen, row
	})
	if err != nil {
		return nil, fmt.Errorf("read a member's row: %w", err)
	}
	if revision != config.Revision {
		if config, err = e.config.reload(ctx, q); err != nil {
			return nil, err
		}
	}
	if l == nil {
		l = &loaded{Account: &points.Account{Member: member}}
	}
	p := config.Programs[code]
	if p == nil {
		return nil, ErrUnknownProgram
	}
	l.open(p, memberID, e.opts.Now(), newStock())
	return l, nil
}
