package report

import (
	"math/big"

	"github.com/shopspring/decimal"

	"chobo/ledger"
)

// Allocate is the part of a price that belongs to the points granted with it, by the stand-alone prices of both: what
// is sold is worth goods, the points are worth value for each that will be redeemed. Half up.
//
// Source: IFRS 15 IE267-270, ASBJ Guidance 30 example 22.
func Allocate(price, goods ledger.Money, value decimal.Decimal, expected int64) ledger.Money {
	points := new(big.Rat).Mul(value.Rat(), big.NewRat(expected, 1))
	whole := new(big.Rat).Add(points, big.NewRat(int64(goods), 1))
	if whole.Sign() == 0 {
		return 0
	}
	return ledger.Money(halfUp(points.Mul(points, big.NewRat(int64(price), 1)).Quo(points, whole)))
}

// Target is what of the allocated amount is still owed once so many of the expected points were redeemed, half up. With
// nothing left to expect it is 0.
func Target(allocated ledger.Money, redeemed, expected int64) ledger.Money {
	if expected <= redeemed || expected <= 0 {
		return 0
	}
	return ledger.Money(halfUp(new(big.Rat).SetFrac(
		new(big.Int).Mul(big.NewInt(int64(allocated)), big.NewInt(expected-redeemed)), big.NewInt(expected))))
}

// Shrink is the allocated amount after reversals of grants: in proportion to what still stands of them, half up on the
// whole, so that steps add up.
func Shrink(allocated ledger.Money, issued, then int64) ledger.Money {
	if then <= 0 || issued <= 0 {
		return 0
	}
	return ledger.Money(halfUp(new(big.Rat).SetFrac(
		new(big.Int).Mul(big.NewInt(int64(allocated)), big.NewInt(issued)), big.NewInt(then))))
}
