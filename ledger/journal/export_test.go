package journal

import (
	"context"

	"github.com/jmoiron/sqlx"

	"chobo/schema"
)

// VerifyIn is Verify of what a transaction sees, so that a test may damage the books and roll back.
func VerifyIn(ctx context.Context, tx *sqlx.Tx, db *sqlx.DB, opts VerifyOptions) (*Verification, error) {
	return verifyIn(ctx, tx, nil, schema.Cluster(ctx, db).Int64, opts)
}

// VerifyEach is VerifyIn that trusts no sum: every statement looks for what differs.
func VerifyEach(ctx context.Context, tx *sqlx.Tx, db *sqlx.DB) (*Verification, error) {
	p := newProof(tx, VerifyOptions{Keep: defaultKeep, Progress: func(string, int64, int64) {}})
	p.cluster = schema.Cluster(ctx, db).Int64
	distrust := func(context.Context) error {
		s := p.stored
		p.roll = nil
		s.keys++
		s.mute++
		s.noDays, s.noOrder, s.noBook = true, true, true
		return nil
	}
	for _, step := range []func(context.Context) error{p.batches, distrust, p.projections, p.orders, p.documents, p.seals, p.names} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return p.v, nil
}

// Disagreeing tells which checks sums alone have not proved, after walking through the journal.
func Disagreeing(ctx context.Context, tx *sqlx.Tx) (checks []string, err error) {
	p := newProof(tx, VerifyOptions{Keep: defaultKeep, Progress: func(string, int64, int64) {}})
	if err := p.batches(ctx); err != nil {
		return nil, err
	}
	agree := map[string]bool{checkOrders: p.ordersAgree(), checkReceivables: p.papersAgree()}
	for _, c := range projections {
		if c.agrees != nil {
			if agree[c.name], err = c.agrees(p, ctx); err != nil {
				return nil, err
			}
		}
	}
	for name, ok := range agree {
		if !ok {
			checks = append(checks, name)
		}
	}
	return checks, nil
}
