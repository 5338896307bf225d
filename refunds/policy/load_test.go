package policy

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// good is the smallest file that loads. The tests below spoil it one line at a time.
const good = `policy: corner-shop
effective_from: 2026-04-01
terms:
  faulty: reason == "defect"
rules:
  - rule: orders-stand
    action: cancel
    when: true
    clause: X-1
    outcome: reject
    explanation: Orders stand.
  - rule: faulty-in-time
    action: return
    when: faulty && days_since_delivery <= 3
    clause: X-2
    outcome: accept
    remedy: refund
    refunds: price
    explanation: The price is refunded.
examples:
  - example: a cancellation
    given: { action: cancel }
    expect: { outcome: reject, clause: X-1 }
  - example: a fault in time
    given: { action: return, reason: defect, days_since_delivery: 3 }
    expect: { outcome: accept, clause: X-2 }
`

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		want           []string // line:column: beginning of the message
	}{
		{"unknown fact", `faulty && days_since_delivery <= 3`, `faulty && days_since_delivered <= 3`,
			[]string{`14:21: unknown fact days_since_delivered; did you mean days_since_delivery?`}},
		{"unknown condition", `faulty && days_since_delivery <= 3`, `faulty && !condition.openned`,
			[]string{`14:22: unknown fact condition.openned; did you mean condition.opened?`}},
		{"unknown condition in has", `faulty && days_since_delivery <= 3`, `faulty && has(condition.openned)`,
			[]string{`14:24: unknown fact condition.openned; did you mean condition.opened?`}},
		{"has of a fact that is always known", `faulty && days_since_delivery <= 3`, `faulty && has(reason)`,
			[]string{`14:25: has() asks for`}},
		{"a group without a member", `faulty && days_since_delivery <= 3`, `faulty && condition`,
			[]string{`14:21: condition is a group of facts: name one of them, such as condition.opened`}},
		{"unknown word", `reason == "defect"`, `reason in ["defect", "defct"]`,
			[]string{`4:32: reason is never "defct"; did you mean defect?`}},
		{"wrong type", `days_since_delivery <= 3`, `days_since_delivery <= 3.5`,
			[]string{`14:41: wrong type: <= cannot be used on whole number, number with a point`}},
		{"wrong type in a folded text", `when: faulty && days_since_delivery <= 3`, "when: >\n      faulty\n        && days_since_delivery <= \"3\"",
			[]string{`16:32: wrong type: <=`}},
		{"wrong type in a literal text", `when: faulty && days_since_delivery <= 3`, "when: |\n      faulty\n        && days_since_delivery <= \"3\"",
			[]string{`16:32: wrong type: <=`}},
		{"wrong type in a quoted text", `faulty && days_since_delivery <= 3`, `"reason == \"defect\" && days_since_delivery <= \"3\""`,
			[]string{`14:56: wrong type: <=`}},
		{"wrong type in a singly quoted text", `faulty && days_since_delivery <= 3`, `'reason == ''defect'' && days_since_delivery <= ''3'''`,
			[]string{`14:56: wrong type: <=`}},
		{"wrong type in a text of two plain lines", `faulty && days_since_delivery <= 3`, "faulty\n      && days_since_delivery <= '3'",
			[]string{`15:30: wrong type: <=`}},
		{"not a truth", `when: faulty && days_since_delivery <= 3`, `when: days_since_delivery + 3`,
			[]string{`14:11: wrong type: a condition is true or false, this one is whole number`}},
		{"a number for a condition", `when: true`, `when: 1`,
			[]string{`8:11: wrong type: a condition is true or false, this one is whole number`}},
		{"grammar", `faulty && days_since_delivery <= 3`, `faulty && (days_since_delivery <= 3`,
			[]string{`14:46: not a condition:`}},
		{"duplicate rule name", `rule: faulty-in-time`, `rule: orders-stand`,
			[]string{`12:11: rule orders-stand is already on line 6: every rule has a name of its own`}},
		{"missing clause", "    clause: X-2\n", "", []string{`12:11: rule faulty-in-time has no clause`}},
		{"missing explanation", "    explanation: Orders stand.\n", "", []string{`6:11: rule orders-stand has no explanation`}},
		{"unknown outcome", `outcome: accept`, `outcome: accepted`, []string{`16:14: outcome is one of accept, reject, review, not "accepted"; did you mean accept?`}},
		{"a refusal that refunds", `outcome: accept`, `outcome: reject`, []string{`17:5: remedy belongs to a rule whose outcome is accept`, `18:5: refunds belongs to`}},
		{"a refund of nothing", "    refunds: price\n", "", []string{`12:11: rule faulty-in-time pays a refund but does not say of what`}},
		{"behind a rule that always holds", "action: return\n    when: faulty &&", "action: cancel\n    when: faulty &&",
			[]string{`12:11: rule faulty-in-time can never be reached: orders-stand on line 6 always holds`}},
		{"behind a rule that always holds though it names an unknown", `when: true`, `when: faulty || action == "cancel"`, nil},
		{"never holds", `when: faulty && days_since_delivery <= 3`, `when: action == "cancel" && faulty`,
			[]string{`12:11: rule faulty-in-time can never be reached: its condition never holds`}},
		{"no example reaches", `given: { action: return, reason: defect, days_since_delivery: 3 }`, `given: { action: return, reason: defect, days_since_delivery: 4 }`,
			[]string{`12:11: no example reaches rule faulty-in-time`, `24:14: example "a fault in time": outcome is review, not accept`, `24:14: example "a fault in time": clause is empty, not X-2`}},
		{"failing example", `expect: { outcome: accept, clause: X-2 }`, `expect: { outcome: accept, clause: X-2, refunds: [price, shipping] }`,
			[]string{`24:14: example "a fault in time": refunds is [price], not [price, shipping]`}},
		{"unknown fact in an example", `days_since_delivery: 3 }`, `days_since_delivery: 3, colour: red }`,
			[]string{`25:70: unknown fact colour`}},
		{"wrong type in an example", `days_since_delivery: 3 }`, `days_since_delivery: soon }`,
			[]string{`25:67: days_since_delivery must be a whole number, not the text "soon"`}},
		{"unknown key", `outcome: accept`, `outcom: accept`,
			[]string{`12:11: rule faulty-in-time has no outcome`, `16:5: unknown key "outcom"; did you mean outcome?`}},
		{"unused term", `when: faulty && days`, `when: reason == "defect" && days`, []string{`4:11: no rule uses the term faulty`}},
		{"a term that has a meaning", `faulty: reason`, `status: reason`, []string{`4:3: status already has a meaning`, `14:11: unknown fact faulty`}},
		{"a term that uses itself", `faulty: reason == "defect"`, `faulty: faulty || reason == "defect"`, []string{`4:11: unknown fact faulty`}},
		{"asks for a known fact", `    outcome: reject`, "    asks: reason\n    outcome: reject", []string{`6:11: asks names reason`}},
		{"not YAML", `    clause: X-1`, `    clause: : X-1`, []string{`9:13: not YAML`}},
		{"the same key twice", `    clause: X-1`, "    clause: X-1\n    clause: X-1", []string{`10:5: `}},
		{"an alias", `clause: X-1`, `clause: &a X-1`, []string{`9:13: clause must be a text, not an anchor or alias`}},
		{"an unknown time zone", `terms:`, "timezone: Asia/Tokio\nterms:", []string{`3:11: unknown timezone "Asia/Tokio"`}},
		{"no date", `2026-04-01`, `soon`, []string{`2:17: effective_from is a date`}},
		{"two of one example", `example: a fault in time`, `example: a cancellation`, []string{`24:14: there are two examples named "a cancellation"`}},
		{"everything at once", "    clause: X-2\n    outcome: accept", "    outcome: yes", []string{
			`12:11: rule faulty-in-time has no clause`, `15:14: outcome is one of accept, reject, review, not "yes"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(good, c.old) {
				t.Fatalf("the good file does not hold %q", c.old)
			}
			_, err := Load("f.yaml", []byte(strings.Replace(good, c.old, c.new, 1)))
			if len(c.want) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			loadErr, ok := errors.AsType[*LoadError](err)
			if !ok {
				t.Fatalf("loaded, or another error: %v", err)
			}
			if len(loadErr.Problems) != len(c.want) {
				t.Errorf("%d problems, want %d", len(loadErr.Problems), len(c.want))
			}
			for i, p := range loadErr.Problems {
				if i < len(c.want) && !strings.HasPrefix(p.String(), "f.yaml:"+c.want[i]) {
					t.Errorf("got  %s\nwant f.yaml:%s", p, c.want[i])
				}
			}
			if t.Failed() {
				t.Log(err)
			}
		})
	}
}

// A file made to be dear is refused soon.
func TestLoadIsBounded(t *testing.T) {
	long := func(s string) string { return strings.Replace(good, "when: true", "when: "+s, 1) }
	for name, src := range map[string]string{
		"too large":            good + strings.Repeat("# more\n", 100_000),
		"deep brackets":        long(strings.Repeat("(", 50_000)),
		"deep lists":           long("'" + strings.Repeat("[", 50_000) + "'"),
		"deep YAML":            good + strings.Repeat("[", 50_000),
		"many unknown names":   long("'" + strings.Repeat("a||", 30_000) + "a'"),
		"many known names":     long("'" + strings.Repeat("preorder||", 9_000) + "1'"),
		"many rules":           strings.Replace(good, "rules:\n", "rules:\n"+strings.Repeat("  - {}\n", 20_000), 1),
		"many rules in a line": strings.Replace(good, "rules:\n", "rules: ["+strings.Repeat("1,", 20_000)+"1]\nx:\n", 1),
		"many examples":        good + strings.Repeat("  - {}\n", 20_000),
		"many keys":            good + strings.Repeat("a: 1\n", 20_000),
		"many terms":           strings.Replace(good, "terms:\n", "terms:\n"+strings.Repeat("  a: true\n", 10_000), 1),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Load("f.yaml", []byte(src))
			if err == nil {
				t.Error("loaded")
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %s", took)
			} else {
				t.Logf("%s, %.120s", took, err)
			}
		})
	}
}

func TestLoadAcceptsTheSmallestFile(t *testing.T) {
	p, err := Load("f.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.EffectiveFrom().Format("2006-01-02T15:04Z07:00"); got != "2026-04-01T00:00Z" || p.Code() != "corner-shop" || p.Version() != 1 {
		t.Errorf("%s %s %d", p.Code(), got, p.Version())
	}
}

func TestShippedFilesLoad(t *testing.T) {
	names, err := files.ReadDir("files")
	if err != nil || len(names) != 5 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, n := range names {
		src, err := files.ReadFile("files/" + n.Name())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Load(n.Name(), src); err != nil {
			t.Error(err)
		}
	}
}

// Whatever the text, Load answers: it neither panics nor hangs.
func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Add(strings.Replace(good, "true", "'[[[['", 1))
	f.Add("policy: [")
	f.Add("policy: a\neffective_from: 2026-04-01\nrules: [{rule: r, when: '1 + ', clause: X, outcome: review, explanation: x}]\nexamples: []")
	f.Fuzz(func(t *testing.T, src string) {
		p, err := Load("f.yaml", []byte(src))
		if (p == nil) == (err == nil) {
			t.Fatalf("policy %v, error %v", p, err)
		}
	})
}
