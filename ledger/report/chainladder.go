package report

import (
	"fmt"
	"math/big"
)

// A Triangle is vintages with what of them was redeemed at each age. Younger vintages are known to lesser ages.
type Triangle []Vintage

// A Vintage is one cohort of a triangle.
type Vintage struct {
	Cohort   string  `json:"cohort"`
	Funder   Funder  `json:"funder"`
	Issued   int64   `json:"issued"`   // net of reversals
	Lost     int64   `json:"lost"`     // expired, forfeited or taken: never to be redeemed
	Redeemed []int64 `json:"redeemed"` // cumulative, by age in months from 0
}

// Factors are volume-weighted: how much more of a vintage is redeemed at an age than at the one before, as all vintages
// known to both say. An age at which nothing had been redeemed yet has no factor: it counts as 1.
func (t Triangle) Factors() []*big.Rat {
	var ages int
	for _, v := range t {
		ages = max(ages, len(v.Redeemed))
	}
	var out []*big.Rat
	for age := 1; age < ages; age++ {
		now, before := new(big.Int), new(big.Int)
		for _, v := range t {
			if len(v.Redeemed) > age {
				now.Add(now, big.NewInt(v.Redeemed[age]))
				before.Add(before, big.NewInt(v.Redeemed[age-1]))
			}
		}
		f := big.NewRat(1, 1)
		if before.Sign() > 0 && now.Sign() > 0 {
			f.SetFrac(now, before)
		}
		out = append(out, f)
	}
	return out
}

// A Projection is what of a vintage will have been redeemed in the end.
type Projection struct {
	Redeemed int64    // to date
	CDF      *big.Rat // ultimate ÷ redeemed to date
	Ultimate *big.Rat // exact
	Expected int64    // ultimate, half up, at least what was redeemed and at most what was not lost
}

// Project develops each vintage by the factors to the triangle's last age, behind which nothing is redeemed any more.
func (t Triangle) Project() []Projection {
	factors := t.Factors()
	out := make([]Projection, len(t))
	for i, v := range t {
		p := Projection{CDF: big.NewRat(1, 1)}
		if n := len(v.Redeemed); n > 0 {
			p.Redeemed = v.Redeemed[n-1]
			for _, f := range factors[n-1:] {
				p.CDF.Mul(p.CDF, f)
			}
		}
		p.Ultimate = new(big.Rat).Mul(p.CDF, big.NewRat(p.Redeemed, 1))
		p.Expected = v.clamp(halfUp(p.Ultimate))
		out[i] = p
	}
	return out
}

// ProjectByPrior expects every vintage to be redeemed at the prior rate, where the triangle is too short to say.
func (t Triangle) ProjectByPrior(prior *big.Rat) []Projection {
	out := make([]Projection, len(t))
	for i, v := range t {
		p := Projection{CDF: big.NewRat(1, 1), Ultimate: new(big.Rat).Mul(prior, big.NewRat(v.Issued, 1))}
		if n := len(v.Redeemed); n > 0 {
			p.Redeemed = v.Redeemed[n-1]
		}
		if p.Redeemed > 0 {
			p.CDF.Quo(p.Ultimate, big.NewRat(p.Redeemed, 1))
		}
		p.Expected = v.clamp(halfUp(p.Ultimate))
		out[i] = p
	}
	return out
}

// ProjectLeft expects what is left of the vintage to be redeemed at the prior rate.
func (v Vintage) ProjectLeft(prior *big.Rat) Projection {
	p := Projection{CDF: big.NewRat(1, 1)}
	if n := len(v.Redeemed); n > 0 {
		p.Redeemed = v.Redeemed[n-1]
	}
	p.Ultimate = new(big.Rat).Mul(prior, big.NewRat(v.Issued-v.Lost-p.Redeemed, 1))
	p.Ultimate.Add(p.Ultimate, big.NewRat(p.Redeemed, 1))
	if p.Redeemed > 0 {
		p.CDF.Quo(p.Ultimate, big.NewRat(p.Redeemed, 1))
	}
	p.Expected = v.clamp(halfUp(p.Ultimate))
	return p
}

// unknown tells whether factors say nothing of the vintage: of none redeemed, no factor makes any; and what outlives the
// term, in months, such as points given back in a new lot, lies behind the last of them.
func (v Vintage) unknown(term int) bool {
	n := len(v.Redeemed)
	return n > 0 && (v.Redeemed[n-1] == 0 || term > 0 && n > term)
}

// clamp keeps an estimate between what was redeemed already and what can be, never below nothing.
func (v Vintage) clamp(n int64) int64 {
	var redeemed int64
	if k := len(v.Redeemed); k > 0 {
		redeemed = v.Redeemed[k-1]
	}
	return max(0, redeemed, min(n, v.Issued-v.Lost))
}

// halfUp rounds to the nearest whole, a half upwards.
func halfUp(r *big.Rat) int64 {
	twice := new(big.Int).Add(new(big.Int).Mul(r.Num(), big.NewInt(2)), r.Denom())
	q := new(big.Int)
	q.Div(twice, new(big.Int).Mul(r.Denom(), big.NewInt(2))) // Euclidean: rounds down for a positive divisor
	if !q.IsInt64() {
		panic(fmt.Sprintf("report: %s does not fit an int64", r))
	}
	return q.Int64()
}

// six writes a ratio to six digits.
func six(r *big.Rat) string { return r.FloatString(6) }
