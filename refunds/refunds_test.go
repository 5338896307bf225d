package refunds_test

import (
	"slices"
	"testing"
	"time"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
	"chobo/points/program"
	"chobo/refunds"
	"chobo/refunds/policy"
	. "chobo/refunds/refundstest"
)

// A shop is a member's book under the test program and the test terms.
type shop struct {
	*testing.T
	*Book
	now time.Time
}

func open(t *testing.T, keys string) *shop {
	t.Helper()
	p, err := program.Parse("shop.yaml", []byte("program: shop\nreturns_policy: test\neffective_from: 2017-07-03\n"+keys))
	if err != nil {
		t.Fatal(err)
	}
	return &shop{t, New(p), Begin}
}

func (s *shop) do(c points.Command) points.Reply {
	s.Helper()
	reply, err := s.Do(s.now, c)
	if err != nil {
		s.Fatalf("%s: %v", c.Name(), err)
	}
	s.Check(s.T)
	return reply
}

func (s *shop) refused(code points.Code, c points.Command) {
	s.Helper()
	before := len(s.Journal)
	if _, err := s.Do(s.now, c); CodeOf(err) != code {
		s.Errorf("%s: %v, not %s", c.Name(), err, code)
	}
	s.Check(s.T)
	if len(s.Journal) != before {
		s.Errorf("%s was refused, and posted\n%s", c.Name(), s.Book.T(before))
	}
}

// buy places order O of two books at 1,000 and one tin of food at 500, shipping 250, with 275 of the member's points.
func (s *shop) buy() {
	s.Helper()
	s.do(points.GrantPoints{Points: 1000})
	s.do(points.PlaceOrder{Order: points.OrderRequest{OrderID: "O", ShopID: "S-1", Shipping: 250, Tenders: points.Tenders{Points: 275, Money: 2475}, Lines: []points.OrderLineRequest{
		{LineID: "1", Category: "books", Quantity: 2, UnitPrice: 1000}, {LineID: "2", Category: "food", Quantity: 1, UnitPrice: 500}}}})
}

func ask(id, reason string, lines ...refunds.ReturnUnits) refunds.MakeReturn {
	return refunds.MakeReturn{OrderID: "O", Policies: Terms, Request: refunds.ReturnRequest{ReturnID: id, Reason: reason, Lines: lines}}
}

func of(line string, quantity int64) refunds.ReturnUnits {
	return refunds.ReturnUnits{LineID: line, Quantity: quantity}
}

func receive(id, inspection string) refunds.Receive {
	return refunds.Receive{OrderID: "O", ReturnID: id, Policies: Terms, Receipt: refunds.Receipt{Inspection: inspection, Costs: map[string]ledger.Money{"return_shipping": 700, "handling": 100}}}
}

func resolve(id string, outcome policy.Outcome) refunds.ResolveReturn {
	return refunds.ResolveReturn{OrderID: "O", ReturnID: id, Resolution: refunds.Resolution{Outcome: outcome, Actor: "op", Note: "looked at it"}}
}

func cancel(by string, lines ...refunds.ReturnUnits) refunds.Cancel {
	return refunds.Cancel{OrderID: "O", Policies: Terms, Request: refunds.CancelRequest{InitiatedBy: by, Lines: lines}}
}

func answer(r points.Reply) refunds.ReturnAnswer { return r.Body.(refunds.ReturnAnswer) }

const tenth = `earn: { rate: "0.1" }` + "\n"

// What waits for goods is quoted, and settled once they came and were looked at. Source: CS-5, ruling 23.
func TestAReturnWaitsForTheGoods(t *testing.T) {
	s := open(t, tenth)
	s.buy()
	reply := s.do(ask("R", "defect", of("1", 1)))
	a := answer(reply)
	// Of 275 points the line has 200, shipping 25; a piece brings back 100, and two fifths of the shipping.
	if reply.Status != 201 || a.State != "approved" || a.Quote != (refunds.Quote{Points: 110, Money: 990, EarnedReversed: 90}) || len(a.Transactions) > 0 {
		t.Errorf("answered %d %s, quote %+v, %v", reply.Status, a.State, a.Quote, a.Transactions)
	}
	s.refused(points.Conflict, cancel("shop"))
	s.refused(points.Conflict, ask("R", "defect", of("1", 1)))
	s.refused(points.Conflict, ask("R-2", "defect", of("1", 2))) // one of two is in the open return
	s.refused(points.ValidationFailed, receive("R", "not_required"))
	from := len(s.Journal)
	a = answer(s.do(receive("R", "confirmed")))
	if a.State != "settled" || a.Refund != (refunds.Refund{Points: 110, Money: 990}) || a.Earned != (refunds.Earned{PendingVoided: 90}) || a.Receivable != nil {
		t.Errorf("settled %s %+v %+v", a.State, a.Refund, a.Earned)
	}
	want := `
		member:available                 | 110 restore
		member:pending    90 void_pending |
		issued:purchase                  | 90 void_pending
		redeemed:orders      110 restore |`
	if got := s.Book.T(from); !Same(got, want) {
		t.Errorf("the journal has\n%s", got)
	}
	s.refused(points.Conflict, receive("R", "confirmed"))
	s.refused(points.Conflict, ask("R-2", "defect", of("1", 2)))
}

// Goods that prove to come back for the customer's reasons: nothing is refunded, the costs are charged, and the pieces
// can be returned again. Source: CS-2, rulings 23 and 24.
func TestADeniedReturn(t *testing.T) {
	s := open(t, tenth)
	s.buy()
	s.do(ask("R", "defect", of("1", 2)))
	before := len(s.Journal)
	a := answer(s.do(receive("R", "customer_fault")))
	if a.State != "denied" || a.Refund != (refunds.Refund{}) || a.Charges["return_shipping"] != 700 || a.Charges["handling"] != 100 || a.Decision.Clause != "T-4" {
		t.Errorf("answered %s %+v %v %s", a.State, a.Refund, a.Charges, a.Decision.Clause)
	}
	for _, h := range s.Order("O").History {
		if h.What == "returned" {
			t.Errorf("history %+v", s.Order("O").History)
		}
	}
	if earlier := a.Decisions[0].Earlier; len(earlier) != 1 || earlier[0].Decision.Clause != "T-8" || len(s.Journal) != before {
		t.Errorf("before it was decided %+v; the journal has\n%s", earlier, s.Book.T(before))
	}
	if a := answer(s.do(ask("R-2", "lost", of("1", 2)))); a.State != "settled" {
		t.Errorf("again: %s", a.State)
	}
}

// What the goods look like when they come wins over what was told. Source: CS-5.
func TestGoodsThatAreNotAsTold(t *testing.T) {
	s := open(t, tenth)
	s.buy()
	told := ask("R", "defect", of("1", 1))
	told.Request.Condition = map[string]bool{"used": false, "opened": true}
	s.do(told)
	looked := receive("R", "confirmed")
	looked.Receipt.Condition = map[string]bool{"used": true}
	looked.Receipt.Costs = map[string]ledger.Money{"handling": -1}
	s.refused(points.AmountOutOfRange, looked)
	looked.Receipt.Costs = map[string]ledger.Money{"wrapping": 1}
	s.refused(points.ValidationFailed, looked)
	looked.Receipt.Costs = nil
	if a := answer(s.do(looked)); a.State != "denied" || a.Decision.Clause != "T-11" {
		t.Errorf("answered %s by %s", a.State, a.Decision.Clause)
	}
}

// Each line is decided by itself; accepted ones wait for those that a person has to look at. Source: ruling 23.
func TestLinesAreDecidedOneByOne(t *testing.T) {
	for outcome, want := range map[policy.Outcome]refunds.Refund{
		policy.Accept: {Points: 100 + 50 + 10, Money: 900 + 450 + 90}, // the shipping's share for the book only
		policy.Reject: {Points: 110, Money: 990},
	} {
		s := open(t, tenth)
		s.buy()
		a := answer(s.do(ask("R", "lost", of("1", 1), of("2", 1))))
		if a.State != "review" || a.Decisions[0].State != "approved" || a.Decisions[1].State != "review" || a.Decision.Clause != "T-10" || len(a.Transactions) > 0 {
			t.Fatalf("answered %+v", a)
		}
		s.refused(points.Conflict, receive("R", "confirmed"))
		a = answer(s.do(resolve("R", outcome)))
		if outcome == policy.Accept { // what a person accepts asks for the goods
			if a.State != "approved" {
				t.Fatalf("accepted: %s", a.State)
			}
			s.refused(points.ValidationFailed, receive("R", "customer_fault")) // there is nothing to inspect
			a = answer(s.do(receive("R", "confirmed")))
		} else { // rejected pieces can be returned again
			s.do(ask("R-2", "lost", of("2", 1)))
		}
		if a.State != "settled" || a.Refund != want {
			t.Errorf("%s: %s %+v, not %+v", outcome, a.State, a.Refund, want)
		}
		s.refused(points.Conflict, resolve("R", outcome))
		if last := a.History[len(a.History)-2]; outcome == policy.Reject && (last.Actor != "op" || last.Note != "looked at it") {
			t.Errorf("history %+v", a.History)
		}
	}
}

// What an inspection leaves unclear is looked at again; then the goods are there already.
func TestAReviewAfterTheGoodsCame(t *testing.T) {
	for outcome, state := range map[policy.Outcome]string{policy.Accept: "settled", policy.Reject: "rejected"} {
		s := open(t, tenth)
		s.buy()
		s.do(ask("R", "defect", of("1", 1)))
		if a := answer(s.do(receive("R", "no_fault_found"))); a.State != "review" {
			t.Fatalf("unclear: %s", a.State)
		}
		if a := answer(s.do(resolve("R", outcome))); a.State != state {
			t.Errorf("%s: %s", outcome, a.State)
		}
	}
}

// An exchange moves neither points nor money, and its pieces are not exchanged again. Source: policy.md.
func TestAnExchangeOfGoods(t *testing.T) {
	s := open(t, tenth)
	s.buy()
	before := len(s.Journal)
	if a := answer(s.do(ask("R", "wrong_item", of("1", 2)))); a.State != "settled" || a.Decision.Remedy != policy.Exchange || len(s.Journal) != before {
		t.Errorf("answered %s %s\n%s", a.State, a.Decision.Remedy, s.Book.T(before))
	}
	s.refused(points.Conflict, ask("R-2", "lost", of("1", 1)))
	if a := s.do(cancel("shop")).Body.(refunds.CancelAnswer); a.Refund != (refunds.Refund{Points: 275, Money: 2475}) {
		t.Errorf("all that stands: %+v", a.Refund)
	}
}

func TestRejectedAndUnknownReturns(t *testing.T) {
	s := open(t, tenth)
	s.refused(points.NotFound, ask("R", "lost", of("1", 1)))
	s.buy()
	if a := answer(s.do(ask("R", "late_delivery", of("1", 1)))); a.State != "rejected" || a.Decision.Clause != "T-6" {
		t.Errorf("answered %+v", a)
	}
	s.refused(points.ValidationFailed, ask("R-2", "lost", of("9", 1)))
	s.refused(points.ValidationFailed, ask("R-2", "lost", of("1", 1), of("1", 1)))
	s.refused(points.ValidationFailed, ask("R-2", "lost", of("1", 0)))
	s.refused(points.Conflict, ask("R-2", "lost", of("1", 3)))
	s.refused(points.NotFound, receive("R-2", "confirmed"))
	s.refused(points.Conflict, receive("R", "confirmed"))
	s.refused(points.Conflict, resolve("R", policy.Accept))
	if view := View(s.Book, s.now, func(a *points.Account) *refunds.ReturnAnswer { return refunds.ReturnView(a, "O", "R") }); view == nil || view.State != "rejected" {
		t.Errorf("shown as %+v", view)
	}
	if view := View(s.Book, s.now, func(a *points.Account) *refunds.ReturnAnswer { return refunds.ReturnView(a, "O", "R-9") }); view != nil {
		t.Errorf("shown as %+v", view)
	}
}

// A member cancels the whole order; the shop may name pieces; a return that is open, or nothing left, stands in the way.
// Source: ruling 22.
func TestCancellations(t *testing.T) {
	s := open(t, tenth)
	s.refused(points.NotFound, cancel("shop"))
	s.buy()
	s.refused(points.ValidationFailed, cancel("", of("1", 1)))
	s.refused(points.ValidationFailed, cancel("robot"))
	if a := s.do(cancel("")).Body.(refunds.CancelAnswer); a.Decision.Outcome != policy.Review || a.Decision.Clause != "T-1" || a.Status != points.Placed {
		t.Errorf("one line is food: %+v", a)
	}
	s.refused(points.Conflict, cancel("member"))
	a := s.do(cancel("shop", of("1", 1))).Body.(refunds.CancelAnswer)
	if a.Decision.Clause != policy.ClauseOperator || a.Refund != (refunds.Refund{Points: 110, Money: 990}) || a.Status != points.Placed {
		t.Errorf("a piece: %+v", a)
	}
	if r := Decode[refunds.Return](s.Book, points.PartKey(points.ReturnDocument, "O", s.Order("O").Returns[0])); r.State != "settled" || r.Lines[0].Decision.Clause != policy.ClauseOperator {
		t.Errorf("kept as %+v", r)
	}
	s.refused(points.Conflict, cancel("shop", of("1", 2)))
	a = s.do(cancel("operator", of("1", 1), of("2", 1))).Body.(refunds.CancelAnswer) // all that is left
	if a.Refund != (refunds.Refund{Points: 165, Money: 1485}) || a.Status != points.Cancelled {
		t.Errorf("the rest: %+v", a)
	}
	s.refused(points.Conflict, cancel("shop"))
	s.refused(points.Conflict, ask("R", "lost", of("1", 1)))
	s.refused(points.Conflict, points.Reprice{OrderID: "O"})
	s.refused(points.Conflict, points.SetStatus{OrderID: "O", Status: points.Shipped})
	if o := s.Order("O"); o.Refunded != (points.Refunded{Points: 275, Money: 2475}) || s.Balances() != "available 1000" {
		t.Errorf("refunded %+v, left is %s", o.Refunded, s.Balances())
	}
}

// A piece that the shop cancels brings its share of every fee back, whatever it is called.
func TestFeesOfACancelledPiece(t *testing.T) {
	s := open(t, tenth)
	s.do(points.PlaceOrder{Order: points.OrderRequest{OrderID: "O", ShopID: "S-1", Shipping: 100, Fees: points.Fees{{Name: "engraving", Amount: 30}}, Tenders: points.Tenders{Money: 1130},
		Lines: []points.OrderLineRequest{{LineID: "1", Category: "books", Quantity: 2, UnitPrice: 500}}}})
	if a := s.do(cancel("shop", of("1", 1))).Body.(refunds.CancelAnswer); a.Refund != (refunds.Refund{Money: 500 + 50 + 15}) {
		t.Errorf("refunded %+v", a.Refund)
	}
}

func TestAReviewedCancellation(t *testing.T) {
	word := func(outcome policy.Outcome) refunds.ResolveCancel {
		return refunds.ResolveCancel{OrderID: "O", Resolution: refunds.Resolution{Outcome: outcome, Actor: "op"}}
	}
	s := open(t, tenth)
	s.refused(points.NotFound, word(policy.Accept))
	s.buy()
	s.refused(points.Conflict, word(policy.Accept))
	s.do(cancel("member"))
	if a := s.do(word(policy.Reject)).Body.(refunds.CancelAnswer); a.Decision.Outcome != policy.Reject || a.Status != points.Placed || len(a.Transactions) > 0 {
		t.Errorf("rejected: %+v", a)
	}
	s.refused(points.Conflict, word(policy.Accept))
	s.do(cancel("member"))
	s.do(ask("R", "defect", of("1", 1)))
	s.refused(points.Conflict, word(policy.Accept)) // a return is open
	s.do(receive("R", "customer_fault"))
	if a := s.do(word(policy.Accept)).Body.(refunds.CancelAnswer); a.Decision.Outcome != policy.Accept || a.Status != points.Cancelled || a.Refund.Money != 2475 || a.Earned.PendingVoided != 225 {
		t.Errorf("accepted: %+v", a)
	}
}

// After the membership a return pays points by the program's word, here in cash. Source: SM-P7.3b, ruling 19.
func TestAReturnAfterTheMembership(t *testing.T) {
	s := open(t, tenth)
	s.buy()
	s.do(ask("R", "defect", of("1", 2)))
	s.do(points.ChangeMembership{To: points.Closed, Reason: "r", Actor: "op"})
	a := answer(s.do(receive("R", "confirmed")))
	if a.Refund != (refunds.Refund{Money: 1980, CashFallback: 220, PaidBy: "S-1"}) || s.Balances() != "" || a.Earned != (refunds.Earned{}) {
		t.Errorf("refunded %+v, taken back %+v, left is %s", a.Refund, a.Earned, s.Balances())
	}
}

// Settled convenience returns are counted over the program's window. Source: SM-B16.11.
func TestConvenienceReturnsAreCounted(t *testing.T) {
	s := open(t, tenth+"abuse: { window_days: 10, max_returns: 2 }")
	s.buy()
	s.do(ask("R-1", "customer_convenience", of("1", 1)))
	s.do(ask("R-2", "lost", of("2", 1)))
	s.now = s.now.AddDate(0, 0, 4)
	facts := func() (n, limit int) {
		s.Helper()
		s.do(points.PlaceOrder{Order: points.OrderRequest{OrderID: s.now.Format("0102"), ShopID: "S-1", Tenders: points.Tenders{Money: 1}, Lines: []points.OrderLineRequest{{LineID: "1", Quantity: 1, UnitPrice: 1}}}})
		r := ask("X", "late_delivery", of("1", 1))
		r.OrderID = s.now.Format("0102")
		s.do(r)
		f := Decode[refunds.Return](s.Book, points.PartKey(points.ReturnDocument, r.OrderID, "X")).Lines[0].Facts
		return f.ReturnsInWindow, f.MaxReturns
	}
	if n, limit := facts(); n != 1 || limit != 2 {
		t.Errorf("%d of %d after 4 days", n, limit)
	}
	s.now = s.now.AddDate(0, 0, 6)
	if n, _ := facts(); n != 1 {
		t.Errorf("%d after 10 days", n)
	}
	s.now = s.now.AddDate(0, 0, 1)
	if n, _ := facts(); n != 0 {
		t.Errorf("%d after 11 days", n)
	}
}

func TestNobodyIsWatchedWithoutAWindow(t *testing.T) {
	s := open(t, tenth+"abuse: { window_days: 0, max_returns: 2 }")
	s.buy()
	s.do(ask("R-1", "customer_convenience", of("1", 1)))
	s.do(ask("R-2", "late_delivery", of("1", 1)))
	if f := Decode[refunds.Return](s.Book, points.PartKey(points.ReturnDocument, "O", "R-2")).Lines[0].Facts; f.ReturnsInWindow != 0 {
		t.Errorf("%d returns are counted", f.ReturnsInWindow)
	}
}

// Days turn over at midnight in the program's zone, and what the shop said of the goods wins over what the customer says.
func TestFactsOfAReturn(t *testing.T) {
	s := open(t, tenth)
	s.do(points.PlaceOrder{Order: points.OrderRequest{OrderID: "O", ShopID: "S-1", Destination: "overseas", Tenders: points.Tenders{Money: 10}, Lines: []points.OrderLineRequest{
		{LineID: "1", Category: "books", Quantity: 1, UnitPrice: 10, Attributes: map[string]any{"cancellable": false}}}}})
	s.do(points.SetStatus{OrderID: "O", Status: points.Delivered})
	s.now = s.now.Add(14*time.Hour + 30*time.Minute) // 00:30 of the next day in Tokyo
	r := ask("R", "late_delivery", of("1", 1))
	r.Request.Attributes = map[string]any{"cancellable": true, "gift": true}
	s.do(r)
	f := Decode[refunds.Return](s.Book, points.PartKey(points.ReturnDocument, "O", "R")).Lines[0].Facts
	if f.DaysSinceOrder != 1 || f.DaysSinceDelivery == nil || *f.DaysSinceDelivery != 1 || f.SinceOrder != 14*time.Hour+30*time.Minute {
		t.Errorf("days since the order %d, since delivery %v, time since the order %s", f.DaysSinceOrder, f.DaysSinceDelivery, f.SinceOrder)
	}
	if f.Attributes["cancellable"] != false || f.Attributes["gift"] != true || f.Destination != "overseas" || f.Status != "delivered" {
		t.Errorf("facts %+v", f)
	}
}

// Fees of specially handled goods come back in full. Source: SM-T.special.
func TestFeesOfSpeciallyHandledGoods(t *testing.T) {
	s := open(t, tenth)
	s.do(points.PlaceOrder{Order: points.OrderRequest{OrderID: "O", ShopID: "S-1", Shipping: 100, Fees: points.Fees{{Name: "cod", Amount: 30}}, Tenders: points.Tenders{Money: 1130}, Lines: []points.OrderLineRequest{
		{LineID: "1", Category: "books", Quantity: 1, UnitPrice: 500, Attributes: map[string]any{"special_handling": true}}, {LineID: "2", Category: "books", Quantity: 1, UnitPrice: 500}}}})
	if a := answer(s.do(ask("R", "lost", of("1", 1)))); a.Refund != (refunds.Refund{Money: 500 + 50 + 30}) {
		t.Errorf("refunded %+v", a.Refund)
	}
	if a := answer(s.do(ask("R-2", "lost", of("2", 1)))); a.Refund != (refunds.Refund{Money: 500 + 50}) {
		t.Errorf("refunded %+v", a.Refund)
	}
}

// Blnk#374, #152; Magento#929: what was given back once is not given back again, and who asks again changes nothing.
func TestBlnk374(t *testing.T) {
	s := open(t, tenth)
	s.buy()
	s.do(ask("R", "lost", of("1", 2), of("2", 1)))
	s.do(resolve("R", policy.Accept))
	s.do(receive("R", "confirmed"))
	if a := s.do(cancel("shop")).Body.(refunds.CancelAnswer); a.Refund != (refunds.Refund{Points: 5, Money: 45}) {
		t.Errorf("of the shipping that no return refunded came back %+v", a.Refund)
	}
	for _, again := range []points.Command{ask("R", "lost", of("1", 1)), ask("R-2", "lost", of("1", 1)), receive("R", "confirmed"), resolve("R", policy.Accept), cancel("shop"), cancel("member")} {
		s.refused(points.Conflict, again)
	}
}

// Three lines at 5, 10 and 0 percent, 100 points used: whatever the order of the returns, the sums are exact.
func TestEveryOrderOfReturnsAddsUp(t *testing.T) {
	var permute func(done, left []string)
	permute = func(done, left []string) {
		if len(left) > 0 {
			for i := range left {
				permute(append(slices.Clone(done), left[i]), append(slices.Clone(left[:i]), left[i+1:]...))
			}
			return
		}
		s := open(t, `earn: { rate: "0.05", rules: [ { name: books, when: 'category == "books"', rate: "0.1" }, { name: none, when: 'category == "toys"', rate: "0" } ] }`)
		s.do(points.GrantPoints{Points: 100})
		s.do(points.PlaceOrder{Order: points.OrderRequest{OrderID: "O", ShopID: "S-1", Shipping: 77, Tenders: points.Tenders{Points: 100, Money: 1234}, Lines: []points.OrderLineRequest{
			{LineID: "1", Category: "stationery", Quantity: 2, UnitPrice: 333}, {LineID: "2", Category: "books", Quantity: 1, UnitPrice: 91}, {LineID: "3", Category: "toys", Quantity: 1, UnitPrice: 500}}}})
		for i, line := range done {
			s.do(ask(string(rune('a'+i)), "lost", of(line, 1)))
		}
		if o := s.Order("O"); o.Refunded != (points.Refunded{Points: 100, Money: 1234}) || s.Balances() != "available 100" {
			t.Errorf("%v: refunded %+v, left is %s", done, o.Refunded, s.Balances())
		}
	}
	permute(nil, []string{"1", "1", "2", "3"})
}

// What posts nothing happens all the same: money of an order without points and earnings is paid back when the order is
// cancelled, not when something was last posted. Source: ruling 25.
func TestMoneyGoesBackThoughNothingIsPosted(t *testing.T) {
	s := open(t, `earn: { rate: "0" }`)
	s.do(points.PlaceOrder{Order: points.OrderRequest{OrderID: "O", ShopID: "S-1", Tenders: points.Tenders{Money: 500},
		Lines: []points.OrderLineRequest{{LineID: "1", Category: "books", Quantity: 2, UnitPrice: 250}}}})
	s.now = s.now.AddDate(0, 0, 1)
	s.do(cancel("shop", of("1", 1)))
	s.do(points.GrantPoints{Points: 10})
	s.now = s.now.AddDate(0, 0, 1)
	s.do(cancel("shop"))
	for i, days := range []int{1, 2} {
		if at := Begin.AddDate(0, 0, days); len(s.Paid) != 2 || s.Paid[i].Money != 250 || !s.Paid[i].OccurredAt.Equal(at) {
			t.Errorf("to pay back %+v, not 250 at %s", s.Paid, at)
		}
	}
}
