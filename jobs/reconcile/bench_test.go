package reconcile_test

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"chobo/jobs/reconcile"
	"chobo/jobs/reconcile/trade"
	"chobo/ledger/journal"
	"chobo/ledger/report"
	"chobo/points/engine"
	"chobo/schema/pgtest"
)

// scanSQL is what all else is measured by: one pass over the lines.
const scanSQL = `SELECT sum(points) FROM lines`

// Generated books pass every check, or they would be no measure.
func TestFilledBooksAreHealthy(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t))
	m.Fill(4000, 400)
	if run, got := complete(t, m); run.Breaks != 0 {
		t.Errorf("%q", got)
	}
	m.Fold()
	if run, got := complete(t, m); run.Breaks != 0 {
		t.Errorf("%q", got)
	}
}

// BenchmarkMillion times roll-up and reports over a million transactions, each beside a scan of the lines in
// the same run: the figure scans is how many scans it takes. go test -bench Million -benchtime 1x ./jobs/reconcile
func BenchmarkMillion(b *testing.B) {
	m := trade.Open(b, pgtest.NewURL(b))
	m.Fill(400_000, 40_000)
	ctx := b.Context()
	r := m.Reader()
	day := time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)
	month := report.Span{From: day.AddDate(0, 0, -29), To: day}
	assumed := report.Assumptions{Term: 13}
	measure := func(name string, do func(ctx context.Context) error) {
		b.Run(name, func(b *testing.B) {
			var took, scan time.Duration
			var before, after runtime.MemStats
			for b.Loop() {
				scan += scanned(b, m)
				runtime.GC()
				runtime.ReadMemStats(&before)
				started := time.Now()
				fatal(b, do(ctx))
				took += time.Since(started)
				runtime.ReadMemStats(&after)
			}
			b.ReportMetric(float64(took)/float64(scan), "scans")
			b.ReportMetric(float64(scan.Milliseconds())/float64(b.N), "scan-ms")
			b.ReportMetric(float64(after.Sys-before.Sys)/(1<<20), "grown-MB")
		})
	}
	measure("trial balance before the roll-up", func(ctx context.Context) error { _, err := r.TrialBalance(ctx, day); return err })
	measure("roll-up", func(ctx context.Context) error { m.Settle(); _, err := journal.Fold(ctx, m.DB); return err })
	measure("trial balance", func(ctx context.Context) error { _, err := r.TrialBalance(ctx, day); return err })
	measure("roll-forward by shop", func(ctx context.Context) error { _, err := r.RollForward(ctx, month, report.ByShop); return err })
	measure("shop settlement", func(ctx context.Context) error { _, err := r.Settlement(ctx, month, ""); return err })
	measure("expiry aging", func(ctx context.Context) error { _, err := r.ExpiryAging(ctx, day); return err })
	measure("breakage", func(ctx context.Context) error { _, err := r.Breakage(ctx, day, assumed); return err })
	measure("receivables", func(ctx context.Context) error { _, err := r.Receivables(ctx, day); return err })
	measure("general ledger", func(ctx context.Context) error {
		return r.GeneralLedger(ctx, 31, month, func(_ report.GeneralLedger, entries iter.Seq2[report.Entry, error]) error {
			for _, err := range entries {
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

var benchTransactions = flag.Int("transactions", 20_000, "how long a month of trade the benchmark proves")

// BenchmarkMonth posts a month of -transactions through the engine and proves it, each time beside a scan of the lines in
// the same run, and tells the most memory that the process held meanwhile. Garbage is collected as chobo verify and
// chobo reconcile have it collected.
//
//	go test -run '^$' -bench Month -benchtime 1x -timeout 30m ./jobs/reconcile -transactions 1000000
func BenchmarkMonth(b *testing.B) {
	m := trade.Open(b, pgtest.NewURL(b)).Month(*benchTransactions)
	ctx := b.Context()
	m.Fold()
	_, err := journal.SealAll(ctx, m.DB, time.Now())
	fatal(b, err)
	_, err = m.Owner.Exec(`VACUUM ANALYZE`)
	fatal(b, err)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(journal.ProvingMemory))
	rec := reconcile.Reconciler{DB: m.DB}
	day := time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)
	prove := func(prove func(context.Context, *engine.Program, time.Time) (*reconcile.Run, error)) func() {
		return func() {
			run, err := prove(ctx, m.Info(), day)
			fatal(b, err)
			if run.Breaks != 0 {
				b.Fatalf("%d breaks", run.Breaks)
			}
		}
	}
	b.Run("reconcile complete", inScans(m, prove(rec.Complete)))
	b.Run("verify", inScans(m, func() {
		v, err := journal.Verify(ctx, m.DB, journal.VerifyOptions{})
		fatal(b, err)
		if n := v.Differences(); n != 0 {
			b.Fatalf("%d differences", n)
		}
	}))
	b.Run("reconcile incremental, nothing touched", inScans(m, prove(rec.Incremental)))
	m.Buy("M-7", trade.Order{ID: "new", Shop: "S-1", Price: 1000})
	b.Run("reconcile incremental, one member touched", inScans(m, prove(rec.Incremental)))
}

// inScans measures by scans of the lines.
func inScans(m *trade.Mall, do func()) func(*testing.B) {
	return func(b *testing.B) {
		var took, scan time.Duration
		for b.Loop() {
			scan += scanned(b, m)
			debug.FreeOSMemory()
			_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak begins anew; elsewhere than on Linux none is told
			started := time.Now()
			do()
			took += time.Since(started)
		}
		b.ReportMetric(float64(took)/float64(scan), "scans")
		b.ReportMetric(float64(scan.Milliseconds())/float64(b.N), "scan-ms")
		b.ReportMetric(peakMB(b), "peak-MB")
	}
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

// scanned is the best of three scans.
func scanned(b *testing.B, m *trade.Mall) (best time.Duration) {
	b.Helper()
	for range 3 {
		started := time.Now()
		var sum int64
		fatal(b, m.DB.Get(&sum, scanSQL))
		if took := time.Since(started); best == 0 || took < best {
			best = took
		}
	}
	return best
}
