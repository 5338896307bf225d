package journal

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// foldedAtOnce bounds the batches of one fold, and with them its memory and how long others wait for its rows.
const foldedAtOnce = 2000

// Fold adds the batches that are complete and were not added yet to the daily sums, and tells how many transactions
// they hold. Two folds at once take turns; a fold that fails leaves nothing behind.
//
// Readers of the view movements see every batch exactly once, before, during and after a fold.
func Fold(ctx context.Context, db *sqlx.DB) (transactions int64, err error) {
	for {
		var n int64
		var more bool
		err := within(ctx, db, func(tx *sqlx.Tx) (err error) {
			n, more, err = fold(ctx, tx)
			return err
		})
		transactions += n
		if err != nil || !more {
			return transactions, err
		}
	}
}

const (
	lockReaderSQL = `SELECT below::text, after_batch FROM readers WHERE reader = $1 FOR UPDATE`

	// foldBoundSQL is the xid before which to fold: that of the batch beyond $3 batches, else the oldest transaction in flight.
	foldBoundSQL = `
SELECT coalesce(b.xid, h.xmin)::text, b.xid IS NOT NULL
  FROM (SELECT chobo_xmin() AS xmin) h
  LEFT JOIN LATERAL (SELECT xid FROM batches WHERE xid > $1::xid8 AND xid < h.xmin AND id + 0 > $2 ORDER BY xid OFFSET $3 LIMIT 1) b ON true`

	// foldPlanSQL: one pass over the journal by hash, whatever the planner thinks of ranges that it cannot see.
	foldPlanSQL = `SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL work_mem = '64MB'`

	foldSQL = `
INSERT INTO daily AS d (program, book_date, kind, account, shop, points, money, debits, worth, lines)
SELECT l.program, l.book_date, l.kind, l.account, coalesce(l.shop, ''), sum(l.points), sum(l.money),
       sum(greatest(l.points, 0)), sum(greatest(l.money, 0)), count(*)
  FROM (SELECT id & 4095 AS node, range_agg(int8range(id, last_id, '[]')) AS ids
          FROM batches WHERE xid >= $1::xid8 AND xid < $2::xid8 AND id + 0 > $3 GROUP BY 1) f
  JOIN lines l ON l.transaction & 4095 = f.node AND l.transaction <@ f.ids
 WHERE l.transaction BETWEEN $4 AND $5
 GROUP BY l.program, l.book_date, l.kind, l.account, coalesce(l.shop, '')
    ON CONFLICT (program, book_date, kind, account, shop) DO UPDATE
   SET points = d.points + excluded.points, money = d.money + excluded.money,
       debits = d.debits + excluded.debits, worth = d.worth + excluded.worth, lines = d.lines + excluded.lines`

	foldedSQL = `
SELECT coalesce(min(id), 0), coalesce(max(last_id), 0), coalesce(sum(transactions), 0)
  FROM batches WHERE xid >= $1::xid8 AND xid < $2::xid8 AND id + 0 > $3`

	advanceReaderSQL = `UPDATE readers SET below = $2::xid8 WHERE reader = $1`
)

func fold(ctx context.Context, tx *sqlx.Tx) (transactions int64, more bool, err error) {
	var below, bound string
	var after, low, high int64
	if err := tx.QueryRowContext(ctx, lockReaderSQL, "rollup").Scan(&below, &after); err != nil {
		return 0, false, fmt.Errorf("lock the roll-up: %w", err)
	}
	if err := tx.QueryRowContext(ctx, foldBoundSQL, below, after, foldedAtOnce).Scan(&bound, &more); err != nil {
		return 0, false, fmt.Errorf("find complete batches: %w", err)
	}
	if err := tx.QueryRowContext(ctx, foldedSQL, below, bound, after).Scan(&low, &high, &transactions); err != nil {
		return 0, false, fmt.Errorf("count complete batches: %w", err)
	}
	if transactions > 0 {
		if _, err := tx.ExecContext(ctx, foldPlanSQL); err != nil {
			return 0, false, err
		}
		if _, err := tx.ExecContext(ctx, foldSQL, below, bound, after, low, high); err != nil {
			return 0, false, fmt.Errorf("sum up: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, advanceReaderSQL, "rollup", bound); err != nil {
		return 0, false, fmt.Errorf("note how far the roll-up came: %w", err)
	}
	return transactions, more, nil
}
