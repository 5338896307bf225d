package journal

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash"
	"math"
	"slices"
	"time"

	"chobo/ledger"
)

// A batch is what the journal says of the transactions that were committed together.
type batch struct {
	ID           ledger.TransactionID // its first transaction
	LastID       ledger.TransactionID
	Transactions int
	PostedAt     time.Time
	XID          uint64
	Fingerprint  []byte
}

func readBatch(r *row) batch {
	return batch{ID: ledger.TransactionID(r.int64()), LastID: ledger.TransactionID(r.int64()), Transactions: r.int32(), PostedAt: r.time(),
		XID: uint64(r.int64()), Fingerprint: r.bytes()} //nolint:gosec // the bits
}

// A posted is a transaction as the journal has it.
type posted struct {
	ledger.Transaction
	Member   ledger.Member
	Program  int
	NoteHash []byte
	broken   error // why its row is none of a transaction: what stands in it is not whole lines
}

// A walk sees the journal in the order of its ids: batches and transactions in one stream, of which it holds a range and
// one batch a worker, however long the journal is. Each function may be nil.
type walk struct {
	batch  func(b batch, seen int, fingerprint [sha256.Size]byte) // it ended: so many of its transactions are there, and this is what they hash to
	stray  func(t *posted)                                        // no batch has the transaction
	broken func(t *posted, err error)                             // a law of the journal that the transaction breaks
	posted func(t *posted)                                        // every transaction, whole
	seen   func(transactions int64)                               // told now and then

	open  map[ledger.TransactionID]*openBatch // by node
	last  posted
	count int64 // of transactions
	pack  []seen
}

// An openBatch adds up the digests of its transactions.
type openBatch struct {
	batch
	sum  hash.Hash
	seen int
}

// A span is a range of ids, both ends included.
type span struct{ from, to ledger.TransactionID }

// packSQL reads batches ($1 … $2) and their transactions, all as one value, in no order: a value a row would cost more
// than all else, and so would the server's sorting.
const packSQL = `
SELECT string_agg(seen, ''::bytea)
  FROM (SELECT record_send(ROW(id, last_id, transactions, posted_at, xid, fingerprint)) AS seen
          FROM batches WHERE id BETWEEN $1 AND $2
        UNION ALL
        SELECT record_send(ROW(id, member, program, kind, occurred_at, posted_at, book_date, version, subject, part, actor, note_hash, reverses,
                               shop, accounts, moves, expires))
          FROM transactions WHERE id BETWEEN $1 AND $2) AS journal`

// batchFields is how many fields a batch's row has, by which it is told from a transaction's.
const batchFields = 6

// spansSQL finds the batches at which ranges of about $1 transactions begin.
const spansSQL = `
SELECT record_send(ROW(min(id)))
  FROM (SELECT id, (sum(transactions) OVER (ORDER BY id) - transactions) / $1::bigint AS span FROM batches) AS numbered
 GROUP BY span
 ORDER BY min(id)`

// spanSize is how many transactions are held at once, about 1 MB with their lines.
const spanSize = 2_500

// spans are ranges that together hold every id there can be.
func spans(ctx context.Context, q preparer) ([]span, error) {
	all := []span{{math.MinInt64, math.MaxInt64}}
	first := true
	err := eachRow(ctx, q, func(r *row) error {
		if id := ledger.TransactionID(r.int64()); !first {
			all[len(all)-1].to = id - 1
			all = append(all, span{id, math.MaxInt64})
		}
		first = false
		return nil
	}, spansSQL, spanSize)
	if err != nil {
		return nil, fmt.Errorf("cut the journal into ranges: %w", err)
	}
	return all, nil
}

// through walks through ranges in their order. Batches that reach beyond one go on in the next; end closes what is open.
// The next range is read while this one is walked through.
func (w *walk) through(ctx context.Context, q preparer, all []span) error {
	if w.open == nil {
		w.open = map[ledger.TransactionID]*openBatch{}
	}
	packs, used := make(chan []byte), make(chan []byte, 2)
	failed := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		failed <- readPacks(ctx, q, all, packs, used)
		close(packs)
	}()
	var err error
	for b := range packs {
		if err == nil {
			if err = w.unpack(b); err != nil {
				cancel()
			}
		}
		used <- b
	}
	cancel()
	if err = errors.Join(err, <-failed); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	return nil
}

// readPacks reads each range, into what was used where there is. The statement is prepared, since only then does the driver
// have bytes sent as they are.
func readPacks(ctx context.Context, q preparer, all []span, packs chan<- []byte, used <-chan []byte) (err error) {
	stmt, err := q.PrepareContext(ctx, packSQL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	for _, s := range all {
		var b []byte
		select {
		case b = <-used:
		default:
		}
		if b, err = readPack(ctx, stmt, s, b[:0]); err != nil {
			return err
		}
		packs <- b
	}
	return nil
}

// readPack reads a range and adds it to what is there.
func readPack(ctx context.Context, stmt *sql.Stmt, s span, b []byte) (_ []byte, err error) {
	rows, err := stmt.QueryContext(ctx, int64(s.from), int64(s.to))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var raw sql.RawBytes
		if err := rows.Scan(&raw); err != nil {
			return nil, err
		}
		b = append(b, raw...)
	}
	return b, rows.Err()
}

// A seen is a row of a pack with what it is put in order by.
type seen struct {
	id     int64
	member ledger.Member // zero for a batch, which comes before its transactions
	row    []byte
}

func (s seen) compare(t seen) int {
	if s.id != t.id {
		return cmp.Compare(s.id, t.id)
	}
	return bytes.Compare(s.member[:], t.member[:])
}

// unpack walks through the rows of a pack in the order of their ids.
func (w *walk) unpack(b []byte) error {
	w.pack = w.pack[:0]
	for len(b) > 0 {
		r := readRow(b)
		s := seen{id: r.int64()}
		left := r.fields - 1
		if r.fields != batchFields {
			s.member = r.member()
			left--
		}
		for range left {
			r.field()
		}
		if r.err != nil {
			return r.err
		}
		s.row = b[:len(b)-len(r.b)]
		b = r.b
		w.pack = append(w.pack, s)
	}
	slices.SortFunc(w.pack, seen.compare)
	for _, s := range w.pack {
		r := readRow(s.row)
		if r.fields == batchFields {
			w.begin(readBatch(&r))
		} else {
			w.transaction(&r)
			w.judge()
		}
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

// end tells of the batches of which not all was found.
func (w *walk) end() {
	for node := range w.open {
		w.close(node)
	}
	if w.seen != nil {
		w.seen(w.count)
	}
}

func nodeOf(id ledger.TransactionID) ledger.TransactionID { return id & (ledger.IDStep - 1) }

func (w *walk) begin(b batch) {
	w.close(nodeOf(b.ID))
	w.open[nodeOf(b.ID)] = &openBatch{batch: b, sum: sha256.New()}
}

// close ends the batch of a node, whole or not.
func (w *walk) close(node ledger.TransactionID) {
	b := w.open[node]
	if b == nil {
		return
	}
	delete(w.open, node)
	if w.batch != nil {
		w.batch(b.batch, b.seen, [sha256.Size]byte(b.sum.Sum(nil)))
	}
}

func (w *walk) transaction(r *row) {
	t := &w.last
	lines := t.Lines[:0]
	t.Transaction = ledger.Transaction{ID: ledger.TransactionID(r.int64())}
	t.Member = r.member()
	t.Program = r.int32()
	t.Kind = ledger.Kind(r.int16()) //nolint:gosec // a smallint
	t.OccurredAt, t.PostedAt, t.BookDate = r.time(), r.time(), r.date()
	t.Version = r.int32()
	t.Subject, t.Part, t.Actor = r.text(), r.text(), r.text()
	t.NoteHash = r.bytes()
	t.Reverses = ledger.TransactionID(r.int64())
	t.Lines, t.broken = linesOf(r, lines)
}

var (
	errNotWhole = errors.New("its accounts, moves and times of expiry are not those of whole lines")
	errNoShop   = errors.New("it names a shop, and none of its lines is of one")
)

// linesOf reads a transaction's lines, which it adds to those given. It fails where what stands there is not whole lines;
// then what is missing of them is zero.
func linesOf(r *row, lines []ledger.Line) ([]ledger.Line, error) {
	shop := r.text()
	accounts, moves, expires := r.array(2), r.array(8), r.array(8)
	whole := accounts.list && moves.list && (expires.list || expires.null) &&
		moves.n == 3*accounts.n && (expires.null || expires.n == accounts.n)
	ofShop := shop == ""
	for range accounts.n {
		l := ledger.Line{Account: ledger.Account(accounts.next()), //nolint:gosec // a smallint
			Points: ledger.Points(moves.next()), Money: ledger.Money(moves.next()), Lot: ledger.LotID(moves.next())}
		if at := expires.next(); at != 0 {
			l.ExpiresAt = time.UnixMicro(at).UTC()
		}
		if l.Account.OfShop() {
			l.Shop = shop
			ofShop = true
		}
		lines = append(lines, l)
	}
	switch {
	case !whole:
		return lines, errNotWhole
	case !ofShop:
		return lines, errNoShop
	}
	return lines, nil
}

// judge says of the transaction that was read what is to be said, and adds it to its batch.
func (w *walk) judge() {
	t := &w.last
	if w.broken != nil {
		if err := cmp.Or(t.broken, t.Check()); err != nil {
			w.broken(t, err)
		}
	}
	if w.posted != nil {
		w.posted(t)
	}
	w.count++
	if w.seen != nil && w.count%4096 == 0 {
		w.seen(w.count)
	}
	node := nodeOf(t.ID)
	b := w.open[node]
	if b == nil || t.ID > b.LastID {
		w.close(node)
		if w.stray != nil {
			w.stray(t)
		}
		return
	}
	digest := t.Digest(t.Member, t.Program, t.NoteHash)
	b.sum.Write(digest[:])
	b.seen++
	if t.ID == b.LastID {
		w.close(node)
	}
}
