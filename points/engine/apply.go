package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"chobo/ledger"
	"chobo/points"
)

// maxRounds bounds how often a command may ask for more. A command that asks on has a bug.
const maxRounds = 100

// A panicError is a command's bug. Its batch is begun again without the unit.
type panicError struct {
	unit  *unit
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// apply runs the batch's commands in the order of their arrival, loading what they lack for all of them at once. Once
// a member's command lacks something, the member's later commands wait for it.
func (b *batch) apply(ctx context.Context) error {
	if err := load(ctx, b.ask, lockStockSQL, b.wants); err != nil {
		return err
	}
	waiting := b.units
	for round := 0; len(waiting) > 0; round++ {
		var later []*unit
		var wants []want
		lacking := map[ledger.Member]bool{}
		for _, u := range waiting {
			if lacking[u.member] {
				later = append(later, u)
				continue
			}
			need, err := b.run(u)
			if err != nil {
				return err
			}
			if need != nil && (need.Empty() || round == maxRounds) {
				return &panicError{unit: u, value: fmt.Sprintf("the command asks for %+v again and again", *need)}
			}
			if need != nil {
				lacking[u.member] = true
				later = append(later, u)
				wants = append(wants, want{b.accounts[u.member], *need})
			}
		}
		if len(wants) == 0 {
			return nil
		}
		if err := load(ctx, b.ask, lockStockSQL, wants); err != nil {
			return err
		}
		waiting = later
	}
	return nil
}

// known is what the commands are known to look at: what they say, and what falls due may touch.
func (b *batch) known() (wants []want, err error) {
	wants = make([]want, 0, len(b.units))
	watched := make(map[ledger.Member]bool, len(b.units))
	for _, u := range b.units {
		l := b.accounts[u.member]
		if !watched[u.member] && len(l.Watch) > 0 {
			wants = append(wants, want{l, l.watches()})
		}
		watched[u.member] = true
		for i := range u.ops {
			need, err := needs(u, u.ops[i].Command)
			if err != nil {
				return nil, err
			}
			wants = append(wants, want{l, need})
		}
	}
	return wants, nil
}

// needs asks a command, which may have a bug there too.
func needs(u *unit, c points.Command) (need points.Need, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{unit: u, value: v, stack: debug.Stack()}
		}
	}()
	return c.Needs(), nil
}

// watches are the documents that what falls due may touch.
func (l *loaded) watches() (need points.Need) {
	for _, w := range l.Watch {
		need.Documents = append(need.Documents, w.Key)
	}
	return need
}

// run runs the unit's commands, those that were not answered before, and notes the answers. With a need, nothing
// happened yet.
func (b *batch) run(u *unit) (need *points.Need, err error) {
	l := b.accounts[u.member]
	fresh := b.fresh(u)
	if len(fresh) == 0 {
		return nil, nil
	}
	if why := admitted(u, fresh, l); why != nil {
		b.refuse(u, fresh, 0, why)
		return nil, nil
	}
	commands := make([]points.Command, len(fresh))
	for i, op := range fresh {
		commands[i] = op.Command
	}
	before := len(l.Transactions)
	l.NextID = b.ids.free
	replies, refused, need, err := safely(u, l.Account, commands)
	var bug *panicError
	switch {
	case errors.As(err, &bug):
		return nil, bug
	case need != nil:
		return need, nil
	case err != nil:
		b.refuse(u, fresh, refused, err)
		return nil, nil
	}
	b.ids.free = max(b.ids.free, l.NextID)
	l.changed = true
	for i, op := range fresh {
		if err := op.accept(replies[i]); err != nil {
			return nil, &panicError{unit: u, value: err}
		}
		if op.Transactions = replies[i].Posted; op.Transactions > 0 {
			op.Transaction = l.Transactions[before].ID
		}
		before += replies[i].Posted
		b.note(u, op)
	}
	u.repeat()
	return nil, nil
}

// fresh are the unit's requests that have to be run. The others are answered: their key was used before, or stands in
// the unit already.
func (b *batch) fresh(u *unit) (fresh []*op) {
	for i := range u.ops {
		op := &u.ops[i]
		op.Outcome, op.store = Outcome{}, false
		if op.Key != "" {
			if out, ok := b.answers[answerKey{u.member, op.Key}].again(op.Request); ok {
				op.Outcome = out
				continue
			}
			if first := u.first(op.Key); first != op {
				if first.Hash != op.Hash {
					op.Err = ErrKeyReused
				}
				continue
			}
		}
		fresh = append(fresh, op)
	}
	return fresh
}

// first is the unit's first request of that key.
func (u *unit) first(key string) *op {
	for i := range u.ops {
		if u.ops[i].Key == key {
			return &u.ops[i]
		}
	}
	return nil
}

// repeat answers the requests whose key stands in the unit before, as that one was answered.
func (u *unit) repeat() {
	for i := range u.ops {
		op := &u.ops[i]
		if first := u.first(op.Key); op.Key != "" && first != op && op.Err == nil && op.Status == 0 {
			op.Outcome = first.Outcome
			op.Replayed, op.Refusal, op.Transaction, op.Transactions = first.store, nil, 0, 0
		}
	}
}

// admitted refuses what never comes before the commands: a unit of which a request was refused under its key before or a
// key was used for another request, and a member who is unknown and may not be new.
func admitted(u *unit, fresh []*op, l *loaded) *points.Refusal {
	for i := range u.ops {
		if op := &u.ops[i]; op.Err != nil || op.Replayed && op.Status >= http.StatusBadRequest {
			return batchRefused()
		}
	}
	if l.Enrolled() {
		return nil
	}
	for _, op := range fresh {
		if op.Enrol {
			return nil
		}
	}
	return unknownMember(u.name)
}

func unknownMember(name string) *points.Refusal {
	return points.Refuse(points.NotFound, "there is no member %s", name)
}

func batchRefused() *points.Refusal {
	return points.Refuse(points.BatchRefused, "another operation of the batch was refused")
}

// safely runs commands as one and turns a panic into an error. refused is which of them err refuses.
func safely(u *unit, a *points.Account, commands []points.Command) (replies []points.Reply, refused int, need *points.Need, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{unit: u, value: v, stack: debug.Stack()}
		}
	}()
	if len(commands) > 1 {
		return points.RunAll(a, commands)
	}
	reply, need, err := points.Run(a, commands[0])
	return []points.Reply{reply}, 0, need, err
}

// accept is the answer to a command that was applied.
func (o *op) accept(reply points.Reply) (err error) {
	o.Status, o.store = reply.Status, o.Key != ""
	o.Body, err = encode(reply.Body)
	return err
}

// encode writes an answer's body.
func encode(v any) ([]byte, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return bytes.TrimRight(body.Bytes(), "\n"), nil
}

// refuse is the answer to requests of which one was refused: why, and to the others that the batch was.
//
// The answer is kept under the key, except where a request itself was not valid, or its key was used for another: then
// the keys of all stay free. Source: ruling 4.
func (b *batch) refuse(u *unit, fresh []*op, refused int, err error) {
	var why *points.Refusal
	known := errors.As(err, &why)
	keep := known && why.Code != points.ValidationFailed && why.Code != points.BatchRefused
	for i, op := range fresh {
		switch {
		case i != refused:
			op.Refusal = batchRefused()
		case known:
			op.Refusal = why
		default:
			op.Err = fmt.Errorf("%w: %w", ErrFailed, err)
			continue
		}
		op.Status, op.Body = b.engine.opts.Render(op.Refusal)
		if keep && op.Key != "" {
			op.store = true
			b.note(u, op)
		}
	}
	u.repeat()
}

// note keeps an answer, so that the same key later in the batch is answered from it.
func (b *batch) note(u *unit, op *op) {
	if op.Key == "" {
		return
	}
	again := op.Result
	again.Replayed, again.Refusal, again.Transaction, again.Transactions = true, nil, 0, 0
	key := answerKey{u.member, op.Key}
	b.answers[key], b.made = &answer{op.Hash, again}, &key
}
