package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"chobo/ledger"
	"chobo/ledger/rows"
	"chobo/schema"
)

// ErrNotWhole is a batch whose transactions are not all there, or are not those that it was written for. It is left
// out of the seal, named by every run, and sealed once it is whole.
var ErrNotWhole = errors.New("a batch is not whole and cannot be sealed")

// A seal closes at most so much, so that memory and the time of its transaction are bounded.
const (
	sealedBatches      = 5000
	sealedTransactions = 200_000
)

// SealAll seals every batch that is complete and not sealed yet, and tells how many transactions they hold. now is
// the wall clock. Two at once do no harm: one of them finds the work done.
//
// A batch is complete once its transaction lies below every transaction in flight, so that within a seal batches stand
// in the order of their transactions and then of their ids, however they took their ids. What commits late goes into a
// later seal: a seal holds what it lists, not a range. Each batch's fingerprint is computed again from its rows first.
//
// It fails with ErrNotWhole after everything else was sealed.
func SealAll(ctx context.Context, db *sqlx.DB, now time.Time) (transactions int64, err error) {
	cluster := schema.Cluster(ctx, db).Int64 // 0 where it may not be asked
	for tries := 0; ; {
		s := sealer{cluster: cluster, now: now.UTC().Truncate(time.Microsecond)}
		err := s.run(ctx, db)
		switch {
		case overtaken(err) && tries < 10:
			tries++
			continue
		case err != nil:
			return transactions, fmt.Errorf("seal: %w", err)
		}
		transactions += s.sealed
		if s.more && s.sealed > 0 {
			continue
		}
		if s.left != nil {
			return transactions, fmt.Errorf("%w: %s", ErrNotWhole, s.left)
		}
		return transactions, nil
	}
}

// overtaken tells that somebody else made the seal meanwhile.
func overtaken(err error) bool {
	return pq.As(err, pqerror.UniqueViolation, pqerror.TRSerializationFailure) != nil
}

// halfway stands for the server in seals made while a restored database is caught up with: the next seal has to look
// at all batches again.
const halfway = -1

// A sealer makes one seal.
type sealer struct {
	cluster int64
	now     time.Time

	last  Seal
	below uint64 // of the last seal; then of the next
	all   bool   // look at all batches: the last seal's xids are another server's
	xmin  uint64 // the oldest transaction in flight

	sealed int64
	more   bool   // there is more to seal
	left   *batch // the first that is not whole
}

// run makes a seal, if there is something to seal.
func (s *sealer) run(ctx context.Context, db *sqlx.DB) (err error) {
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return err
	}
	defer func() {
		if err2 := tx.Rollback(); err2 != nil && !errors.Is(err2, sql.ErrTxDone) && err == nil {
			err = err2
		}
	}()
	if err := s.begin(ctx, tx); err != nil {
		return err
	}
	candidates, err := s.candidates(ctx, tx)
	if err != nil || len(candidates) == 0 {
		return err
	}
	whole, err := s.proved(ctx, tx, candidates)
	if err != nil || len(whole) == 0 {
		return err
	}
	if err := s.write(ctx, tx, whole); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, b := range whole {
		s.sealed += int64(b.Transactions)
	}
	return nil
}

const (
	inFlightSQL = `SELECT chobo_xmin()::text`
	lastSealSQL = `SELECT number, hash, total, below::text, cluster FROM seals ORDER BY number DESC LIMIT 1`
)

// begin reads how far the chain reaches.
func (s *sealer) begin(ctx context.Context, tx *sqlx.Tx) error {
	if err := tx.GetContext(ctx, &s.xmin, inFlightSQL); err != nil {
		return fmt.Errorf("look for transactions in flight: %w", err)
	}
	var hash []byte
	var cluster int64
	err := tx.QueryRowContext(ctx, lastSealSQL).Scan(&s.last.Number, &hash, &s.last.Total, &s.below, &cluster)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the last seal: %w", err)
	}
	s.last.Hash, _ = asHash(hash)
	if s.all = cluster != s.cluster; s.all {
		s.below = 0
	}
	return nil
}

// unsealedSQL lists complete batches that are in no seal, from xid $1 on. $2: those of another server's xids too, which
// cannot be in flight.
const unsealedSQL = `
SELECT record_send(ROW(b.id, b.last_id, b.transactions, b.posted_at, b.xid, b.fingerprint))
  FROM batches b
 WHERE b.xid >= $1::xid8 AND ($2::boolean OR b.xid < chobo_xmin())
   AND NOT EXISTS (SELECT FROM sealed_batches s WHERE s.batch = b.id)
 ORDER BY b.xid, b.id
 LIMIT $3`

// candidates are the next batches to seal, in order. It sets below to where the next seal has to look.
func (s *sealer) candidates(ctx context.Context, tx *sqlx.Tx) (next []batch, err error) {
	transactions := 0
	bound := s.xmin
	err = rows.Each(ctx, tx, func(r *rows.Row) error {
		b := readBatch(r)
		if s.more {
			return nil
		}
		if s.more = len(next) == sealedBatches || transactions > sealedTransactions; s.more {
			bound = b.XID
			return nil
		}
		transactions += b.Transactions
		next = append(next, b)
		return nil
	}, unsealedSQL, xid(s.below), s.all, sealedBatches+1)
	if err != nil {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	s.below = bound
	return next, nil
}

// proved are those of the batches whose rows are all there and hash to their fingerprints, in the same order.
func (s *sealer) proved(ctx context.Context, tx *sqlx.Tx, candidates []batch) (whole []batch, err error) {
	good := make(map[ledger.TransactionID]bool, len(candidates))
	w := &walk{batch: func(b batch, seen int, fingerprint [sha256.Size]byte) {
		good[b.ID] = seen == b.Transactions && Hash(fingerprint).equal(b.Fingerprint)
	}}
	if err := w.through(ctx, rangesOf(candidates), readerOf(tx)); err != nil {
		return nil, err
	}
	w.end()
	for i, b := range candidates {
		if good[b.ID] {
			whole = append(whole, b)
		} else if s.left == nil {
			s.left = &candidates[i]
		}
	}
	if s.left != nil {
		s.below = min(s.below, s.left.XID)
	}
	return whole, nil
}

// farApart are ids a day apart. Batches that are not whole stay candidates for long; what lies between them and the new
// ones is not read.
const farApart = ledger.TransactionID(24*time.Hour/time.Microsecond) * ledger.IDStep

// rangesOf are ranges of ids in which the batches lie, none of many more transactions than a walk holds at once.
func rangesOf(batches []batch) (all []span) {
	sorted := slices.Clone(batches)
	slices.SortFunc(sorted, func(b, c batch) int {
		if b.ID < c.ID {
			return -1
		}
		return 1
	})
	held := 0
	for _, b := range sorted {
		n := len(all)
		switch {
		case n == 0 || b.ID-all[n-1].to >= farApart:
			all = append(all, span{b.ID, b.LastID})
			held = 0
		case b.LastID <= all[n-1].to:
		case held < spanSize:
			all[n-1].to = b.LastID
		default:
			all = append(all, span{all[n-1].to + 1, b.LastID})
			held = 0
		}
		held += b.Transactions
	}
	return all
}

const (
	newSealSQL = `
INSERT INTO seals (number, previous, content, hash, batches, transactions, total, first_batch, last_batch, sealed_at, cluster, below)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::xid8)`

	newSealedSQL = `
INSERT INTO sealed_batches (batch, seal, place)
SELECT batch, $1::bigint, place FROM unnest($2::bigint[]) WITH ORDINALITY AS u(batch, place)`
)

// write chains the batches to the last seal.
func (s *sealer) write(ctx context.Context, tx *sqlx.Tx, batches []batch) error {
	content := newSealing()
	ids := make([]int64, len(batches))
	for i, b := range batches {
		content.add(b)
		ids[i] = int64(b.ID)
	}
	n := Seal{Number: s.last.Number + 1, Previous: s.last.Hash, Content: content.content(), Batches: content.batches,
		Transactions: content.transactions, Total: s.last.Total + content.transactions, SealedAt: s.now}
	n.Hash = n.sum()
	cluster := s.cluster
	if s.all && (s.more || s.left != nil) {
		cluster, s.below = halfway, 0
	}
	if _, err := tx.ExecContext(ctx, newSealSQL, n.Number, n.Previous[:], n.Content[:], n.Hash[:], n.Batches, n.Transactions, n.Total,
		ids[0], ids[len(ids)-1], n.SealedAt, cluster, xid(s.below)); err != nil {
		return fmt.Errorf("write the seal: %w", err)
	}
	if _, err := tx.ExecContext(ctx, newSealedSQL, n.Number, pq.Array(ids)); err != nil {
		return fmt.Errorf("write what is sealed: %w", err)
	}
	return nil
}

// xid is the number as a statement takes it.
func xid(n uint64) string { return strconv.FormatUint(n, 10) }
