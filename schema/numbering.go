package schema

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"
)

const (
	// clusterSQL is the number that a server was given when it was made.
	clusterSQL = `SELECT system_identifier FROM pg_control_system()`

	// arriveSQL notes on which server the database is. Where that is another one than before, or the numbers in the
	// database are not among those that it has given out, it lifts the next ones above them: by whole epochs, so that
	// they also lie above those which the database had after the dump was taken, and somebody may have seen.
	// $1: the server's number; null: not known.
	arriveSQL = `
UPDATE numbering AS n
   SET cluster = coalesce($1, n.cluster),
       lift = CASE WHEN n.cluster <> $1 OR s.last >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + n.lift
                   THEN (s.last / 4294967296 + 1) * 4294967296
                   ELSE n.lift END
  FROM last_numbered AS s
 WHERE n.cluster IS DISTINCT FROM coalesce($1, n.cluster) OR s.last >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + n.lift`

	// strangeSQL tells whether arriveSQL would lift the numbers.
	strangeSQL = `
SELECT coalesce(n.cluster <> $1, false) OR s.last >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + n.lift
  FROM numbering AS n, last_numbered AS s`
)

// Cluster tells servers apart, whose transactions' numbers count differently; not valid where it may not be asked.
func Cluster(ctx context.Context, db *sqlx.DB) (n sql.NullInt64) {
	if err := db.GetContext(ctx, &n, clusterSQL); err != nil {
		return sql.NullInt64{}
	}
	return n
}

// arrive makes what is posted from now on come behind everything that the database has.
func arrive(ctx context.Context, owner *sqlx.DB) error {
	if _, err := owner.ExecContext(ctx, arriveSQL, Cluster(ctx, owner)); err != nil {
		return fmt.Errorf("note on which server the database is: %w", err)
	}
	return nil
}

// Arrived tells whether Migrate has seen the database on this server. One that a dump has just brought from elsewhere
// must not be posted to before: who reads in the order of commits would wait, and miss what is posted.
func Arrived(ctx context.Context, db *sqlx.DB) (bool, error) {
	var strange bool
	if err := db.GetContext(ctx, &strange, strangeSQL, Cluster(ctx, db)); err != nil {
		return false, fmt.Errorf("ask on which server the database was: %w", err)
	}
	return !strange, nil
}
