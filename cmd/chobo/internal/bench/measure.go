package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Result is what one measurement found.
type Result struct {
	Name    string
	Callers int
	Ops     int64
	Took    time.Duration
	P50     time.Duration
	P99     time.Duration
	P999    time.Duration

	ServerCPU time.Duration // of PostgreSQL; zero: it cannot be told
	OwnCPU    time.Duration // of this process, callers included
	WAL       int64         // bytes
	Size      int64         // bytes by which the database grew
	Batches   int64
	Others    float64 // share of the machine's CPU that other processes took
}

// PerSecond is operations per second.
func (r Result) PerSecond() float64 { return float64(r.Ops) / r.Took.Seconds() }

// PerBatch is how many operations shared a database transaction.
func (r Result) PerBatch() float64 {
	if r.Batches == 0 {
		return 0
	}
	return float64(r.Ops) / float64(r.Batches)
}

// A call posts once, and tells how many operations that were.
type call func(ctx context.Context, caller, turn int) (ops int, err error)

// warmUp is how long callers call before it counts, as a share of the measured time.
const warmUp = 4

// load lets callers call for that long, and measures. The first error ends it.
func (b *bench) load(ctx context.Context, name string, callers int, do call) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b.round++
	var counting atomic.Bool
	var first atomic.Pointer[error]
	took := make([][]time.Duration, callers)
	counts := make([]int64, callers)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for c := range callers {
		wg.Go(func() {
			for turn := 0; ; turn++ {
				select {
				case <-stop:
					return
				default:
				}
				counted, began := counting.Load(), time.Now()
				ops, err := do(ctx, c, turn)
				if err != nil {
					first.CompareAndSwap(nil, &err)
					cancel()
					return
				}
				if counted && counting.Load() {
					took[c] = append(took[c], time.Since(began))
					counts[c] += int64(ops)
				}
			}
		})
	}
	wait(ctx, b.opts.Duration/warmUp)
	before, err := b.gauges(ctx)
	if err == nil {
		counting.Store(true)
		wait(ctx, b.opts.Duration)
		counting.Store(false)
	}
	after, err2 := b.gauges(ctx)
	close(stop)
	wg.Wait()
	if p := first.Load(); p != nil {
		return Result{}, fmt.Errorf("%s: %w", name, *p)
	}
	if err != nil || err2 != nil {
		return Result{}, fmt.Errorf("%s: %w", name, firstOf(err, err2, ctx.Err()))
	}
	r := Result{Name: name, Callers: callers}
	after.minus(before).fill(&r)
	r.P50, r.P99, r.P999 = percentiles(slices.Concat(took...))
	for _, n := range counts {
		r.Ops += n
	}
	return r, ctx.Err()
}

func percentiles(all []time.Duration) (p50, p99, p999 time.Duration) {
	if len(all) == 0 {
		return 0, 0, 0
	}
	slices.Sort(all)
	at := func(share float64) time.Duration { return all[min(len(all)-1, int(share*float64(len(all))))] }
	return at(0.5), at(0.99), at(0.999)
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
