package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// The checks of the journal itself.
const (
	checkTransactions = "transactions"
	checkBatches      = "batches"
	checkFingerprints = "fingerprints"
)

const sizeSQL = `SELECT record_send(ROW(count(*), coalesce(sum(transactions), 0)::bigint)) FROM batches`

// batches proves every transaction by itself, and every batch by its transactions: one pass over the journal.
func (p *proof) batches(ctx context.Context) error {
	end := p.check(
		CheckResult{Name: checkTransactions, About: "each has whole lines, which add up to zero in points and in money, on accounts of the chart"},
		CheckResult{Name: checkBatches, About: "each has all its transactions, and each transaction its batch"},
		CheckResult{Name: checkFingerprints, About: "each batch's transactions hash to its fingerprint"})
	defer end()
	err := rows.Each(ctx, p.tx, func(r *rows.Row) error {
		p.v.Batches, p.v.Transactions = r.Int64(), r.Int64()
		return nil
	}, sizeSQL)
	if err != nil {
		return fmt.Errorf("measure the journal: %w", err)
	}
	all, err := spans(ctx, p.tx)
	if err != nil {
		return err
	}
	w := &walk{
		batch: p.batch,
		stray: func(t *Posted) {
			p.found(checkBatches, Difference{Member: t.Member.String(), What: transactionName(&t.Transaction), Stored: "it is in no batch"})
		},
		broken: func(t *Posted, err error) {
			why, _ := strings.CutPrefix(err.Error(), "transaction "+t.ID.String())
			p.found(checkTransactions, Difference{Member: t.Member.String(), What: transactionName(&t.Transaction), Stored: strings.TrimLeft(why, " ,:")})
		},
		posted: func(t *Posted) {
			member := p.prints.Member(t.Member)
			p.prints.add(t, member)
			if p.roll != nil {
				p.roll.add(t, member)
			}
		},
		seen: func(n int64) { p.Progress(checkBatches, n, p.v.Transactions) },
	}
	if err := w.through(ctx, all, readersOn(p.tx, p.beside, p.readRoll, p.stored.sumUp)...); err != nil {
		return err
	}
	w.end()
	if err := p.suspects(ctx); err != nil {
		return err
	}
	p.examined(checkTransactions, w.count)
	p.examined(checkBatches, p.v.Batches)
	p.examined(checkFingerprints, p.v.Batches)
	return nil
}

func transactionName(t *ledger.Transaction) string {
	return fmt.Sprintf("transaction %s (%s)", t.ID, t.Kind)
}

// batch judges a batch that was walked through.
func (p *proof) batch(b batch, seen int, fingerprint [sha256.Size]byte) {
	what := b.String()
	switch {
	case seen != b.Transactions:
		p.found(checkBatches, Difference{What: what, Stored: fmt.Sprintf("%d transactions", b.Transactions), Journal: fmt.Sprint(seen)})
	case !bytes.Equal(b.Fingerprint, fingerprint[:]):
		p.found(checkFingerprints, Difference{What: what, Stored: short(b.Fingerprint), Journal: short(fingerprint[:])})
		if len(p.changed) < p.Keep {
			p.changed = append(p.changed, b)
		}
	}
}

// suspectsSQL reads the first transactions of a batch.
const suspectsSQL = `
SELECT record_send(ROW(member, id, kind)) FROM transactions WHERE id BETWEEN $1 AND $2 AND id & 4095 = $1::bigint & 4095 ORDER BY id LIMIT $3`

// mostSuspects is how many transactions of a batch are named.
const mostSuspects = 3

// suspects says of batches that do not hash to their fingerprints which transactions they hold: one of them was changed.
// Where all are one member's, it says whose.
func (p *proof) suspects(ctx context.Context) error {
	first := p.of(checkFingerprints).First
	for i, b := range p.changed {
		d := &first[i]
		var names []string
		var whose []string
		err := rows.Each(ctx, p.tx, func(r *rows.Row) error {
			whose = append(whose, r.Member().String())
			t := ledger.Transaction{ID: ledger.TransactionID(r.Int64()), Kind: ledger.Kind(r.Int16())}
			names = append(names, transactionName(&t))
			return nil
		}, suspectsSQL, int64(b.ID), int64(b.LastID), mostSuspects)
		if err != nil {
			return fmt.Errorf("name what a batch holds: %w", err)
		}
		d.What += " with " + strings.Join(names, ", ")
		if more := b.Transactions - len(names); more > 0 {
			d.What += fmt.Sprintf(" and %d more", more)
		} else if whose = slices.Compact(whose); len(whose) == 1 {
			d.Member = whose[0]
		}
	}
	return nil
}

// String names the batch.
func (b batch) String() string {
	return fmt.Sprintf("batch %s of %s", b.ID, b.PostedAt.Format("2006-01-02 15:04:05Z"))
}

// short is the beginning of a hash.
func short(hash []byte) string { return fmt.Sprintf("%.8x…", hash) }
