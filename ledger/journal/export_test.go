package journal

import (
	"context"

	"github.com/jmoiron/sqlx"

	"chobo/schema"
)

// VerifyIn is Verify of what a transaction sees, so that a test may damage the books and roll back.
func VerifyIn(ctx context.Context, tx *sqlx.Tx, db *sqlx.DB, opts VerifyOptions) (*Verification, error) {
	return verifyIn(ctx, tx, schema.Cluster(ctx, db).Int64, opts)
}
