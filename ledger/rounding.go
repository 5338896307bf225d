package ledger

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"

	"github.com/shopspring/decimal"
)

// Rounding says how a fraction becomes a whole unit, by the name that program files give it.
type Rounding string

// The roundings.
const (
	Floor  Rounding = "floor"   // down, towards minus infinity
	HalfUp Rounding = "half_up" // to the nearest, a half upwards
	Ceil   Rounding = "ceil"    // up, towards plus infinity
)

// Valid says whether r is one of the three.
func (r Rounding) Valid() bool { return r == Floor || r == HalfUp || r == Ceil }

// Round is x as a whole number. It panics if r is none of the three or the result does not fit an int64:
// both are refused where they enter, so here they are bugs.
func (r Rounding) Round(x decimal.Decimal) int64 {
	switch r {
	case Floor:
		x = x.Floor()
	case HalfUp:
		x = x.Add(half).Floor()
	case Ceil:
		x = x.Ceil()
	default:
		panic(fmt.Sprintf("ledger: no rounding %q", string(r)))
	}
	if x.GreaterThan(maxInt64) || x.LessThan(minInt64) {
		panic(fmt.Sprintf("ledger: %s does not fit an int64", x))
	}
	return x.IntPart()
}

var (
	half     = decimal.New(5, -1)
	maxInt64 = decimal.NewFromInt(math.MaxInt64)
	minInt64 = decimal.NewFromInt(math.MinInt64)
)

// Times is amount × rate as a whole number, exact before it is rounded. It is Round(rate × amount) without
// its allocations for the amounts and rates that occur; it panics where Round does.
func (r Rounding) Times(amount int64, rate decimal.Decimal) int64 {
	exp := rate.Exponent()
	if amount < 0 || rate.Sign() < 0 || exp > 0 || exp < -18 || rate.NumDigits() > 18 || !r.Valid() {
		return r.Round(rate.Mul(decimal.NewFromBigInt(big.NewInt(amount), 0)))
	}
	scale := pow10[-exp]
	hi, lo := bits.Mul64(uint64(amount), uint64(rate.CoefficientInt64()))
	if hi >= scale {
		panic(fmt.Sprintf("ledger: %d × %s does not fit an int64", amount, rate))
	}
	whole, rest := bits.Div64(hi, lo, scale)
	if r == HalfUp && rest >= scale-rest || r == Ceil && rest > 0 {
		whole++
	}
	if whole > math.MaxInt64 {
		panic(fmt.Sprintf("ledger: %d × %s does not fit an int64", amount, rate))
	}
	return int64(whole)
}

var pow10 = func() (p [19]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()
