package bench

import (
	"context"
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// gauges are read before and after a measurement.
type gauges struct {
	at      time.Time
	server  time.Duration
	own     time.Duration
	wal     int64
	size    int64
	batches int64
	machine time.Duration // CPU time of all processes; zero: it cannot be told
}

const gaugesSQL = `SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint, pg_database_size(current_database())`

func (b *bench) gauges(ctx context.Context) (g gauges, err error) {
	if err := b.owner.QueryRowContext(ctx, gaugesSQL).Scan(&g.wal, &g.size); err != nil {
		return g, fmt.Errorf("read the server's gauges: %w", err)
	}
	g.batches = b.batches()
	g.server = serverCPU(b.opts.Postmaster)
	g.machine = machineCPU()
	g.own, err = ownCPU()
	g.at = time.Now()
	return g, err
}

func (g gauges) minus(h gauges) gauges {
	return gauges{wal: g.wal - h.wal, size: g.size - h.size, batches: g.batches - h.batches, server: g.server - h.server, own: g.own - h.own, machine: g.machine - h.machine,
		at: time.Time{}.Add(g.at.Sub(h.at))}
}

func (g gauges) fill(r *Result) {
	r.Took = g.at.Sub(time.Time{})
	r.ServerCPU, r.OwnCPU, r.WAL, r.Size, r.Batches = g.server, g.own, g.wal, g.size, g.batches
	if g.machine > 0 && g.server > 0 {
		r.Others = max(0, float64(g.machine-g.server-g.own)/float64(r.Took)/float64(runtime.NumCPU()))
	}
}

func ownCPU() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read own CPU time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
