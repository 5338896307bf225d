package policy

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	manual        = "../../docs/policies.md"
	coverageBegin = "<!-- coverage: written by go test ./refunds/policy -update -->\n"
	coverageEnd   = "<!-- end of coverage -->\n"
)

// A kept clause is one row of testdata/clauses.txt.
type kept struct{ clause, by, says string }

// Every clause has a keeper; every clause that a policy keeps has a rule and examples of both of its sides; and
// the table in the manual says so.
func TestEveryClauseIsKept(t *testing.T) {
	clauses := keptClauses(t)
	known := map[string]string{}
	for _, k := range clauses {
		if known[k.clause] != "" {
			t.Errorf("%s is listed twice", k.clause)
		}
		known[k.clause] = k.by
	}
	for _, p := range Shipped() {
		for _, clause := range p.Clauses() {
			if known[clause] != "policy" {
				t.Errorf("%s cites %s, which is kept by %q", p.Code(), clause, known[clause])
			}
		}
		for _, x := range p.Examples() {
			for _, clause := range x.Contrast {
				if known[clause] != "policy" {
					t.Errorf("%s: example %q contrasts %s, which no policy keeps", p.Code(), x.Name, clause)
				}
			}
		}
	}

	var table, elsewhere strings.Builder
	table.WriteString("| clause | says | rules | an example | its other side |\n|---|---|---|---|---|\n")
	elsewhere.WriteString("\nKept elsewhere:\n\n| clause | says | kept by |\n|---|---|---|\n")
	for _, k := range clauses {
		if k.by != "policy" {
			fmt.Fprintf(&elsewhere, "| %s | %s | %s |\n", k.clause, k.says, keeper(t, k))
			continue
		}
		rules, example, contrast := evidence(k.clause)
		if len(rules) == 0 || example == "" || contrast == "" {
			t.Errorf("%s: rules %v, example %q, other side %q", k.clause, rules, example, contrast)
		}
		fmt.Fprintf(&table, "| %s | %s | `%s` | %s | %s |\n", k.clause, k.says, strings.Join(rules, "`, `"), example, contrast)
	}
	compareManual(t, table.String()+elsewhere.String())
}

// keeper says where a clause outside the policies is kept.
func keeper(t *testing.T, k kept) string {
	words := map[string]string{"ledger": "the ledger", "program": "the program file", "book": "`Book.For`"}
	if words[k.by] == "" {
		t.Errorf("%s is kept by %q", k.clause, k.by)
	}
	return words[k.by]
}

// evidence finds the rules that keep a clause, an example that one of them decides, and one that shows the other side:
// another outcome of the same clause, or a case marked as its contrast.
func evidence(clause string) (rules []string, example, contrast string) {
	var first Outcome
	for _, p := range Shipped() {
		for _, r := range p.rules {
			if r.clause == clause || slices.Contains(r.also, clause) {
				rules = append(rules, r.name)
			}
		}
		for _, result := range p.RunExamples() {
			decides := slices.ContainsFunc(p.rules, func(r rule) bool {
				return r.name == result.Got.Rule && (r.clause == clause || slices.Contains(r.also, clause))
			})
			shown := fmt.Sprintf("%s: %s", result.Example.Name, result.Got.Outcome)
			switch {
			case decides && example == "":
				example, first = shown, result.Got.Outcome
			case decides && contrast == "" && result.Got.Outcome != first:
				contrast = shown
			case !decides && contrast == "" && slices.Contains(result.Example.Contrast, clause):
				contrast = shown
			}
		}
	}
	return rules, example, contrast
}

func compareManual(t *testing.T, coverage string) {
	t.Helper()
	src, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(src), coverageBegin)
	old, after, ok2 := strings.Cut(rest, coverageEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the coverage table", manual)
	}
	if old == coverage {
		return
	}
	if !*update {
		t.Errorf("the coverage table in %s is stale; run with -update", manual)
		return
	}
	if err := os.WriteFile(manual, []byte(before+coverageBegin+coverage+coverageEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func keptClauses(t *testing.T) []kept {
	t.Helper()
	src, err := os.ReadFile("testdata/clauses.txt")
	if err != nil {
		t.Fatal(err)
	}
	var clauses []kept
	for _, line := range strings.Split(strings.TrimSpace(string(src)), "\n") {
		columns := strings.Split(line, " | ")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(columns) != 3 {
			t.Fatalf("not a clause: %q", line)
		}
		clauses = append(clauses, kept{columns[0], columns[1], columns[2]})
	}
	return clauses
}

// The policy that the manual writes step by step loads, and so do its examples.
func TestTheManualsPolicyLoads(t *testing.T) {
	src, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(src), "```yaml\n")
	loaded := 0
	for _, block := range blocks[1:] {
		block, _, _ = strings.Cut(block, "```")
		if !strings.HasPrefix(block, "policy:") {
			continue
		}
		loaded++
		if _, err := Load(manual, []byte(block)); err != nil {
			t.Error(err)
		}
	}
	if loaded == 0 {
		t.Error("the manual holds no whole policy")
	}
}

// The manual names every fact, condition and word that a rule may use.
func TestTheManualIsComplete(t *testing.T) {
	src, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range facts {
		names = append(append(names, f.name), f.words...)
	}
	for _, n := range slices.Concat(names, conditions, requiredWords, chargeWords, bearerWords, remedyWords, ruleKeys, fileKeys, expectKeys) {
		if n != "" && !strings.Contains(string(src), "`"+n+"`") {
			t.Errorf("%s does not mention `%s`", manual, n)
		}
	}
}
