package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

const serverVersionSQL = `SELECT current_setting('server_version_num')::int, current_setting('server_version')`

func serverVersion(ctx context.Context, db *sqlx.DB) []finding {
	var number int
	var name string
	if err := db.QueryRowContext(ctx, serverVersionSQL).Scan(&number, &name); err != nil {
		return unasked("server", err)
	}
	if number < 150000 {
		return []finding{{must, "server", "PostgreSQL " + name, "Chobo needs PostgreSQL 15 or later"}}
	}
	return []finding{fine("server", "PostgreSQL %s", name)}
}

const durabilitySQL = `
SELECT current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on', current_setting('synchronous_commit'),
       current_setting('data_checksums') = 'on', current_setting('autovacuum') = 'on'`

func durability(ctx context.Context, db *sqlx.DB) (found []finding) {
	var fsync, pages, checksums, autovacuum bool
	var commit string
	if err := db.QueryRowContext(ctx, durabilitySQL).Scan(&fsync, &pages, &commit, &checksums, &autovacuum); err != nil {
		return unasked("durability", err)
	}
	if !fsync {
		found = append(found, finding{must, "durability", "fsync is off: a power cut can lose or damage what was answered", "set fsync = on"})
	}
	if !pages {
		found = append(found, finding{must, "durability", "full_page_writes is off: a power cut can damage pages", "set full_page_writes = on"})
	}
	if commit == "off" {
		found = append(found, finding{must, "durability", "synchronous_commit is off: the last answers can be lost in a crash", "set synchronous_commit = on"})
	}
	if len(found) == 0 {
		found = append(found, fine("durability", "fsync, full_page_writes and synchronous_commit=%s", commit))
	}
	if !checksums {
		found = append(found, finding{should, "checksums", "are off: a disk that forgets goes unnoticed", "enable them with pg_checksums while the server is stopped"})
	}
	if !autovacuum {
		found = append(found, finding{must, "autovacuum", "is off", "set autovacuum = on"})
	}
	return found
}

const connectionsSQL = `
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')`

func connections(ctx context.Context, db *sqlx.DB) []finding {
	var most, open int
	if err := db.QueryRowContext(ctx, connectionsSQL).Scan(&most, &open); err != nil {
		return unasked("connections", err)
	}
	says := fmt.Sprintf("%d of %d are open", open, most)
	if most-open < 20 {
		return []finding{{should, "connections", says, "raise max_connections, or give each server fewer with --connections"}}
	}
	return []finding{{what: "connections", says: says}}
}

const clockSQL = `SELECT now()`

// clocks compares this machine's clock with the database's, allowing for the way there and back.
func clocks(ctx context.Context, db *sqlx.DB) []finding {
	before := time.Now()
	var theirs time.Time
	if err := db.GetContext(ctx, &theirs, clockSQL); err != nil {
		return unasked("clock", err)
	}
	way := time.Since(before)
	off := theirs.Sub(before.Add(way / 2)).Abs()
	if off > 2*time.Second+way {
		return []finding{{should, "clock", fmt.Sprintf("this machine and the database differ by %s", off.Round(time.Millisecond)), "run a time service (chrony, systemd-timesyncd) on both"}}
	}
	return []finding{fine("clock", "agrees with the database's within %s", max(off, time.Millisecond).Round(time.Millisecond))}
}

const longTransactionsSQL = `
SELECT count(*), coalesce(max(extract(epoch FROM now() - xact_start)), 0)::float8
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < now() - interval '5 minutes'`

// longTransactions hold back seals, events and vacuum.
func longTransactions(ctx context.Context, db *sqlx.DB) []finding {
	var n int
	var seconds float64
	if err := db.QueryRowContext(ctx, longTransactionsSQL).Scan(&n, &seconds); err != nil {
		return unasked("transactions", err)
	}
	if n > 0 {
		oldest := (time.Duration(seconds) * time.Second).Round(time.Minute)
		return []finding{{should, "transactions", fmt.Sprintf("%d have been open for up to %s", n, oldest), "end them: seals, events and vacuum wait for them (pg_stat_activity shows whose they are)"}}
	}
	return []finding{fine("transactions", "none is open for long")}
}
