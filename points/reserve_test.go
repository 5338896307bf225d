package points_test

import (
	"testing"
	"time"

	"chobo/points"
	. "chobo/points/pointstest"
)

// Source: ruling 18.
func TestReservations(t *testing.T) {
	tell(t, []story{
		{
			name:    "reserve, capture what the order uses, release the rest",
			program: silent,
			given:   []event{at("04-01", until("06-01", 60)), at("04-01", grant(100))},
			when:    []event{at("04-02", reserve("V-1", 90, "04-03")), at("04-02", capture("V-1", buy("O-1", 1, 70).with(70)))},
			want: `
				member:available  60 reserve, 30 reserve             | 20 release
				member:reserved   60 capture, 10 capture, 20 release | 60 reserve, 30 reserve
				redeemed:orders                                      | 70 capture`,
			left: "available 90",
		},
		{
			name:    "a void gives everything back",
			program: silent,
			given:   []event{at("04-01", grant(100))},
			when:    []event{at("04-02", reserve("V-1", 90, "04-03")), at("04-02", points.VoidReservation{ReservationID: "V-1"})},
			want: `
				member:available  90 reserve | 90 release
				member:reserved   90 release | 90 reserve`,
			left: "available 100",
		},
		{
			name:    "its end gives everything back by itself, at its time",
			program: silent,
			given:   []event{at("04-01", grant(100)), at("04-02", reserve("V-1", 90, "04-03"))},
			when:    []event{refused("04-03", capture("V-1", buy("O-1", 1, 70).with(70)), points.Conflict), wait("04-04"), refused("04-04", points.VoidReservation{ReservationID: "V-1"}, points.Conflict)},
			want: `
				member:available            | 90 release
				member:reserved  90 release |`,
			left: "available 100",
			check: func(t *testing.T, b *Book) {
				r := Decode[points.Reservation](b, points.Key{Kind: points.ReservationDocument, ID: "V-1"})
				if last := r.History[len(r.History)-1]; r.State != "released" || !last.At.Equal(day("04-03")) {
					t.Errorf("%s %+v", r.State, r.History)
				}
			},
		},
		{
			name:    "points that expire while reserved can still be captured",
			program: silent,
			given:   []event{at("04-01", until("04-05", 100)), at("04-02", reserve("V-1", 90, "04-10"))},
			when:    []event{at("04-06", capture("V-1", buy("O-1", 1, 90).with(90)))},
			want: `
				member:available  10 expire  |
				member:reserved   90 capture |
				redeemed:orders              | 90 capture
				expired:lots                 | 10 expire`,
		},
		{
			name:    "released, they expire at once, at the time of the release",
			program: silent,
			given:   []event{at("04-01", until("04-05", 100)), at("04-02", reserve("V-1", 90, "04-10"))},
			when:    []event{at("04-06", capture("V-1", buy("O-1", 1, 30).with(30)))},
			want: `
				member:available               10 expire |
				member:reserved   30 capture, 60 release |
				redeemed:orders                          | 30 capture
				expired:lots                             | 10 expire, 60 release`,
			check: func(t *testing.T, b *Book) {
				if last := b.Journal[len(b.Journal)-1]; !last.OccurredAt.Equal(day("04-06")) {
					t.Errorf("released at %s", last.OccurredAt)
				}
			},
		},
		{
			name:    "released points go to no use-all order",
			program: silent + "sweep: { days: 14 }",
			given:   []event{at("04-01", grant(100)), at("04-01", reserve("V-1", 100, "04-03")), at("04-01", buy("O-1", 1, 500).useAll().place())},
			when:    []event{wait("04-04")},
			want:    `member:available | 100 release   member:reserved 100 release |`,
			left:    "available 100",
		},
		{
			name:    "a revocation of some leaves reserved points alone, one of all takes them too",
			program: silent,
			given:   []event{at("04-01", grant(100)), at("04-01", reserve("V-1", 60, "04-03"))},
			when:    []event{refused("04-01", revoke(50), points.InsufficientPoints), at("04-01", revoke(30)), at("04-01", revoke(0))},
			want: `
				member:available      30 revoke, 70 revoke | 60 release
				member:reserved                 60 release |
				forfeited:misconduct                       | 30 revoke, 70 revoke`,
		},
	})
}

// A job's visit works off the notes of its kind, and posts nothing behind the last event of it.
func TestVisits(t *testing.T) {
	b := New(aProgram(t, silent))
	play(t, b, []event{at("04-01", until("04-05", 1)), at("04-01", until("04-07", 2)), at("04-01", grant(50)), at("04-01", reserve("V-1", 3, "04-06"))})
	b.Batch(func() {
		b.Hints[points.DueRelease] = day("04-06")
		reply, err := b.Do(day("04-10"), points.Visit{Kind: points.DueRelease, AsOf: day("04-10")})
		if err != nil || Body(reply) != `{"Processed":1,"Points":3}` {
			t.Errorf("%v %s", err, Body(reply))
		}
		if !b.Visited(points.DueRelease).Equal(day("04-10")) || !b.Visited(points.DueExpire).IsZero() || !b.Hints[points.DueRelease].IsZero() {
			t.Errorf("visited %s, hints %v", b.Visited(points.DueRelease), b.Hints)
		}
	})
	if got := b.Kinds(4); got != "release" { // both lots were reserved, and expire when they come back
		t.Errorf("posted %s", got)
	}
}

// A spilled lot of which all is reserved does not expire before it is released, so no account is visited for it.
func TestReservedLotsAreNotDue(t *testing.T) {
	b := New(aProgram(t, silent))
	for range points.PackedLots {
		play(t, b, []event{at("04-01", grant(1))})
	}
	b.Account.Lots = append(b.Account.Lots, points.Lot{ID: 99, Reserved: 5, ExpiresAt: day("04-10")})
	if r := b.Repack(); r.Spilled != 1 || !r.SpillExpires.IsZero() {
		t.Errorf("spilled are %d, to expire at %s", r.Spilled, r.SpillExpires)
	}
}

func TestWhatCannotBeReserved(t *testing.T) {
	b := New(aProgram(t, silent))
	play(t, b, []event{
		at("04-01", grant(100)),
		refused("04-01", reserve("V-1", 101, "04-02"), points.InsufficientPoints),
		refused("04-01", reserve("V-1", 0, "04-02"), points.ValidationFailed),
		refused("04-02", reserve("V-1", 10, "04-02"), points.ValidationFailed),
		refused("04-02", reserve("V-1", 10, "05-02 01h"), points.ValidationFailed),
		at("04-02", reserve("V-1", 10, "05-02")),
		refused("04-02", reserve("V-1", 10, "05-02"), points.Conflict),
		refused("04-02", reserve("V-2", 91, "05-02"), points.InsufficientPoints),
		refused("04-02", capture("V-9", buy("O-1", 1, 70)), points.NotFound),
		refused("04-02", capture("V-1", buy("O-1", 1, 70).with(11)), points.InsufficientPoints),
		at("04-02", capture("V-1", buy("O-1", 1, 70).with(10))),
		refused("04-02", capture("V-1", buy("O-2", 1, 70).with(10)), points.Conflict),
		at("04-03", points.MakeReservation{ReservationID: "V-3", Points: 5}),
	})
	if got := b.NextDue(points.DueRelease); !got.Equal(day("04-03").Add(30 * time.Minute)) {
		t.Errorf("by default it ends at %s", got)
	}
}
