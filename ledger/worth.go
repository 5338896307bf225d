package ledger

import (
	"math/big"

	"github.com/shopspring/decimal"
)

// ExactValue is rate × n where that is a whole amount of money; else whole is false.
func ExactValue(rate decimal.Decimal, n Points) (value Money, whole bool) {
	points, money := wholeUnits(rate)
	return Money(int64(n) / points * money), int64(n)%points == 0
}

// PointsWithin is the most points that are worth a whole amount of at most money.
func PointsWithin(rate decimal.Decimal, money Money) Points {
	points, worth := wholeUnits(rate)
	return Points(int64(money) / worth * points)
}

// wholeUnits is the smallest number of points that is worth a whole amount, and that amount: 2 and 1 for a rate of 0.5.
func wholeUnits(rate decimal.Decimal) (points, money int64) {
	if rate.Exponent() == 0 {
		return 1, rate.CoefficientInt64()
	}
	r := rate.Rat()
	if !r.Denom().IsInt64() || !r.Num().IsInt64() {
		panic("a point value beyond the range: " + new(big.Rat).Set(r).String())
	}
	return r.Denom().Int64(), r.Num().Int64()
}
