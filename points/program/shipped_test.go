package program

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestShipped(t *testing.T) {
	want := map[string]string{
		"asmart":        "2017-07-03 fixed 12, sweep 0",
		"card-secret":   "2025-02-10 fixed 12, sweep 0",
		"kiwami-box":    "2017-07-03 fixed 12, sweep 0",
		"preorder-shop": "2017-07-03 fixed 12, sweep 0",
		"samurai-mall":  "2017-07-03 inactivity 12, sweep 14",
	}
	for _, p := range Shipped() {
		got := fmt.Sprintf("%s %s %d, sweep %d", dateOrTime(p.EffectiveFrom, p.Zone), p.Expiry.Mode, p.Expiry.Months, p.Sweep.Days)
		if got != want[p.Code] {
			t.Errorf("%s is %s, want %s", p.Code, got, want[p.Code])
		}
		delete(want, p.Code)

		if p.Currency != "JPY" || p.Timezone() != "Asia/Tokyo" || p.Sandbox || p.ReturnsPolicy != p.Code || p.PointValue.String() != "1" {
			t.Errorf("%s: %s, %s, sandbox %t, policy %s, point value %s", p.Code, p.Currency, p.Timezone(), p.Sandbox, p.ReturnsPolicy, p.PointValue)
		}
		terms := p.Terms(LineFacts{Total: 3000}, OrderFacts{ShopID: "S-9", OrderedAt: moment(t, "2026-04-02T10:00:00+09:00")})
		if terms.Rate.String() != "0.01" || terms.Hold != (Hold{30, OnOrder, 60}) || terms.Rounding != "floor" || terms.Expiry != p.Expiry || terms.FundedBy != Mall {
			t.Errorf("%s earns on %+v", p.Code, terms)
		}
		if fmt.Sprint(p.Clawback.Take) != "[lot other_lots receivable]" {
			t.Errorf("%s takes back from %v", p.Code, p.Clawback.Take)
		}
	}
	if len(want) > 0 {
		t.Errorf("not shipped: %v", want)
	}
}

// AS-5: the shop's points are earned, used, expire and can be checked.
func TestAsmartHasPoints(t *testing.T) {
	for _, p := range Shipped() {
		if p.Code != "asmart" {
			continue
		}
		if !p.Earn.Rate.IsPositive() {
			t.Error("they are not earned")
		}
		if !p.Redeem.MaxShare.IsPositive() {
			t.Error("they cannot be used")
		}
		if p.Expiry.ExpiresAt(p.EffectiveFrom, p.Zone).IsZero() {
			t.Error("they do not expire")
		}
	}
}

// What no document says has to be marked as assumed.
func TestAssumedValuesAreMarked(t *testing.T) {
	for _, p := range Shipped() {
		source, err := os.ReadFile("files/" + p.Code + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"point_value", "  rate", "  rounding", "  funded_by", "  cap_per_order", "abuse"} {
			at := strings.Index(string(source), "\n"+key+":")
			if at < 0 {
				t.Errorf("%s: no %s", p.Code, key)
				continue
			}
			line, _, _ := strings.Cut(string(source[at+1:]), "\n")
			if key == "abuse" && p.Code == "samurai-mall" {
				continue // line by line there
			}
			if !strings.Contains(line, "# assumed") {
				t.Errorf("%s: %q is not marked as assumed", p.Code, line)
			}
		}
	}
}
