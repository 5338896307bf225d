package engine

import (
	"context"
	"fmt"

	"chobo/ledger"
)

// An answerKey names an answer.
type answerKey struct {
	member ledger.Member
	key    string
}

// An answer is what a key was answered, before or earlier in the batch.
type answer struct {
	hash   Hash
	result Result
}

// recallSQL reads the answers of keys. It finds rows by their whole key, so it does without member = ANY: with it,
// PostgreSQL would rather read every key that the members ever used.
const recallSQL = `
SELECT record_send(ROW(o.member, o.key, o.request, o.status, o.first_transaction, o.answer))
  FROM unnest($1::uuid[], $2::text[]) AS u(member, key)
  JOIN operations o ON o.member = u.member AND o.key = u.key`

// recall reads the answers that the batch's keys had before.
func (b *batch) recall(ctx context.Context) error {
	b.answers = make(map[answerKey]*answer, len(b.units))
	members, keys := uuids(), texts()
	for _, u := range b.units {
		for i := range u.ops {
			if key := u.ops[i].Key; key != "" {
				members.member(u.member)
				keys.text(key)
			}
		}
	}
	if keys.n == 0 {
		return nil
	}
	rows, err := b.ask(ctx, recallSQL, &members, &keys)
	err = each(rows, err, 6, func(r *record) {
		key := answerKey{r.member(), r.text()}
		a := &answer{}
		copy(a.hash[:], r.fixed(len(a.hash)))
		a.result = Result{Status: int(r.int16()), Replayed: true}
		first := ledger.TransactionID(r.int64())
		a.result.Body = unpackAnswer(r.field(), first)
		b.answers[key] = a
	})
	if err != nil {
		return fmt.Errorf("recall answers: %w", err)
	}
	return nil
}

// again answers a request from what its key was answered before. ok is false when it was not.
func (a *answer) again(r *Request) (out Outcome, ok bool) {
	switch {
	case a == nil:
		return Outcome{}, false
	case a.hash != r.Hash:
		return Outcome{Err: ErrKeyReused}, true
	default:
		return Outcome{Result: a.result}, true
	}
}
