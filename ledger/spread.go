package ledger

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// Spread divides total over the weights by largest remainder: each part is its exact share rounded down, and the
// units left over go one each to the largest remainders, equal ones to the earlier part. So the parts add up to
// total, none is a whole unit away from its exact share, and none exceeds its weight if total is at most their sum.
//
// total is at least 0, each weight too, and their sum fits an int64; Spread panics otherwise. Weights that are all
// zero count as equal. Without weights there is nobody to give to: Spread panics unless total is 0.
func Spread(total int64, weights []int64) []int64 {
	sum := weigh(total, weights)
	parts := make([]int64, len(weights))
	rests := make([]rest, len(weights))
	even := sum == 0
	if even {
		sum = uint64(len(weights))
	}
	left := total
	for i, w := range weights {
		if even {
			w = 1
		}
		hi, lo := bits.Mul64(uint64(total), uint64(w))
		share, r := bits.Div64(hi, lo, sum)
		parts[i], rests[i] = int64(share), rest{size: r, part: i}
		left -= int64(share)
	}
	if left == 0 {
		return parts
	}
	slices.SortFunc(rests, rest.order)
	for _, r := range rests[:left] {
		parts[r.part]++
	}
	return parts
}

// rest is what rounding down left of a part, in units of one over the sum of the weights.
type rest struct {
	size uint64
	part int
}

// order puts the largest first and equal ones by their part.
func (r rest) order(s rest) int {
	return cmp.Or(cmp.Compare(s.size, r.size), cmp.Compare(r.part, s.part))
}

// weigh is the sum of the weights. It panics if they or the total are not what Spread asks for.
func weigh(total int64, weights []int64) uint64 {
	if total < 0 || total > 0 && len(weights) == 0 {
		panic(fmt.Sprintf("ledger: cannot spread %d over %d weights", total, len(weights)))
	}
	var sum int64
	for _, w := range weights {
		if w < 0 || w > math.MaxInt64-sum {
			panic(fmt.Sprintf("ledger: weights %v are negative or too large", weights))
		}
		sum += w
	}
	return uint64(sum)
}

// Share is the part of amount that belongs to part out of whole, rounded down: floor(amount × part ÷ whole), exact.
//
// Returned step by step it is taken cumulatively: the share of all that has come back so far, less what already went
// back. So the last step takes the remainder and the steps add up to amount in whatever order they come.
// amount and part are at least 0, whole at least 1, and the result fits an int64; Share panics otherwise.
func Share(amount, part, whole int64) int64 {
	if amount < 0 || part < 0 || whole <= 0 {
		panic(fmt.Sprintf("ledger: no share of %d for %d of %d", amount, part, whole))
	}
	hi, lo := bits.Mul64(uint64(amount), uint64(part))
	if hi >= uint64(whole) {
		panic(fmt.Sprintf("ledger: share of %d for %d of %d does not fit an int64", amount, part, whole))
	}
	share, _ := bits.Div64(hi, lo, uint64(whole))
	if share > math.MaxInt64 {
		panic(fmt.Sprintf("ledger: share of %d for %d of %d does not fit an int64", amount, part, whole))
	}
	return int64(share)
}
