package program

import (
	"fmt"

	"chobo/ledger"
)

// MostOf is the most of an order's total that points may pay: floor(total × max_share).
func (r Redeem) MostOf(total ledger.Money) ledger.Money {
	return ledger.Money(ledger.Floor.Times(int64(total), r.MaxShare))
}

// Permits tells in words which condition of use n points worth value break in an order of that total, of which goods
// and fees worth payable may be paid with points; nil: none. Source: SM-P7.2.
func (r Redeem) Permits(n ledger.Points, value, total, payable ledger.Money) error {
	switch {
	case int64(n) < r.Min:
		return fmt.Errorf("at least %d points are to be used, not %d", r.Min, n)
	case int64(n)%max(1, r.Step) != 0:
		return fmt.Errorf("points are used in steps of %d, not %d", r.Step, n)
	case value > r.MostOf(total):
		return fmt.Errorf("points may pay %d of %d at most, not %d", r.MostOf(total), total, value)
	case value > payable:
		return fmt.Errorf("points may pay %d of this order at most, since some of its goods are excluded; not %d", payable, value)
	default:
		return nil
	}
}
