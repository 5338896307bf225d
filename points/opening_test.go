package points_test

import (
	"testing"
	"time"

	"chobo/points"
	. "chobo/points/pointstest"
)

// opened is a lot of another system, given at the time of its day.
func opened(on string, c points.OpenBalance) points.Command {
	c.At = day(on)
	return c
}

// Source: accounting.md, opening.
func TestOpenings(t *testing.T) {
	const yearly = "expiry: { mode: inactivity, months: 12 }"
	tell(t, []story{
		{
			name:    "a lot with the expiry that it had, brought over later",
			program: silent,
			when:    []event{at("04-01", opened("01-15", points.OpenBalance{Points: 700, ExpiresAt: day("05-01")}))},
			want:    `member:available |  700 opening   issued:opening 700 opening |`,
			left:    "available 700",
			check: func(t *testing.T, b *Book) {
				l := b.AllLots()[0]
				if !l.GrantedAt.Equal(day("01-15")) || !l.ExpiresAt.Equal(day("05-01")) {
					t.Errorf("the lot is of %s and expires %s", l.GrantedAt, l.ExpiresAt)
				}
			},
		},
		{
			name:    "it expires as it would have there",
			program: silent,
			given:   []event{at("04-01", opened("01-15", points.OpenBalance{Points: 700, ExpiresAt: day("05-01")}))},
			when:    []event{wait("05-01")},
			want:    `member:available 700 expire | expired:lots | 700 expire`,
		},
		{
			name:    "points still held mature when they would have",
			program: silent,
			when:    []event{at("04-01", points.OpenBalance{Points: 80, MaturesAt: day("04-20"), ExpiresAt: day("09-01")}), wait("04-20")},
			want: `
				member:available | 80 mature
				member:pending 80 mature | 80 opening
				issued:opening 80 opening |`,
			left: "available 80",
			check: func(t *testing.T, b *Book) {
				if l := b.AllLots()[0]; !l.ExpiresAt.Equal(day("09-01")) {
					t.Errorf("the lot expires %s", l.ExpiresAt)
				}
			},
		},
		{
			name:    "a hold that has ended by then is none",
			program: silent,
			when:    []event{at("04-01", opened("03-01", points.OpenBalance{Points: 80, MaturesAt: day("02-20")}))},
			want:    `member:available | 80 opening  issued:opening 80 opening |`,
			left:    "available 80",
		},
		{
			name:    "lots of several days, the oldest last: all are of the day on which the books already stand",
			program: silent,
			when: []event{
				at("04-01", opened("03-01", points.OpenBalance{Points: 5, ExpiresAt: day("05-01")})),
				at("04-01", opened("01-01", points.OpenBalance{Points: 7, ExpiresAt: day("06-01")})),
				refused("04-01", opened("01-01", points.OpenBalance{Points: 7, ExpiresAt: day("02-01")}), points.ValidationFailed),
			},
			want: `member:available | 5 opening, 7 opening  issued:opening 5 opening, 7 opening |`,
			left: "available 12",
		},
		{
			name:    "inactivity counts from what the other system knew",
			program: yearly,
			when:    []event{at("04-01", opened("2025-01-15", points.OpenBalance{Points: 100, QualifiedAt: day("2026-03-01")})), wait("2027-03-01")},
			want:    `member:available | 100 opening  issued:opening 100 opening |`,
			left:    "available 100",
		},
		{
			name:    "and else from the lot",
			program: yearly,
			when:    []event{at("04-01", opened("2025-01-15", points.OpenBalance{Points: 100})), wait("04-02")},
			want: `
				member:available 100 lapse | 100 opening
				issued:opening 100 opening |
				expired:inactivity | 100 lapse`,
		},
		{
			name:    "a membership alone posts nothing, and lots of earlier days follow",
			program: silent,
			when:    []event{at("04-01", points.OpenBalance{}), at("04-01", points.OpenBalance{}), at("04-02", opened("01-15", points.OpenBalance{Points: 9}))},
			want:    `member:available | 9 opening  issued:opening 9 opening |`,
			left:    "available 9",
			check: func(t *testing.T, b *Book) {
				if at := b.Journal[0].OccurredAt; !at.Equal(day("01-15")) || !b.Enrolled() {
					t.Errorf("the lot is of %s, enrolled: %v", at, b.Enrolled())
				}
			},
		},
		{
			name:    "a suspended member keeps what he had; a closed one gets nothing",
			program: silent,
			given:   []event{at("04-01", points.OpenBalance{}), at("04-01", points.ChangeMembership{To: points.Suspended, Reason: "r", Actor: "op"})},
			when: []event{
				at("04-02", points.OpenBalance{Points: 9}),
				at("04-03", points.ChangeMembership{To: points.Closed, Reason: "r", Actor: "op"}),
				refused("04-04", points.OpenBalance{Points: 9}, points.MemberClosed),
			},
			want: `
				member:available 9 forfeit | 9 opening
				issued:opening 9 opening |
				forfeited:closure | 9 forfeit`,
		},
		{
			name:    "what makes no sense is refused",
			program: silent,
			when: []event{
				refused("04-01", points.OpenBalance{Points: -1}, points.AmountOutOfRange),
				refused("04-01", points.OpenBalance{Points: 1 << 53}, points.AmountOutOfRange),
				refused("04-01", points.OpenBalance{Points: 5, ExpiresAt: day("04-01")}, points.ValidationFailed),
				refused("04-01", points.OpenBalance{Points: 5, MaturesAt: day("05-01"), ExpiresAt: day("05-01")}, points.ValidationFailed),
				refused("04-01", points.OpenBalance{Points: 5, QualifiedAt: day("04-02")}, points.ValidationFailed),
				refused("04-01", points.OpenBalance{Points: 5, At: day("04-01").Add(time.Hour)}, points.TimeInFuture),
			},
		},
	})
}

func TestAnOpeningRemembersItsReference(t *testing.T) {
	b := New(aProgram(t, silent))
	play(t, b, []event{at("04-01", points.OpenBalance{Points: 5, Reference: "legacy 7", Actor: "eva"})})
	if tx := b.Journal[0]; tx.Subject != "legacy 7" || tx.Actor != "eva" {
		t.Errorf("%+v", tx)
	}
}
