package points_test

import (
	"slices"
	"testing"

	"chobo/points"
	. "chobo/points/pointstest"
)

const silent = `earn: { rate: "0" }` + "\n"

func TestRedeeming(t *testing.T) {
	tell(t, []story{
		{
			name:  "points pay, money pays the rest; what money paid earns, held back for 30 days",
			given: []event{at("04-01", grant(1500))},
			when:  []event{at("04-01", buy("O-1", 2, 1500).ship(500, 300).with(1000).place())},
			want: `
				member:available  1000 redeem      |
				member:pending                     | 22 grant_pending
				issued:purchase   22 grant_pending |
				redeemed:orders                    | 1000 redeem`,
			left: "available 500, pending 22",
		},
		{
			name:    "the first to expire goes first, what never expires last",
			program: silent,
			given:   []event{at("04-01", grant(10)), at("04-01", until("06-01", 20)), at("04-01", until("05-01", 30))},
			when:    []event{at("04-02", buy("O-1", 1, 55).with(55).place())},
			want: `
				member:available  30 redeem, 20 redeem, 5 redeem |
				redeemed:orders                                  | 55 redeem`,
			left: "available 5",
		},
		{
			name:    "oldest grant first, if the program says so",
			program: silent + "redeem: { lot_order: oldest_grant }",
			given:   []event{at("04-01", grant(10)), at("04-02", until("06-01", 20)), at("04-03", until("05-01", 30))},
			when:    []event{at("04-04", buy("O-1", 1, 25).with(25).place())},
			want: `
				member:available  10 redeem, 15 redeem |
				redeemed:orders                        | 25 redeem`,
			left: "available 35",
		},
		{
			name:    "a shop funds what its rule gives, line by line",
			program: `earn: { rate: "0.01", rules: [ { name: toys, when: 'category == "toys"', rate: "0.05", funded_by: shop, hold: { days: 0 } } ] }`,
			when:    []event{at("04-01", buy("O-1", 1, 1000).and("toys", 1, 2000).place())},
			want: `
				member:available                           | 100 grant
				member:pending                             | 10 grant_pending
				issued:purchase   10 grant_pending         |
				funded:shop                      100 grant |`,
			left: "available 100, pending 10",
		},
		{
			name:    "a cap cuts from the last line upward",
			program: `earn: { rate: "0.1", cap_per_order: 100 }`,
			when:    []event{at("04-01", buy("O-1", 1, 900).and("toys", 1, 500).and("toys", 1, 500).place())},
			want: `
				member:pending                                         | 90 grant_pending, 10 grant_pending
				issued:purchase  100 grant_pending                     |`,
			left: "pending 100",
		},
		{
			name:    "nothing is redeemed or earned for nothing",
			program: silent,
			when:    []event{at("04-01", buy("O-1", 1, 0).place())},
			check: func(t *testing.T, b *Book) {
				if !b.Enrolled() || b.QualifiedAt.IsZero() || len(b.Journal) > 0 {
					t.Errorf("an order enrols and qualifies: %+v", b.State)
				}
			},
		},
	})
}

// Source: SM-P7.2; rulings 10 and 11.
func TestWhatPointsMayNotPay(t *testing.T) {
	rules := silent + `redeem: { min: 100, step: 50, max_share: "0.5", excluded_categories: [tobacco] }`
	given := []event{at("04-01", grant(10000))}
	for name, c := range map[string]struct {
		order order
		code  points.Code
	}{
		"the least":                  {buy("O-1", 1, 1000).with(100), ""},
		"too few":                    {buy("O-1", 1, 1000).with(50), points.RedeemRule},
		"no step":                    {buy("O-1", 1, 1000).with(120), points.RedeemRule},
		"the largest share":          {buy("O-1", 1, 1000).with(500), ""},
		"too large a share":          {buy("O-1", 1, 1000).with(550), points.RedeemRule},
		"none":                       {buy("O-1", 1, 1000), ""},
		"all that they may pay":      {buy("O-1", 1, 300).and("tobacco/pipe", 1, 1000).ship(200, 0).with(500), ""},
		"goods that they may not":    {buy("O-1", 1, 300).and("tobacco/pipe", 1, 1000).ship(200, 0).with(550), points.RedeemRule},
		"tenders that are too small": {buy("O-1", 1, 1000).worth(100, 101), points.TendersDoNotCoverTotal},
		"tenders that are too large": {buy("O-1", 1, 1000).worth(100, 99), points.TendersDoNotCoverTotal},
		"more than there is":         {buy("O-1", 1, 30000).with(10050), points.InsufficientPoints},
		"a discount beyond the line": {buy("O-1", 1, 1000).off(1001), points.ValidationFailed},
		"the whole line discounted":  {buy("O-1", 1, 1000).off(1000), ""},
		"a negative price":           {buy("O-1", 1, -1), points.AmountOutOfRange},
		"an amount beyond the range": {buy("O-1", 2, 1<<52), points.AmountOutOfRange},
		"a total beyond the range":   {buy("O-1", 1, 1<<53-1).ship(1, 0).with(100), points.AmountOutOfRange},
		"no pieces":                  {buy("O-1", 0, 10), points.ValidationFailed},
		"no lines":                   {order{points.OrderRequest{OrderID: "O-1"}}, points.ValidationFailed},
		"a line twice":               {func() order { o := buy("O-1", 1, 10).and("toys", 1, 10); o.Lines[1].LineID = "1"; return o }(), points.ValidationFailed},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(aProgram(t, rules))
			play(t, b, append(given, event{day("04-02"), c.order.place(), c.code}))
		})
	}
}

// An order may not earn more than a member may have.
func TestAnOrderThatEarnsTooMuch(t *testing.T) {
	b := New(aProgram(t, `earn: { rate: "0.1" }`))
	play(t, b, []event{at("04-01", points.GrantPoints{Points: 1<<53 - 1 - 15}), at("04-01", buy("O-1", 1, 100).place()),
		refused("04-01", buy("O-2", 1, 60).place(), points.AmountOutOfRange), at("04-01", buy("O-2", 1, 59).place()), refused("04-01", reprice("O-2", 60), points.AmountOutOfRange)})
}

// Points are spread only over what they may pay, by largest remainder, equal remainders to the earlier component.
func TestAllocation(t *testing.T) {
	for name, c := range map[string]struct {
		order order
		want  []int64 // of the lines, shipping, fees
	}{
		"the worked example":   {buy("O", 2, 1500).ship(500, 300).with(1000), []int64{789, 132, 79}},
		"equal remainders":     {buy("O", 1, 100).and("toys", 1, 100).and("toys", 1, 100).with(100), []int64{34, 33, 33, 0}},
		"excluded goods":       {buy("O", 1, 100).and("tobacco", 1, 100).ship(100, 0).with(150), []int64{75, 0, 75}},
		"a discount":           {buy("O", 2, 100).off(150).ship(150, 0).with(100), []int64{25, 75}},
		"free goods take none": {buy("O", 1, 0).and("toys", 1, 10).with(10), []int64{0, 10, 0}},
		"all of it":            {buy("O", 3, 33).ship(1, 0).with(100), []int64{99, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(aProgram(t, silent+`redeem: { excluded_categories: [tobacco] }`))
			play(t, b, []event{at("04-01", grant(1000)), at("04-01", c.order.place())})
			o := b.Order("O")
			var got []int64
			for _, l := range o.Lines {
				got = append(got, int64(l.Points))
			}
			got = append(got, int64(o.Shipping.Points))
			for _, f := range o.Fees {
				got = append(got, int64(f.Points))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("spread as %d, not %d", got, c.want)
			}
		})
	}
}

// The version in force when the operation happens rules the limits and the order of lots; the order's own the earning.
func TestVersions(t *testing.T) {
	first := aProgram(t, `earn: { rate: "0.1" }`+"\n"+`redeem: { min: 1 }`)
	second, err := parse("2026-05-01", `earn: { rate: "0" }`+"\n"+`redeem: { min: 100, lot_order: oldest_grant }`)
	if err != nil {
		t.Fatal(err)
	}
	b := New(first, second)
	play(t, b, []event{at("04-01", until("12-31", 10)), at("04-02", until("11-30", 300)), at("04-28", buy("O-0", 1, 5).with(5).place())})
	if lots := b.AllLots(); lots[0].Remaining != 295 {
		t.Errorf("the first to expire goes first in April: %+v", lots)
	}
	late := func(o order) points.Command { o.OrderedAt = day("04-29"); return o.place() }
	play(t, b, []event{
		at("05-02", grant(60)),
		refused("05-03", late(buy("O-1", 1, 1000).with(50)), points.RedeemRule), // booked in May, when no fewer than 100 may be used
		at("05-03", late(buy("O-1", 1, 1000).with(100))),
		refused("05-03", buy("O-2", 1, 1000).with(50).place(), points.RedeemRule),
	})
	o := b.Order("O-1")
	if o.Version != 1 || o.Lines[0].Earned.Points != 90 || !b.Holds[0].Due.Equal(day("05-30")) {
		t.Errorf("an order of April earns by April's rules: %+v, held until %s", o, b.Holds[0].Due)
	}
	if took := o.Takings; took[0].Lot != 1 || took[0].Points != 10 {
		t.Errorf("the oldest grant goes first in May: %+v", took)
	}
}
