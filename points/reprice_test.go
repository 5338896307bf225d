package points_test

import (
	"testing"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
)

// Source: SM-P7.4, SM-P7.5.
func TestReprice(t *testing.T) {
	proportional := silent + "reprice: { refund_order: proportional }\n"
	type step struct {
		do   points.Command
		want points.Repriced // Refund and Charge
	}
	refund := func(n ledger.Points, money ledger.Money) points.Repriced {
		return points.Repriced{Refund: points.Refunded{Points: n, Money: money}}
	}
	charge := func(n ledger.Points, money ledger.Money) points.Repriced {
		return points.Repriced{Charge: points.Tenders{Points: n, Money: money}}
	}
	for name, c := range map[string]struct {
		program string
		order   order
		steps   []step
		stands  points.Tenders
	}{
		"paid in points, a fall comes back in points": {
			silent, buy("O", 1, 1000).with(1000), []step{{reprice("O", 700), refund(300, 0)}}, points.Tenders{Points: 700},
		},
		"money first": {
			silent, buy("O", 1, 1000).with(400), []step{{reprice("O", 500), refund(0, 500)}, {reprice("O", 300), refund(100, 100)}}, points.Tenders{Points: 300},
		},
		"both in proportion, money rounded down": {
			proportional, buy("O", 1, 1000).with(401), []step{{reprice("O", 500), refund(201, 299)}}, points.Tenders{Points: 200, Money: 300},
		},
		"both in proportion, exactly": {
			proportional, buy("O", 1, 1000).with(400), []step{{reprice("O", 500), refund(200, 300)}}, points.Tenders{Points: 200, Money: 300},
		},
		"in proportion to what is there": {
			proportional, buy("O", 1, 1000).with(1000), []step{{reprice("O", 0), refund(1000, 0)}}, points.Tenders{},
		},
		"a rise is paid in money": {
			silent, buy("O", 1, 1000).with(1000), []step{{reprice("O", 1300), charge(0, 300)}}, points.Tenders{Points: 1000, Money: 300},
		},
		"a rise of a use-all order paid in points: points first, then money": {
			silent, buy("O", 1, 4900).with(4900).useAll(), []step{{reprice("O", 5050), charge(100, 50)}}, points.Tenders{Points: 5000, Money: 50},
		},
		"a use-all order partly paid in money: money": {
			silent, buy("O", 1, 4900).with(4800).useAll(), []step{{reprice("O", 5050), charge(0, 150)}}, points.Tenders{Points: 4800, Money: 250},
		},
		"a use-all order: no more points than its goods may take": {
			silent + "redeem: { excluded_categories: [tobacco] }", buy("O", 1, 100).and("tobacco", 1, 0).with(100).useAll(),
			[]step{{reprice("O", 110, 30), charge(10, 30)}}, points.Tenders{Points: 110, Money: 30},
		},
		"shipping and fees": {
			silent, buy("O", 1, 100).ship(50, 30),
			[]step{{points.Reprice{OrderID: "O", Prices: points.Repricing{Shipping: new(ledger.Money(10)), Fees: points.Fees{{Name: "cod", Amount: 45}}}}, refund(0, 25)}}, points.Tenders{Money: 155},
		},
		"no change": {
			silent, buy("O", 1, 100).with(50), []step{{reprice("O", 100), refund(0, 0)}}, points.Tenders{Points: 50, Money: 50},
		},
		"only pieces that were not returned": {
			silent, buy("O", 2, 1000).with(1000), []step{{back("O", 0, 1), points.Repriced{}}, {reprice("O", 600), refund(0, 400)}, {back("O", 0, 1), points.Repriced{}}}, points.Tenders{},
		},
		"points leave goods that no longer bear them, money takes their place": {
			silent + "redeem: { excluded_categories: [tobacco] }", buy("O", 1, 1000).and("tobacco", 1, 1000).with(1000),
			[]step{{reprice("O", 200), refund(800, 0)}, {reprice("O", 0, 1500), points.Repriced{Refund: points.Refunded{Points: 200}, Charge: points.Tenders{Money: 500}}}}, points.Tenders{Money: 1500},
		},
		"half units": {
			`point_value: "0.5"` + "\n" + silent, buy("O", 1, 100).worth(200, 100), []step{{reprice("O", 99), refund(2, 0)}}, points.Tenders{Points: 198},
		},
		"a half that is left goes back with the last price": {
			`point_value: "0.5"` + "\n" + silent, buy("O", 1, 1).and("toys", 1, 1).worth(2, 1), []step{{back("O", 0, 1), points.Repriced{}}, {reprice("O", -1, 0), refund(1, 1)}}, points.Tenders{},
		},
		"points that are worth more than a unit come back whole": {
			`point_value: "1.5"` + "\n" + silent, buy("O", 1, 6).worth(4, 6), []step{{reprice("O", 5), refund(0, 0)}, {reprice("O", 4), refund(0, 0)}, {reprice("O", 3), refund(1, 0)}, {reprice("O", 0), refund(3, 0)}}, points.Tenders{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(aProgram(t, c.program))
			play(t, b, []event{at("04-01", grant(5000)), at("04-02", c.order.place())})
			for i, s := range c.steps {
				reply, err := b.Do(day("04-03"), s.do)
				if err != nil {
					t.Fatal(err)
				}
				b.Check(t)
				if got, ok := reply.Body.(points.Repriced); ok && (got.Refund != s.want.Refund || got.Charge != s.want.Charge) {
					t.Errorf("step %d refunds %+v and charges %+v, not %+v and %+v", i+1, got.Refund, got.Charge, s.want.Refund, s.want.Charge)
				}
			}
			if at := b.Order("O").Charged.Points > 0; at != b.QualifiedAt.Equal(day("04-03")) {
				t.Errorf("qualified at %s, points charged: %v", b.QualifiedAt, at)
			}
			if got := b.Order("O").Standing(); got != c.stands {
				t.Errorf("%+v stands, not %+v", got, c.stands)
			}
		})
	}
}

// A new price changes what each line earns, and who funded it: the shop funds toys, the mall the rest. A line's rise never
// makes up for another's fall. Source: SM-P3.4c; accounting.md "A reversal credits the very account the grant debited".
func TestEachLineEarnsOnItsNewPrice(t *testing.T) {
	toys := func(earn string) string {
		return `earn: { rate: "0.01", ` + earn + ` rules: [ { name: toys, when: 'category == "toys"', funded_by: shop } ] }`
	}
	atOnce := `earn: { rate: "0.01", hold: { days: 0 }, rules: [ { name: toys, when: 'category == "toys"', funded_by: shop, hold: { days: 30 } } ] }`
	placed := []event{at("04-01", buy("O-1", 1, 10000).and("toys", 1, 10000).place())}
	earned := func(lines ...ledger.Points) func(*testing.T, *Book) {
		return func(t *testing.T, b *Book) {
			t.Helper()
			for i, want := range lines {
				if got := b.Order("O-1").Lines[i].Earned.Points; got != want {
					t.Errorf("line %d earned %d, not %d", i+1, got, want)
				}
			}
		}
	}
	tell(t, []story{
		{
			name:    "one down, one up: the mall's grant falls, the shop's rises, the order's net is nothing",
			program: toys(""),
			given:   placed,
			when:    []event{at("04-02", reprice("O-1", 5000, 15000))},
			want: `
				member:pending   50 reprice_pending | 50 reprice_pending
				issued:purchase                     | 50 reprice_pending
				funded:shop      50 reprice_pending |`,
			left:  "pending 200",
			check: earned(50, 150),
		},
		{
			name:    "one after the other is the same",
			program: toys(""),
			given:   placed,
			when:    []event{at("04-02", reprice("O-1", -1, 15000)), at("04-03", reprice("O-1", 5000))},
			want: `
				member:pending   50 reprice_pending | 50 reprice_pending
				issued:purchase                     | 50 reprice_pending
				funded:shop      50 reprice_pending |`,
			left:  "pending 200",
			check: earned(50, 150),
		},
		{
			name:    "after the hold the fall is taken back, whatever else rises",
			program: toys(""),
			given:   append(placed, wait("05-02")),
			when:    []event{at("05-02", reprice("O-1", 5000, 15000))},
			want: `
				member:available 50 reverse_grant |
				issued:purchase                   | 50 reverse_grant`,
			left:  "available 150",
			check: earned(50, 100),
		},
		{
			name:    "after the hold, the rise first: the same",
			program: toys(""),
			given:   append(placed, wait("05-02")),
			when:    []event{at("05-02", reprice("O-1", -1, 15000)), at("05-03", reprice("O-1", 5000))},
			want: `
				member:available 50 reverse_grant |
				issued:purchase                   | 50 reverse_grant`,
			left:  "available 150",
			check: earned(50, 100),
		},
		{
			name:    "a line that comes back gives all that it earned, though the other's price rose after the hold",
			program: toys(""),
			given:   append(placed, wait("05-02"), at("05-02", reprice("O-1", -1, 15000))),
			when:    []event{at("05-03", back("O-1", 0, 1))},
			want: `
				member:available 100 reverse_grant |
				issued:purchase                    | 100 reverse_grant`,
			left:  "available 100",
			check: earned(0, 100),
		},
		{
			name:    "what is still held rises, what is granted falls",
			program: atOnce,
			given:   placed,
			when:    []event{at("04-02", reprice("O-1", 5000, 15000))},
			want: `
				member:available 50 reverse_grant |
				member:pending                    | 50 reprice_pending
				issued:purchase                   | 50 reverse_grant
				funded:shop    50 reprice_pending |`,
			left:  "available 50, pending 150",
			check: earned(50, 150),
		},
		{
			name:    "a cap that is not reached changes nothing of it",
			program: toys("cap_per_order: 200,"),
			given:   placed,
			when:    []event{at("04-02", reprice("O-1", 5000, 15000))},
			want: `
				member:pending   50 reprice_pending | 50 reprice_pending
				issued:purchase                     | 50 reprice_pending
				funded:shop      50 reprice_pending |`,
			left:  "pending 200",
			check: earned(50, 150),
		},
		{
			name:    "under a cap that has cut, the lines stand in for each other, then and later",
			program: toys("cap_per_order: 199,"),
			given:   placed, // 100 and 99
			when:    []event{at("04-02", reprice("O-1", 5000, 14900)), at("04-03", reprice("O-1", 4000, 15000))},
			want: `
				member:pending  9 reprice_pending |
				issued:purchase                   | 9 reprice_pending`,
			left:  "pending 190",
			check: earned(91, 99),
		},
	})
}

// The answer tells the order's net.
func TestARepriceAnswersTheNetOfWhatItsLinesEarn(t *testing.T) {
	b := New(aProgram(t, `earn: { rate: "0.01" }`))
	play(t, b, []event{at("04-01", buy("O-1", 1, 10000).and("toys", 1, 10000).place())})
	reply, err := b.Do(day("04-02"), reprice("O-1", 5000, 16000))
	if err != nil {
		t.Fatal(err)
	}
	if got := reply.Body.(points.Repriced); got.EarnedChange != 10 || len(got.Transactions) != 2 {
		t.Errorf("answered %+v", got)
	}
}

func TestPricesThatCannotBe(t *testing.T) {
	b := New(aProgram(t, silent))
	change := func(p points.Repricing) points.Command { return points.Reprice{OrderID: "O-1", Prices: p} }
	line := func(id string, price ledger.Money) points.LinePrice {
		return points.LinePrice{LineID: id, UnitPrice: price}
	}
	discounted := points.LinePrice{LineID: "1", UnitPrice: 10, Discount: new(ledger.Money(21))}
	play(t, b, []event{
		at("04-01", buy("O-1", 2, 100).off(20).ship(10, 0).place()),
		refused("04-02", reprice("O-9", 1), points.NotFound),
		refused("04-02", change(points.Repricing{Lines: []points.LinePrice{line("9", 1)}}), points.ValidationFailed),
		refused("04-02", change(points.Repricing{Lines: []points.LinePrice{line("1", 1), line("1", 1)}}), points.ValidationFailed),
		refused("04-02", change(points.Repricing{Fees: points.Fees{{Name: "cod", Amount: 1}}}), points.ValidationFailed),
		refused("04-02", change(points.Repricing{Lines: []points.LinePrice{discounted}}), points.ValidationFailed),
		refused("04-02", change(points.Repricing{Lines: []points.LinePrice{line("1", -1)}}), points.AmountOutOfRange),
		refused("04-02", change(points.Repricing{Lines: []points.LinePrice{line("1", 1<<52)}}), points.AmountOutOfRange),
		refused("04-02", change(points.Repricing{Shipping: new(ledger.Money(-1))}), points.AmountOutOfRange),
		at("04-02", reprice("O-1", 5)), // the discount shrinks with the price
		at("04-03", cancel("O-1")),
		refused("04-03", reprice("O-1", 1), points.Conflict),
	})
	if o := b.Order("O-1"); o.Refunded.Money != 190 {
		t.Errorf("refunded %+v", o.Refunded)
	}
}

// Points of fractional value: no unit of money is lost over the life of a lot; what both sides differ by is rounding.
func TestFractionsOfAUnit(t *testing.T) {
	half, more := `point_value: "0.5"`+"\n"+silent, `point_value: "1.5"`+"\n"+silent
	tell(t, []story{
		{
			name:    "a lot of three points worth one unit, spent two and one",
			program: half,
			given:   []event{at("04-01", grant(3))},
			when:    []event{refused("04-02", buy("O-1", 1, 1).worth(3, 1).place(), points.RedeemRule), at("04-02", buy("O-1", 1, 1).worth(2, 1).place())},
			want:    `member:available 2 redeem (1) |   redeemed:orders | 2 redeem (1)`,
			left:    "available 1",
		},
		{
			name:    "two lots of one point, each worth nothing by itself, pay one unit",
			program: half,
			given:   []event{at("04-01", grant(1)), at("04-01", grant(1))},
			when:    []event{at("04-02", buy("O-1", 1, 1).worth(2, 1).place())},
			want: `
				member:available  1 redeem (0), 1 redeem (0) |
				redeemed:orders                              | 2 redeem (1)
				rounding                        0 redeem (1) |`,
		},
		{
			name:    "points worth a unit and a half",
			program: more,
			given:   []event{at("04-01", grant(5))},
			when:    []event{at("04-02", buy("O-1", 2, 3).worth(4, 6).place()), at("04-03", back("O-1", 0, 1)), at("04-03", back("O-1", 0, 1))},
			want: `
				member:available   4 redeem (6)                | 2 restore (3), 2 restore (3)
				redeemed:orders   2 restore (3), 2 restore (3) | 4 redeem (6)`,
			left: "available 5",
		},
		{
			name:    "a piece whose points are worth less than one of them: the unit goes to rounding, the next brings it back",
			program: more,
			given:   []event{at("04-01", grant(2))},
			when:    []event{at("04-02", buy("O-1", 3, 1).worth(2, 3).place()), at("04-03", back("O-1", 0, 1)), at("04-03", back("O-1", 0, 1)), at("04-03", back("O-1", 0, 1))},
			want: `
				member:available   2 redeem (3)                          | 1 restore, 1 restore (2)
				redeemed:orders   0 restore (1), 1 restore, 1 restore    | 2 redeem (3)
				rounding                                   0 restore (1) | 0 restore (1)`,
			left: "available 2",
		},
		{
			name:    "in cash, and in points where they live",
			program: half + "restore: { expired_lot: cash }",
			given:   []event{at("04-01", until("04-10", 3)), at("04-01", grant(3)), at("04-02", buy("O-1", 1, 3).worth(6, 3).place())},
			when:    []event{at("04-11", cancel("O-1"))},
			want: `
				member:available                                         | 3 restore (1)
				redeemed:orders         3 restore (2), 3 cash_fallback (1) |
				redeemed:cash_fallback                                   | 3 cash_fallback (1)
				rounding                                                 | 0 restore (1)`,
			left: "available 3",
		},
	})
}
