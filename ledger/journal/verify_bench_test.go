package journal_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/ledger/journal"
	"chobo/points"
	"chobo/points/engine"
	"chobo/schema/pgtest"
)

var benchTransactions = flag.Int("transactions", 20_000, "how long a journal the benchmarks prove")

// BenchmarkVerify proves a journal of -transactions, then seals it and proves it with its seals. It tells what one pass
// over the lines by the database alone takes, and how much memory the process held at most.
func BenchmarkVerify(b *testing.B) {
	m := long(b, *benchTransactions)
	_, err := m.Owner.Exec(`VACUUM ANALYZE`)
	fatal(b, err)
	pass := measured(b, "a sum over the lines", func() error {
		_, err := m.DB.Exec(`SELECT sum(points), sum(money) FROM lines`)
		return err
	})
	measured(b, "the roll-up", func() error {
		_, err := journal.Fold(b.Context(), m.DB)
		return err
	})
	measured(b, "sealing", func() error {
		_, err := journal.SealAll(b.Context(), m.DB, time.Now())
		return err
	})
	for b.Loop() {
		var v *journal.Verification
		took := measured(b, "verifying", func() (err error) {
			v, err = journal.Verify(b.Context(), m.DB, journal.VerifyOptions{})
			return err
		})
		expect(b, v, nil)
		for _, c := range v.Checks {
			b.Logf("  %-14s %9d %6.2f s", c.Name, c.Examined, c.Took.Seconds())
		}
		b.ReportMetric(float64(v.Transactions)/took.Seconds(), "transactions/s")
		b.ReportMetric(took.Seconds()/pass.Seconds(), "×scan")
		b.ReportMetric(peakMB(b), "MB-peak")
		b.ReportMetric(0, "ns/op")
	}
}

func measured(b *testing.B, what string, do func() error) time.Duration {
	b.Helper()
	started := time.Now()
	fatal(b, do())
	took := time.Since(started)
	b.Logf("%s: %.2f s", what, took.Seconds())
	return took
}

// long is a ledger of so many transactions: grants, and orders that points and money pay and that earn.
func long(b *testing.B, transactions int) *trade.Mall {
	b.Helper()
	m := trade.Open(b, pgtest.NewURL(b)).At("2026-04-01 10:00")
	members := max(100, transactions/20)
	var requests []engine.Request
	posted := 0
	send := func() {
		for _, out := range m.Engine.SubmitMany(b.Context(), requests) {
			if out.Err != nil || out.Refusal != nil {
				b.Fatal(out.Err, out.Refusal)
			}
			posted += out.Transactions
		}
		requests = requests[:0]
	}
	add := func(member int, c points.Command) {
		requests = append(requests, engine.Request{Program: trade.Code, Member: fmt.Sprint("m-", member), Key: fmt.Sprint("k-", posted, "-", len(requests)), Command: c, Enrol: true})
		if len(requests) == 4000 {
			send()
		}
	}
	for i := range members {
		add(i, points.GrantPoints{Points: 1_000_000, Reason: "welcome"})
	}
	for n := 0; posted < transactions; n++ {
		price := ledger.Money(500 + rand.IntN(5000))
		add(rand.IntN(members), points.PlaceOrder{Order: points.OrderRequest{OrderID: fmt.Sprint("O-", n), ShopID: fmt.Sprint("S-", n%40),
			Lines:   []points.OrderLineRequest{{LineID: "1", SKU: "BK-7", Category: "books", Quantity: 1, UnitPrice: price}},
			Tenders: points.Tenders{Points: 100, Money: price - 100}}})
	}
	send()
	return m
}

// peakMB is the most memory that the process held.
func peakMB(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	var kB float64
	_, err = fmt.Sscan(text, &kB)
	fatal(b, err)
	return kB / 1024
}
