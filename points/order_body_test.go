package points

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chobo/ledger"
)

// An ordinary order's document says what a checkout said, and no more.
func TestOrderBody(t *testing.T) {
	at := time.Date(2026, 4, 2, 0, 30, 0, 0, time.UTC)
	booked := at.Add(1500 * time.Millisecond)
	o := Order{ID: "O-1", Shop: "S-1", OrderedAt: at, PlacedAt: booked, Version: 1, Status: Placed, Tenders: Tenders{Points: 1000},
		Lines: []OrderLine{
			{ID: "1", SKU: "BK-7", Quantity: 1, Spread: 1, UnitPrice: 400, Part: Part{Amount: 400, Points: 400, Value: 400}},
			{ID: "2", Quantity: 3, Spread: 3, UnitPrice: 250, Discount: 150, Part: Part{Amount: 600, Points: 600, Value: 600}}},
		Takings: []Taking{{Lot: 1, Points: 1000, GrantedAt: at, At: booked}}}
	body, err := json.Marshal(o.body())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"shop":"S-1","ordered":"2026-04-02T00:30:00Z","took":[[1,1000,1775089800000000]],` +
		`"lines":[{"sku":"BK-7","price":400,"pw":400},{"price":250,"off":150,"q":3,"pw":600}]}`
	if string(body) != want {
		t.Errorf("%s\nwant %s", body, want)
	}
}

// An order that is read is the one that was written, whatever goes without saying.
func TestOrderBodyIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := func(label string) int64 { return rapid.Int64Range(-2, 5).Draw(t, label) }
		at := func(label string) time.Time { return time.UnixMicro(rapid.Int64Range(1, 3).Draw(t, label)).UTC() }
		maybe := func(label string) time.Time {
			return rapid.SampledFrom([]time.Time{{}, time.UnixMicro(7).UTC()}).Draw(t, label)
		}
		part := func(label string) Part {
			return Part{Amount: ledger.Money(number(label + " amount")), Points: ledger.Points(number(label + " points")), Value: ledger.Money(number(label + " value"))}
		}
		line := OrderLine{ID: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "id"), Quantity: rapid.Int64Range(1, 3).Draw(t, "quantity"), Spread: number("spread"), UnitPrice: ledger.Money(number("price")), Discount: ledger.Money(number("off")),
			Part: part("line")}
		want := Order{ID: "O-1", OrderedAt: at("ordered"), Version: rapid.IntRange(0, 2).Draw(t, "version"), Status: rapid.SampledFrom([]OrderStatus{Placed, Shipped}).Draw(t, "status"),
			Tenders: Tenders{Points: ledger.Points(number("paid in points")), Money: ledger.Money(number("paid in money"))}, Lines: []OrderLine{line},
			Shipping: part("shipping"), Fees: []Fee{{Name: "cod", Part: part("fee")}}, Takings: []Taking{{Lot: 1, Points: 5, Restored: ledger.Points(number("restored")), ExpiresAt: maybe("expires"), GrantedAt: maybe("granted"), At: at("taken")}}}
		booked := at("booked")
		if !booked.Equal(want.OrderedAt) {
			want.PlacedAt = booked
		}
		body, err := json.Marshal(want.body())
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadOrder("O-1", booked, body)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, &want) {
			t.Errorf("read %+v\nof %s\nwant %+v", got, body, want)
		}
	})
}

// Documents of before say everything, and are read as they were.
func TestOrderBodyOfBefore(t *testing.T) {
	at := time.Date(2026, 4, 2, 0, 30, 0, 0, time.UTC)
	const before = `{"id":"O-1","shop":"S-1","ordered":"2026-04-02T00:30:00Z","placed":"2026-04-02T00:30:01Z","v":1,"status":"placed","tenders":{"points":0,"money":700},` +
		`"lines":[{"id":"1","q":2,"price":350,"at":0,"a":0}],"took":[[1,5,0,0,0,1775089801000000]]}`
	got, err := ReadOrder("O-1", at.Add(time.Second), []byte(before))
	if err != nil {
		t.Fatal(err)
	}
	want := Order{ID: "O-1", Shop: "S-1", OrderedAt: at, PlacedAt: at.Add(time.Second), Version: 1, Status: Placed, Tenders: Tenders{Money: 700},
		Lines: []OrderLine{{ID: "1", Quantity: 2, UnitPrice: 350}}, Takings: []Taking{{Lot: 1, Points: 5, At: at.Add(time.Second)}}}
	if !reflect.DeepEqual(got, &want) {
		t.Errorf("read %+v\nwant %+v", got, want)
	}
}
