package journal

import (
	"context"
	"fmt"
	"iter"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// The checks of seals.
const (
	checkSeals  = "seals"
	checkSealed = "sealed batches"
	checkHeads  = "kept heads"
)

// VerifySeals proves the chain of seals by the batches that it lists, as Verify does. That batches are what their
// transactions hash to is left to Verify. It runs in a transaction of the caller's; cluster is of Cluster.
func VerifySeals(ctx context.Context, tx *sqlx.Tx, cluster int64) (*Verification, error) {
	p := &proof{VerifyOptions: VerifyOptions{Keep: defaultKeep}, tx: tx, cluster: cluster, v: &Verification{}}
	if err := p.seals(ctx); err != nil {
		return nil, fmt.Errorf("verify seals: %w", err)
	}
	return p.v, nil
}

// sealsSQL reads every seal and, behind it, its batches in order, each as one value. A batch that is gone has nulls.
const sealsSQL = `
SELECT record_send(ROW(number, place, previous, content, hash, batches, transactions, total, sealed_at, cluster, below,
                       batch, last_id, batch_transactions, posted_at, xid, fingerprint))
  FROM (SELECT number, 0 AS place, previous, content, hash, batches, transactions, total, sealed_at, cluster, below,
               NULL::bigint AS batch, NULL::bigint AS last_id, NULL::integer AS batch_transactions, NULL::timestamptz AS posted_at,
               NULL::xid8 AS xid, NULL::bytea AS fingerprint
          FROM seals
        UNION ALL
        SELECT s.seal, s.place, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
               s.batch, b.last_id, b.transactions, b.posted_at, b.xid, b.fingerprint
          FROM sealed_batches s LEFT JOIN batches b ON b.id = s.batch) AS chain
 ORDER BY number, place`

// seals proves the chain: that each seal follows the one before and covers exactly its batches, that no batch was left
// behind, and that the chain still holds what somebody outside has kept of it.
func (p *proof) seals(ctx context.Context) error {
	checks := []CheckResult{
		{Name: checkSeals, About: "each follows the one before, and covers its batches as they are"},
		{Name: checkSealed, About: "no batch was left behind by a later seal"},
	}
	if p.Heads != nil {
		checks = append(checks, CheckResult{Name: checkHeads, About: "the chain still holds what was kept outside"})
	}
	end := p.check(checks...)
	defer end()
	c := &chain{proof: p, kept: keep(p.Heads, p)}
	defer c.kept.stop()
	if err := rows.Each(ctx, p.tx, c.add, sealsSQL); err != nil {
		return fmt.Errorf("read the seals: %w", err)
	}
	c.close()
	if err := c.kept.end(c.last); err != nil {
		return fmt.Errorf("read what was kept: %w", err)
	}
	if c.last != nil {
		head := c.last.Head()
		p.v.Head, p.v.Total = &head, c.last.Total
	}
	return p.unsealed(ctx, c)
}

// A chain is the seals as they are read.
type chain struct {
	*proof
	kept    *keeper
	last    *Seal // whose batches are being read; nil: none yet
	content *sealing
	torn    bool // a batch of it is gone or another one stands in its place
	cluster int64
	below   uint64
	absent  int64 // a seal that batches name and that is not there
}

func (c *chain) differ(number int64, stored, journal string) {
	c.found(checkSeals, Difference{What: fmt.Sprintf("seal %d", number), Stored: stored, Journal: journal})
}

// add takes in a row of sealsSQL.
func (c *chain) add(r *rows.Row) error {
	number, place := r.Int64(), r.Int32()
	if place == 0 {
		c.close()
		return c.begin(number, r)
	}
	c.examined(checkSealed, 1)
	for range 9 { // what only seals have
		r.Field()
	}
	b := batch{}
	b.ID = ledger.TransactionID(r.Int64())
	gone := r.Null()
	b.LastID, b.Transactions, b.PostedAt, b.XID, b.Fingerprint = ledger.TransactionID(r.Int64()), r.Int32(), r.Time(), uint64(r.Int64()), r.Bytes() //nolint:gosec // the bits
	switch {
	case c.last == nil || c.last.Number != number:
		if c.absent != number {
			c.differ(number, "it is gone, its batches are listed", "")
		}
		c.absent = number
	case gone:
		c.torn = true
		c.differ(number, fmt.Sprintf("batch %s is gone", b.ID), "")
	case int64(place) != c.content.batches+1 && !c.torn:
		c.torn = true
		c.differ(number, fmt.Sprintf("batch %s in place %d", b.ID, place), fmt.Sprintf("place %d", c.content.batches+1))
	default:
		c.content.add(b)
	}
	return nil
}

// begin takes in a seal and looks how it follows the one before.
func (c *chain) begin(number int64, r *rows.Row) error {
	c.examined(checkSeals, 1)
	s := &Seal{Number: number}
	var sound [3]bool
	for i, h := range []*Hash{&s.Previous, &s.Content, &s.Hash} {
		*h, sound[i] = asHash(r.Field())
	}
	s.Batches, s.Transactions, s.Total, s.SealedAt = r.Int64(), r.Int64(), r.Int64(), r.Time()
	c.cluster, c.below = r.Int64(), uint64(r.Int64()) //nolint:gosec // the bits
	if sound != [3]bool{true, true, true} {
		c.differ(number, "its hashes are none", "")
	}
	if what := s.after(c.last); what != "" {
		c.differ(number, what, "")
	}
	c.last, c.content, c.torn = s, newSealing(), false
	return c.kept.meet(s.Head())
}

// close compares the seal with the batches that were read.
func (c *chain) close() {
	s := c.last
	if s == nil || c.content == nil {
		return
	}
	content := c.content
	c.content = nil
	switch {
	case c.torn:
	case s.Batches != content.batches || s.Transactions != content.transactions:
		c.differ(s.Number, fmt.Sprintf("%d batches, %d transactions", s.Batches, s.Transactions), fmt.Sprintf("%d batches, %d transactions", content.batches, content.transactions))
	case content.disorder != "":
		c.differ(s.Number, content.disorder+" stands behind a later one", "")
	case s.Content != content.content():
		c.differ(s.Number, "content "+short(s.Content[:]), short(content.Sum(nil)))
	}
}

// behindSQL lists the batches that are in no seal.
const behindSQL = `
SELECT record_send(ROW(b.id, b.last_id, b.transactions, b.posted_at, b.xid, b.fingerprint))
  FROM batches b
 WHERE NOT EXISTS (SELECT FROM sealed_batches s WHERE s.batch = b.id)
 ORDER BY b.id`

// unsealed counts what is not sealed yet, and names batches that no later seal will look at.
func (p *proof) unsealed(ctx context.Context, c *chain) error {
	err := rows.Each(ctx, p.tx, func(r *rows.Row) error {
		b := readBatch(r)
		p.v.Unsealed += int64(b.Transactions)
		if c.last != nil && c.cluster == p.cluster && b.XID < c.below {
			p.found(checkSealed, Difference{What: b.String(), Stored: fmt.Sprintf("it was complete before seal %d, and is in no seal", c.last.Number)})
		}
		return nil
	}, behindSQL)
	if err != nil {
		return fmt.Errorf("count what is not sealed: %w", err)
	}
	return nil
}

// A keeper holds what somebody outside has kept against the chain.
type keeper struct {
	*proof
	next func() (Head, error, bool)
	stop func()
	head Head
	err  error
	more bool
}

func keep(heads iter.Seq2[Head, error], p *proof) *keeper {
	k := &keeper{proof: p, stop: func() {}}
	if heads != nil {
		k.next, k.stop = iter.Pull2(heads)
		k.pull()
	}
	return k
}

func (k *keeper) pull() {
	if k.head, k.err, k.more = k.next(); k.more && k.err == nil {
		k.examined(checkHeads, 1)
	}
}

func (k *keeper) differ(stored string) {
	k.found(checkHeads, Difference{What: fmt.Sprintf("seal %d", k.head.Number), Stored: stored + "; kept was " + k.head.Hash.String()})
}

// meet compares a seal with what was kept of it, and of those that should stand before it.
func (k *keeper) meet(h Head) error {
	for k.more && k.err == nil && k.head.Number <= h.Number {
		switch {
		case k.head.Number < h.Number:
			k.differ("it is gone")
		case k.head.Hash != h.Hash:
			k.differ("its hash is " + h.Hash.String())
		}
		k.pull()
	}
	return k.err
}

// end names what was kept of seals behind the last: the chain was cut.
func (k *keeper) end(last *Seal) error {
	stored := "the chain is cut: nothing is sealed"
	if last != nil {
		stored = fmt.Sprintf("the chain is cut: the last seal is %d", last.Number)
	}
	for k.more && k.err == nil {
		k.differ(stored)
		k.pull()
	}
	return k.err
}
