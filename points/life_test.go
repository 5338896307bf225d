package points_test

import (
	"testing"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
)

// A few months of one member at two shops, with something of everything; in the end nothing is left and nothing is owed.
func TestFewMonthsOfAMember(t *testing.T) {
	p, err := parse("2017-07-03", `earn: { rate: "0.01", hold: { days: 9 }, rules: [ { name: none, when: 'category == "other"', rate: "0" } ] }`+
		"\nexpiry: { mode: fixed, months: 12 }\nclawback: { take: [lot, net_future_grants] }")
	if err != nil {
		t.Fatal(err)
	}
	b := New(p)
	b.Offer(points.Benefit{ID: "lamp", Points: 180}, 1)
	other := func(id, shop string, quantity int64, price ledger.Money) order {
		return order{points.OrderRequest{OrderID: id, ShopID: shop}}.and("other", quantity, price)
	}
	play(t, b, []event{
		at("2025-04-01", points.OpenBalance{Points: 500, ExpiresAt: day("2025-05-01"), Reference: "M0001"}),
		at("2025-04-02", buy("O-1", 1, 11000).place()),
		at("2025-04-05", points.GrantPoints{Points: 200, HoldDays: 6, ExpiresAt: day("2025-11-01"), FundedBy: "shop", ShopID: "A"}),
		at("2025-04-15", reserve("V-1", 600, "2025-04-17")), // 500 that expire first, 100 of the shop's
		at("2025-04-16", capture("V-1", other("O-2", "B", 5, 1100).with(600))),
		at("2025-05-10", back("O-2", 0, 2)), // 240 points: the shop's 100, and of the 500, which have expired, 140 in cash
		at("2025-05-15", exchange("X-1", "lamp", 1)),
		at("2025-05-18", other("O-3a", "A", 1, 60).with(60).place()),
		at("2025-05-18", other("O-3b", "B", 1, 40).with(40).place()),
		at("2025-05-20", cancel("O-1")), // of 110 earned points 30 are left
		at("2025-06-10", buy("O-4", 1, 6000).place()),
		wait("2025-06-20"), // 60 of the 80 that are owed
	})
	receivable := b.Order("O-1").Debts[0]
	play(t, b, []event{
		at("2025-06-25", points.PayReceivable{ID: receivable, Money: 15, Actor: "op"}),
		at("2025-06-30", points.WriteOffReceivable{ID: receivable, Reason: "small", Actor: "op"}),
		at("2025-06-30", points.GrantPoints{Points: 15, ExpiresAt: day("2025-08-01"), Reason: "sorry"}),
		wait("2025-08-01"),
	})
	want := `
		member:available  500 reserve, 100 reserve, 180 exchange, 20 redeem, 40 redeem, 40 redeem, 30 reverse_grant, 60 debt_netted, 15 expire | 500 opening, 110 mature, 200 mature, 100 restore, 60 mature, 15 grant
		member:pending    110 mature, 200 mature, 60 mature | 110 grant_pending, 200 grant_pending, 60 grant_pending
		member:reserved   500 capture, 100 capture | 500 reserve, 100 reserve
		member:debt       80 reverse_grant | 60 debt_netted, 15 debt_paid, 5 debt_written_off
		issued:purchase   110 grant_pending, 60 grant_pending | 110 reverse_grant
		issued:campaign   15 grant |
		issued:opening    500 opening |
		funded:shop       200 grant_pending |
		redeemed:orders   100 restore, 140 cash_fallback | 600 capture, 60 redeem, 40 redeem
		redeemed:cash_fallback | 140 cash_fallback
		redeemed:benefits | 180 exchange
		expired:lots      | 15 expire
		debt:collected    15 debt_paid |
		debt:written_off  5 debt_written_off |`
	if got := b.T(0); !Same(got, want) {
		t.Errorf("the journal has\n%s", got)
	}
	if got := b.Balances(); got != "" {
		t.Errorf("left is %s", got)
	}
	owed := map[string]points.Refunded{} // by order
	for _, r := range b.Paid {
		owed[r.Order] = points.Refunded{Money: owed[r.Order].Money + r.Money, CashFallback: owed[r.Order].CashFallback + r.CashFallback}
	}
	if owed["O-2"] != (points.Refunded{Money: 1960, CashFallback: 140}) || owed["O-1"] != (points.Refunded{Money: 11000}) || len(owed) != 2 {
		t.Errorf("to pay back %v", owed)
	}
}
