package refundstest

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"chobo/points"
	"chobo/points/pointstest"
	"chobo/points/program"
	"chobo/refunds/policy"
)

//go:embed returns.yaml
var returns []byte

// Terms are the returns policies that tests decide by.
var Terms = func() policy.Book {
	p, err := policy.Load("returns.yaml", returns)
	if err != nil {
		panic(err)
	}
	book, err := policy.Book{}.With(p)
	if err != nil {
		panic(err)
	}
	return book
}()

// Begin is when trade begins.
var Begin = time.Date(2026, 4, 1, 1, 0, 0, 0, time.UTC)

// ProgramFile is the file of a program for tests, to be filled in as AProgram does.
const ProgramFile = `
program: test
returns_policy: test
effective_from: %s
point_value: "%s"
earn:
  rate: "%s"
  rounding: %s
  hold: { days: %s, from: %s, latest: %s }
  cap_per_order: %s
  rules:
    - { name: toys, when: 'category == "toys"', rate: "%s", funded_by: shop, hold: { days: %s, from: ordered } }
redeem: { min: %s, step: %s, max_share: "%s", excluded_categories: [%s], lot_order: %s }
expiry: { %s }
restore: { expired_lot: %s, closed_member: %s, grace_days: %s }
reprice: { refund_order: %s }
clawback: { take: [%s] }
sweep: { days: %s }
`

// AProgram draws a version of the test program. Most are simple: what is special in them, one can see.
func AProgram(t *rapid.T, from, value string) *program.Program {
	takes := Distinct(t, "take", Between(t, "takes", 1, 7), "lot", "other_lots", "pending", "withhold", "net_future_grants", "receivable", "absorb")
	source := fmt.Sprintf(ProgramFile, from, value,
		OneOf(t, "rate", "0.01", "0.1", "1", "0.333"), OneOf(t, "rounding", "floor", "half_up", "ceil"),
		OneOf(t, "hold", "0", "3", "10"), OneOf(t, "from", "ordered", "ordered", "paid", "shipped", "delivered"), OneOf(t, "latest", "0", "5"),
		OneOf(t, "cap", "0", "0", "20"), OneOf(t, "toys", "0.2", "0"), OneOf(t, "hold of toys", "0", "5"),
		OneOf(t, "min", "1", "1", "10"), OneOf(t, "step", "1", "1", "10"), OneOf(t, "share", "1", "1", "0.5"), OneOf(t, "excluded", "", "", "food"),
		OneOf(t, "order", "earliest_expiry", "oldest_grant"),
		OneOf(t, "expiry", "mode: fixed, months: 1", "mode: fixed_end_of_month, months: 1", "mode: inactivity, months: 1", "mode: none"),
		OneOf(t, "expired", "cash", "reissue", "forfeit"), OneOf(t, "closed", "cash", "forfeit"), OneOf(t, "grace", "0", "7"),
		OneOf(t, "reprice", "other_tender_first", "proportional"), strings.Join(takes, ", "), OneOf(t, "sweep", "0", "14"))
	p, err := program.Parse("test.yaml", []byte(source))
	if err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	return p
}

// AHistory draws one or two versions, the second in force after some weeks.
func AHistory(t *rapid.T) []*program.Program {
	value := OneOf(t, "value", "1", "1", "0.5", "1.5", "0.01")
	versions := []*program.Program{AProgram(t, "2017-07-03", value)}
	if rapid.Bool().Draw(t, "second version") {
		versions = append(versions, AProgram(t, "2026-04-20", value))
	}
	return versions
}

// ABook is an empty book of those versions, with two benefits.
func ABook(versions []*program.Program) *pointstest.Book {
	b := pointstest.New(versions...)
	b.Offer(points.Benefit{ID: "mug", Points: 40}, -1)
	b.Offer(points.Benefit{ID: "pen", Points: 10}, 3)
	return b
}
