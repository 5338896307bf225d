package main

import (
	"encoding/json"
	"strings"

	"chobo/refunds/policy"
)

type policyCommand struct {
	Test    policyTest    `cmd:"" help:"Prove policy files: types, rules that can be reached, and the files' own examples."`
	Explain policyExplain `cmd:"" help:"Tell, rule by rule, how a policy decides a case."`
}

type policyTest struct {
	Files   []string `arg:"" help:"Policy files."`
	Verbose bool     `short:"v" help:"Tell of examples that pass, too."`
}

// Help explains the command.
func (policyTest) Help() string {
	return `It needs no database. A policy file is a list of rules, read from top to bottom; the first whose condition holds
decides. Each file carries examples, and every rule must be reached by one.

  chobo policy test policies/*.yaml`
}

// Run tests the files.
func (c *policyTest) Run(s *screen) (err error) {
	for _, file := range c.Files {
		source, readErr := readFile(s, file)
		if readErr != nil {
			return readErr
		}
		results, problem := policy.Test(file, source)
		passed := 0
		for _, r := range results {
			switch {
			case !r.Passed():
				s.printf("%s  %s:%d: %s\n", s.paint(red, "FAIL"), file, r.Example.Line, r.Example.Name)
				for _, d := range r.Differences {
					s.printf("      %s\n", d)
				}
				err = errSilent
				continue
			case c.Verbose:
				s.printf("%s    %s:%d: %s\n", s.paint(green, "ok"), file, r.Example.Line, r.Example.Name)
			}
			passed++
		}
		if problem == nil && passed == len(results) {
			_, problem = policy.Load(file, source) // what only a whole file can have: rules that no example reaches
		}
		if problem != nil {
			s.note(problem)
			err = errSilent
		}
		s.printf("%s: %d of %d examples pass\n", file, passed, len(results))
	}
	return err
}

type policyExplain struct {
	File  string   `arg:"" help:"Policy file, or the code of a shipped policy: ${policies}."`
	Facts string   `arg:"" optional:"" help:"File with the facts of the case, YAML or JSON; - reads standard input."`
	Fact  []string `short:"f" sep:"none" placeholder:"NAME=VALUE" help:"One fact, as in: -f reason=defect -f condition.opened=true. Repeatable."`
	JSON  bool     `help:"Print the trace as JSON."`
}

// Help explains the command.
func (policyExplain) Help() string {
	return `It needs no database. A fact that is not told is unknown, which is neither true nor false.

  chobo policy explain samurai-mall -f action=return -f reason=customer_convenience \
      -f category=fashion/shoes -f days_since_delivery=3 -f condition.tried_on=true
  chobo policy explain shop.yaml facts.yaml`
}

// Run explains the case.
func (c *policyExplain) Run(s *screen) error {
	p, err := c.policy(s)
	if err != nil {
		return err
	}
	source := []byte("action: return\n")
	name := "facts"
	if c.Facts != "" {
		name = c.Facts
		if source, err = readFile(s, c.Facts); err != nil {
			return err
		}
	}
	if len(c.Fact) > 0 {
		if source, err = withFacts(source, c.Fact); err != nil {
			return err
		}
	}
	facts, err := policy.ParseFacts(name, source)
	if err != nil {
		return err
	}
	trace := p.Explain(facts)
	if c.JSON {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(trace)
	}
	s.printf("%s", trace.String())
	s.printf("\n%s\n", trace.Words())
	return nil
}

func (c *policyExplain) policy(s *screen) (*policy.Policy, error) {
	for _, p := range policy.Shipped() {
		if p.Code() == c.File {
			return p, nil
		}
	}
	source, err := readFile(s, c.File)
	if err != nil {
		return nil, err
	}
	return policy.Load(c.File, source)
}

// policyCodes are those of the shipped policies.
func policyCodes() string {
	var codes []string
	for _, p := range policy.Shipped() {
		codes = append(codes, p.Code())
	}
	return strings.Join(codes, ", ")
}
