package points_test

import (
	"testing"

	"chobo/points"
	. "chobo/points/pointstest"
	"chobo/points/program"
)

// Source: AS-5, SM-P3.3.
func TestLotsExpire(t *testing.T) {
	tell(t, []story{
		{
			name:    "twelve months, to the end of the day",
			program: silent + "expiry: { mode: fixed, months: 12 }",
			given:   []event{at("04-01 15h", grant(100)), at("2027-04-01", buy("O-1", 1, 30).with(30).place())},
			when:    []event{wait("2027-04-02")},
			want: `
				member:available  70 expire |
				expired:lots                | 70 expire`,
		},
		{
			name:    "to the end of the month",
			program: silent + "expiry: { mode: fixed_end_of_month, months: 1 }",
			given:   []event{at("04-10", grant(100)), at("05-31 23h", buy("O-1", 1, 30).with(30).place())},
			when:    []event{wait("06-01")},
			want:    `member:available 70 expire |   expired:lots | 70 expire`,
		},
		{
			name:    "what is past its day cannot be spent, whether or not the job has run",
			program: silent,
			given:   []event{at("04-01", until("04-10", 100))},
			when:    []event{refused("04-10", buy("O-1", 1, 30).with(30).place(), points.InsufficientPoints)},
			left:    "available 100", // nothing was posted
			check: func(t *testing.T, b *Book) {
				if got := b.At(day("04-10")).View(); got.Points.Available != 0 || len(got.Expiring) != 0 {
					t.Errorf("shown as %+v", got)
				}
				if got := b.At(day("04-09 23h")).View(); got.Points.Available != 100 || len(got.Expiring) != 1 {
					t.Errorf("shown as %+v", got)
				}
			},
		},
		{
			name:    "a spent lot that expires is not subtracted twice",
			program: silent,
			given:   []event{at("04-01", until("04-10", 100)), at("04-01", grant(50)), at("04-02", buy("O-1", 1, 90).with(90).place())},
			when:    []event{wait("04-11")},
			want:    `member:available 10 expire |   expired:lots | 10 expire`,
			left:    "available 50",
		},
		{
			name:    "what matures and expires while nobody looks is posted in its order",
			program: `earn: { rate: "0.1", hold: { days: 3 } }` + "\nexpiry: { mode: fixed, months: 1 }",
			given:   []event{at("04-01", buy("O-1", 1, 1000).place())},
			when:    []event{wait("2027-01-01")},
			want: `
				member:available  100 expire | 100 mature
				member:pending    100 mature |
				expired:lots                 | 100 expire`,
			check: func(t *testing.T, b *Book) {
				n := len(b.Journal)
				if mature, expire := b.Journal[n-2].OccurredAt, b.Journal[n-1].OccurredAt; !mature.Equal(day("04-05")) || !expire.Equal(day("05-06")) {
					t.Errorf("matured %s, expired %s", mature, expire)
				}
			},
		},
	})
}

// The job that expires lots also finds those that have not been born yet.
func TestALotThatIsBornAndDiesUnseen(t *testing.T) {
	b := New(aProgram(t, `earn: { rate: "0.1", hold: { days: 3 } }`+"\nexpiry: { mode: fixed, months: 1 }"))
	play(t, b, []event{at("04-01", buy("O-1", 1, 1000).place()), at("04-01", buy("O-2", 1, 500).place())})
	from := len(b.Journal)
	play(t, b, []event{at("06-01", points.Visit{Kind: points.DueExpire, AsOf: day("06-01")})})
	if got := b.Kinds(from); got != "mature mature expire" || b.Journal[from].Subject != "O-1" || b.Journal[from+1].Subject != "O-2" {
		t.Errorf("posted %s, of %q and %q", got, b.Journal[from].Subject, b.Journal[from+1].Subject)
	}
}

// Source: SM-P6.3, ruling 17.
func TestInactivityTakesAllAvailablePoints(t *testing.T) {
	inactive := `earn: { rate: "0.1", hold: { days: 3 } }` + "\nexpiry: { mode: inactivity, months: 1 }"
	tell(t, []story{
		{
			name:    "to the end of the day a month after the last order; a lot with an earlier day of its own goes before",
			program: inactive,
			given:   []event{at("04-01", until("04-20", 7)), at("04-01", grant(30)), at("04-10 15h", buy("O-1", 1, 100).place())},
			when:    []event{wait("05-10 23h"), wait("05-11")},
			want: `
				member:available    7 expire, 30 lapse, 10 lapse | 10 mature
				member:pending                         10 mature |
				expired:lots                                     | 7 expire
				expired:inactivity                               | 30 lapse, 10 lapse`,
		},
		{
			name:    "a grant by hand moves the day, an adjustment too, maturing does not",
			program: inactive,
			given:   []event{at("04-01", points.GrantPoints{Points: 30, HoldDays: 25}), at("04-10", points.AdjustPoints{Points: 5, Reason: "r", Actor: "op"})},
			when:    []event{wait("05-10 23h"), wait("05-11")},
			want: `
				member:available    5 lapse, 30 lapse | 30 mature
				member:pending              30 mature |
				expired:inactivity                    | 5 lapse, 30 lapse`,
		},
		{
			name:    "a restoration moves the day; a reservation does not, and what it holds lapses when it comes back",
			program: inactive,
			given: []event{at("04-01", grant(100)), at("04-02", buy("O-1", 1, 40).with(40).place()), at("04-20", cancel("O-1")),
				at("05-15", reserve("V-1", 60, "05-25"))},
			when: []event{wait("05-21"), wait("05-25")},
			want: `
				member:available     40 lapse |
				member:reserved    60 release |
				expired:inactivity            | 40 lapse, 60 release`,
		},
		{
			name:    "pending points are untouched, and a cancelled order stays qualifying",
			program: `earn: { rate: "0.1", hold: { days: 60 } }` + "\nexpiry: { mode: inactivity, months: 1 }",
			given:   []event{at("04-01", grant(100)), at("04-15", buy("O-1", 1, 100).place()), at("04-20", buy("O-2", 1, 300).place()), at("04-20", cancel("O-2"))},
			when:    []event{wait("05-20 23h"), wait("05-21")},
			want:    `member:available 100 lapse |   expired:inactivity | 100 lapse`,
			left:    "pending 10",
		},
		{
			name:    "points of a lot that lapsed meanwhile come back as those of an expired one",
			program: silent + "expiry: { mode: inactivity, months: 1 }\nrestore: { expired_lot: forfeit }",
			given:   []event{at("04-01", grant(100)), at("04-01", buy("O-1", 1, 60).with(60).place()), wait("05-10")},
			when:    []event{at("05-10", cancel("O-1"))},
			want: `
				member:available    60 lapse   | 60 restore
				redeemed:orders     60 restore |
				expired:inactivity             | 60 lapse`,
		},
	})
}

// The months of the version then in force count; one that comes later cannot make points lapse before it came.
// Source: rulings 2 and 7.
func TestANewVersionDoesNotLapseThePast(t *testing.T) {
	first := aProgram(t, silent+"expiry: { mode: inactivity, months: 12 }")
	second, err := parse("2026-08-15", silent+"expiry: { mode: inactivity, months: 2 }")
	if err != nil {
		t.Fatal(err)
	}
	longer, err := parse("2026-05-15", silent+"expiry: { mode: inactivity, months: 12 }")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		granted, lapses string
		versions        []*program.Program
	}{
		{"04-01", "08-15", []*program.Program{first, second}}, // 2 months were over when the version came
		{"07-01", "09-02", []*program.Program{first, second}},
		{"04-01", "2027-04-02", []*program.Program{aProgram(t, silent+"expiry: { mode: inactivity, months: 2 }"), longer}}, // before they were over a longer one came
	} {
		b := New(c.versions...)
		play(t, b, []event{at(c.granted, grant(10))})
		if got := b.NextDue(points.DueLapse); !got.Equal(day(c.lapses)) {
			t.Errorf("of %s they lapse at %s, not %s", c.granted, got.In(tokyo), c.lapses)
		}
		if n := b.At(day(c.lapses).Add(-1)).View().Points.Available; n != 10 {
			t.Errorf("of %s there are %d just before", c.granted, n)
		}
		play(t, b, []event{wait("2027-05-01")})
		if last := b.Journal[len(b.Journal)-1].OccurredAt; !last.Equal(day(c.lapses)) {
			t.Errorf("of %s they lapsed at %s, not %s", c.granted, last.In(tokyo), c.lapses)
		}
	}
}

// Every bucket is shown with its day, those that inactivity takes with that day. Regression of FloCafe#62.
func TestEveryExpiryIsShown(t *testing.T) {
	b := New(aProgram(t, silent+"expiry: { mode: inactivity, months: 12 }"))
	play(t, b, []event{at("04-01", until("05-01", 1)), at("04-01", until("06-01", 2)), at("04-01", until("05-01", 4)), at("04-01", grant(8)), at("04-01", until("2028-01-01", 16))})
	var got []points.ExpiringView
	for _, e := range b.At(day("04-02")).View().Expiring {
		got = append(got, points.ExpiringView{Points: e.Points, ExpiresAt: e.ExpiresAt.UTC()})
	}
	want := []points.ExpiringView{{Points: 5, ExpiresAt: day("05-01").UTC()}, {Points: 2, ExpiresAt: day("06-01").UTC()}, {Points: 24, ExpiresAt: day("2027-04-02").UTC()}}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("shown are %v, not %v", got, want)
	}
}
