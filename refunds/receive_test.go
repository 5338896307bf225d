package refunds_test

import (
	"maps"
	"testing"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
	"chobo/refunds"
	"chobo/refunds/policy"
	. "chobo/refunds/refundstest"
)

// A mall is a shop under a program and terms that are shipped.
type mall struct {
	*shop
	terms policy.Book
}

// openShipped opens one whose member has just got order O of these lines.
func openShipped(t *testing.T, code string, lines ...points.OrderLineRequest) *mall {
	t.Helper()
	terms, err := policy.Book{}.With(policy.Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	s := &mall{&shop{t, New(Shipped(code)), Begin}, terms}
	o := points.OrderRequest{OrderID: "O", ShopID: "S-1", Lines: lines}
	for _, l := range lines {
		o.Tenders.Money += l.UnitPrice
	}
	s.do(points.PlaceOrder{Order: o})
	s.do(points.SetStatus{OrderID: "O", Status: points.Delivered})
	return s
}

// openMall opens the mall: a dress (1), a kettle (2), a watch imported beside its maker (3) and tea (4).
func openMall(t *testing.T) *mall {
	t.Helper()
	return openShipped(t, "samurai-mall",
		points.OrderLineRequest{LineID: "1", Category: "fashion", Quantity: 1, UnitPrice: 5000},
		points.OrderLineRequest{LineID: "2", Category: "electronics", Quantity: 1, UnitPrice: 3000},
		points.OrderLineRequest{LineID: "3", Category: "watch", Quantity: 1, UnitPrice: 2000, Attributes: map[string]any{"parallel_import": true}},
		points.OrderLineRequest{LineID: "4", Category: "food", Quantity: 1, UnitPrice: 1000})
}

// ask returns lines that were tried on, and of which there is another in stock.
func (s *mall) ask(id, reason string, lines ...string) refunds.ReturnAnswer {
	s.Helper()
	r := ask(id, reason)
	for _, line := range lines {
		r.Request.Lines = append(r.Request.Lines, of(line, 1))
	}
	r.Policies, r.Request.Condition, r.Request.ReplacementInStock = s.terms, map[string]bool{"tried_on": true}, new(true)
	return answer(s.do(r))
}

// receive takes the goods in, worn or not, at a cost of 700 for sending and 100 for handling.
func (s *mall) receive(id string, worn, inStock bool) refunds.ReturnAnswer {
	s.Helper()
	r := receive(id, "confirmed")
	r.Policies, r.Receipt.Condition, r.Receipt.ReplacementInStock = s.terms, map[string]bool{"used": worn}, &inStock
	return answer(s.do(r))
}

// Goods that had come back and are refused then are denied, whatever clause refuses them; a return is denied if nothing
// of it is settled. Source: CS-2, CS-4, PS-8, SM-T.fashion; ruling 23.
func TestGoodsThatAreRefusedWhenTheyComeAreDenied(t *testing.T) {
	for name, c := range map[string]struct {
		lines  []string
		state  string
		states []string
	}{
		"alone":                                  {[]string{"1"}, "denied", []string{"denied"}},
		"beside a line that is accepted":         {[]string{"1", "2"}, "settled", []string{"denied", "settled"}},
		"beside a line that was refused at once": {[]string{"4", "1"}, "denied", []string{"rejected", "denied"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := openMall(t)
			if a := s.ask("R", "customer_convenience", c.lines...); a.State != "approved" {
				t.Fatalf("asked: %s", a.State)
			}
			a := s.receive("R", true, true)
			if a.State != c.state || a.History[len(a.History)-1].What != c.state {
				t.Errorf("the return is %s, history %+v", a.State, a.History)
			}
			for i, want := range c.states {
				d := a.Decisions[i]
				if d.State != want || d.Denied != (want == "denied") || want == "denied" && d.Clause != "SM-T.fashion" {
					t.Errorf("line %s is %s by %s, denied: %v; not %s", d.LineID, d.State, d.Clause, d.Denied, want)
				}
			}
			if open := s.Order("O").Lines[0].Opened; open != 0 {
				t.Errorf("%d pieces of the dress cannot be returned again", open)
			}
		})
	}
}

// Sending back goods that are accepted is charged where the decision has the customer pay it; handling is, where a clause
// says so. Nothing of it is posted or owed. Source: SM-R23.2a, SM-R23.2b; ruling 24.
func TestWhoPaysForSendingGoodsBack(t *testing.T) {
	sending := map[string]ledger.Money{"return_shipping": 700}
	for name, c := range map[string]struct {
		reason  string
		lines   []string
		worn    bool
		clause  string
		charges map[string]ledger.Money
	}{
		"the customer's wish":                   {"customer_convenience", []string{"2"}, false, "SM-R23.5", sending},
		"a fault":                               {"defect", []string{"2"}, false, "SM-R23.1", nil},
		"tried on":                              {"customer_convenience", []string{"1"}, false, "SM-T.fashion", nil},
		"worn":                                  {"customer_convenience", []string{"1"}, true, "SM-T.fashion", nil},
		"an exchange that the customer wished":  {"customer_convenience", []string{"3"}, false, "SM-T.parallel", sending},
		"of two lines one at the customer's":    {"customer_convenience", []string{"1", "2"}, false, "SM-T.fashion", sending},
		"of two lines that one, the other worn": {"customer_convenience", []string{"1", "2"}, true, "SM-T.fashion", sending},
	} {
		t.Run(name, func(t *testing.T) {
			s := openMall(t)
			if a := s.ask("R", c.reason, c.lines...); a.State != "approved" || a.Charges != nil {
				t.Fatalf("asked: %s, charges %v", a.State, a.Charges)
			}
			before := len(s.Journal)
			a := s.receive("R", c.worn, true)
			if a.Decision.Clause != c.clause || !maps.Equal(a.Charges, c.charges) {
				t.Errorf("by %s %v is charged", a.Decision.Clause, a.Charges)
			}
			kept := Decode[refunds.Return](s.Book, points.PartKey(points.ReturnDocument, "O", "R")).Charges
			if !maps.Equal(kept, c.charges) || s.Debt != 0 {
				t.Errorf("kept is %v, the member owes %d\n%s", kept, s.Debt, s.Book.T(before))
			}
			for _, posted := range s.Journal[before:] {
				if posted.Kind != ledger.VoidPending {
					t.Errorf("%s was posted", posted.Kind)
				}
			}
		})
	}
}

// Where a person decides on goods that came, the costs of their coming are charged with his word.
func TestWhatIsReviewedIsChargedOnceItIsAccepted(t *testing.T) {
	for outcome, want := range map[policy.Outcome]map[string]ledger.Money{policy.Accept: {"return_shipping": 700}, policy.Reject: nil} {
		s := openMall(t)
		s.ask("R", "customer_convenience", "3")
		if a := s.receive("R", false, false); a.State != "review" || a.Charges != nil {
			t.Fatalf("out of stock: %s, charges %v", a.State, a.Charges)
		}
		if a := answer(s.do(resolve("R", outcome))); !maps.Equal(a.Charges, want) {
			t.Errorf("%s: %s, charges %v", outcome, a.State, a.Charges)
		}
	}
}

// A refusal of goods that came charges what its clause says, and nothing else, whoever sent them. Source: CS-2, CS-4, PS-8.
func TestARefusalChargesWhatItsClauseSays(t *testing.T) {
	for _, c := range []struct {
		code, inspection, clause string
		charges                  map[string]ledger.Money
	}{
		{"card-secret", "customer_fault", "CS-2", map[string]ledger.Money{"return_shipping": 700, "handling": 100}},
		{"card-secret", "photo_mismatch", "CS-4", nil},
		{"preorder-shop", "no_fault_found", "PS-8", nil},
	} {
		s := openShipped(t, c.code, points.OrderLineRequest{LineID: "1", Quantity: 1, UnitPrice: 1000})
		s.ask("R", "defect", "1")
		r := receive("R", c.inspection)
		r.Policies = s.terms
		if a := answer(s.do(r)); a.State != "denied" || a.Decision.Clause != c.clause || !maps.Equal(a.Charges, c.charges) {
			t.Errorf("%s: %s by %s, charges %v", c.inspection, a.State, a.Decision.Clause, a.Charges)
		}
	}
}
