package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"slices"

	"chobo/ledger"
)

// A posting is a transaction with whose it is.
type posting struct {
	*ledger.Transaction
	*loaded
	hash, salt []byte // of its note
}

// postings are the batch's transactions in the order of their ids, completed by what commands do not know.
func (b *batch) postings() []posting {
	var out []posting
	for _, m := range b.members {
		l := b.accounts[m]
		for i := range l.Transactions {
			t := &l.Transactions[i]
			if t.BookDate.IsZero() { // a valuation names the period that it closes
				t.BookDate = l.program.bookDate(t.OccurredAt)
			}
			p := posting{Transaction: t, loaded: l}
			if t.Note != "" {
				p.salt = make([]byte, 16)
				_, _ = rand.Read(p.salt) // it never fails
				sum := sha256.Sum256(append(p.salt[:len(p.salt):len(p.salt)], t.Note...))
				p.hash = sum[:]
			}
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(p, q posting) int {
		if p.ID < q.ID {
			return -1
		}
		return 1
	})
	return out
}

// transactionRows are the transactions as postSQL takes them. What their lines have comes as one array for all, of which
// each takes its slice.
func transactionRows(postings []posting) []any {
	members, ids, occurred, posted, dates := uuids(), int8s(), times(), times(), dates()
	programs, versions, kinds := int4s(), int4s(), int2s()
	subjects, parts, actors, hashes, reverses, shops := texts(), texts(), texts(), byteas(), int8s(), texts()
	from, to, expiring := int4s(), int4s(), bools()
	accounts, moves, expires := int2s(), int8s(), int8s()
	for _, p := range postings {
		members.member(p.Member)
		ids.int64(int64(p.ID))
		occurred.time(p.OccurredAt)
		posted.time(p.PostedAt)
		dates.date(p.BookDate)
		programs.int32(p.program.ID)
		versions.int32(p.Version)
		kinds.int16(int16(p.Kind))
		subjects.textOrNull(p.Subject)
		parts.textOrNull(p.Part)
		actors.textOrNull(p.Actor)
		hashes.bytesOrNull(p.hash)
		reverses.int64OrNull(int64(p.Reverses))
		shops.textOrNull(p.Shop())
		from.int32(accounts.n)
		anyExpires := false
		for _, l := range p.Lines {
			accounts.int16(int16(l.Account))
			moves.int64(int64(l.Points))
			moves.int64(int64(l.Money))
			moves.int64(int64(l.Lot))
			expires.int64(micros(l.ExpiresAt))
			anyExpires = anyExpires || !l.ExpiresAt.IsZero()
		}
		to.int32(accounts.n)
		expiring.bool(anyExpires)
	}
	return []any{&members, &ids, &occurred, &posted, &dates, &programs, &versions, &kinds, &subjects, &parts, &actors, &hashes, &reverses,
		&shops, &from, &to, &expiring, &accounts, &moves, &expires}
}

const notesSQL = `
INSERT INTO notes (member, transaction, note, salt)
SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::text[]), unnest($4::bytea[])`

func (b *batch) storeNotes(ctx context.Context, postings []posting) error {
	members, ids, notes, salts := uuids(), int8s(), texts(), byteas()
	for _, p := range postings {
		if p.Note != "" {
			members.member(p.Member)
			ids.int64(int64(p.ID))
			notes.text(p.Note)
			salts.bytes(p.salt)
		}
	}
	return b.write(ctx, notesSQL, ids.n, &members, &ids, &notes, &salts)
}

// batchRow is the row by which seals and readers know that the batch is whole, as postSQL takes it: none if nothing was
// posted.
func (b *batch) batchRow(postings []posting) []any {
	if len(postings) == 0 {
		return []any{int64(0), int64(0), 0, b.wall.UTC(), []byte(nil)}
	}
	sum := sha256.New()
	for _, p := range postings {
		digest := p.Digest(p.Member, p.program.ID, p.hash)
		sum.Write(digest[:])
	}
	b.first = postings[0].ID
	return []any{int64(b.first), int64(postings[len(postings)-1].ID), len(postings), b.wall.UTC(), sum.Sum(nil)}
}
