package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
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

const transactionsSQL = `
INSERT INTO transactions (member, id, occurred_at, posted_at, book_date, program, version, kind, subject, part, actor, note_hash, reverses)
SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::timestamptz[]), unnest($4::timestamptz[]), unnest($5::date[]),
       unnest($6::int[]), unnest($7::int[]), unnest($8::smallint[]), unnest($9::text[]), unnest($10::text[]),
       unnest($11::text[]), unnest($12::bytea[]), unnest($13::bigint[])`

func (b *batch) storeTransactions(ctx context.Context, postings []posting) error {
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
	return b.write(ctx, transactionsSQL, ids.n, &members, &ids, &occurred, &posted, &dates, &programs,
		&versions, &kinds, &subjects, &parts, &actors, &hashes, &reverses)
}

// linesSQL writes all lines of the batch in one statement: the trigger lines_add_up sees each transaction whole.
const linesSQL = `
INSERT INTO lines (member, transaction, line, account, points, money, lot, expires_at, shop)
SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::smallint[]), unnest($4::smallint[]), unnest($5::bigint[]),
       unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::timestamptz[]), unnest($9::text[])`

func (b *batch) storeLines(ctx context.Context, postings []posting) error {
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
	return b.write(ctx, linesSQL, ids.n, &members, &ids, &numbers, &accounts, &points, &money,
		&lots, &expires, &shops)
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

const batchSQL = `INSERT INTO batches (id, last_id, transactions, posted_at, fingerprint) VALUES ($1, $2, $3, $4, $5)`

// storeBatch writes the row by which seals and readers know that the batch is whole.
func (b *batch) storeBatch(ctx context.Context, postings []posting) error {
	if len(postings) == 0 {
		return nil
	}
	sum := sha256.New()
	for _, p := range postings {
		digest := p.Digest(p.Member, p.program.ID, p.hash)
		sum.Write(digest[:])
	}
	b.first = postings[0].ID
	if err := b.write(ctx, batchSQL, 1, int64(b.first), int64(postings[len(postings)-1].ID), len(postings), b.wall.UTC(), sum.Sum(nil)); err != nil {
		return fmt.Errorf("batch row: %w", err)
	}
	return nil
}
