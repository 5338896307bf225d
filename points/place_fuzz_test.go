package points_test

import (
	"encoding/json"
	"testing"

	"chobo/points"
	. "chobo/points/pointstest"
)

// FuzzPlaceOrder places whatever decodes as an order: it is either refused and changes nothing, or keeps every law, and
// cancelled gives everything back.
func FuzzPlaceOrder(f *testing.F) {
	for _, body := range []string{
		`{"order_id":"O-1","shop_id":"S-1","lines":[{"line_id":"1","category":"books","quantity":2,"unit_price":1500}],"shipping":500,"fees":{"cod":300},"tenders":{"points":1000,"money":2800}}`,
		`{"order_id":"O-1","lines":[{"line_id":"1","category":"toys","quantity":3,"unit_price":99,"discount":100},{"line_id":"2","category":"tobacco/pipe","quantity":1,"unit_price":1}],"tenders":{"points":3,"money":195},"use_all_points":true}`,
		`{"order_id":"","lines":[{"line_id":"","quantity":1000000,"unit_price":9007199254740991}],"tenders":{"money":9007199254740991}}`,
		`{"lines":[{"quantity":1,"unit_price":0,"attributes":{"a":[1,{"b":null}]}}],"fees":{"":0,"x":-1},"ordered_at":"2026-04-01T00:00:00Z"}`,
		`{"lines":[],"tenders":{"points":9007199254740992}}`,
	} {
		f.Add([]byte(body), "1")
	}
	f.Add([]byte(`{"order_id":"O-1","lines":[{"line_id":"1","quantity":7,"unit_price":3}],"shipping":10,"tenders":{"points":6,"money":22}}`), "1.5")
	f.Fuzz(func(t *testing.T, body []byte, value string) {
		var request points.OrderRequest
		if json.Unmarshal(body, &request) != nil {
			t.Skip()
		}
		if value != "0.5" && value != "1.5" {
			value = "1"
		}
		b := New(aProgram(t, `point_value: "`+value+`"`+"\n"+`earn: { rate: "0.1", rules: [ { name: toys, when: 'category == "toys" || attributes.a == 1', rate: "0.3", hold: { days: 0 } } ] }`+
			"\nredeem: { excluded_categories: [tobacco] }\nsweep: { days: 14 }"))
		play(t, b, []event{at("04-01", grant(1<<40)), at("04-01", grant(3))})
		before := b.Available
		if _, err := b.Do(day("04-02"), points.PlaceOrder{Order: request}); err != nil {
			if CodeOf(err) == "" {
				t.Fatal(err)
			}
			b.Check(t)
			return
		}
		b.Check(t)
		if _, err := b.Do(day("04-03"), cancel(request.OrderID)); err != nil {
			t.Fatal(err)
		}
		b.Check(t)
		o := b.Order(request.OrderID)
		if o.Refunded.Points != request.Tenders.Points || o.Refunded.Money != request.Tenders.Money || b.Available != before || b.Pending != 0 {
			t.Errorf("of %+v came back %+v; %d became %s", request.Tenders, o.Refunded, before, b.Balances())
		}
	})
}
