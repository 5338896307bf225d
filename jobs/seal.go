package jobs

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger/journal"
)

// SealJob chains what was committed into hashes that an outsider can keep. It seals all that is complete, whatever the
// task's AsOf: what came later must not stand outside for long.
func SealJob(db *sqlx.DB) Job {
	return Job{Name: Seal, About: "Chains committed transactions into hashes that an outsider can keep.", Cron: "*/10 * * * *", House: true,
		Do: func(ctx context.Context, _ Task) (Result, error) {
			n, err := journal.SealAll(ctx, db, time.Now())
			return Result{Processed: n}, err
		}}
}
