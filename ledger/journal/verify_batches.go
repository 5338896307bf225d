package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"chobo/ledger"
)

// The checks of the journal itself.
const (
	checkTransactions = "transactions"
	checkLines        = "lines"
	checkBatches      = "batches"
	checkFingerprints = "fingerprints"
)

const sizeSQL = `SELECT record_send(ROW(count(*), coalesce(sum(transactions), 0)::bigint)) FROM batches`

// batches proves every transaction by itself, and every batch by its transactions: one pass over the journal.
func (p *proof) batches(ctx context.Context) error {
	end := p.check(
		CheckResult{Name: checkTransactions, About: "each adds up to zero in points and in money, on accounts of the chart"},
		CheckResult{Name: checkLines, About: "each belongs to a transaction"},
		CheckResult{Name: checkBatches, About: "each has all its transactions, and each transaction its batch"},
		CheckResult{Name: checkFingerprints, About: "each batch's transactions hash to its fingerprint"})
	defer end()
	err := eachRow(ctx, p.tx, func(r *row) error {
		p.v.Batches, p.v.Transactions = r.int64(), r.int64()
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
		stray: func(t *posted) {
			p.found(checkBatches, Difference{Member: t.Member.String(), What: transactionName(&t.Transaction), Stored: "it is in no batch"})
		},
		broken: func(t *posted, err error) {
			why, _ := strings.CutPrefix(err.Error(), "transaction "+t.ID.String())
			p.found(checkTransactions, Difference{Member: t.Member.String(), What: transactionName(&t.Transaction), Stored: strings.TrimLeft(why, " ,:")})
		},
		posted: p.prints.add,
		orphan: func(m ledger.Member, id ledger.TransactionID) {
			p.prints.orphans = true
			p.found(checkLines, Difference{Member: m.String(), What: "lines of transaction " + id.String(), Stored: "there is no such transaction"})
		},
		seen: func(n int64) { p.Progress(checkBatches, n, p.v.Transactions) },
	}
	if err := w.through(ctx, p.tx, all); err != nil {
		return err
	}
	w.end()
	p.examined(checkTransactions, w.count)
	p.examined(checkLines, w.lines)
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
	}
}

// String names the batch.
func (b batch) String() string {
	return fmt.Sprintf("batch %s of %s", b.ID, b.PostedAt.Format("2006-01-02 15:04:05Z"))
}

// short is the beginning of a hash.
func short(hash []byte) string { return fmt.Sprintf("%.8x…", hash) }
