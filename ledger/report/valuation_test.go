package report

import (
	"testing"

	"github.com/shopspring/decimal"

	"chobo/ledger"
)

type example52 struct {
	Ex52 struct {
		Inputs struct {
			Sales    ledger.Money `json:"sales"`
			Points   int64        `json:"points"`
			Expected int64        `json:"expected_redeemed"`
			Goods    ledger.Money `json:"ssp_goods"`
		} `json:"inputs"`
		Allocation struct {
			Goods  ledger.Money `json:"goods"`
			Points ledger.Money `json:"points"`
		} `json:"allocation"`
		Years []struct {
			Redeemed int64        `json:"cum_redeemed"`
			Expected int64        `json:"expected_total"`
			Revenue  ledger.Money `json:"revenue"`
			Closing  ledger.Money `json:"closing_contract_liability"`
		} `json:"years"`
	} `json:"ex52"`
	Face struct {
		Steps []struct {
			Step      string       `json:"step"`
			Face      ledger.Money `json:"face_liability"`
			Target    ledger.Money `json:"target"`
			Allowance ledger.Money `json:"allowance_required"`
			Entry     ledger.Money `json:"entry_amount"`
			Revenue   ledger.Money `json:"revenue_total_of_step"`
		} `json:"steps"`
	} `json:"face_plus_valuation"`
}

// IFRS 15 example 52 comes out to the unit.
func TestExample52(t *testing.T) {
	var v example52
	load(t, "ifrs15_ex52.json", &v)
	in := v.Ex52.Inputs
	points := Allocate(in.Sales, in.Goods, decimal.NewFromInt(1), in.Expected)
	if points != v.Ex52.Allocation.Points || in.Sales-points != v.Ex52.Allocation.Goods {
		t.Fatalf("allocated %d / %d, want %d / %d", in.Sales-points, points, v.Ex52.Allocation.Goods, v.Ex52.Allocation.Points)
	}
	owed := points
	for i, y := range v.Ex52.Years {
		target := Target(points, y.Redeemed, y.Expected)
		if target != y.Closing || owed-target != y.Revenue {
			t.Errorf("year %d: revenue %d, owed %d, want %d and %d", i+1, owed-target, target, y.Revenue, y.Closing)
		}
		owed = target
	}
}

// The liability at face with one valuation entry a period says the same as the standard.
func TestFaceAndValuation(t *testing.T) {
	var v example52
	load(t, "ifrs15_ex52.json", &v)
	var allowance ledger.Money
	years := v.Ex52.Years
	for i, s := range v.Face.Steps {
		redeemed, expected := int64(0), v.Ex52.Inputs.Expected
		switch {
		case i > 0 && i <= len(years):
			redeemed, expected = years[i-1].Redeemed, years[i-1].Expected
		case i > len(years): // used or expired: nothing more is expected
			redeemed = expected
		}
		target := Target(v.Ex52.Allocation.Points, redeemed, expected)
		required := s.Face - target
		entry := required - allowance
		allowance = required
		if target != s.Target || required != s.Allowance || max(entry, -entry) != s.Entry {
			t.Errorf("%s: target %d, allowance %d, entry %d; want %+v", s.Step, target, required, entry, s)
		}
	}
}

func TestShrink(t *testing.T) {
	// An amount allocated to 10,000 points, of whose grant 1, then 999, then 500 are reversed.
	issued, allocated := int64(10000), ledger.Money(8676)
	for _, c := range []struct {
		reversed int64
		change   ledger.Money
	}{{1, -1}, {999, -867}, {500, -433}} {
		before := Shrink(8676, issued, 10000)
		issued -= c.reversed
		if got := Shrink(8676, issued, 10000) - before; got != c.change {
			t.Errorf("reversing %d changes %d by %d, want %d", c.reversed, allocated, got, c.change)
		}
	}
	if Shrink(8676, 0, 10000) != 0 || Shrink(8676, -5, 10000) != 0 {
		t.Error("a cohort without grants has nothing allocated")
	}
}
