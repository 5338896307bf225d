package refunds_test

import (
	"encoding/json"
	"os"
	"testing"

	"chobo/points"
	. "chobo/points/pointstest"
	"chobo/refunds"
	"chobo/refunds/policy"
	. "chobo/refunds/refundstest"
)

// FuzzReturn asks for whatever decodes as a return of an order, by a shop's own terms as well as those for tests, and
// receives the goods: every step is refused and changes nothing, or keeps every law.
func FuzzReturn(f *testing.F) {
	src, err := os.ReadFile("policy/files/card-secret.yaml")
	if err != nil {
		f.Fatal(err)
	}
	p, err := policy.Load("card-secret.yaml", src)
	if err != nil {
		f.Fatal(err)
	}
	secret, err := policy.Book{}.With(p)
	if err != nil {
		f.Fatal(err)
	}
	for _, body := range []string{
		`{"return_id":"R-1","lines":[{"line_id":"1","quantity":1}],"reason":"defect","requested_at":"2026-04-02T10:00:00+09:00","evidence":["photo"],"replacement_in_stock":true,"preferred_remedy":"refund","at_fault":"","condition":{"opened":false,"tried_on":false,"used":false},"attributes":{}}`,
		`{"return_id":"R-1","lines":[{"line_id":"1","quantity":2},{"line_id":"2","quantity":1}],"reason":"customer_convenience","condition":{"used":true}}`,
		`{"lines":[{"line_id":"2","quantity":-1}],"reason":"nonsense","attributes":{"special_handling":true}}`,
		`{"lines":[{"line_id":"1","quantity":1}],"reason":"wrong_item","preferred_remedy":"exchange","replacement_in_stock":false,"attributes":{"parallel_import":[1]}}`,
		`{"lines":[]}`,
	} {
		f.Add([]byte(body), "confirmed", false)
		f.Add([]byte(body), "customer_fault", true)
	}
	f.Fuzz(func(t *testing.T, body []byte, inspection string, shipped bool) {
		var request refunds.ReturnRequest
		if json.Unmarshal(body, &request) != nil {
			t.Skip()
		}
		book, code := Terms, "test"
		if shipped {
			book, code = secret, "card-secret"
		}
		s := open(t, `earn: { rate: "0.1", hold: { days: 0 } }`)
		s.Programs[0].ReturnsPolicy = code
		s.buy()
		s.do(points.SetStatus{OrderID: "O", Status: points.Delivered})
		s.now = s.now.AddDate(0, 0, 1)
		try := func(c points.Command) {
			if _, err := s.Do(s.now, c); err != nil && CodeOf(err) == "" {
				t.Fatal(err)
			}
			s.Check(t)
		}
		try(refunds.MakeReturn{OrderID: "O", Request: request, Policies: book})
		try(refunds.Receive{OrderID: "O", ReturnID: request.ReturnID, Receipt: refunds.Receipt{Inspection: inspection}, Policies: book})
		try(refunds.ResolveReturn{OrderID: "O", ReturnID: request.ReturnID, Resolution: refunds.Resolution{Outcome: policy.Accept, Actor: "op"}})
		try(refunds.Receive{OrderID: "O", ReturnID: request.ReturnID, Receipt: refunds.Receipt{Inspection: inspection}, Policies: book})
		try(refunds.Cancel{OrderID: "O", Request: refunds.CancelRequest{InitiatedBy: "shop"}, Policies: book})
	})
}
