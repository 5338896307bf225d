package policy

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestDecisions drives the shipped policies through testdata/decisions.txt.
func TestDecisions(t *testing.T) {
	src, err := os.ReadFile("testdata/decisions.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for i, line := range strings.Split(string(src), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cases++
		columns := strings.Split(line, " | ")
		if len(columns) != 3 {
			t.Fatalf("line %d has %d columns", i+1, len(columns))
		}
		t.Run(fmt.Sprintf("line %d: %s", i+1, line), func(t *testing.T) {
			p := shippedPolicy(t, columns[0])
			facts := request(t, columns[1])
			if got := answer(p.Decide(facts), columns[2]); got != columns[2] {
				t.Errorf("\ngot  %s\nwant %s\n%s", got, columns[2], p.Explain(facts))
			}
		})
	}
	if cases < 150 {
		t.Errorf("only %d cases", cases)
	}
}

// request reads the facts of a line.
func request(t *testing.T, line string) Facts {
	t.Helper()
	words := strings.Fields(line)
	f := Facts{Action: words[0], Reason: words[1], Status: "delivered", Attributes: map[string]any{}, Condition: map[string]bool{}}
	for _, w := range words[2:] {
		key, value, assigned := strings.Cut(w, "=")
		name, negated := strings.CutPrefix(w, "!")
		attribute, isAttribute := strings.CutPrefix(name, "@")
		number, _ := strconv.Atoi(value)
		switch {
		case assigned && key == "hours":
			hours, err := time.ParseDuration(value)
			if err != nil {
				hours = time.Duration(number) * time.Hour
			}
			f.SinceOrder = hours
		case assigned:
			switch key {
			case "cat":
				f.Category = value
			case "price":
				f.UnitPrice = int64(number)
			case "day":
				f.DaysSinceDelivery = new(number)
			case "status":
				f.Status = value
			case "dest":
				f.Destination = value
			case "at_fault":
				f.AtFault = value
			case "insp":
				f.Inspection = value
			case "prefers":
				f.PreferredRemedy = value
			case "initiated":
				f.InitiatedBy = value
			case "count":
				f.ReturnsInWindow = number
			case "max":
				f.MaxReturns = number
			case "evidence":
				f.Evidence = strings.Split(value, ",")
			default:
				t.Fatalf("unknown fact %q", key)
			}
		case isAttribute:
			f.Attributes[attribute] = !negated
		case name == "stock":
			f.ReplacementInStock = new(!negated)
		case name == "preorder":
			f.Preorder = true
		case slices.Contains(conditions, name):
			f.Condition[name] = !negated
		default:
			t.Fatalf("unknown fact %q", w)
		}
	}
	return f
}

// answer writes a decision with the particulars that the wanted line names.
func answer(d Decision, want string) string {
	out := fmt.Sprintf("%s %s %s", d.Outcome, d.Remedy, orDash(d.Clause))
	for _, w := range strings.Fields(want)[3:] {
		key, _, _ := strings.Cut(w, "=")
		switch key {
		case "by":
			out += " by=" + d.ReturnShipping
		case "refunds":
			out += " refunds=" + strings.Join(d.Refunds, ",")
		case "requires":
			out += " requires=" + strings.Join(d.Requires, ",")
		case "charges":
			out += " charges=" + strings.Join(d.Charges, ",")
		case "refer":
			out += " refer=" + d.ReferTo
		case "denied":
			if d.Denied {
				out += " denied"
			}
		}
	}
	return out
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Every reason, outcome and remedy is answered by every policy, and what is answered hangs together.
func TestEveryRequestHasACoherentAnswer(t *testing.T) {
	for _, p := range Shipped() {
		for _, action := range actionWords {
			for _, reason := range append(slices.Clone(facts[slotReason].words), "something else") {
				for _, inspection := range inspections {
					for _, days := range []*int{nil, new(0), new(5), new(40)} {
						f := Facts{Action: action, Reason: reason, Inspection: inspection, Category: "electronics", DaysSinceDelivery: days, Evidence: []string{"photo"}}
						d := p.Decide(f)
						switch {
						case d.Explanation == "":
							t.Errorf("%s %+v: no explanation", p.Code(), f)
						case d.Outcome != Accept && (d.Remedy != NoRemedy || len(d.Refunds) > 0):
							t.Errorf("%s %+v: not accepted but grants %s %v", p.Code(), f, d.Remedy, d.Refunds)
						case d.Outcome == Accept && d.Remedy == NoRemedy:
							t.Errorf("%s %+v: accepted without a remedy", p.Code(), f)
						case (d.Outcome == Review) != (d.IfAccepted != nil):
							t.Errorf("%s %+v: %s with if_accepted %v", p.Code(), f, d.Outcome, d.IfAccepted)
						case d.Outcome == Review && d.Accepted().Outcome != Accept:
							t.Errorf("%s %+v: an accepted review is %s", p.Code(), f, d.Accepted().Outcome)
						case (d.Clause == "") != (d.Rule == ""):
							t.Errorf("%s %+v: clause %q by rule %q", p.Code(), f, d.Clause, d.Rule)
						}
						if e := p.Explain(f); e.Decision.Rule != d.Rule {
							t.Errorf("%s %+v: explained as %s, decided by %s", p.Code(), f, e.Decision.Rule, d.Rule)
						}
					}
				}
			}
		}
	}
}

func TestUnknownIsNeitherTrueNorFalse(t *testing.T) {
	for when, want := range map[string]string{
		`condition.opened`:                                           "unknown",
		`!condition.opened`:                                          "unknown",
		`condition.opened || true`:                                   "true",
		`condition.opened && false`:                                  "false",
		`condition.opened || false`:                                  "unknown",
		`condition.opened == condition.opened`:                       "unknown",
		`condition.opened ? true : true`:                             "unknown",
		`has(condition.opened)`:                                      "false",
		`!has(condition.opened) || condition.opened`:                 "true",
		`has(condition.used)`:                                        "true",
		`condition.used`:                                             "true",
		`attributes.colour == "red"`:                                 "unknown",
		`has(attributes.colour)`:                                     "false",
		`attributes.size == 3`:                                       "true",
		`attributes.size > 2.5`:                                      "true",
		`attributes.size == "3"`:                                     "false",
		`attributes.size && true`:                                    "unknown", // a number is no truth
		`attributes.size && false`:                                   "false",
		`days_since_delivery <= 5`:                                   "unknown",
		`has(days_since_delivery)`:                                   "false",
		`replacement_in_stock`:                                       "unknown",
		`has(replacement_in_stock) && replacement_in_stock`:          "false",
		`category.within("fashion")`:                                 "true",
		`category.within("fashion/earrings")`:                        "true",
		`category.within("fash")`:                                    "false",
		`category.within(["books", "fashion"])`:                      "true",
		`category.within([])`:                                        "false",
		`"photo" in evidence`:                                        "false",
		`initiated_by == "member" && destination == "domestic"`:      "true",
		`inspection == "none" && at_fault == "" && unit_price == 12`: "true",
	} {
		src := fmt.Sprintf("policy: p\neffective_from: 2026-01-01\nrules:\n- { rule: r, when: '%s', clause: X, outcome: reject, explanation: x }\nexamples: []", when)
		p, d := read("f.yaml", []byte(src))
		if p.slots == nil || len(p.rules) != 1 || p.rules[0].condition == nil || p.rules[0].condition.program == nil {
			t.Errorf("%s: %v", when, d.err())
			continue
		}
		f := Facts{Action: Return, Category: "fashion/earrings/gold", UnitPrice: 12, Condition: map[string]bool{"used": true}, Attributes: map[string]any{"size": 3, "colour": nil}}
		if got := p.Explain(f).Steps[0]; got.Value != want {
			t.Errorf("%s is %s, want %s (%v %s)", when, got.Value, want, got.Unknown, got.Note)
		}
	}
}

// A policy has no state: goroutines that share one do not disturb each other.
func TestDecideFromManyGoroutines(t *testing.T) {
	p := shippedPolicy(t, "samurai-mall")
	var wait sync.WaitGroup
	for _, reason := range []string{"defect", "customer_convenience", "lost", "customs"} {
		f := Facts{Action: Return, Reason: reason, Category: "electronics", DaysSinceDelivery: new(2)}
		want := p.Decide(f).Rule
		wait.Go(func() {
			for range 200 {
				if got := p.Decide(f).Rule; got != want {
					t.Errorf("%s: %s, want %s", reason, got, want)
				}
			}
		})
	}
	wait.Wait()
}

func TestWholeOrder(t *testing.T) {
	accept, review, reject := Decision{Outcome: Accept}, Decision{Outcome: Review}, Decision{Outcome: Reject, Clause: "X"}
	for _, c := range []struct {
		lines []Decision
		want  Outcome
	}{
		{[]Decision{accept}, Accept},
		{[]Decision{accept, review}, Review},
		{[]Decision{review, accept, reject}, Reject},
	} {
		if got := WholeOrder(c.lines); got.Outcome != c.want {
			t.Errorf("%v: %s, want %s", c.lines, got.Outcome, c.want)
		}
	}
}
