package report

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

type urrVector struct {
	Triangle map[string][2]json.RawMessage `json:"triangle"`
	Factors  []string                      `json:"factors"`
	Exact    []string                      `json:"factors_exact"`
	Result   []struct {
		Cohort         string `json:"cohort"`
		Issued         int64  `json:"issued"`
		Redeemed       int64  `json:"redeemed_to_date"`
		CDF            string `json:"cdf"`
		Ultimate       int64  `json:"ultimate"`
		URR            string `json:"urr"`
		ExpectedFuture int64  `json:"expected_future"`
		BreakageRate   string `json:"breakage_rate"`
	} `json:"result"`
	Total struct {
		Issued   int64  `json:"issued"`
		Ultimate int64  `json:"ultimate"`
		URR      string `json:"urr"`
	} `json:"total"`
}

func load(t *testing.T, name string, v any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The published triangle comes out to the sixth digit.
func TestChainLadder(t *testing.T) {
	var v urrVector
	load(t, "urr_chain_ladder.json", &v)
	var triangle Triangle
	for _, cohort := range slices.Sorted(maps.Keys(v.Triangle)) {
		vintage := Vintage{Cohort: cohort, Funder: Mall}
		if err := cmp.Or(json.Unmarshal(v.Triangle[cohort][0], &vintage.Issued), json.Unmarshal(v.Triangle[cohort][1], &vintage.Redeemed)); err != nil {
			t.Fatal(err)
		}
		triangle = append(triangle, vintage)
	}
	for i, f := range triangle.Factors() {
		if f.RatString() != v.Exact[i] || six(f) != v.Factors[i] {
			t.Errorf("factor %d: %s, want %s", i, f.RatString(), v.Exact[i])
		}
	}
	b := triangle.breakage(Assumptions{Prior: decimal.NewFromInt(1)})
	if b.Method != ChainLadder || len(b.Cohorts) != len(v.Result) {
		t.Fatalf("%+v", b)
	}
	for i, want := range v.Result {
		got := b.Cohorts[i]
		if got.Cohort != want.Cohort || got.Issued != want.Issued || got.Redeemed != want.Redeemed || got.CDF != want.CDF || got.Ultimate != want.Ultimate ||
			got.URR != want.URR || got.ExpectedFuture != want.ExpectedFuture || got.BreakageRate != want.BreakageRate {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if b.Total.Issued != v.Total.Issued || b.Total.Ultimate != v.Total.Ultimate || b.Total.URR != v.Total.URR {
		t.Errorf("in all %+v, want %+v", b.Total, v.Total)
	}
}

// A triangle too short to reach the age at which points expire says nothing: the prior does.
func TestShortTriangle(t *testing.T) {
	triangle := Triangle{{Cohort: "2026-04", Issued: 1000, Lost: 50, Redeemed: []int64{100}}}
	b := triangle.breakage(Assumptions{Prior: decimal.RequireFromString("0.9"), Term: 13})
	if c := b.Cohorts[0]; b.Method != Prior || c.Ultimate != 900 || c.URR != "0.900000" || c.ExpectedFuture != 800 {
		t.Errorf("%+v", b)
	}
	b = triangle.breakage(Assumptions{Prior: decimal.NewFromInt(1), Term: 13})
	if c := b.Cohorts[0]; c.Ultimate != 950 || c.URR != "0.950000" {
		t.Errorf("what is lost cannot be redeemed: %+v", b)
	}
}

// Where factors say nothing of a vintage, of what is left of it the prior does: nothing was redeemed yet, or points live on
// behind the term. What the factors know they tell.
func TestVintagesUnknownToTheLadder(t *testing.T) {
	triangle := Triangle{
		{Cohort: "2026-01", Issued: 1000, Lost: 200, Redeemed: []int64{300, 600, 500}}, // 300 are left, given back in a new lot
		{Cohort: "2026-02", Issued: 1000, Redeemed: []int64{200, 400}},
		{Cohort: "2026-03", Issued: 100, Lost: 20, Redeemed: []int64{0}},
	}
	b := triangle.breakage(Assumptions{Prior: decimal.RequireFromString("0.5"), Term: 2})
	var got []int64
	for _, c := range b.Cohorts {
		got = append(got, c.Ultimate)
	}
	if b.Method != ChainLadder || !slices.Equal(got, []int64{650, 400, 40}) {
		t.Errorf("%s %v, factors %v", b.Method, got, b.Factors)
	}
}

// An estimate lies between what was redeemed and what can be, whatever the triangle looks like.
func TestEstimatesStayPossible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ages := rapid.IntRange(1, 8).Draw(t, "ages")
		var triangle Triangle
		for i := range ages {
			v := Vintage{Issued: rapid.Int64Range(1, 1_000_000).Draw(t, "issued")}
			v.Lost = rapid.Int64Range(0, v.Issued).Draw(t, "lost")
			redeemed := rapid.Int64Range(-100, 0).Draw(t, "redeemed at first")
			for range ages - i {
				redeemed += rapid.Int64Range(0, max(0, v.Issued-v.Lost-redeemed)).Draw(t, "redeemed")
				v.Redeemed = append(v.Redeemed, redeemed)
			}
			triangle = append(triangle, v)
		}
		for i, p := range triangle.Project() {
			v := triangle[i]
			if p.Expected < max(0, p.Redeemed) || p.Expected > v.Issued-v.Lost {
				t.Errorf("%+v of %+v", p, v)
			}
		}
	})
}
