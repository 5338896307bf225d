package engine

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/points"
	"chobo/schema/pgtest"
)

var benchMembers = flag.Int("members", 20000, "members that benchmarks spread their operations over")

// BenchmarkEngine posts orders that points pay in full, by so many callers at once, each waiting for its answer before
// it asks again. With CHOBO_TEST_DATABASE_URL it runs on a server that syncs its log; without, on one that does not.
func BenchmarkEngine(b *testing.B) {
	url := pgtest.NewURL(b)
	db := pgtest.Open(b, url)
	offer(b, db)
	e := start(b, db, func(o *Options) { o.Workers = runtime.GOMAXPROCS(0) })
	rich(b, e, *benchMembers)
	_, err := pgtest.OpenOwner(b, url).Exec(`VACUUM ANALYZE`)
	fatal(b, err)
	var order atomic.Int64
	for _, callers := range []int{1, 16, 64, 256, 1024} {
		b.Run(fmt.Sprintf("%dcallers", callers), func(b *testing.B) {
			measure(b, db, callers, func(ctx context.Context) error {
				n := order.Add(1)
				id := fmt.Sprintf("O-%d", n)
				_, err := e.Submit(ctx, Request{Program: mall, Member: fmt.Sprint("M-", rand.IntN(*benchMembers)), Key: "order-" + id, Hash: Hash{1}, Command: spend(id, 10)})
				return err
			})
		})
	}
}

// BenchmarkRead reads balances, by so many readers at once.
func BenchmarkRead(b *testing.B) {
	e, db := open(b)
	rich(b, e, *benchMembers)
	for _, readers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("%dreaders", readers), func(b *testing.B) {
			measure(b, db, readers, func(ctx context.Context) error {
				return e.Read(ctx, mall, fmt.Sprint("M-", rand.IntN(*benchMembers)), points.Need{}, time.Time{}, func(a *points.Account) error {
					if a.Available == 0 {
						return errors.New("nothing there")
					}
					return nil
				})
			})
		})
	}
}

// rich makes members with points to spend.
func rich(b *testing.B, e *Engine, members int) {
	b.Helper()
	requests := make([]Request, members)
	for i := range requests {
		requests[i] = request(fmt.Sprint("M-", i), "grant", points.GrantPoints{Points: 10_000_000, Reason: "welcome"})
	}
	for _, out := range e.SubmitMany(b.Context(), requests) {
		fatal(b, out.Err)
	}
}

func measure(b *testing.B, db *sqlx.DB, callers int, do func(context.Context) error) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	took := make([][]time.Duration, callers)
	var before, after struct{ WAL, Size int64 }
	const sizes = `SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint AS wal, pg_database_size(current_database()) AS size`
	fatal(b, db.Get(&before, sizes))
	backends := backendsOf(b, db)
	server, self := cpu(backends...), cpu(os.Getpid())
	b.ResetTimer()
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				begun := time.Now()
				if err := do(b.Context()); err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(begun))
			}
		})
	}
	all.Wait()
	b.StopTimer()
	if server := cpu(backends...) - server; server > 0 {
		b.ReportMetric(float64(server.Microseconds())/float64(b.N), "server-µs/op")
		b.ReportMetric(float64((cpu(os.Getpid())-self).Microseconds())/float64(b.N), "client-µs/op")
	}
	fatal(b, db.Get(&after, sizes))
	flat := slices.Concat(took...)
	slices.Sort(flat)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	b.ReportMetric(float64(flat[len(flat)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(flat[len(flat)*99/100].Microseconds())/1000, "ms-p99")
	b.ReportMetric(float64(after.WAL-before.WAL)/float64(b.N), "WAL-B/op")
	b.ReportMetric(float64(after.Size-before.Size)/float64(b.N), "DB-B/op")
	b.ReportMetric(0, "ns/op")
}

// backendsOf are the server's processes that serve this database.
func backendsOf(b *testing.B, db *sqlx.DB) (pids []int) {
	b.Helper()
	fatal(b, db.Select(&pids, `SELECT pid FROM pg_stat_activity WHERE datname = current_database()`))
	return pids
}

// cpu is the time that processes on this machine have used; 0 where there is no /proc.
func cpu(pids ...int) (used time.Duration) {
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		used += time.Duration(user+system) * 10 * time.Millisecond
	}
	return used
}
