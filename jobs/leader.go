package jobs

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"
)

// leaderLock is the key of the advisory lock that the leader's connection holds: "chobojobs" cut to 8 bytes.
const leaderLock int64 = 0x63686f626f6a6f62

const (
	leadSQL  = `SELECT pg_try_advisory_lock($1)`
	holdsSQL = `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted)`
)

// leaderPatience is how long the database may take to tell a leader that it still leads.
const leaderPatience = 5 * time.Second

// A leadership saves the other replicas the work. It ends with its connection, and no harm is done if two believe to
// have it for a while.
type leadership struct{ conn *sql.Conn }

// lead tries to become the leader; nil: another replica is, or the database is away.
func (r *Runner) lead(ctx context.Context) *leadership {
	ctx, cancel := context.WithTimeout(ctx, leaderPatience)
	defer cancel()
	conn, err := r.db.Conn(ctx)
	if err != nil {
		return nil
	}
	var got bool
	if err := conn.QueryRowContext(ctx, leadSQL, leaderLock).Scan(&got); err != nil || !got {
		_ = conn.Close()
		return nil
	}
	r.opts.Log.Debug().Msg("leads the jobs")
	return &leadership{conn}
}

// holds tells whether the connection still stands and has the lock.
func (l *leadership) holds(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, leaderPatience)
	defer cancel()
	var yes bool
	return l.conn.QueryRowContext(ctx, holdsSQL).Scan(&yes) == nil && yes
}

// resign ends the connection, and the lock with it.
func (l *leadership) resign() {
	_ = l.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = l.conn.Close()
}
