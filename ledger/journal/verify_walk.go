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
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"chobo/ledger"
	"chobo/ledger/rows"
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

func readBatch(r *rows.Row) batch {
	return batch{ID: ledger.TransactionID(r.Int64()), LastID: ledger.TransactionID(r.Int64()), Transactions: r.Int32(), PostedAt: r.Time(),
		XID: uint64(r.Int64()), Fingerprint: r.Bytes()} //nolint:gosec // the bits
}

// A Posted is a transaction as the journal has it.
type Posted struct {
	ledger.Transaction
	Member   ledger.Member
	Program  int
	NoteHash []byte
	Broken   error // what stands in its row is not whole lines; nil: it is
}

// A walk sees the journal in the order of its ids: batches and transactions in one stream, of which it holds a range and
// one batch a worker, however long the journal is. Each function may be nil.
type walk struct {
	batch  func(b batch, seen int, fingerprint [sha256.Size]byte) // it ended: so many of its transactions are there, and this is what they hash to
	stray  func(t *Posted)                                        // no batch has the transaction
	broken func(t *Posted, err error)                             // a law of the journal that the transaction breaks
	posted func(t *Posted)                                        // every transaction, whole
	seen   func(transactions int64)                               // told now and then

	back bool // the latest first; then nothing is told of batches

	open  map[ledger.TransactionID]*openBatch // by node
	last  Posted
	count int64 // of transactions
	pack  []seen
	moved moved

	digest [sha256.Size]byte // of the last
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
// than all else, and so would the server's sorting. What a transaction mostly lacks is null, and its small numbers are one
// text, since each field costs the server as much as reading the row.
const packSQL = `
SELECT string_agg(seen, ''::bytea)
  FROM (SELECT record_send(ROW(id, last_id, transactions, posted_at, xid, fingerprint)) AS seen
          FROM batches WHERE id BETWEEN $1 AND $2
        UNION ALL
        SELECT record_send(ROW(id, member, occurred_at, nullif(posted_at, occurred_at), book_date, subject, part, actor, note_hash, reverses, shop,
                               concat_ws(' ', program, version, kind, accounts, moves, expires)))
          FROM transactions WHERE id BETWEEN $1 AND $2) AS journal`

// batchFields is how many fields a batch's row has, by which it is told from a transaction's.
const batchFields = 6

// spansSQL finds the batches at which ranges of about $1 transactions begin.
const spansSQL = `
SELECT record_send(ROW(min(id)))
  FROM (SELECT id, (sum(transactions) OVER (ORDER BY id) - transactions) / $1::bigint AS span FROM batches) AS numbered
 GROUP BY span
 ORDER BY min(id)`

// spanSize is how many transactions are read at once, about 700 kB.
const spanSize = 4_000

// spans are ranges that together hold every id there can be.
func spans(ctx context.Context, q rows.Preparer) ([]span, error) {
	all := []span{{math.MinInt64, math.MaxInt64}}
	first := true
	err := rows.Each(ctx, q, func(r *rows.Row) error {
		if id := ledger.TransactionID(r.Int64()); !first {
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
// The next ranges are read while this one is walked through, by each reader.
func (w *walk) through(ctx context.Context, all []span, readers ...reader) error {
	if w.open == nil {
		w.open = map[ledger.TransactionID]*openBatch{}
	}
	packs := newPacks(all, len(readers)+2)
	g, ctx := errgroup.WithContext(ctx)
	for _, read := range readers {
		g.Go(func() error { return read(ctx, packs) })
	}
	g.Go(func() error {
		for i := range all {
			select {
			case b := <-packs.read[i]:
				if err := w.unpack(b); err != nil {
					return err
				}
				packs.free <- b
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	return nil
}

// packs are ranges with what was read of them. There are as many buffers as may be held at once.
type packs struct {
	all  []span
	next atomic.Int64 // that nobody reads yet
	read []chan []byte
	free chan []byte
}

func newPacks(all []span, buffers int) *packs {
	p := &packs{all: all, read: make([]chan []byte, len(all)), free: make(chan []byte, buffers)}
	for i := range p.read {
		p.read[i] = make(chan []byte, 1)
	}
	for range buffers {
		p.free <- nil
	}
	return p
}

// A reader reads ranges that nobody else reads, until there are no more.
type reader func(ctx context.Context, p *packs) error

// readerOf reads on a connection. The statement is prepared, since only then does the driver have bytes sent as they are.
func readerOf(q rows.Preparer) reader {
	return func(ctx context.Context, p *packs) (err error) {
		stmt, err := q.PrepareContext(ctx, packSQL)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stmt.Close()) }()
		for {
			var b []byte
			select { // first, so that whoever has the earliest range can read it
			case b = <-p.free:
			case <-ctx.Done():
				return ctx.Err()
			}
			i := p.next.Add(1) - 1
			if i >= int64(len(p.all)) {
				p.free <- b
				return nil
			}
			if b, err = readPack(ctx, stmt, p.all[i], b[:0]); err != nil {
				return err
			}
			p.read[i] <- b
		}
	}
}

// A task is something to do on a connection before it reads the journal.
type task func(ctx context.Context, q rows.Preparer) error

// readersOn read on two connections that see the same, each of which does something else first. Nothing is read before the
// first thing is done. Where there is only one connection, it does both.
func readersOn(tx, beside *sqlx.Tx, first, second task) []reader {
	ready := make(chan struct{})
	begin := func(ctx context.Context, packs *packs) error {
		if err := first(ctx, tx); err != nil {
			return err
		}
		close(ready)
		if beside == nil {
			if err := second(ctx, tx); err != nil {
				return err
			}
		}
		return readerOf(tx)(ctx, packs)
	}
	if beside == nil {
		return []reader{begin}
	}
	return []reader{begin, func(ctx context.Context, packs *packs) error {
		if err := second(ctx, beside); err != nil {
			return err
		}
		select {
		case <-ready:
			return readerOf(beside)(ctx, packs)
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
}

// Backward calls fn with every transaction that there is, a member's latest first. It reads on two connections that see the
// same, each of which does something else first: the first what fn needs, the second what may be done meanwhile. fn is
// called by one goroutine, and may keep nothing of what it is given.
func Backward(ctx context.Context, tx, beside *sqlx.Tx, first, second func(context.Context, rows.Preparer) error, fn func(t *Posted)) error {
	all, err := spans(ctx, tx)
	if err != nil {
		return err
	}
	slices.Reverse(all)
	w := &walk{posted: fn, back: true}
	return w.through(ctx, all, readersOn(tx, beside, first, second)...)
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

// A seen is where a row of a pack stands, with what it is put in order by.
type seen struct {
	id       int64
	member   ledger.Member // zero for a batch, which comes before its transactions
	from, to int
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
	for from := 0; from < len(b); {
		r := rows.Read(b[from:])
		s := seen{id: r.Int64(), from: from}
		left := r.Fields - 1
		if r.Fields != batchFields {
			s.member = r.Member()
			left--
		}
		r.Skip(left)
		if r.Err != nil {
			return r.Err
		}
		s.to = len(b) - len(r.Rest())
		from = s.to
		w.pack = append(w.pack, s)
	}
	slices.SortFunc(w.pack, seen.compare)
	if w.back {
		slices.Reverse(w.pack)
	}
	for _, s := range w.pack {
		r := rows.Read(b[s.from:s.to])
		switch {
		case r.Fields != batchFields:
			w.transaction(&r)
			w.judge()
		case !w.back:
			w.begin(readBatch(&r))
		}
		if r.Err != nil {
			return r.Err
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

func (w *walk) transaction(r *rows.Row) {
	t := &w.last
	lines := t.Lines[:0]
	t.Transaction = ledger.Transaction{ID: ledger.TransactionID(r.Int64())}
	t.Member = r.Member()
	t.OccurredAt = r.Time()
	t.PostedAt = t.OccurredAt
	if !r.Null() {
		t.PostedAt = r.Time()
	} else {
		r.Skip(1)
	}
	t.BookDate = r.Date()
	t.Subject, t.Part, t.Actor = r.Text(), r.Text(), r.Text()
	t.NoteHash = r.Bytes()
	t.Reverses = ledger.TransactionID(r.Int64())
	shop, numbers := r.Text(), r.Numbers()
	program, _ := numbers.Next()
	version, _ := numbers.Next()
	kind, _ := numbers.Next()
	t.Program, t.Version, t.Kind = int(program), int(version), ledger.Kind(kind) //nolint:gosec // a smallint
	whole := w.moved.read(&numbers)
	t.Lines, t.Broken = w.moved.lines(shop, lines), nil
	switch {
	case !whole:
		t.Broken = errNotWhole
	case shop != "" && t.Shop() == "":
		t.Broken = errNoShop
	}
}

var (
	errNotWhole = errors.New("its accounts, moves and times of expiry are not those of whole lines")
	errNoShop   = errors.New("it names a shop, and none of its lines is of one")
)

// moved is the numbers of a transaction's lines: an account and a time of expiry each, and points, money and lot.
type moved struct{ accounts, moves, expires []int64 }

// read tells whether what stands there is whole lines.
func (m *moved) read(n *rows.Numbers) bool {
	var list [3]bool
	m.accounts, list[0] = n.List(m.accounts[:0])
	m.moves, list[1] = n.List(m.moves[:0])
	none := !n.More()
	m.expires, list[2] = n.List(m.expires[:0])
	list[2] = none || list[2] && len(m.expires) == len(m.accounts)
	return list == [3]bool{true, true, true} && len(m.moves) == 3*len(m.accounts)
}

// lines adds the lines to those given. What is missing of them is zero.
func (m *moved) lines(shop string, lines []ledger.Line) []ledger.Line {
	for i, account := range m.accounts {
		l := ledger.Line{Account: ledger.Account(account)} //nolint:gosec // a smallint
		if 3*i+2 < len(m.moves) {
			l.Points, l.Money, l.Lot = ledger.Points(m.moves[3*i]), ledger.Money(m.moves[3*i+1]), ledger.LotID(m.moves[3*i+2])
		}
		if i < len(m.expires) && m.expires[i] != 0 {
			l.ExpiresAt = time.UnixMicro(m.expires[i]).UTC()
		}
		if l.Account.OfShop() {
			l.Shop = shop
		}
		lines = append(lines, l)
	}
	return lines
}

// judge says of the transaction that was read what is to be said, and adds it to its batch.
func (w *walk) judge() {
	t := &w.last
	if w.broken != nil {
		if err := cmp.Or(t.Broken, t.Check()); err != nil {
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
	if w.back {
		return
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
	w.digest = t.Digest(t.Member, t.Program, t.NoteHash)
	b.sum.Write(w.digest[:])
	b.seen++
	if t.ID == b.LastID {
		w.close(node)
	}
}
