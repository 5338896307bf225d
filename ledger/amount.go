package ledger

import "github.com/shopspring/decimal"

// Points is a signed count of whole points.
type Points int64

// Money is a signed count of the currency's minor units: yen for JPY, cents for USD.
type Money int64

// MaxAmount is the largest amount of points or money that is accepted anywhere: the largest integer
// that every JSON reader keeps exact. Rates and point values are at most MaxRate, so that the product of the two
// fits an int64; whether it is still at most MaxAmount is for the caller to check.
const MaxAmount = 1<<53 - 1

// MaxRate is the largest rate of earning and the largest point value.
const MaxRate = 1000

// Value is what n points settle at rate minor units a point: floor(rate × n).
//
// n is 0 … MaxAmount, rate 0 … MaxRate. Where points of fractional value move in steps, the value of a step is the
// difference of the values before and after it, so that a balance of no points is worth nothing.
func Value(rate decimal.Decimal, n Points) Money {
	if rate.Exponent() == 0 && rate.Equal(one) {
		return Money(n)
	}
	return Money(Floor.Times(int64(n), rate))
}

var one = decimal.NewFromInt(1)
