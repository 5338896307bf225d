package points_test

import (
	"testing"

	"chobo/points"
	. "chobo/points/pointstest"
)

// Source: SM-P7.3a, SM-P7.3b.
func TestPointsComeBackToTheirLots(t *testing.T) {
	two := []event{at("04-01", until("06-01", 10)), at("04-01", until("07-01", 20)), at("04-02", buy("O-1", 1, 25).with(25).place())}
	dead := []event{at("04-01", until("04-10", 60)), at("04-01", grant(40)), at("04-02", buy("O-1", 1, 100).with(90).place())}
	tell(t, []story{
		{
			name:    "the last taken first, with their own expiry",
			program: silent,
			given:   two,
			when:    []event{at("04-03", reprice("O-1", 7))},
			want:    `member:available | 15 restore, 3 restore   redeemed:orders 18 restore |`,
			left:    "available 23",
			check: func(t *testing.T, b *Book) {
				if l := b.AllLots(); !l[0].ExpiresAt.Equal(day("06-01")) || l[0].Remaining != 3 || l[1].Remaining != 20 {
					t.Errorf("lots %+v", l)
				}
			},
		},
		{
			name:    "an expired lot: the shop pays the points' value in cash, if the program says so",
			program: silent + "restore: { expired_lot: cash }",
			given:   dead,
			when:    []event{at("04-10", cancel("O-1"))},
			want: `
				member:available                                    | 30 restore
				redeemed:orders         30 restore, 60 cash_fallback |
				redeemed:cash_fallback                               | 60 cash_fallback`,
			left: "available 40",
			check: func(t *testing.T, b *Book) {
				if r := b.Paid[0]; r.Money != 10 || r.CashFallback != 60 || r.PaidBy != "S-1" || r.Cause != "cancel" {
					t.Errorf("to pay back %+v", r)
				}
				if !b.ActiveAt.Equal(day("04-10")) {
					t.Errorf("active at %s", b.ActiveAt)
				}
			},
		},
		{
			name:    "reissued in a lot that lives to the end of its days of grace",
			program: silent + "restore: { expired_lot: reissue, grace_days: 30 }",
			given:   dead,
			when:    []event{at("04-10 15h", cancel("O-1"))},
			want: `
				member:available             | 30 restore, 60 restore
				redeemed:orders   90 restore |`,
			left: "available 100",
			check: func(t *testing.T, b *Book) {
				if l := b.AllLots()[0]; l.ID != 3 || l.Remaining != 60 || !l.ExpiresAt.Equal(day("05-11")) || !l.GrantedAt.Equal(day("04-10 15h")) {
					t.Errorf("reissued as %+v", l)
				}
			},
		},
		{
			name:    "forfeited: restored and expired at once",
			program: silent + "restore: { expired_lot: forfeit }",
			given:   dead,
			when:    []event{at("04-10", cancel("O-1"))},
			want: `
				member:available   60 expire | 30 restore, 60 restore
				redeemed:orders   90 restore |
				expired:lots                 | 60 expire`,
			left: "available 40",
		},
		{
			name:    "after the membership: cash",
			program: silent,
			given:   append(dead, at("04-03", member(points.Closed))),
			when:    []event{at("04-04", cancel("O-1"))},
			want: `
				redeemed:orders         90 cash_fallback |
				redeemed:cash_fallback                   | 90 cash_fallback`,
		},
		{
			name:    "after the membership: forfeited, if the program says so",
			program: silent + "restore: { closed_member: forfeit }",
			given:   append(dead, at("04-03", member(points.Closed))),
			when:    []event{at("04-04", cancel("O-1"))},
			want: `
				member:available   30 forfeit, 60 forfeit | 30 restore, 60 restore
				redeemed:orders                90 restore |
				forfeited:closure                         | 30 forfeit, 60 forfeit`,
		},
		{
			name:    "a second return finds what the first left",
			program: silent,
			given:   append(two, at("04-03", reprice("O-1", 7))),
			when:    []event{at("04-04", cancel("O-1"))},
			want:    `member:available | 7 restore   redeemed:orders 7 restore |`,
			left:    "available 30",
		},
	})
}

// Source: program.md, return of k of n units, shipping and fees.
func TestPartsOfAReturn(t *testing.T) {
	for name, c := range map[string]struct {
		order order
		steps []points.UndoneLine
		want  []points.Refunded
	}{
		"the worked example": {
			buy("O", 2, 1500).ship(500, 300).with(1000), []points.UndoneLine{all(0, 1), all(0, 1)},
			[]points.Refunded{{Points: 499, Money: 1401}, {Points: 501, Money: 1399}},
		},
		"without shipping and fees": {
			buy("O", 2, 1500).ship(500, 300).with(1000), []points.UndoneLine{price(0, 1), price(0, 1)},
			[]points.Refunded{{Points: 394, Money: 1106}, {Points: 395, Money: 1105}},
		},
		"shipping counts only goods that refund it": { // 3000 of 9000: a third of 900 and of its 100 points
			buy("O", 3, 3000).ship(900, 0).with(1100), []points.UndoneLine{price(0, 1), all(0, 1), price(0, 1)},
			[]points.Refunded{{Points: 333, Money: 2667}, {Points: 333 + 33, Money: 2667 + 267}, {Points: 334, Money: 2666}},
		},
		"a discount comes back by pieces": {
			buy("O", 3, 100).off(100), []points.UndoneLine{price(0, 1), price(0, 1), price(0, 1)},
			[]points.Refunded{{Money: 66}, {Money: 67}, {Money: 67}},
		},
		"free goods bring shipping back by pieces": {
			buy("O", 3, 0).ship(100, 0), []points.UndoneLine{all(0, 2), all(0, 1)},
			[]points.Refunded{{Money: 66}, {Money: 34}},
		},
		"a fee in full": {
			buy("O", 4, 100).ship(100, 40), []points.UndoneLine{full(0, 1, "cod"), all(0, 3)},
			[]points.Refunded{{Money: 100 + 25 + 40}, {Money: 300 + 75}},
		},
		"points that are more than their step waits for the next": { // 62, 125, 187 of shipping, 62, 124, 187 of its points
			buy("O", 8, 1).ship(500, 0).with(507), []points.UndoneLine{all(0, 1), all(0, 1), all(0, 1), all(0, 5)},
			[]points.Refunded{{Points: 63}, {Points: 63, Money: 1}, {Points: 63}, {Points: 318}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(aProgram(t, silent))
			play(t, b, []event{at("04-01", grant(5000)), at("04-01", c.order.place())})
			for i, line := range c.steps {
				out := points.Undone{}
				play(t, b, []event{at("04-02", undoing{"O", points.Undoing{Cause: "return", Part: "R", Lines: []points.UndoneLine{line}}, &out})})
				if out.Refunded != c.want[i] {
					t.Errorf("return %d gives back %+v, not %+v", i+1, out.Refunded, c.want[i])
				}
			}
		})
	}
}

func all(line int, units int64) points.UndoneLine {
	return points.UndoneLine{Line: line, Units: units, Refunds: map[string]bool{"price": true, "shipping": true, "cod": true}}
}

func price(line int, units int64) points.UndoneLine {
	return points.UndoneLine{Line: line, Units: units, Refunds: map[string]bool{"price": true}}
}

func full(line int, units int64, fee string) points.UndoneLine {
	u := all(line, units)
	u.InFull = map[string]bool{fee: true}
	return u
}
