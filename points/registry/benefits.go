package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
)

// A Benefit is one entry of a program's catalogue.
type Benefit struct {
	ID        string        `db:"benefit"`
	Name      string        `db:"name"`
	Points    ledger.Points `db:"points"`
	ValidFrom *time.Time    `db:"valid_from"`
	ValidTo   *time.Time    `db:"valid_to"`  // first instant without it
	Stock     *int64        `db:"remaining"` // what is left; nil: it is not counted
}

const (
	benefitsSQL = `
SELECT b.benefit, b.name, b.points, b.valid_from, b.valid_to, CASE WHEN b.counted THEN s.remaining END AS remaining
  FROM benefits b LEFT JOIN benefit_stock s USING (program, benefit)
 WHERE b.program = $1 ORDER BY b.benefit`
	// xmax is zero for a row that was inserted, not updated.
	putBenefitSQL = `
INSERT INTO benefits (program, benefit, name, points, valid_from, valid_to, counted) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (program, benefit) DO UPDATE SET name = $3, points = $4, valid_from = $5, valid_to = $6, counted = $7
RETURNING xmax = 0`
	putStockSQL = `
INSERT INTO benefit_stock (program, benefit, remaining) VALUES ($1, $2, $3)
ON CONFLICT (program, benefit) DO UPDATE SET remaining = $3`
	dropStockSQL = `DELETE FROM benefit_stock WHERE program = $1 AND benefit = $2`
)

// Benefits lists a program's catalogue. It fails with ErrNotFound.
func (s *Store) Benefits(ctx context.Context, code string) ([]Benefit, error) {
	p, err := s.Program(ctx, code)
	if err != nil {
		return nil, err
	}
	benefits := []Benefit{}
	if err := s.db.SelectContext(ctx, &benefits, benefitsSQL, p.ID); err != nil {
		return nil, fmt.Errorf("list benefits: %w", err)
	}
	return benefits, nil
}

// PutBenefit writes an entry of the catalogue; its stock is what is left from now on. It fails with ErrNotFound.
func (s *Store) PutBenefit(ctx context.Context, code string, b Benefit) (isNew bool, err error) {
	err = s.write(ctx, func(tx *sqlx.Tx) (bool, error) {
		p, err := readProgram(ctx, tx, code)
		if err != nil {
			return false, err
		}
		err = tx.GetContext(ctx, &isNew, putBenefitSQL, p.ID, b.ID, b.Name, int64(b.Points), b.ValidFrom, b.ValidTo, b.Stock != nil)
		if err != nil {
			return false, fmt.Errorf("write the benefit: %w", err)
		}
		if b.Stock != nil {
			_, err = tx.ExecContext(ctx, putStockSQL, p.ID, b.ID, *b.Stock)
		} else {
			_, err = tx.ExecContext(ctx, dropStockSQL, p.ID, b.ID)
		}
		if err != nil {
			return false, fmt.Errorf("write the stock: %w", err)
		}
		return true, nil
	})
	return isNew, err
}
