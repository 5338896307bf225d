package ledger

import (
	"math"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestRounding(t *testing.T) {
	var cases []struct {
		Name   string
		Amount int64
		Rate   decimal.Decimal
		Floor  int64
		HalfUp int64 `json:"half_up"`
		Ceil   int64
	}
	load(t, "testdata/rounding.json", &cases)
	for _, c := range cases {
		for r, want := range map[Rounding]int64{Floor: c.Floor, HalfUp: c.HalfUp, Ceil: c.Ceil} {
			if got := r.Times(c.Amount, c.Rate); got != want {
				t.Errorf("%s: %s of %d × %s = %d, want %d", c.Name, r, c.Amount, c.Rate, got, want)
			}
			if got := r.Round(c.Rate.Mul(decimal.NewFromInt(c.Amount))); got != want {
				t.Errorf("%s: %s of the product of %d × %s = %d, want %d", c.Name, r, c.Amount, c.Rate, got, want)
			}
		}
	}
}

func TestTimesIsRoundOfTheProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom([]Rounding{Floor, HalfUp, Ceil}).Draw(t, "rounding")
		amount := anAmount().Draw(t, "amount")
		rate := decimal.New(rapid.Int64Range(0, 1_000_000).Draw(t, "coefficient"), rapid.Int32Range(-20, 0).Draw(t, "exponent"))
		if rate.GreaterThan(decimal.NewFromInt(MaxRate)) {
			t.Skip("beyond the rates there are")
		}
		if got, want := r.Times(amount, rate), r.Round(rate.Mul(decimal.NewFromInt(amount))); got != want {
			t.Errorf("%s of %d × %s = %d, want %d", r, amount, rate, got, want)
		}
	})
}

func TestRoundingOfWhatIsRefusedElsewhere(t *testing.T) {
	for name, bug := range map[string]func(){
		"an unknown rounding":     func() { Rounding("up").Round(decimal.Zero) },
		"unknown, times":          func() { Rounding("").Times(1, decimal.Zero) },
		"a result too large":      func() { Floor.Round(decimal.New(1, 19)) },
		"a product too large":     func() { Floor.Times(math.MaxInt64, decimal.NewFromInt(2)) },
		"a product far too large": func() { Floor.Times(math.MaxInt64, decimal.NewFromInt(1_000_000)) },
	} {
		if !panics(bug) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func TestValue(t *testing.T) {
	for _, c := range []struct {
		rate string
		n    Points
		want Money
	}{
		{"1", 1000, 1000}, {"1.00", 1000, 1000}, {"0.5", 3, 1}, {"0.5", 8, 4}, {"2.5", 3, 7}, {"1", MaxAmount, MaxAmount}, {"0.01", 0, 0},
	} {
		if got := Value(decimal.RequireFromString(c.rate), c.n); got != c.want {
			t.Errorf("Value(%s, %d) = %d, want %d", c.rate, c.n, got, c.want)
		}
	}
}

func BenchmarkValue(b *testing.B) {
	for name, rate := range map[string]decimal.Decimal{"one": decimal.NewFromInt(1), "half": decimal.RequireFromString("0.5")} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Value(rate, 1000)
			}
		})
	}
}

func BenchmarkTimes(b *testing.B) {
	rate := decimal.RequireFromString("0.01")
	for b.Loop() {
		Floor.Times(2211, rate)
	}
}
