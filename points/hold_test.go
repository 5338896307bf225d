package points_test

import (
	"testing"
	"time"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
)

// Source: SM-P3.4a, ruling 21.
func TestHolds(t *testing.T) {
	shipped := `earn: { rate: "0.1", hold: { days: 3, from: shipped, latest: 10 } }` + "\n"
	paid := `earn: { rate: "0.1", hold: { days: 0, from: paid, latest: 0 } }` + "\n"
	tell(t, []story{
		{
			name:  "30 full days, whatever the hour: to the start of the day after them",
			given: []event{at("04-01 23h", buy("O-1", 1, 1000).place()), at("05-01 23h", grant(1))},
			when:  []event{at("05-02 00h", grant(1))},
			want: `
				member:available                | 10 mature, 1 grant
				member:pending        10 mature |
				issued:campaign         1 grant |`,
			left: "available 12",
		},
		{
			name:    "no days: granted at once",
			program: `earn: { rate: "0.1", hold: { days: 0 } }`,
			when:    []event{at("04-01", buy("O-1", 1, 1000).place())},
			want: `
				member:available            | 100 grant
				issued:purchase   100 grant |`,
			left: "available 100",
		},
		{
			name:    "no days from an event: at once when it comes, in the same step",
			program: paid,
			given:   []event{at("04-01", buy("O-1", 1, 1000).place()), at("04-20", grant(1))},
			when:    []event{at("04-20", status("O-1", points.Paid)), at("04-21", status("O-1", points.Paid))},
			want: `
				member:available             | 100 mature
				member:pending    100 mature |`,
			left: "available 101",
		},
		{
			name:    "an event starts the hold, and skipped steps count as reached with it",
			program: shipped,
			given:   []event{at("04-01", buy("O-1", 1, 1000).place()), at("04-04 15h", status("O-1", points.Delivered)), at("04-07 23h", grant(1))},
			when:    []event{at("04-08 00h", grant(1))},
			want: `
				member:available               | 100 mature, 1 grant
				member:pending      100 mature |
				issued:campaign        1 grant |`,
			left: "available 102",
		},
		{
			name:    "an event that comes after the hold began by itself does not begin it again",
			program: shipped,
			given:   []event{at("04-01", buy("O-1", 1, 1000).place()), at("04-13", status("O-1", points.Shipped)), at("04-14 23h", grant(1))},
			when:    []event{at("04-15 00h", grant(1))},
			want: `
				member:available               | 100 mature, 1 grant
				member:pending      100 mature |
				issued:campaign        1 grant |`,
			left: "available 102",
		},
		{
			name:    "without a latest day it waits for ever",
			program: paid,
			given:   []event{at("04-01", buy("O-1", 1, 1000).place())},
			when:    []event{at("2028-04-01", grant(1))},
			want:    `member:available | 1 grant   issued:campaign 1 grant |`,
			left:    "available 1, pending 100",
		},
		{
			name:    "undeliverable stops it; what is undone then is voided",
			program: shipped,
			given:   []event{at("04-01", buy("O-1", 2, 500).place()), at("04-02", status("O-1", points.Undeliverable))},
			when:    []event{wait("2027-01-01"), at("2027-01-01", back("O-1", 0, 1)), at("2027-01-01", cancel("O-1"))},
			want: `
				member:pending    50 void_pending, 50 void_pending |
				issued:purchase                                    | 50 void_pending, 50 void_pending`,
		},
		{
			name:    "undeliverable after it has matured stops nothing, and a rise earns nothing more",
			program: `earn: { rate: "0.1", hold: { days: 3 } }`,
			given:   []event{at("04-01", buy("O-1", 1, 1000).place()), wait("04-10"), at("04-10", status("O-1", points.Undeliverable))},
			when:    []event{at("04-11", reprice("O-1", 2000))},
			left:    "available 100",
		},
		{
			name:    "what undeliverable has stopped can still rise",
			program: `earn: { rate: "0.1", hold: { days: 3 } }`,
			given:   []event{at("04-01", buy("O-1", 1, 1000).place()), at("04-03", status("O-1", points.Undeliverable)), at("04-03", reprice("O-1", 0))},
			when:    []event{at("04-20", reprice("O-1", 500)), wait("06-01")},
			want:    `member:pending | 50 reprice_pending   issued:purchase 50 reprice_pending |`,
			left:    "pending 50",
		},
		{
			name:    "what was revoked while it was held is not earned again by a price that falls and rises",
			program: `earn: { rate: "0.1", hold: { days: 3 } }`,
			given:   []event{at("04-01", buy("O-1", 1, 1000).place()), at("04-02", revoke(100))},
			when:    []event{at("04-02", reprice("O-1", 0)), at("04-03", reprice("O-1", 1200))},
			want: `
				member:pending                           | 20 reprice_pending
				issued:purchase       20 reprice_pending | 100 reverse_grant
				forfeited:misconduct   100 reverse_grant |`,
			left: "pending 20",
		},
		{
			name:  "a price change before the hold ends: earned on the changed price, down and up",
			given: []event{at("04-01", buy("O-1", 1, 1000).and("toys", 1, 500).place())},
			when:  []event{at("04-02", reprice("O-1", 400)), at("04-03", reprice("O-1", 2000)), wait("05-02")},
			want: `
				member:available                                     | 20 mature, 5 mature
				member:pending    6 reprice_pending, 20 mature, 5 mature | 16 reprice_pending
				issued:purchase   16 reprice_pending                 | 6 reprice_pending`,
			left: "available 25",
		},
		{
			name:  "a price that fell to nothing and rises again earns again, held back as before",
			given: []event{at("04-01", buy("O-1", 1, 1000).place())},
			when:  []event{at("04-02", reprice("O-1", 0)), at("04-03", reprice("O-1", 1200)), at("05-01 23h", grant(1)), wait("05-02")},
			want: `
				member:available                       | 1 grant, 12 mature
				member:pending   10 reprice_pending, 12 mature | 12 reprice_pending
				issued:purchase     12 reprice_pending | 10 reprice_pending
				issued:campaign                1 grant |`,
			left: "available 13",
		},
		{
			name:    "a line that earned nothing earns when its price rises in time",
			program: `earn: { rate: "0.1", hold: { days: 3 } }`,
			given:   []event{at("04-01", grant(300)), at("04-01", buy("O-1", 1, 300).with(300).place())},
			when:    []event{at("04-02", reprice("O-1", 500)), wait("04-05")},
			want: `
				member:available                       | 20 mature
				member:pending               20 mature | 20 reprice_pending
				issued:purchase     20 reprice_pending |`,
			left: "available 20",
		},
		{
			name:  "after the hold a rise earns nothing, a fall takes back",
			given: []event{at("04-01", buy("O-1", 1, 1000).place()), wait("05-02")},
			when:  []event{at("05-02", reprice("O-1", 5000)), at("05-03", reprice("O-1", 400))},
			want: `
				member:available  6 reverse_grant |
				issued:purchase                   | 6 reverse_grant`,
			left: "available 4",
		},
	})
}

// An order moves forward only; the same state again changes nothing; paid is a mark of its own. Source: ruling 21.
func TestTheCourseOfAnOrder(t *testing.T) {
	b := New(aProgram(t, ""))
	play(t, b, []event{
		at("04-01", buy("O-1", 1, 100).place()),
		refused("04-01", status("O-9", points.Shipped), points.NotFound),
		refused("04-01", status("O-1", points.Placed), points.ValidationFailed),
		refused("04-01", status("O-1", "lost"), points.ValidationFailed),
		at("04-02", status("O-1", points.Prepared)),
		at("04-03", status("O-1", points.Prepared)),
		refused("04-03", status("O-1", points.Preparing), points.Conflict),
		at("04-04", status("O-1", points.Shipped)),
		refused("04-04", status("O-1", points.Preparing), points.Conflict),
		refused("04-04", status("O-1", points.Prepared), points.Conflict),
		at("04-05", status("O-1", points.Paid)),
		at("04-06", status("O-1", points.Paid)),
		at("04-07", status("O-1", points.Delivered)),
		refused("04-08", status("O-1", points.Undeliverable), points.Conflict),
		refused("04-08", status("O-1", points.Shipped), points.Conflict),
		at("04-08", status("O-1", points.Delivered)),
		at("04-09", cancel("O-1")),
		refused("04-09", status("O-1", points.Delivered), points.Conflict),
		refused("04-09", status("O-1", points.Paid), points.Conflict),
	})
	want := map[points.OrderStatus]string{points.Preparing: "04-02", points.Prepared: "04-02", points.Shipped: "04-04", points.Paid: "04-05", points.Delivered: "04-07"}
	times := b.Order("O-1").Times
	for s, when := range want {
		if !times[s].Equal(day(when)) {
			t.Errorf("%s at %s, not %s", s, times[s], when)
		}
	}
	if len(times) != len(want) {
		t.Errorf("times %v", times)
	}
}

// A hold answers when it ends once it has started, and until then nothing. Source: ruling 21.
func TestWhenPendingPointsMature(t *testing.T) {
	b := New(aProgram(t, `earn: { rate: "0.1", hold: { days: 3, from: delivered, latest: 10 } }`))
	pending := func(when string, c points.Command) *time.Time {
		t.Helper()
		reply, err := b.Do(day(when), c)
		if err != nil {
			t.Fatal(err)
		}
		switch answer := reply.Body.(type) {
		case points.OrderPlaced:
			return answer.Pending.MaturesAt
		case points.StatusAnswer:
			return answer.Pending.MaturesAt
		}
		panic(reply)
	}
	if at := pending("04-01", buy("O-1", 1, 100).place()); at != nil {
		t.Errorf("not delivered yet, and to mature at %s", at)
	}
	if at := pending("04-02", status("O-1", points.Shipped)); at != nil {
		t.Errorf("not delivered yet, and to mature at %s", at)
	}
	if at := pending("04-03", status("O-1", points.Delivered)); at == nil || !at.Equal(day("04-07")) {
		t.Errorf("delivered, and to mature at %v", at)
	}
	late := buy("O-2", 1, 100)
	late.OrderedAt = day("04-01")
	play(t, b, []event{at("04-12", grant(1))})
	if at := pending("04-13", late.place()); at == nil || !at.Equal(day("04-15")) {
		t.Errorf("the hold began by itself, and is to mature at %v", at)
	}
}

// A grant by hand may be held back too. Source: SM-P3.1.
func TestGrantsByHand(t *testing.T) {
	for name, c := range map[string]struct {
		grant points.GrantPoints
		code  points.Code
		left  string
	}{
		"at once":                      {points.GrantPoints{Points: 5}, "", "available 5"},
		"held back":                    {points.GrantPoints{Points: 5, HoldDays: 2}, "", "pending 5"},
		"held back for the past":       {points.GrantPoints{Points: 5, HoldDays: 2, At: day("04-07")}, "", "available 5"},
		"by a shop":                    {points.GrantPoints{Points: 5, FundedBy: "shop", ShopID: "S-1"}, "", "available 5"},
		"none":                         {points.GrantPoints{}, points.AmountOutOfRange, ""},
		"less than none":               {points.GrantPoints{Points: -1}, points.AmountOutOfRange, ""},
		"as many as there may be":      {points.GrantPoints{Points: ledger.MaxAmount}, "", "available 9007199254740991"},
		"more than there may be":       {points.GrantPoints{Points: ledger.MaxAmount + 1}, points.AmountOutOfRange, ""},
		"expired before it is free":    {points.GrantPoints{Points: 5, HoldDays: 10, ExpiresAt: day("04-15")}, points.ValidationFailed, ""},
		"expired already":              {points.GrantPoints{Points: 5, ExpiresAt: day("04-12")}, points.ValidationFailed, ""},
		"free and expired in the past": {points.GrantPoints{Points: 5, HoldDays: 2, At: day("04-06"), ExpiresAt: day("04-11")}, points.ValidationFailed, ""},
		"six minutes ahead":            {points.GrantPoints{Points: 5, At: day("04-12").Add(6 * time.Minute)}, points.TimeInFuture, ""},
		"five minutes ahead":           {points.GrantPoints{Points: 5, At: day("04-12").Add(5 * time.Minute)}, "", "available 5"},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(aProgram(t, ""))
			play(t, b, []event{at("04-11", grant(1)), at("04-11", revoke(1)), {day("04-12"), c.grant, c.code}})
			if got := b.Balances(); got != c.left {
				t.Errorf("left is %s, not %s", got, c.left)
			}
		})
	}
}
