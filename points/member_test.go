package points_test

import (
	"testing"

	"chobo/points"
	. "chobo/points/pointstest"
)

// Source: SM-P7b, SM-P12; rulings 19 and 20.
func TestExchanges(t *testing.T) {
	change := func(id, to, benefit string) points.Command {
		return points.ChangeExchange{ExchangeID: id, To: to, BenefitID: benefit, Reason: "r", Actor: "op"}
	}
	stock := func(n int64) func(*testing.T, *Book) {
		return func(t *testing.T, b *Book) {
			t.Helper()
			if b.Left("pen") != n {
				t.Errorf("%d pens are left, not %d", b.Left("pen"), n)
			}
		}
	}
	tell(t, []story{
		{
			name:    "exchanged, and fulfilled: it cannot be cancelled any more",
			program: silent,
			given:   []event{at("04-01", grant(100))},
			when:    []event{at("04-02", exchange("X-1", "pen", 2)), at("04-03", change("X-1", "fulfil", "")), refused("04-04", change("X-1", "cancel", ""), points.Conflict)},
			want:    `member:available 20 exchange |   redeemed:benefits | 20 exchange`,
			left:    "available 80",
			check: func(t *testing.T, b *Book) {
				stock(1)(t, b)
				if !b.QualifiedAt.Equal(day("04-02")) || !b.ActiveAt.Equal(day("04-02")) {
					t.Errorf("an exchange redeems points: qualified %s, active %s", b.QualifiedAt, b.ActiveAt)
				}
			},
		},
		{
			name:    "cancelled: points and stock come back",
			program: silent,
			given:   []event{at("04-01", grant(100))},
			when:    []event{at("04-02", exchange("X-1", "pen", 3)), refused("04-02", exchange("X-2", "pen", 1), points.OutOfStock), at("04-03", change("X-1", "cancel", ""))},
			want: `
				member:available         30 exchange | 30 exchange_cancel
				redeemed:benefits 30 exchange_cancel | 30 exchange`,
			left:  "available 100",
			check: stock(3),
		},
		{
			name:    "another benefit in its place",
			program: silent,
			given:   []event{at("04-01", grant(100)), at("04-02", exchange("X-1", "pen", 2))},
			when:    []event{refused("04-03", change("X-1", "substitute", "car"), points.NotFound), at("04-03", change("X-1", "substitute", "mug"))},
			want: `
				member:available         80 exchange | 20 exchange_cancel
				redeemed:benefits 20 exchange_cancel | 80 exchange`,
			left:  "available 20",
			check: stock(3),
		},
		{
			name:    "too dear even with the points that come back; or out of stock",
			program: silent,
			given:   []event{at("04-01", grant(100)), at("04-02", exchange("X-1", "pen", 3)), at("04-02", exchange("X-2", "mug", 1)), at("04-02", buy("O-1", 1, 30).with(30).place())},
			when:    []event{refused("04-03", change("X-1", "substitute", "mug"), points.InsufficientPoints), refused("04-03", change("X-2", "substitute", "pen"), points.OutOfStock), at("04-03", change("X-1", "substitute", "pen"))},
			want: `
				member:available         30 exchange | 30 exchange_cancel
				redeemed:benefits 30 exchange_cancel | 30 exchange`,
			check: stock(0),
		},
		{
			name:    "never cash: points of an expired lot come back anew",
			program: silent + "restore: { expired_lot: cash, grace_days: 5 }",
			given:   []event{at("04-01", until("04-10", 30)), at("04-02", exchange("X-1", "pen", 3))},
			when:    []event{at("04-11", change("X-1", "cancel", ""))},
			want:    `member:available | 30 exchange_cancel   redeemed:benefits 30 exchange_cancel |`,
			left:    "available 30",
			check: func(t *testing.T, b *Book) {
				if l := b.AllLots()[0]; l.ID != 2 || !l.ExpiresAt.Equal(day("04-17")) {
					t.Errorf("lot %+v", l)
				}
			},
		},
		{
			name:    "forfeited with their lot, if the program says so, and not there for a substitute",
			program: silent + "restore: { expired_lot: forfeit }",
			given:   []event{at("04-01", until("04-10", 30)), at("04-02", exchange("X-1", "pen", 3))},
			when:    []event{refused("04-11", change("X-1", "substitute", "pen"), points.InsufficientPoints), at("04-11", change("X-1", "cancel", ""))},
			want: `
				member:available           30 expire | 30 exchange_cancel
				redeemed:benefits 30 exchange_cancel |
				expired:lots                         | 30 expire`,
		},
		{
			name:    "points that come back pay use-all orders",
			program: silent + "sweep: { days: 14 }",
			given:   []event{at("04-01", grant(40)), at("04-02", exchange("X-1", "mug", 1)), at("04-02", buy("O-1", 1, 100).useAll().place())},
			when:    []event{at("04-03", change("X-1", "substitute", "pen"))},
			want: `
				member:available  10 exchange, 30 sweep | 40 exchange_cancel
				redeemed:orders                         | 30 sweep
				redeemed:benefits    40 exchange_cancel | 10 exchange`,
		},
	})
}

func TestWhatCannotBeExchanged(t *testing.T) {
	b := New(aProgram(t, silent))
	b.Offer(points.Benefit{ID: "mug", Points: 40, ValidFrom: day("04-02"), ValidTo: day("04-10")}, -1)
	to := func(ship points.ShipTo, quantity int64) points.Command {
		return points.ExchangePoints{ExchangeID: "X-1", BenefitID: "mug", Quantity: quantity, ShipTo: ship}
	}
	home := points.ShipTo{Country: "JP", IsMember: true}
	play(t, b, []event{
		at("04-01", grant(100)),
		refused("04-01", to(home, 1), points.Conflict),
		refused("04-10", to(home, 1), points.Conflict),
		refused("04-10", exchange("X-1", "car", 1), points.NotFound),
	})
	for name, c := range map[string]struct {
		ship     points.ShipTo
		quantity int64
		code     points.Code
	}{
		"abroad":          {points.ShipTo{Country: "US", IsMember: true}, 1, points.ValidationFailed},
		"to a PO box":     {points.ShipTo{Country: "JP", IsMember: true, POBox: true}, 1, points.ValidationFailed},
		"to a friend":     {points.ShipTo{Country: "JP"}, 1, points.ValidationFailed},
		"too many":        {home, 3, points.InsufficientPoints},
		"beyond counting": {home, 1 << 60, points.AmountOutOfRange},
		"fewer than none": {home, -1, points.ValidationFailed},
		"one by default":  {home, 0, ""},
	} {
		t.Run(name, func(t *testing.T) { play(t, b.Fork(), []event{{day("04-05"), to(c.ship, c.quantity), c.code}}) })
	}
	play(t, b, []event{at("04-05", to(home, 1)), refused("04-05", to(home, 1), points.Conflict), refused("04-05", points.ChangeExchange{ExchangeID: "X-9", To: "fulfil"}, points.NotFound)})
}

// Source: SM-B9, SM-B12.1, SM-P14, ruling 19.
func TestMembership(t *testing.T) {
	tell(t, []story{
		{
			name:    "suspended: nothing is bought, granted, reserved or exchanged; what is due and owed goes on",
			program: `earn: { rate: "0.1", hold: { days: 3 } }`,
			given: []event{at("04-01", grant(100)), at("04-01", until("04-03", 5)), at("04-01", buy("O-1", 1, 200).with(20).place()),
				at("04-01", reserve("V-1", 10, "04-05")), at("04-01", member(points.Suspended))},
			when: []event{
				refused("04-02", buy("O-2", 1, 10).place(), points.MemberSuspended), refused("04-02", grant(1), points.MemberSuspended),
				refused("04-02", reserve("V-2", 1, "04-03"), points.MemberSuspended), refused("04-02", capture("V-1", buy("O-2", 1, 10).with(5)), points.MemberSuspended),
				refused("04-02", exchange("X-1", "pen", 1), points.MemberSuspended), refused("04-02", member(points.Suspended), points.Conflict),
				at("04-06", points.AdjustPoints{Points: 1, Reason: "r", Actor: "op"}), at("04-06", cancel("O-1")), at("04-07", member(points.Active)), at("04-07", grant(1)),
			},
			// The lot of 5 paid O-1 first and then expired; the reservation ran out.
			want: `
				member:available       18 reverse_grant | 10 release, 18 mature, 1 adjust, 15 restore, 1 grant
				member:pending                18 mature |
				member:reserved              10 release |
				issued:purchase                         | 18 reverse_grant
				issued:campaign                 1 grant |
				issued:goodwill                1 adjust |
				redeemed:orders   15 restore, 5 cash_fallback |
				redeemed:cash_fallback                  | 5 cash_fallback`,
			left: "available 102",
		},
		{
			name:    "closed: reservations and exchanges are voided, then everything is forfeited",
			program: `earn: { rate: "0.1" }`,
			given:   []event{at("04-01", grant(100)), at("04-01", buy("O-1", 1, 200).place()), at("04-01", reserve("V-1", 30, "04-05")), at("04-01", exchange("X-1", "mug", 1))},
			when: []event{at("04-02", member(points.Closed)), refused("04-03", member(points.Active), points.MemberClosed), refused("04-03", grant(1), points.MemberClosed),
				refused("04-03", buy("O-2", 1, 1).place(), points.MemberClosed), refused("04-03", points.AdjustPoints{Points: 1, Reason: "r", Actor: "op"}, points.MemberClosed),
				refused("04-03", revoke(0), points.MemberClosed), refused("04-03", points.VoidReservation{ReservationID: "V-1"}, points.Conflict)},
			want: `
				member:available         100 forfeit | 30 release, 40 exchange_cancel
				member:pending            20 forfeit |
				member:reserved           30 release |
				redeemed:benefits 40 exchange_cancel |
				forfeited:closure                    | 100 forfeit, 20 forfeit`,
		},
		{
			name:    "closed: points of an exchange pay the debt that is netted before the rest is forfeited",
			program: atOnce + "clawback: { take: [lot, net_future_grants] }",
			given: []event{at("04-01", buy("O-1", 1, 300).place()), at("04-02", buy("O-2", 1, 30).with(30).place()), at("04-02", until("05-01", 40)),
				at("04-02", exchange("X-1", "mug", 1)), at("04-03", cancel("O-1"))},
			when: []event{at("04-04", member(points.Closed))},
			want: `
				member:available  30 debt_netted, 10 forfeit | 40 exchange_cancel
				member:debt                                  | 30 debt_netted
				redeemed:benefits         40 exchange_cancel |
				forfeited:closure                            | 10 forfeit`,
		},
		{
			name:    "a closed member's order earns nothing more, nor does it sweep",
			program: `earn: { rate: "0.1" }` + "\nsweep: { days: 14 }",
			given:   []event{at("04-01", buy("O-1", 1, 200).useAll().place()), at("04-02", member(points.Closed))},
			when:    []event{at("04-03", reprice("O-1", 400)), wait("2027-01-01")},
		},
	})
	b := New(aProgram(t, silent))
	play(t, b, []event{refused("04-01", member(points.Suspended), points.NotFound), refused("04-01", member(points.Closed), points.NotFound)})
}

// Source: SM-P6.2.
func TestRevocations(t *testing.T) {
	b := New(aProgram(t, `earn: { rate: "0.1" }`))
	play(t, b, []event{
		at("04-01", grant(100)), at("04-01", buy("O-1", 1, 200).place()),
		refused("04-02", points.RevokePoints{Reason: "r", Actor: "op"}, points.ValidationFailed),
		refused("04-02", points.RevokePoints{Points: 1, All: true, Reason: "r", Actor: "op"}, points.ValidationFailed),
		refused("04-02", points.RevokePoints{Points: -1, Reason: "r", Actor: "op"}, points.ValidationFailed),
		refused("04-02", revoke(121), points.InsufficientPoints),
		at("04-02", revoke(110)), // available ones first, then pending ones
		refused("04-02", points.AdjustPoints{Reason: "r", Actor: "op"}, points.ValidationFailed),
		refused("04-02", points.AdjustPoints{Points: -1, Reason: "r", Actor: "op"}, points.InsufficientPoints),
	})
	if got := b.Balances(); got != "pending 10" {
		t.Errorf("left is %s", got)
	}
	play(t, b, []event{at("04-02", buy("O-2", 1, 200).place()), at("04-03", revoke(15))}) // 10 of the one hold, 5 of the other
	if got := b.Balances(); got != "pending 15" {
		t.Errorf("left is %s", got)
	}
	shows("04-03", "O-1", points.OrderView{Tenders: points.Tenders{Money: 200}})(t, b) // nothing of it was ever granted
}
