package journal

import (
	"context"
	"errors"
	"hash/maphash"

	"github.com/jmoiron/sqlx"

	"chobo/schema"
)

// VerifyIn is Verify of what a transaction sees, so that a test may damage the books and roll back.
func VerifyIn(ctx context.Context, tx *sqlx.Tx, db *sqlx.DB, opts VerifyOptions) (*Verification, error) {
	return verifyIn(ctx, tx, schema.Cluster(ctx, db).Int64, opts)
}

// Agreeing tells which checks sums alone have proved, after walking through the journal.
func Agreeing(ctx context.Context, tx *sqlx.Tx) (balances, days, keys, orders bool, err error) {
	p := &proof{VerifyOptions: VerifyOptions{Keep: defaultKeep, Progress: func(string, int64, int64) {}}, tx: tx, v: &Verification{}, prints: &prints{seed: maphash.MakeSeed()}}
	if err = p.batches(ctx); err != nil {
		return
	}
	var errs [4]error
	balances, errs[0] = p.balancesAgree(ctx)
	days, errs[1] = p.daysAgree(ctx)
	keys, errs[3] = p.keysAgree(ctx)
	orders, errs[2] = p.ordersAgree(ctx, func() {})
	return balances, days, keys, orders, errors.Join(errs[:]...)
}
