package points_test

import (
	"reflect"
	"testing"
	"time"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
)

const atOnce = `earn: { rate: "0.1", hold: { days: 0 } }` + "\n"

// What users of other ledgers and points systems complained about in public, each under the thread where they did.
func TestComplaints(t *testing.T) {
	tell(t, []story{
		{
			name:    "EC-CUBE/ec-cube#5730: a return of an order whose points were spent left −1,091 points",
			program: `earn: { rate: "1", hold: { days: 0 } }`,
			given:   []event{at("04-01", buy("O-1", 1, 1091).place()), at("04-02", buy("O-2", 1, 1091).with(1091).place())},
			when:    []event{at("04-03", cancel("O-1"))},
			want:    `member:debt 1091 reverse_grant |   issued:purchase | 1091 reverse_grant`,
			left:    "debt 1091",
		},
		{
			name:    "EC-CUBE/ec-cube#5795: a member in debt could do nothing with any order",
			program: atOnce,
			given:   []event{at("04-01", buy("O-1", 1, 1000).place()), at("04-01", buy("O-2", 1, 100).with(100).place()), at("04-02", cancel("O-1"))},
			when:    []event{at("04-03", status("O-2", points.Shipped)), at("04-03", reprice("O-2", 90)), at("04-03", buy("O-3", 1, 50).place()), at("04-04", cancel("O-2"))},
			want: `
				member:available  10 debt_netted, 90 debt_netted | 10 restore, 5 grant, 90 restore
				member:debt                                      | 10 debt_netted, 90 debt_netted
				issued:purchase                          5 grant |
				redeemed:orders           10 restore, 90 restore |`,
			left: "available 5",
		},
		{
			name:    "EC-CUBE/ec-cube#7174: editing a cancelled order minted points",
			program: atOnce,
			given:   []event{at("04-01", grant(100)), at("04-01", buy("O-1", 1, 1000).with(100).place()), at("04-02", cancel("O-1"))},
			when:    []event{refused("04-03", reprice("O-1", 2000), points.Conflict), refused("04-03", status("O-1", points.Shipped), points.Conflict)},
			left:    "available 100",
		},
		{
			name:    "EC-CUBE/ec-cube#4958: two orders marked as shipped, points of one",
			program: `earn: { rate: "0.1", hold: { days: 0, from: shipped } }`,
			given:   []event{at("04-01", buy("O-1", 1, 100).place()), at("04-01", buy("O-2", 1, 200).place())},
			when:    []event{at("04-02", status("O-1", points.Shipped)), at("04-02", status("O-2", points.Shipped))},
			want:    `member:available | 10 mature, 20 mature   member:pending 10 mature, 20 mature |`,
			left:    "available 30",
		},
		{
			name:    "EC-CUBE/ec-cube#4458: the checkout was left, the points stayed taken",
			program: silent,
			given:   []event{at("04-01", grant(100)), at("04-01", points.MakeReservation{ReservationID: "V-1", Points: 100})},
			when:    []event{at("04-01 01h", buy("O-1", 1, 100).with(100).place())},
			want: `
				member:available  100 redeem | 100 release
				member:reserved  100 release |
				redeemed:orders              | 100 redeem`,
		},
		{
			name:    "EC-CUBE/ec-cube#5529: an order of the campaign fell to the usual rate when staff touched it afterwards",
			program: `earn: { rate: "0.01", rules: [ { name: campaign, rate: "0.1", valid: { from: 2026-04-01, to: 2026-04-02 } } ] }`,
			given:   []event{at("04-01", buy("O-1", 1, 1000).place())},
			when:    []event{at("04-10", reprice("O-1", 2000)), at("04-11", buy("O-2", 1, 1000).place())},
			want:    `member:pending | 100 reprice_pending, 10 grant_pending   issued:purchase 100 reprice_pending, 10 grant_pending |`,
			left:    "pending 210",
		},
		{
			name:    "EC-CUBE/ec-cube#4042: a rate for each product, and points that pay some of it",
			program: `earn: { rate: "0.05", hold: { days: 0 }, rules: [ { name: books, when: 'category == "books"', rate: "0.1" }, { name: none, when: 'category == "toys"', rate: "0" } ] }`,
			given:   []event{at("04-01", grant(100))},
			when:    []event{at("04-01", buy("O-1", 1, 1000).and("food", 1, 1000).and("toys", 1, 1000).with(100).place())}, // 34, 33, 33
			want: `
				member:available        100 redeem | 96 grant, 48 grant
				issued:purchase          144 grant |
				redeemed:orders                    | 100 redeem`,
			left: "available 144",
		},
		{
			name:    "EC-CUBE/doc4.ec-cube.net#142, Square Seller Community 132954: points that were used come back with the order",
			program: silent,
			given:   []event{at("04-01", grant(100)), at("04-01", buy("O-1", 1, 100).with(100).place())},
			when:    []event{at("04-02", cancel("O-1"))},
			want:    `member:available | 100 restore   redeemed:orders 100 restore |`,
			left:    "available 100",
		},
		{
			name:    "odoo/odoo#212922, #221928: a refund took the spent points again; Joy: a part returned none",
			program: atOnce,
			given:   []event{at("04-01", grant(100)), at("04-01", buy("O-1", 2, 100).with(100).place())},
			when:    []event{at("04-02", back("O-1", 0, 1))},
			want: `
				member:available  5 reverse_grant | 50 restore
				issued:purchase                   | 5 reverse_grant
				redeemed:orders        50 restore |`,
			left: "available 55",
		},
		{
			name:    "odoo/odoo#238806, #257854, frappe/erpnext#32951: buy, earn, return, keep the points, and again",
			program: atOnce,
			when: []event{at("04-01", buy("O-1", 1, 1000).place()), at("04-01", cancel("O-1")), at("04-01", buy("O-2", 1, 1000).place()), at("04-01", cancel("O-2")),
				refused("04-01", buy("O-3", 1, 1).with(1).place(), points.InsufficientPoints)},
			want: `
				member:available  100 reverse_grant, 100 reverse_grant | 100 grant, 100 grant
				issued:purchase                   100 grant, 100 grant | 100 reverse_grant, 100 reverse_grant`,
		},
		{
			name:    "odoo/odoo#114004: points earned on what points paid",
			program: atOnce,
			given:   []event{at("04-01", grant(1000))},
			when:    []event{at("04-01", buy("O-1", 1, 1000).with(1000).place())},
			want:    `member:available 1000 redeem |   redeemed:orders | 1000 redeem`,
		},
		{
			name:    "frappe/erpnext#59050: another way to order gave the discount and took no points",
			program: silent,
			given:   []event{at("04-01", grant(100)), at("04-01", reserve("V-1", 60, "04-02"))},
			when:    []event{at("04-01", capture("V-1", buy("O-1", 1, 60).with(60))), refused("04-01", capture("V-1", buy("O-2", 1, 60).with(60)), points.Conflict)},
			want:    `member:reserved 60 capture |   redeemed:orders | 60 capture`,
			left:    "available 40",
		},
		{
			name:    "nopSolutions/nopCommerce#4734, #5764, #4942: an order that both uses and earns points",
			program: atOnce,
			given:   []event{at("04-01", grant(100))},
			when:    []event{at("04-01", buy("O-1", 1, 1000).with(100).place()), at("04-02", cancel("O-1"))},
			want: `
				member:available  100 redeem, 90 reverse_grant | 90 grant, 100 restore
				issued:purchase                       90 grant | 90 reverse_grant
				redeemed:orders                    100 restore | 100 redeem`,
			left: "available 100",
		},
		{
			name:    "mollie/magento2#761, #928: each way back from the payment gave the points back once more",
			program: silent,
			given:   []event{at("04-01", grant(100)), at("04-01", reserve("V-1", 60, "04-02"))},
			when:    []event{at("04-01", points.VoidReservation{ReservationID: "V-1"}), refused("04-01", points.VoidReservation{ReservationID: "V-1"}, points.Conflict)},
			want:    `member:available | 60 release   member:reserved 60 release |`,
			left:    "available 100",
		},
		{
			name:    "opencart/opencart#2349: every change of the status gave the points again",
			program: `earn: { rate: "0.1", hold: { days: 0, from: paid } }`,
			given:   []event{at("04-01", buy("O-1", 1, 100).place())},
			when: []event{at("04-02", status("O-1", points.Paid)), at("04-03", status("O-1", points.Paid)), at("04-04", status("O-1", points.Shipped)),
				at("04-05", status("O-1", points.Delivered)), at("04-06", status("O-1", points.Delivered))},
			want: `member:available | 10 mature   member:pending 10 mature |`,
			left: "available 10",
		},
		{
			name:    "FreeOpenSourcePOS/FloCafe#78: points spent from a lot that expires were subtracted twice",
			program: silent,
			given:   []event{at("04-01", until("04-10", 100)), at("04-01", grant(50)), at("04-02", buy("O-1", 1, 100).with(100).place())},
			when:    []event{wait("04-20")},
			left:    "available 50",
		},
		{
			name:    "fushengqian/fuint#71: twenty gifts out of one balance",
			program: silent,
			given:   []event{at("04-01", grant(100)), at("04-02", buy("O-1", 1, 100).with(100).place())},
			when:    []event{refused("04-02", buy("O-2", 1, 100).with(100).place(), points.InsufficientPoints), refused("04-02", exchange("X-1", "pen", 1), points.InsufficientPoints)},
		},
		{
			name:    "Square 22747: ten small refunds took nothing back of one point",
			program: `earn: { rate: "0.1", hold: { days: 0 } }`,
			given:   []event{at("04-01", buy("O-1", 10, 1).place())},
			when:    []event{at("04-02", back("O-1", 0, 1)), at("04-02", back("O-1", 0, 1)), at("04-02", back("O-1", 0, 8))},
			want:    `member:available 1 reverse_grant |   issued:purchase | 1 reverse_grant`,
		},
		{
			name:    "Appstle: a return took the welcome gift too",
			program: atOnce,
			given:   []event{at("04-01", grant(500)), at("04-01", buy("O-1", 2, 100).place())},
			when:    []event{at("04-02", back("O-1", 0, 1))},
			want:    `member:available 10 reverse_grant |   issued:purchase | 10 reverse_grant`,
			left:    "available 510",
		},
		{
			name:    "Appify: a cancelled order gave expired points a new life",
			program: silent,
			given:   []event{at("04-01", until("04-10", 100)), at("04-01", buy("O-1", 1, 100).with(100).place())},
			when:    []event{at("04-11", cancel("O-1"))},
			want:    `redeemed:orders 100 cash_fallback |   redeemed:cash_fallback | 100 cash_fallback`,
		},
		{
			name:    "Blnk#374, #152: a second refund was paid, or refused and changed something",
			program: atOnce,
			given:   []event{at("04-01", grant(60)), at("04-01", buy("O-1", 1, 100).with(60).place()), at("04-02", cancel("O-1"))},
			when:    []event{refused("04-03", reprice("O-1", 0), points.Conflict), refused("04-03", buy("O-1", 1, 100).place(), points.Conflict)},
			left:    "available 60",
		},
		{
			name:    "Blnk#181: six holds of 1,000 on 5,000",
			program: silent,
			given: []event{at("04-01", grant(5000)), at("04-01", reserve("V-1", 1000, "04-02")), at("04-01", reserve("V-2", 1000, "04-02")), at("04-01", reserve("V-3", 1000, "04-02")),
				at("04-01", reserve("V-4", 1000, "04-02")), at("04-01", reserve("V-5", 1000, "04-02"))},
			when: []event{refused("04-01", reserve("V-6", 1000, "04-02"), points.InsufficientPoints), refused("04-01", buy("O-1", 1, 1).with(1).place(), points.InsufficientPoints)},
			left: "reserved 5000",
		},
		{
			name:    "Blnk#182, Midaz#1519: a hold that was refused, or committed before, was committed",
			program: silent,
			given:   []event{at("04-01", grant(50)), refused("04-01", reserve("V-1", 60, "04-02"), points.InsufficientPoints), at("04-01", reserve("V-2", 50, "04-02"))},
			when: []event{refused("04-01", capture("V-1", buy("O-1", 1, 50).with(50)), points.NotFound), at("04-01", capture("V-2", buy("O-1", 1, 50).with(50))),
				refused("04-01", capture("V-2", buy("O-2", 1, 50).with(50)), points.Conflict), refused("04-01", points.VoidReservation{ReservationID: "V-2"}, points.Conflict)},
			want: `member:reserved 50 capture |   redeemed:orders | 50 capture`,
		},
		{
			name:    "Midaz: amounts beyond 2^53 were compared as floats",
			program: silent,
			given:   []event{at("04-01", points.GrantPoints{Points: ledger.MaxAmount - 1})},
			when: []event{refused("04-01", buy("O-1", 1, ledger.MaxAmount).with(ledger.MaxAmount).place(), points.InsufficientPoints),
				refused("04-01", grant(2), points.AmountOutOfRange), at("04-01", buy("O-1", 1, ledger.MaxAmount-1).with(ledger.MaxAmount-1).place())},
			want: `member:available 9007199254740990 redeem |   redeemed:orders | 9007199254740990 redeem`,
		},
		{
			name:    "AnthropicBots/compressor#1481: an order that came twice earned twice",
			program: atOnce,
			given:   []event{at("04-01", buy("O-1", 1, 100).place())},
			when:    []event{refused("04-01", buy("O-1", 1, 100).place(), points.Conflict), refused("04-01", capture("V", buy("O-1", 1, 100)), points.NotFound)},
			left:    "available 10",
		},
	})
}

// tigerbeetle#2118: holds past their end were shown as pending until something came by.
func TestTigerBeetle2118(t *testing.T) {
	b := New(aProgram(t, `earn: { rate: "0.1", hold: { days: 1 } }`))
	play(t, b, []event{at("04-01", buy("O-1", 1, 100).place()), at("04-01", grant(50)), at("04-01", reserve("V-1", 50, "04-02"))})
	if got := b.At(day("04-02")).View().Points; got != (points.Balances{Available: 50, Pending: 10}) {
		t.Errorf("at the reservation's end %+v", got)
	}
	if got := b.At(day("04-03")).View().Points; got != (points.Balances{Available: 60}) {
		t.Errorf("at the hold's end %+v", got)
	}
	if got := b.At(day("04-03")); got.ReservationView("V-1").State != "released" || len(b.Journal) != 3 {
		t.Errorf("the reservation is %s, %d transactions stand", got.ReservationView("V-1").State, len(b.Journal))
	}
}

// nopSolutions/nopCommerce#5757, and Smile by design: points were taken back by today's settings.
func TestNopCommerce5757(t *testing.T) {
	first := aProgram(t, `earn: { rate: "0.1", hold: { days: 0 }, rules: [ { name: double, when: 'category == "toys"', rate: "0.2" } ] }`+"\nclawback: { take: [lot, receivable] }")
	second, err := parse("2026-05-01", `earn: { rate: "0.01" }`+"\nclawback: { take: [absorb] }\nrestore: { expired_lot: forfeit }")
	if err != nil {
		t.Fatal(err)
	}
	b := New(first, second)
	play(t, b, []event{at("04-01", buy("O-1", 1, 1000).and("toys", 1, 1000).place()), at("04-02", buy("O-2", 1, 250).with(250).place())})
	play(t, b, []event{at("05-02", cancel("O-1"))})
	if got := b.Balances(); got != "debt 250" {
		t.Errorf("left is %s\n%s", got, b.T(0))
	}
}

// formancehq/ledger#1684: a write that was rolled back had moved a date, and every later answer with it.
func TestFormance1684(t *testing.T) {
	b := New(aProgram(t, silent+"expiry: { mode: inactivity, months: 1 }"))
	play(t, b, []event{at("04-01", grant(100))})
	before := b.State
	play(t, b, []event{refused("04-10", buy("O-1", 1, 200).with(200).place(), points.InsufficientPoints), refused("04-20", exchange("X-1", "car", 1), points.NotFound)})
	b.At(day("06-01"))
	if !reflect.DeepEqual(b.State, before) {
		t.Errorf("the state was %+v and is %+v", before, b.State)
	}
	if got := b.NextDue(points.DueLapse); !got.Equal(day("05-02")) {
		t.Errorf("the points lapse at %s", got)
	}
}

// blnk-finance/blnk#363, formancehq/ledger#1398: another zone of the server or the caller gave other figures.
func TestZonesDoNotMatter(t *testing.T) {
	var first *Book
	for _, zone := range []string{"UTC", "Asia/Tokyo", "Asia/Kolkata", "America/New_York", "Pacific/Kiritimati"} {
		in, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		b := New(aProgram(t, `earn: { rate: "0.1", hold: { days: 3 } }`+"\nexpiry: { mode: fixed_end_of_month, months: 1 }"))
		o := buy("O-1", 1, 100)
		o.OrderedAt = day("04-01 23h").In(in)
		for _, e := range []event{at("04-01 23h", o.place()), {at: day("04-01 23h"), do: points.GrantPoints{Points: 5, ExpiresAt: day("04-20").In(in)}},
			at("04-07", buy("O-2", 1, 12).with(12).place()), at("04-20", cancel("O-2")), wait("07-01")} {
			e.at = e.at.In(in)
			play(t, b, []event{e})
		}
		if first == nil {
			first = b
		}
		if !reflect.DeepEqual(b.Journal, first.Journal) || !reflect.DeepEqual(b.State, first.State) {
			t.Errorf("in %s\n%s\nnot\n%s", zone, b.T(0), first.T(0))
		}
	}
}

// liberusoftware/ecommerce-laravel#1056: points of a kind that nobody had thought of never expired.
func TestLiberusoftware1056(t *testing.T) {
	b := New(aProgram(t, `earn: { rate: "0.1", hold: { days: 3 } }`+"\nexpiry: { mode: fixed, months: 1 }\nrestore: { expired_lot: reissue, grace_days: 5 }"))
	play(t, b, []event{
		at("04-01", grant(10)), at("04-01", points.GrantPoints{Points: 10, HoldDays: 2}), at("04-01", points.AdjustPoints{Points: 10, Reason: "r", Actor: "op"}),
		at("04-01", buy("O-1", 1, 100).place()), at("04-01", points.OpenBalance{Points: 10, ExpiresAt: day("04-30")}),
		at("04-02", buy("O-2", 1, 10).with(10).place()), at("05-20", cancel("O-2")),
	})
	if got := b.Balances(); got == "" {
		t.Fatal("nothing was reissued")
	}
	play(t, b, []event{wait("06-30")})
	if got := b.Balances(); got != "" {
		t.Errorf("%s never expires", got)
	}
}
