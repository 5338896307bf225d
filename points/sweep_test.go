package points_test

import (
	"testing"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
)

// Source: SM-P7.6, ruling 16.
func TestPointsThatArriveGoToUseAllOrders(t *testing.T) {
	sweeps := silent + "sweep: { days: 14 }\n"
	earning := `earn: { rate: "0.1", hold: { days: 3 } }` + "\nsweep: { days: 14 }\n"
	tell(t, []story{
		{
			name:    "matured points pay, their money is refunded, the order earns less; never what it earned itself",
			program: earning,
			given:   []event{at("03-30", buy("O-0", 1, 1000).place()), at("04-01", buy("O-1", 1, 500).useAll().place())},
			when:    []event{wait("04-10")},
			want: `
				member:available                          100 sweep | 100 mature, 40 mature
				member:pending  100 mature, 10 void_pending, 40 mature |
				issued:purchase                                     | 10 void_pending
				redeemed:orders                                     | 100 sweep`,
			left: "available 40",
			check: func(t *testing.T, b *Book) {
				if !b.QualifiedAt.Equal(day("04-03")) || !b.ActiveAt.Equal(day("04-03")) {
					t.Errorf("a sweep redeems points: qualified %s, active %s", b.QualifiedAt, b.ActiveAt)
				}
				if r := b.Paid[0]; r.Cause != "sweep" || r.Money != 100 || r.Order != "O-1" || !r.OccurredAt.Equal(day("04-03")) {
					t.Errorf("to pay back %+v", r)
				}
				shows("04-10", "O-1", points.OrderView{Tenders: points.Tenders{Points: 100, Money: 400}, Refunded: points.Refunded{Money: 100}, Earned: points.EarnedView{Granted: 40, Reversed: 10}})(t, b)
			},
		},
		{
			name:    "the oldest order first, whenever it was booked, up to its money",
			program: sweeps,
			given: []event{at("04-02", buy("O-2", 1, 30).useAll().place()), at("04-03", func() points.Command {
				o := buy("O-1", 1, 50).useAll()
				o.OrderedAt = day("04-01")
				return o.place()
			}())},
			when: []event{at("04-04", grant(70))},
			want: `
				member:available  50 sweep, 20 sweep | 70 grant
				issued:campaign             70 grant |
				redeemed:orders                      | 50 sweep, 20 sweep`,
			check: shows("04-04", "O-1", points.OrderView{Tenders: points.Tenders{Points: 50}, Refunded: points.Refunded{Money: 50}}),
		},
		{
			name:    "what lay there before stays, though it is of the same lot",
			program: sweeps,
			given:   []event{at("04-01", grant(100)), at("04-01", buy("O-0", 1, 10).with(10).place()), at("04-02", buy("O-1", 1, 500).useAll().place())},
			when:    []event{at("04-03", cancel("O-0"))},
			want: `
				member:available    10 sweep | 10 restore
				redeemed:orders   10 restore | 10 sweep`,
			left: "available 90",
		},
		{
			name:    "fourteen full days after the order, not a day longer, whenever it was booked",
			program: sweeps,
			given: []event{at("04-07", grant(5)), at("04-08", func() points.Command {
				o := buy("O-1", 1, 500).useAll()
				o.OrderedAt = day("04-01 15h")
				return o.place()
			}())},
			when: []event{at("04-15 23h", grant(1)), at("04-16", grant(2))},
			want: `
				member:available          1 sweep | 1 grant, 2 grant
				issued:campaign  1 grant, 2 grant |
				redeemed:orders                   | 1 sweep`,
			left: "available 7",
		},
		{
			name:    "each point that arrives goes once, whatever lies beside it",
			program: sweeps,
			given: []event{at("04-01", grant(100)), at("04-01", buy("O-0", 1, 30).with(30).place()),
				at("04-02", buy("O-1", 1, 20).useAll().place()), at("04-02", buy("O-2", 1, 50).useAll().place())},
			when: []event{at("04-03", cancel("O-0"))},
			want: `
				member:available  20 sweep, 10 sweep | 30 restore
				redeemed:orders   30 restore         | 20 sweep, 10 sweep`,
			left: "available 70",
		},
		{
			name:    "a new price does not make an order wait twice",
			program: sweeps,
			given:   []event{at("04-01", buy("O-1", 1, 100).useAll().place()), at("04-02", reprice("O-1", 80))},
			when:    []event{at("04-03", grant(90))},
			want: `
				member:available  80 sweep | 90 grant
				issued:campaign   90 grant |
				redeemed:orders            | 80 sweep`,
			left: "available 10",
		},
		{
			name:    "debt that is netted comes first",
			program: `earn: { rate: "0.1", hold: { days: 0 } }` + "\nsweep: { days: 14 }\nclawback: { take: [lot, net_future_grants] }",
			given: []event{at("04-01", buy("O-0", 1, 500).place()), at("04-01", buy("O-9", 1, 50).with(50).place()), at("04-02", cancel("O-0")),
				at("04-02", buy("O-1", 1, 0).ship(500, 0).useAll().place())},
			when: []event{at("04-03", grant(80))},
			want: `
				member:available  50 debt_netted, 30 sweep | 80 grant
				member:debt                                | 50 debt_netted
				issued:campaign                   80 grant |
				redeemed:orders                            | 30 sweep`,
		},
		{
			name:    "points that the order earned come back from another order, and do not pay it",
			program: `earn: { rate: "0.1", hold: { days: 0 } }` + "\nsweep: { days: 14 }",
			given:   []event{at("04-01", buy("O-1", 1, 500).useAll().place()), at("04-02", buy("O-2", 1, 50).with(50).place())},
			when:    []event{at("04-03", cancel("O-2"))},
			want:    `member:available | 50 restore   redeemed:orders 50 restore |`,
			left:    "available 50",
		},
		{
			name:    "points that come back from the order itself do not pay it",
			program: sweeps,
			given:   []event{at("04-01", grant(50)), at("04-01", buy("O-1", 2, 100).with(50).useAll().place())},
			when:    []event{at("04-03", back("O-1", 0, 1))},
			want:    `member:available | 25 restore   redeemed:orders 25 restore |`,
			left:    "available 25",
		},
		{
			name:    "no more than the order's share for points, and none on excluded goods",
			program: sweeps + `redeem: { max_share: "0.5", excluded_categories: [tobacco] }`,
			given:   []event{at("04-01", buy("O-1", 1, 100).useAll().place()), at("04-01", buy("O-2", 1, 20).and("tobacco", 1, 100).useAll().place())},
			when:    []event{at("04-02", grant(200))},
			want: `
				member:available  50 sweep, 20 sweep | 200 grant
				issued:campaign            200 grant |
				redeemed:orders                      | 50 sweep, 20 sweep`,
			left: "available 130",
		},
		{
			name:    "a suspended member's points stay",
			program: sweeps,
			given:   []event{at("04-01", buy("O-1", 1, 100).useAll().place()), at("04-01", member(points.Suspended))},
			when:    []event{at("04-02", points.AdjustPoints{Points: 30, Reason: "r", Actor: "op"})},
			want:    `member:available | 30 adjust   issued:goodwill 30 adjust |`,
			left:    "available 30",
		},
		{
			name:    "whole units of money only",
			program: sweeps + `point_value: "0.5"`,
			given:   []event{at("04-01", buy("O-1", 1, 100).useAll().place())},
			when:    []event{at("04-02", grant(5))},
			want: `
				member:available  4 sweep (2) | 5 grant (2)
				issued:campaign   5 grant (2) |
				redeemed:orders               | 4 sweep (2)`,
			left: "available 1",
		},
		{
			name:    "an order wholly paid in points waits for more once its price rises",
			program: sweeps,
			given:   []event{at("04-01", grant(100)), at("04-01", buy("O-1", 1, 100).with(100).useAll().place()), at("04-02", reprice("O-1", 150))},
			when:    []event{at("04-03", grant(20))},
			want: `
				member:available  20 sweep | 20 grant
				issued:campaign   20 grant |
				redeemed:orders            | 20 sweep`,
			check: shows("04-03", "O-1", points.OrderView{Tenders: points.Tenders{Points: 120, Money: 30}, Refunded: points.Refunded{Money: 20}}),
		},
		{
			name:    "off unless the program asks for it",
			program: silent,
			given:   []event{at("04-01", buy("O-1", 1, 100).useAll().place())},
			when:    []event{at("04-02", grant(5))},
			want:    `member:available | 5 grant   issued:campaign 5 grant |`,
			left:    "available 5",
		},
		{
			name:    "a sweep spreads points anew, and later returns count from there",
			program: sweeps,
			given:   []event{at("04-01", buy("O-1", 3, 100).useAll().place()), at("04-02", back("O-1", 0, 1)), at("04-03", grant(101))},
			when:    []event{at("04-04", back("O-1", 0, 1)), at("04-05", back("O-1", 0, 1))},
			want: `
				member:available                         | 50 restore, 51 restore
				redeemed:orders   50 restore, 51 restore |`,
			left: "available 101",
			check: func(t *testing.T, b *Book) {
				var money []ledger.Money
				for _, r := range b.Paid {
					money = append(money, r.Money)
				}
				if len(money) != 4 || money[0] != 100 || money[1] != 101 || money[2] != 50 || money[3] != 49 {
					t.Errorf("to pay back %v", money)
				}
			},
		},
	})
}
