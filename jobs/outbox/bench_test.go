package outbox_test

import (
	"testing"

	"chobo/jobs/outbox"
	"chobo/jobs/reconcile/trade"
	"chobo/schema/pgtest"
)

// placeSQL is the batch at a share of the way.
const placeSQL = `
SELECT b.xid::text, b.id FROM batches b ORDER BY b.xid, b.id OFFSET (SELECT $1 * count(*) / 100 FROM batches) LIMIT 1`

// BenchmarkRead reads a page of 100 from the beginning, the middle and the end of 300,000 transactions: it should take as
// long from everywhere. go test -run xxx -bench Read ./jobs/outbox
func BenchmarkRead(b *testing.B) {
	m := trade.Open(b, pgtest.NewURL(b))
	m.Fill(120_000, 12_000)
	m.Settle()
	p := m.Info()
	for name, share := range map[string]int{"beginning": 0, "middle": 50, "end": 99} {
		var at outbox.Place
		fatal(b, m.DB.QueryRow(placeSQL, share).Scan(&at.XID, &at.Batch))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				page, err := outbox.Read(b.Context(), m.DB, p, at, 100)
				if err != nil || len(page.Events) != 100 {
					b.Fatal(len(page.Events), err)
				}
			}
		})
	}
}
