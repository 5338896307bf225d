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

// transactionRows are the headers as postSQL takes them.
func transactionRows(postings []posting) []any {
	members, ids, occurred, posted, dates := uuids(), int8s(), times(), times(), dates()
	programs, versions, kinds := int4s(), int4s(), int2s()
	subjects, parts, actors, hashes, reverses := texts(), texts(), texts(), byteas(), int8s()
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
	}
	return []any{&members, &ids, &occurred, &posted, &dates, &programs,
		&versions, &kinds, &subjects, &parts, &actors, &hashes, &reverses}
}

// lineRows are the lines as postSQL takes them.
func lineRows(postings []posting) []any {
	members, ids, numbers, accounts := uuids(), int8s(), int2s(), int2s()
	points, money, lots, expires, shops := int8s(), int8s(), int8s(), times(), texts()
	for _, p := range postings {
		for i, l := range p.Lines {
			members.member(p.Member)
			ids.int64(int64(p.ID))
			numbers.int16(int16(i + 1))
			accounts.int16(int16(l.Account))
			points.int64(int64(l.Points))
			money.int64(int64(l.Money))
			lots.int64OrNull(int64(l.Lot))
			expires.time(l.ExpiresAt)
			shops.textOrNull(l.Shop)
		}
	}
	return []any{&members, &ids, &numbers, &accounts, &points, &money,
		&lots, &expires, &shops}
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
