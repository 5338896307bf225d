package points

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"chobo/ledger"
)

// everyField is an order in which nothing is zero.
func everyField() Order {
	at := time.Date(2026, 4, 2, 9, 30, 0, 5000, time.FixedZone("", 9*60*60))
	part := Part{Amount: 3000, Points: 500, Value: 499, Back: Back{Units: 1, Amount: 1000, Points: 100, Value: 99}}
	return Order{ID: "O-1", Shop: "ショップ \"1\"", OrderedAt: at, PlacedAt: at, Version: 3, Status: "shipped", Times: map[OrderStatus]time.Time{"shipped": at},
		Preorder: true, Abroad: true, Payment: "card", UseAll: true, Tenders: Tenders{Points: 700, Money: 4300},
		Lines: []OrderLine{{ID: "1", SKU: "BK <7>", Category: "books", Quantity: 3, UnitPrice: 1100, Discount: 300, Attributes: map[string]any{"A": []any{1.5e3, "é\n", nil, true, map[string]any{}}},
			Returned: 1, Spread: 3, Opened: 1, Exchanged: 1, Fees: map[string]int64{"cod": 1}, Excluded: true, Part: part,
			Earned: Grant{Lot: 9, Rule: "会員の日", By: ledger.IssuedPurchase, Points: 20, Raised: 30, Lost: 4}}, {ID: "2", Earned: Grant{Points: -7, Raised: 5}}},
		Shipping: part, Fees: []Fee{{Name: "cod", Part: part}}, Takings: []Taking{{Lot: 1, Points: 5, Restored: 2, ExpiresAt: at, GrantedAt: at, At: at}},
		Charged: Tenders{Points: 1, Money: 2}, Refunded: Refunded{Points: 100, Money: 901, CashFallback: 3}, Capped: true, Reversed: 10, Returns: []string{"R-1"}, Debts: []string{"D-1"},
		Cancelled: true, History: []HistoryEntry{{At: at, What: "placed", Actor: "eva", Note: "a \"note\""}}}
}

// figuresOf is what an order says to its proof.
func figuresOf(o *Order) []any {
	rules := []string{}
	for _, l := range o.Lines {
		rules = append(rules, l.Earned.Rule)
	}
	return []any{o.Version, o.Standing(), o.Paid(), o.Granted(), o.Raised(), o.Refunded, o.Reversed, rules}
}

// An order that has everything is read without decoding it, and says the same.
func TestReadFigures(t *testing.T) {
	want := everyField()
	v := reflect.ValueOf(want)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("the order has no %s", v.Type().Field(i).Name)
		}
	}
	atPar := Part{Amount: 500, Points: 500, Value: 500}
	plain := Order{Tenders: Tenders{Points: 1500}, Lines: []OrderLine{{ID: "1", Part: atPar}}, Shipping: atPar, Fees: []Fee{{Name: "cod", Part: atPar}}}
	for _, o := range []Order{want, {}, {Lines: []OrderLine{{}}}, plain} {
		body, err := json.Marshal(o.body())
		if err != nil {
			t.Fatal(err)
		}
		got := everyField()
		if err := got.readFigures(body); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if got, want := figuresOf(&got), figuresOf(&o); !reflect.DeepEqual(got, want) {
			t.Errorf("read %v, want %v", got, want)
		}
	}
}

// FuzzReadFigures reads any document: whatever is read without decoding it could be decoded, and says the same.
func FuzzReadFigures(f *testing.F) {
	whole := everyField()
	body, err := json.Marshal(whole.body())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	for _, body := range []string{
		`{"v":1,"V":2}`, `{"v":1,"v":2}`, `{"\u0076":2}`, `{"v":1.0}`, `{"v":01}`, `{"v":-0}`, `{"v":9223372036854775807}`, `{"v":9223372036854775808}`, `{"v":1e2}`, `{"v":"1"}`,
		`{"lines":null,"tenders":null,"ship":null,"v":null}`, `{"lines":[{"pw":3}],"tenders":null,"ship":{"p":1}}`, `{"lines":[{"pw":3}],"tenders":{}}`, `{"lines":[{"pw":3,"p":1,"w":9}]}`, `{"lines":[null,{"a":1}]}`, `{"lines":[{"a":1},]}`, `{"lines":[{"g":{"by":40000}}]}`, `{"lines":[{"attr":5}]}`,
		`{"lines":[{"attr":{"x":[1,2,{"y":"\ud800"}],"z":tru}}]}`, `{"ordered":"2026-04-02T9:30:00Z"}`, `{"id":"\x"}`, "{\"id\":\"\t\"}", `{"took":[[1,2]]}`, `{"took":[null]}`,
		`{"history":[{"at":"x"}]}`, `{"fees":[{"name":"cod","a":3}]} `, `{"v":1}x`, `null`, `[]`, `"x"`, ``, `{`, `{"v"`, `{"v":`, `{"v":1,}`, `{"lines":[{"g":{"rule":"` + "\xff" + `"}}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var fast, whole Order
		if fast.readFigures(body) != nil {
			t.Skip()
		}
		if err := json.Unmarshal(body, &whole); err != nil {
			t.Fatalf("read, though %v", err)
		}
		if got, want := figuresOf(&fast), figuresOf(&whole); !reflect.DeepEqual(got, want) {
			t.Errorf("read %v, decoded %v", got, want)
		}
	})
}
