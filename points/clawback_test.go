package points_test

import (
	"testing"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
)

// O-1 earned 100 points at once in lot 1, of which 60 paid O-2; then O-1 is cancelled. Source: SM-P6.1, SM-P9.1, ruling 15.
func TestClawback(t *testing.T) {
	take := func(steps string) string {
		return `earn: { rate: "0.1", hold: { days: 0 }, rules: [ { name: toys, when: 'category == "toys"', hold: { days: 30 } } ] }` + "\nclawback: { take: [" + steps + "] }"
	}
	spent := []event{at("04-01", buy("O-1", 1, 1000).place()), at("04-02", buy("O-2", 1, 60).with(60).place())}
	undone := []event{at("04-10", cancel("O-1"))}
	refund := func(money ledger.Money) func(*testing.T, *Book) {
		return func(t *testing.T, b *Book) {
			t.Helper()
			if len(b.Paid) != 1 || b.Paid[0].Money != money {
				t.Errorf("to pay back %+v, not %d", b.Paid, money)
			}
		}
	}
	tell(t, []story{
		{
			name:    "the lot, other lots, then a receivable",
			program: take("lot, other_lots, receivable"),
			given:   append(spent, at("04-03", grant(10))),
			when:    undone,
			want: `
				member:available   40 reverse_grant, 10 reverse_grant |
				member:debt                          50 reverse_grant |
				issued:purchase                                       | 100 reverse_grant`,
			left:  "debt 50",
			check: refund(1000),
		},
		{
			name:    "other lots first",
			program: take("other_lots, lot, receivable"),
			given:   append(spent, at("04-03", grant(70))),
			when:    undone,
			want: `
				member:available   70 reverse_grant, 30 reverse_grant |
				issued:purchase                                       | 100 reverse_grant`,
			left: "available 10",
		},
		{
			name:    "nothing but a receivable",
			program: take("receivable"),
			given:   spent,
			when:    undone,
			want: `
				member:debt       100 reverse_grant |
				issued:purchase                     | 100 reverse_grant`,
			left: "available 40, debt 100",
		},
		{
			name:    "pending points of another order, which still matures the rest",
			program: take("lot, pending, receivable"),
			given:   append(spent, at("04-03", buy("O-3", 1, 0).and("toys", 1, 200).place())),
			when:    append(undone, wait("05-04")),
			want: `
				member:available   40 reverse_grant |
				member:pending     20 reverse_grant |
				member:debt        40 reverse_grant |
				issued:purchase                     | 100 reverse_grant`,
			left: "debt 40",
		},
		{
			name:    "points that another clawback took are spent when their own order is undone",
			program: take("lot, pending, receivable"),
			given:   append(append(spent, at("04-03", buy("O-3", 1, 0).and("toys", 1, 700).place())), undone...),
			when:    []event{at("04-11", cancel("O-3"))},
			want: `
				member:pending    10 void_pending  |
				member:debt       60 reverse_grant |
				issued:purchase                    | 10 void_pending, 60 reverse_grant`,
			left: "debt 60",
		},
		{
			name:    "withheld from the money refund",
			program: take("lot, withhold, receivable"),
			given:   spent,
			when:    undone,
			want: `
				member:available  40 reverse_grant |
				member:debt       60 reverse_grant | 60 debt_paid
				issued:purchase                    | 100 reverse_grant
				debt:collected        60 debt_paid |`,
			check: refund(940),
		},
		{
			name:    "withheld as far as the refund goes, then owed",
			program: `earn: { rate: "1", hold: { days: 0 } }` + "\nreprice: { refund_order: proportional }\nclawback: { take: [withhold, receivable] }",
			given:   []event{at("04-01", grant(500)), at("04-01", buy("O-1", 1, 1000).with(500).place()), at("04-02", buy("O-2", 1, 500).with(500).place())},
			when:    []event{at("04-10", reprice("O-1", 0))},
			want: `
				member:available                    | 500 restore
				member:debt       500 reverse_grant | 500 debt_paid
				issued:purchase                     | 500 reverse_grant
				redeemed:orders         500 restore |
				debt:collected        500 debt_paid |`,
			left: "available 500",
		},
		{
			name:    "a refund is withheld once, however many lines are short",
			program: `earn: { rate: "2", hold: { days: 0 } }` + "\nclawback: { take: [lot, withhold, receivable] }",
			given:   []event{at("04-01", buy("O-1", 1, 100).and("books", 1, 100).place()), at("04-02", buy("O-2", 1, 400).with(400).place())},
			when:    undone,
			want: `
				member:debt      200 reverse_grant, 200 reverse_grant | 200 debt_paid
				issued:purchase                                       | 200 reverse_grant, 200 reverse_grant
				debt:collected                          200 debt_paid |`,
			left: "debt 200",
			check: func(t *testing.T, b *Book) {
				if len(b.Paid) > 0 {
					t.Errorf("to pay back %+v", b.Paid)
				}
			},
		},
		{
			name:    "netted from the next points, whatever brings them",
			program: take("lot, net_future_grants"),
			given:   spent,
			when:    append(undone, at("04-11", grant(25)), at("04-12", points.AdjustPoints{Points: 15, Reason: "r", Actor: "op"}), at("04-13", cancel("O-2"))),
			want: `
				member:available  40 reverse_grant, 25 debt_netted, 15 debt_netted, 20 debt_netted | 25 grant, 15 adjust, 60 restore
				member:debt                                                       60 reverse_grant | 25 debt_netted, 15 debt_netted, 20 debt_netted
				issued:purchase                                                                    | 100 reverse_grant
				issued:campaign                                                           25 grant |
				issued:goodwill                                                          15 adjust |
				redeemed:orders                                                         60 restore |`,
			left: "available 40",
		},
		{
			name:    "netting takes what arrives, not what lay there",
			program: take("lot, net_future_grants") + "\nexpiry: { mode: fixed, months: 1 }",
			given: []event{at("04-01", until("2027-04-01", 500)), at("04-01", buy("O-8", 1, 20).with(20).place()),
				at("04-01", buy("O-1", 1, 600).place()), at("04-02", buy("O-9", 1, 60).with(60).place())},
			when: append(undone, at("04-11", cancel("O-8"))),
			want: `
				member:available  20 debt_netted   | 20 restore
				member:debt       60 reverse_grant | 20 debt_netted
				issued:purchase                    | 60 reverse_grant
				redeemed:orders         20 restore |`,
			left: "available 480, debt 40",
		},
		{
			name:    "absorbed by the program",
			program: take("lot, absorb"),
			given:   spent,
			when:    undone,
			want: `
				member:available   40 reverse_grant |
				member:debt        60 reverse_grant | 60 debt_written_off
				issued:purchase                     | 100 reverse_grant
				debt:written_off 60 debt_written_off |`,
			check: refund(1000),
		},
		{
			name:    "a waterfall that names nobody for the rest: the program bears it",
			program: take("lot"),
			given:   spent,
			when:    undone,
			want: `
				member:available   40 reverse_grant |
				member:debt        60 reverse_grant | 60 debt_written_off
				issued:purchase                     | 100 reverse_grant
				debt:written_off 60 debt_written_off |`,
		},
		{
			name:    "pending points are voided, the account that funded them gets them back",
			program: `earn: { rate: "0.1", funded_by: shop }`,
			given:   spent[:1],
			when:    undone,
			want:    `member:pending 100 void_pending |   funded:shop | 100 void_pending`,
		},
		{
			name:    "points that the same order gives back can bear it",
			program: take("lot, other_lots, receivable"),
			given:   []event{at("04-01", grant(50)), at("04-01", buy("O-1", 1, 1000).with(50).place()), at("04-02", buy("O-2", 1, 95).with(95).place())},
			when:    undone,
			want: `
				member:available  50 reverse_grant | 50 restore
				member:debt       45 reverse_grant |
				issued:purchase                    | 95 reverse_grant
				redeemed:orders         50 restore |`,
			left: "debt 45",
		},
		{
			name:    "points that come back to the very lot cancel its debt, those of others do not",
			program: take("lot, receivable"),
			given:   append(append(spent, at("04-03", until("06-01", 7)), at("04-03", buy("O-4", 1, 7).with(7).place())), undone...),
			when:    []event{at("04-11", cancel("O-2")), at("04-11", cancel("O-4"))},
			want: `
				member:available  60 debt_netted | 60 restore, 7 restore
				member:debt                      | 60 debt_netted
				redeemed:orders   60 restore, 7 restore |`,
			left: "available 7",
		},
		{
			name:    "to the very lot, dead or not, as far as it is owed; the rest of a dead lot is paid in cash",
			program: take("lot, receivable") + "\nexpiry: { mode: fixed, months: 1 }",
			given:   append(append(spent, at("04-03", buy("O-3", 1, 20).with(20).place())), at("04-10", reprice("O-1", 700))),
			when:    []event{at("06-11", cancel("O-2")), at("06-11", cancel("O-3"))},
			want: `
				member:available         10 debt_netted | 10 restore
				member:debt                             | 10 debt_netted
				redeemed:orders   10 restore, 50 cash_fallback, 20 cash_fallback |
				redeemed:cash_fallback                  | 50 cash_fallback, 20 cash_fallback`,
		},
		{
			name:    "returned lines give first, then the last line's lot",
			program: `earn: { rate: "0.1", hold: { days: 0 }, cap_per_order: 30 }` + "\nclawback: { take: [lot, receivable] }",
			given:   []event{at("04-01", buy("O-1", 1, 100).and("books", 1, 100).and("books", 1, 100).and("books", 1, 200).place())},
			when:    []event{at("04-02", back("O-1", 1, 1)), at("04-02", back("O-1", 0, 1)), at("04-03", back("O-1", 3, 1))},
			// 10, 10, 10 and 0 of 20 are granted; without lines 2 and 1 the cap still leaves 30; without line 4 one of 10 is left.
			want: `
				member:available  10 reverse_grant, 10 reverse_grant |
				issued:purchase                                      | 10 reverse_grant, 10 reverse_grant`,
			left: "available 10",
			check: func(t *testing.T, b *Book) {
				if lots := b.AllLots(); lots[0].ID != 3 {
					t.Errorf("left is %+v", lots)
				}
			},
		},
	})
}

// The returned lines' grants give first, then those of the last line upward, each what it has more than it earns now.
// Source: ruling 9.
func TestWhichGrantGives(t *testing.T) {
	b := New(aProgram(t, `earn: { rate: "0.1", cap_per_order: 30 }`))
	play(t, b, []event{at("04-01", buy("O-1", 1, 200).and("books", 1, 200).and("books", 1, 200).place())})
	type step struct {
		do   points.Command
		want [3]ledger.Points // held for each line
	}
	tell := func(b *Book, steps ...step) {
		for i, step := range steps {
			play(t, b, []event{at("04-02", step.do)})
			var got [3]ledger.Points
			for _, h := range b.Holds {
				got[h.Lot-1] = h.Points
			}
			if got != step.want {
				t.Errorf("after step %d %v is held, not %v", i+1, got, step.want)
			}
		}
	}
	tell(b,
		step{back("O-1", 1, 1), [3]ledger.Points{20, 10}}, // 20 and 10 are earned under the cap by lines 1 and 3
		step{back("O-1", 0, 1), [3]ledger.Points{10, 10}}, // 20 by line 3
	)
	other := b.Fork()
	tell(b, step{reprice("O-1", -1, -1, 150), [3]ledger.Points{10, 5}}, step{cancel("O-1"), [3]ledger.Points{}})
	tell(other, step{reprice("O-1", 0, -1, 150), [3]ledger.Points{5, 10}}) // a line that is named gives first
}

// What was lost without being spent counts as taken back already. Source: ruling 15.
func TestLostPointsMakeNoShortfall(t *testing.T) {
	rules := `earn: { rate: "0.1", hold: { days: 0 } }` + "\nclawback: { take: [lot, receivable] }\n"
	given := []event{at("04-01", buy("O-1", 1, 1000).place()), at("04-02", buy("O-2", 1, 60).with(60).place())}
	undone := at("2027-04-10", cancel("O-1"))
	tell(t, []story{
		{
			name:    "expired",
			program: rules + "expiry: { mode: fixed, months: 1 }",
			given:   given,
			when:    []event{undone},
			want: `
				member:available     40 expire        |
				member:debt          60 reverse_grant |
				issued:purchase                       | 100 reverse_grant
				expired:lots         40 reverse_grant | 40 expire`,
			left: "debt 60",
		},
		{
			name:    "expired, though the waterfall does not name the lot",
			program: `earn: { rate: "0.1", hold: { days: 0 } }` + "\nclawback: { take: [withhold] }\nexpiry: { mode: fixed, months: 1 }",
			given:   given,
			when:    []event{undone},
			want: `
				member:available     40 expire        |
				member:debt          60 reverse_grant | 60 debt_paid
				issued:purchase                       | 100 reverse_grant
				expired:lots         40 reverse_grant | 40 expire
				debt:collected       60 debt_paid     |`,
		},
		{
			name:    "lapsed",
			program: rules + "expiry: { mode: inactivity, months: 1 }",
			given:   given,
			when:    []event{undone},
			want: `
				member:available     40 lapse         |
				member:debt          60 reverse_grant |
				issued:purchase                       | 100 reverse_grant
				expired:inactivity   40 reverse_grant | 40 lapse`,
			left: "debt 60",
		},
		{
			name:    "revoked, adjusted away, and the rest still there",
			program: rules + "expiry: { mode: none }",
			given:   append(given, at("04-03", revoke(10)), at("04-03", points.AdjustPoints{Points: -5, Reason: "r", Actor: "op"})),
			when:    []event{undone},
			want: `
				member:available      25 reverse_grant |
				member:debt           60 reverse_grant |
				issued:purchase                        | 100 reverse_grant
				forfeited:misconduct  10 reverse_grant |
				adjusted               5 reverse_grant |`,
			left: "debt 60",
		},
		{
			name:    "forfeited with the membership; nothing is taken back twice",
			program: rules + "expiry: { mode: none }",
			given:   append(given[:1:1], at("04-03", member(points.Closed))),
			when:    []event{at("04-04", reprice("O-1", 300)), at("04-05", cancel("O-1"))},
			want: `
				issued:purchase                                        | 70 reverse_grant, 30 reverse_grant
				forfeited:closure  70 reverse_grant, 30 reverse_grant  |`,
		},
		{
			name:    "revoked while pending",
			program: `earn: { rate: "0.1" }` + "\nclawback: { take: [lot, receivable] }",
			given:   []event{at("04-01", buy("O-1", 1, 1000).place()), at("04-02", revoke(30))},
			when:    []event{at("04-03", cancel("O-1"))},
			want: `
				member:pending        70 void_pending  |
				issued:purchase                        | 70 void_pending, 30 reverse_grant
				forfeited:misconduct  30 reverse_grant |`,
		},
	})
}

// A receivable is collected, written off, or ended by cancelling what the points were spent on. Source: SM-P9.1.
func TestReceivables(t *testing.T) {
	rules := `earn: { rate: "1", hold: { days: 0 } }` + "\nclawback: { take: [lot, receivable] }\n"
	given := []event{at("04-01", buy("O-1", 1, 100).place()), at("04-02", buy("O-2", 1, 100).with(100).place()), at("04-03", cancel("O-1"))}
	owes := func(t *testing.T, program string, given []event) (*Book, string) {
		b := New(aProgram(t, program))
		play(t, b, given)
		for key := range b.Documents {
			if key.Kind == points.ReceivableDocument {
				return b, key.ID
			}
		}
		t.Fatal("nothing is owed")
		return nil, ""
	}
	b, id := owes(t, rules, given)
	pay := func(money ledger.Money) points.Command {
		return points.PayReceivable{ID: id, Money: money, Actor: "op"}
	}
	off := points.WriteOffReceivable{ID: id, Reason: "r", Actor: "op"}
	from := len(b.Journal)
	play(t, b, []event{
		refused("04-04", points.PayReceivable{ID: "none", Money: 1, Actor: "op"}, points.NotFound),
		refused("04-04", pay(0), points.AmountOutOfRange),
		refused("04-04", pay(101), points.AmountOutOfRange),
		at("04-04", pay(30)),
		refused("04-04", pay(71), points.AmountOutOfRange),
		at("04-05", member(points.Closed)), // they stay payable
		at("04-05", pay(30)),
		at("04-06", off),
		refused("04-06", off, points.Conflict),
		refused("04-06", pay(1), points.Conflict),
	})
	want := `
		member:debt                                | 30 debt_paid, 30 debt_paid, 40 debt_written_off
		debt:collected  30 debt_paid, 30 debt_paid |
		debt:written_off       40 debt_written_off |`
	if got := b.T(from); !Same(got, want) {
		t.Errorf("the journal has\n%s", got)
	}

	b, id = owes(t, `point_value: "0.5"`+"\n"+`earn: { rate: "1", hold: { days: 0 } }`+"\nclawback: { take: [receivable] }", []event{at("04-01", buy("O-1", 1, 101).place()), at("04-03", cancel("O-1"))})
	play(t, b, []event{at("04-04", pay(1)), at("04-04", pay(49))}) // of 101 points
	var c *Book
	c, id = owes(t, `point_value: "1.5"`+"\n"+`earn: { rate: "1", hold: { days: 0 } }`+"\nclawback: { take: [receivable] }", []event{at("04-01", buy("O-1", 1, 5).place()), at("04-03", cancel("O-1"))})
	play(t, c, []event{refused("04-04", pay(2), points.AmountOutOfRange), at("04-04", pay(3))})
	if c.Debt != 3 {
		t.Errorf("three units pay two points: %s", c.Balances())
	}
	if b.Debt != 0 {
		t.Errorf("half a unit can be paid by nobody: %s", b.Balances())
	}
}
