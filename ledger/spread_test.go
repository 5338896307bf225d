package ledger

import (
	"encoding/json"
	"math/big"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSpread(t *testing.T) {
	var cases []struct {
		Name    string
		Total   int64
		Weights []int64
		Parts   []int64
	}
	load(t, "testdata/spread.json", &cases)
	for _, c := range cases {
		if got := Spread(c.Total, c.Weights); !slices.Equal(got, c.Parts) {
			t.Errorf("%s: Spread(%d, %v) = %v, want %v", c.Name, c.Total, c.Weights, got, c.Parts)
		}
	}
}

func TestSpreadAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		name    string
		total   int64
		weights []int64
		want    []int64
	}{
		{"nothing over nobody", 0, nil, nil},
		{"nothing", 0, []int64{3, 0, 1}, []int64{0, 0, 0}},
		{"all weights zero count as equal", 5, []int64{0, 0, 0}, []int64{2, 2, 1}},
		{"the largest amounts", MaxAmount, []int64{MaxAmount, MaxAmount}, []int64{1 << 52, 1<<52 - 1}},
	} {
		if got := Spread(c.total, c.weights); !slices.Equal(got, c.want) {
			t.Errorf("%s: Spread(%d, %v) = %v, want %v", c.name, c.total, c.weights, got, c.want)
		}
	}
	for name, bug := range map[string]func(){
		"a total without weights": func() { Spread(1, nil) },
		"a negative total":        func() { Spread(-1, []int64{1}) },
		"a negative weight":       func() { Spread(1, []int64{2, -1}) },
		"weights beyond 64 bits":  func() { Spread(1, []int64{1 << 62, 1 << 62}) },
		"a share of nothing":      func() { Share(1, 1, 0) },
		"a negative part":         func() { Share(1, -1, 2) },
		"a share beyond 64 bits":  func() { Share(1<<62, 1<<62, 1) },
	} {
		if !panics(bug) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func TestSpreadKeepsItsLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := anAmount().Draw(t, "total")
		weights := rapid.SliceOfN(anAmount(), 1, 40).Draw(t, "weights")
		parts := Spread(total, weights)

		sum := new(big.Int)
		for _, w := range weights {
			sum.Add(sum, big.NewInt(w))
		}
		var given int64
		for i, part := range parts {
			given += part
			if sum.Sign() == 0 {
				continue
			}
			// |part × sum − total × weight| < sum: less than a unit away.
			off := new(big.Int).Mul(big.NewInt(part), sum)
			off.Sub(off, new(big.Int).Mul(big.NewInt(total), big.NewInt(weights[i])))
			if off.CmpAbs(sum) >= 0 {
				t.Errorf("part %d of %v is a unit or more off its share", i, parts)
			}
			if big.NewInt(total).Cmp(sum) <= 0 && part > weights[i] {
				t.Errorf("part %d exceeds its weight: %d > %d", i, part, weights[i])
			}
		}
		if given != total {
			t.Errorf("parts %v add up to %d, not to %d", parts, given, total)
		}
		for i := range weights {
			for j := i + 1; j < len(weights); j++ {
				if weights[i] == weights[j] && parts[i] < parts[j] {
					t.Errorf("of equal weights the earlier got less: %v", parts)
				}
			}
		}
	})
}

func TestShares(t *testing.T) {
	var cases []struct {
		Name          string
		Amount, Whole int64
		Parts, Shares []int64
	}
	load(t, "testdata/shares.json", &cases)
	for _, c := range cases {
		var got []int64
		var part, before int64
		for _, p := range c.Parts {
			part += p
			after := Share(c.Amount, part, c.Whole)
			got, before = append(got, after-before), after
		}
		if !slices.Equal(got, c.Shares) {
			t.Errorf("%s: shares %v, want %v", c.Name, got, c.Shares)
		}
	}
}

func TestSharesEndAtTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := anAmount().Draw(t, "amount")
		whole := rapid.Int64Range(1, MaxAmount).Draw(t, "whole")
		steps := rapid.SliceOf(rapid.Int64Range(0, whole)).Draw(t, "steps")
		slices.Sort(steps)
		var before int64
		for _, part := range append(steps, whole) {
			after := Share(amount, part, whole)
			if after < before || after > amount {
				t.Errorf("share of %d/%d of %d is %d after %d", part, whole, amount, after, before)
			}
			before = after
		}
		if before != amount {
			t.Errorf("shares end at %d of %d", before, amount)
		}
	})
}

func BenchmarkSpread(b *testing.B) {
	weights := []int64{3000, 1980, 450, 500, 300}
	for b.Loop() {
		Spread(1000, weights)
	}
}

// anAmount draws small amounts as often as large ones.
func anAmount() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.Int64Range(0, 10), rapid.Int64Range(0, 100_000), rapid.Int64Range(0, MaxAmount))
}

func load(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}
