package program

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Each testdata/*.yaml is a file with problems; the .txt beside it is what is said of them.
func TestProblems(t *testing.T) {
	names, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Parse(filepath.Base(name), source)
		if err == nil {
			t.Errorf("%s: no problems", name)
			continue
		}
		golden(t, strings.TrimSuffix(name, ".yaml")+".txt", err.Error()+"\n")
	}
}

func TestDecodeListsProblems(t *testing.T) {
	_, err := Decode([]byte(`{ "program": "x", "effective_from": "2026-01-01", "nme": "y",
  "earn": { "hold": { "days": -1 }, "rules": [ { "name": "a", "when": "shop == 1" } ] } }`))
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	want := []Problem{
		{"nme", "is not a known key; known here: program, sandbox, name, currency, timezone, effective_from, point_value, returns_policy, earn, redeem, expiry, restore, reprice, clawback, sweep, abuse", 1, 51},
		{"earn.hold.days", "must be a whole number from 0 to 3650", 2, 31},
		{"earn.rules[0].when", "does not compile: undeclared reference to 'shop' (did you mean 'shop_id'?)", 2, 72},
	}
	if len(invalid.Problems) != len(want) {
		t.Fatalf("got %v", err)
	}
	for i, p := range invalid.Problems {
		if p != want[i] {
			t.Errorf("problem %d:\n got %+v\nwant %+v", i, p, want[i])
		}
	}
}

func TestWhatIsNoFileAtAll(t *testing.T) {
	for source, want := range map[string]string{
		"":                            "1:1: the file is not JSON: unexpected EOF",
		"{":                           "1:2: the file is not JSON: unexpected EOF",
		"{} {}":                       "1:4: the file has more after its end",
		`{"program":`:                 "1:12: the file is not JSON: unexpected EOF",
		"null":                        "1:1: the file must be a mapping",
		"[]":                          "1:1: the file must be a mapping",
		"{}":                          "1:1: program is missing\n1:1: effective_from is missing",
		`{"program":"x","program":1}`: "1:1: effective_from is missing\n1:16: program is there twice",
		strings.Repeat("[", 200):      "1:101: the file is nested too deep",
		strings.Repeat(" ", 1<<20):    "1:1: the file has more than 262144 bytes",
	} {
		_, err := Decode([]byte(source))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.20q: got %v, want %s", source, err, want)
		}
	}
}

func TestJSONAndYAMLAreTheSame(t *testing.T) {
	for _, p := range Shipped() {
		body, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := Decode(body)
		if err != nil {
			t.Fatalf("%s: %v", p.Code, err)
		}
		parsed, err := Parse(p.Code+".json", append([]byte("\n\t "), body...))
		if err != nil {
			t.Fatalf("%s: %v", p.Code, err)
		}
		if decoded.Hash() != p.Hash() || parsed.Hash() != p.Hash() {
			t.Errorf("%s: the canonical form is read back as another program", p.Code)
		}
	}
}

func TestCanonicalForm(t *testing.T) {
	p := parse(t, `
program: all
sandbox: true
name: 'Everything said'
currency: USD
timezone: America/New_York
effective_from: 2026-01-01T12:00:00Z
point_value: 0.50
returns_policy: samurai-mall
earn:
  rate: "1.0"
  rounding: half_up
  hold: { days: 0, from: delivered, latest: 0 }
  funded_by: shop
  rules:
    - { name: bare }
    - name: full
      when: |
        shop_id == "S-9"
          || under(category, "books")
      rate: "0.0500"
      rounding: ceil
      hold: { days: 0 }
      expiry: { months: 3 }
      funded_by: mall
      valid: { from: 2026-04-01, to: 2026-04-08T12:00:00-04:00 }
    - { name: ever, hold: { from: paid, latest: 0 }, expiry: { mode: none }, valid: { to: 2026-04-01 } }
  cap_per_order: 500
redeem: { min: 100, step: 10, max_share: 0.5, excluded_categories: [gift-cards, books/new], lot_order: oldest_grant }
expiry: { mode: fixed_end_of_month, months: 24 }
restore: { expired_lot: reissue, closed_member: forfeit, grace_days: 7 }
reprice: { refund_order: proportional }
clawback: { take: [pending, lot, other_lots, withhold, net_future_grants, receivable, absorb] }
sweep: { days: 14 }
abuse: { window_days: 90, max_returns: 3 }
`)
	body, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/canonical.json", pretty.String()+"\n")
	again, err := Decode(pretty.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash() != p.Hash() {
		t.Error("the canonical form is read back as another program")
	}
	for i, rule := range p.Earn.Rules {
		if got := again.Earn.Rules[i].Terms; got.Rule != rule.Terms.Rule || !got.Rate.Equal(rule.Terms.Rate) || got.Hold != rule.Terms.Hold || got.Expiry != rule.Terms.Expiry {
			t.Errorf("rule %s is read back as %+v, was %+v", rule.Name, got, rule.Terms)
		}
	}
}

func TestHashTellsContentsApart(t *testing.T) {
	const plain = "{ program: x, effective_from: 2026-01-01 }"
	same := []string{
		"program: x # a comment\neffective_from: '2026-01-01'\n",
		`{ "effective_from": "2025-12-31T15:00:00Z", "program": "x" }`,
		"{ program: x, effective_from: 2026-01-01, name: x, point_value: 1.000, earn: { rate: 0.010, rules: [] }, expiry: {} }",
	}
	other := []string{
		"{ program: y, effective_from: 2026-01-01 }",
		"{ program: x, effective_from: 2026-01-02 }",
		"{ program: x, effective_from: 2026-01-01, earn: { rules: [ { name: a } ] } }",
		"{ program: x, effective_from: 2026-01-01, clawback: { take: [other_lots, lot, receivable] } }",
	}
	hash := parse(t, plain).Hash()
	for _, file := range same {
		if parse(t, file).Hash() != hash {
			t.Errorf("not the same: %s", file)
		}
	}
	for _, file := range other {
		if parse(t, file).Hash() == hash {
			t.Errorf("the same: %s", file)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, p := range Shipped() {
		source, err := files.ReadFile("files/" + p.Code + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
		body, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	names, _ := filepath.Glob("testdata/*.yaml")
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		p, err := Parse("fuzz.yaml", source)
		if err != nil {
			var invalid *InvalidError
			if !errors.As(err, &invalid) || len(invalid.Problems) == 0 || invalid.Error() == "" {
				t.Errorf("refused without saying why: %v", err)
			}
			return
		}
		p.Terms(LineFacts{}, OrderFacts{})
		body, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(body)
		if err != nil {
			t.Fatalf("the canonical form is refused: %v\n%s", err, body)
		}
		if again.Hash() != p.Hash() {
			t.Errorf("the canonical form is read back as another program: %s", body)
		}
	})
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n got\n%s\nwant\n%s", file, got, want)
	}
}
