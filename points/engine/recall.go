package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"chobo/ledger"
	"chobo/ledger/rows"
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

var errNoHash = errors.New("a key without the hash of its request")

// recallSQL reads the answers of keys, and documents. It finds rows by their whole key, so it does without member = ANY:
// with it, PostgreSQL would rather read every key that the members ever used. The number of fields tells the rows apart.
const recallSQL = `
SELECT record_send(ROW(o.member, o.key, o.request, o.status, o.first_transaction, o.transactions, o.answer))
  FROM unnest($1::uuid[], $2::text[]) AS u(member, key)
  JOIN operations o ON o.member = u.member AND o.key = u.key
UNION ALL
SELECT record_send(ROW(d.member, d.kind, d.id, d.state, d.at, d.body))
  FROM unnest($3::uuid[], $4::smallint[], $5::text[]) AS u(member, kind, id)
  JOIN documents d ON d.member = u.member AND d.kind = u.kind AND d.id = u.id`

// recall reads the answers that the batch's keys had before, and the documents that its commands name.
func (b *batch) recall(ctx context.Context) (err error) {
	b.answers = make(map[answerKey]*answer, len(b.units))
	if b.wants, err = b.known(); err != nil {
		return err
	}
	members, keys, documents := uuids(), texts(), unloaded(b.wants)
	for _, u := range b.units {
		for i := range u.ops {
			if key := u.ops[i].Key; key != "" {
				members.member(u.member)
				keys.text(key)
			}
		}
	}
	if keys.n == 0 && len(documents.asked) == 0 {
		return nil
	}
	result, err := b.ask(ctx, recallSQL, append([]any{&members, &keys}, documents.keys()...)...)
	err = each(result, err, anyFields, func(r *rows.Row) {
		if r.Fields == documentFields {
			documents.read(r)
			return
		}
		key := answerKey{r.Member(), r.Text()}
		a := &answer{}
		if copy(a.hash[:], r.Field()) < len(a.hash) { // it was longer once, and began alike
			r.Err = cmp.Or(r.Err, errNoHash)
		}
		a.result = Result{Status: int(r.Int16()), Replayed: true}
		first := ledger.TransactionID(r.Int64())
		r.Int16() // how many transactions
		a.result.Body = unpackAnswer(r.Field(), first)
		b.answers[key] = a
	})
	if err != nil {
		return fmt.Errorf("recall answers and documents: %w", err)
	}
	documents.end()
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
