package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// A Policy is one version of a policy file as it was handed in.
type Policy struct {
	Name          string    `db:"policy"`
	Shop          string    `db:"shop"` // empty: of the whole program
	Number        int       `db:"number"`
	EffectiveFrom time.Time `db:"effective_from"`
	Body          string    `db:"body"`
	StoredAt      time.Time `db:"created_at"`
}

const (
	policiesSQL = `
SELECT policy, shop, number, effective_from, body, created_at FROM policy_versions
 WHERE program = $1 ORDER BY policy, shop, number`
	policyVersionsSQL = `
SELECT policy, shop, number, effective_from, body, created_at FROM policy_versions
 WHERE program = $1 AND policy = $2 AND shop = $3 ORDER BY number`
	addPolicySQL = `
INSERT INTO policy_versions (program, policy, shop, number, effective_from, body, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`
)

// Policies lists a program's policy files, by name, shop and number. It fails with ErrNotFound.
func (s *Store) Policies(ctx context.Context, code string) ([]Policy, error) {
	p, err := s.Program(ctx, code)
	if err != nil {
		return nil, err
	}
	policies := []Policy{}
	if err := s.db.SelectContext(ctx, &policies, policiesSQL, p.ID); err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	return policies, nil
}

// PutPolicy hands in a policy file that was read and proved already; fits tells whether it may stand beside the
// program's others, which it is shown. It becomes a new version unless the newest of that name and shop has the same content.
//
// It fails with ErrNotFound, with ErrNotInFuture unless it is the first of its name and shop or the program is a
// sandbox, and with fits's error.
func (s *Store) PutPolicy(ctx context.Context, code string, next Policy, now time.Time, fits func(stored []Policy) error) (out Policy, isNew bool, err error) {
	now = now.UTC().Truncate(time.Microsecond)
	err = s.write(ctx, func(tx *sqlx.Tx) (bool, error) {
		p, err := readProgram(ctx, tx, code)
		if err != nil {
			return false, err
		}
		var stored, all []Policy
		if err := tx.SelectContext(ctx, &stored, policyVersionsSQL, p.ID, next.Name, next.Shop); err != nil {
			return false, fmt.Errorf("read the policy's versions: %w", err)
		}
		for _, v := range stored {
			if v.Body == next.Body {
				out = v
				return false, nil
			}
		}
		if len(stored) > 0 && !p.Sandbox && !next.EffectiveFrom.After(now) {
			return false, ErrNotInFuture
		}
		if err := tx.SelectContext(ctx, &all, policiesSQL, p.ID); err != nil {
			return false, fmt.Errorf("read the program's policies: %w", err)
		}
		if err := fits(all); err != nil {
			return false, err
		}
		out, isNew = next, true
		out.Number, out.StoredAt = len(stored)+1, now
		if _, err := tx.ExecContext(ctx, addPolicySQL, p.ID, out.Name, out.Shop, out.Number, out.EffectiveFrom.UTC(), out.Body, now); err != nil {
			return false, fmt.Errorf("add the policy: %w", err)
		}
		return true, nil
	})
	return out, isNew, err
}
