package refunds_test

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
	"chobo/points/program"
	"chobo/refunds"
	"chobo/refunds/policy"
)

//go:embed testdata/returns.yaml
var testdata embed.FS

// terms are the returns policies that tests decide by.
var terms = func() policy.Book {
	src, err := testdata.ReadFile("testdata/returns.yaml")
	if err != nil {
		panic(err)
	}
	p, err := policy.Load("returns.yaml", src)
	if err != nil {
		panic(err)
	}
	book, err := policy.Book{}.With(p)
	if err != nil {
		panic(err)
	}
	return book
}()

var begin = time.Date(2026, 4, 1, 1, 0, 0, 0, time.UTC)

const programFile = `
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

// below draws a number from 0 to n-1, each as likely as any other; rapid's own numbers are mostly small.
func below(t *rapid.T, what string, n int) int {
	return rapid.Custom(func(t *rapid.T) (x int) {
		for range 12 {
			x *= 2
			if rapid.Bool().Draw(t, "bit") {
				x++
			}
		}
		return x % n
	}).Draw(t, what)
}

func between(t *rapid.T, what string, from, to int) int { return from + below(t, what, to-from+1) }

// distinct draws n of the values, in any order.
func distinct[T any](t *rapid.T, what string, n int, of ...T) (out []T) {
	of = slices.Clone(of)
	for range n {
		i := below(t, what, len(of))
		out = append(out, of[i])
		of = slices.Delete(of, i, i+1)
	}
	return out
}

func oneOf[T any](t *rapid.T, what string, of ...T) T { return of[below(t, what, len(of))] }

// aProgram draws a version of the test program. Most are simple: what is special in them, one can see.
func aProgram(t *rapid.T, from, value string) *program.Program {
	takes := distinct(t, "take", between(t, "takes", 1, 7), "lot", "other_lots", "pending", "withhold", "net_future_grants", "receivable", "absorb")
	source := fmt.Sprintf(programFile, from, value,
		oneOf(t, "rate", "0.01", "0.1", "1", "0.333"), oneOf(t, "rounding", "floor", "half_up", "ceil"),
		oneOf(t, "hold", "0", "3", "10"), oneOf(t, "from", "ordered", "ordered", "paid", "shipped", "delivered"), oneOf(t, "latest", "0", "5"),
		oneOf(t, "cap", "0", "0", "20"), oneOf(t, "toys", "0.2", "0"), oneOf(t, "hold of toys", "0", "5"),
		oneOf(t, "min", "1", "1", "10"), oneOf(t, "step", "1", "1", "10"), oneOf(t, "share", "1", "1", "0.5"), oneOf(t, "excluded", "", "", "food"),
		oneOf(t, "order", "earliest_expiry", "oldest_grant"),
		oneOf(t, "expiry", "mode: fixed, months: 1", "mode: fixed_end_of_month, months: 1", "mode: inactivity, months: 1", "mode: none"),
		oneOf(t, "expired", "cash", "reissue", "forfeit"), oneOf(t, "closed", "cash", "forfeit"), oneOf(t, "grace", "0", "7"),
		oneOf(t, "reprice", "other_tender_first", "proportional"), strings.Join(takes, ", "), oneOf(t, "sweep", "0", "14"))
	p, err := program.Parse("test.yaml", []byte(source))
	if err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	return p
}

// aHistory draws one or two versions, the second in force after some weeks.
func aHistory(t *rapid.T) []*program.Program {
	value := oneOf(t, "value", "1", "1", "0.5", "1.5", "0.01")
	versions := []*program.Program{aProgram(t, "2017-07-03", value)}
	if rapid.Bool().Draw(t, "second version") {
		versions = append(versions, aProgram(t, "2026-04-20", value))
	}
	return versions
}

// A trade draws commands for one member, whatever they are worth.
type trade struct {
	value  string
	orders []points.OrderRequest
	made   map[string]int // what was asked for, by its kind
	past   bool           // commands may give times of the last days
}

func (w *trade) id(kind string) string {
	w.made[kind]++
	return fmt.Sprintf("%s%d", kind, w.made[kind])
}

// known is an id of that kind, mostly one that was asked for.
func (w *trade) known(t *rapid.T, kind string) string {
	return fmt.Sprintf("%s%d", kind, between(t, kind, 1, w.made[kind]+1))
}

func (w *trade) time(t *rapid.T, now time.Time) time.Time {
	if !w.past {
		return time.Time{}
	}
	switch between(t, "when", 0, 9) {
	case 0:
		return now.Add(-time.Duration(between(t, "hours ago", 1, 7*24)) * time.Hour)
	case 1:
		return now.Add(time.Duration(between(t, "minutes ahead", 1, 10)) * time.Minute)
	default:
		return time.Time{}
	}
}

// order draws an order that mostly keeps the rules, of a member who has so many points.
func (w *trade) order(t *rapid.T, now time.Time, have ledger.Points) points.OrderRequest {
	o := points.OrderRequest{OrderID: w.id("O"), ShopID: oneOf(t, "shop", "S-1", "S-2"), OrderedAt: w.time(t, now),
		Shipping: ledger.Money(oneOf(t, "shipping", 0, 0, 50, 7)), UseAllPoints: between(t, "use all", 0, 2) == 0}
	total := o.Shipping
	for i := range between(t, "lines", 1, 3) {
		l := points.OrderLineRequest{LineID: fmt.Sprint(i + 1), Category: oneOf(t, "category", "books", "toys", "food"),
			Quantity: int64(between(t, "quantity", 1, 3)), UnitPrice: ledger.Money(between(t, "price", 0, 120))}
		l.Discount = ledger.Money(oneOf(t, "discount", 0, 0, 0, 5))
		total += l.UnitPrice*ledger.Money(l.Quantity) - l.Discount
		o.Lines = append(o.Lines, l)
	}
	if rapid.Bool().Draw(t, "cod") {
		o.Fees = points.Fees{{Name: "cod", Amount: 30}}
		total += 30
	}
	o.Tenders = w.tenders(t, total, have)
	if between(t, "wrong", 0, 15) == 0 {
		o.Tenders.Money += ledger.Money(between(t, "off", -5, 5))
	}
	w.orders = append(w.orders, o)
	return o
}

// tenders divides a total over points and money.
func (w *trade) tenders(t *rapid.T, total ledger.Money, have ledger.Points) points.Tenders {
	rate := map[string][2]int64{"1": {1, 1}, "0.5": {2, 1}, "1.5": {2, 3}, "0.01": {100, 1}}[w.value] // points worth money
	most := min(int64(have)/rate[0], int64(max(0, total))/rate[1])
	var steps int64
	switch between(t, "how many points", 0, 4) {
	case 0:
	case 1:
		steps = most
	case 2:
		steps = most / 10 * 10
	case 3:
		steps = most + 1
	default:
		steps = int64(between(t, "steps", 0, int(min(4000, max(0, most)))))
	}
	return points.Tenders{Points: ledger.Points(steps * rate[0]), Money: total - ledger.Money(steps*rate[1])}
}

func (w *trade) lines(t *rapid.T) (units []refunds.ReturnUnits) {
	for _, line := range distinct(t, "line", oneOf(t, "lines", 1, 1, 2, 3), 1, 2, 3) {
		units = append(units, refunds.ReturnUnits{LineID: fmt.Sprint(line), Quantity: int64(between(t, "pieces", 1, 2))})
	}
	return units
}

// ordersOf counts how often a command is drawn.
var drawn = map[string]int{
	"grant": 4, "adjust": 2, "revoke": 1, "order": 8, "reserve": 2, "capture": 2, "void": 1, "status": 4, "reprice": 3,
	"cancel": 2, "cancel lines": 1, "resolve cancel": 1, "return": 5, "receive": 3, "resolve": 2,
	"exchange": 2, "change exchange": 2, "suspend": 1, "reinstate": 1, "close": 0, "pay": 2, "write off": 1, "visit": 2,
}

var deck = func() (deck []string) {
	for _, name := range slices.Sorted(maps.Keys(drawn)) {
		deck = append(deck, slices.Repeat([]string{name}, drawn[name])...)
	}
	return deck
}()

// command draws the next command of a member whose account stands so.
func (w *trade) command(t *rapid.T, b *Book, now time.Time) points.Command {
	what := oneOf(t, "command", deck...)
	if what == "suspend" && between(t, "leaves", 0, 5) == 0 {
		what = "close"
	}
	switch what {
	case "grant":
		g := points.GrantPoints{Points: ledger.Points(between(t, "points", 1, 600)), HoldDays: oneOf(t, "hold", 0, 0, 4), At: w.time(t, now)}
		if rapid.Bool().Draw(t, "own expiry") {
			g.ExpiresAt = now.AddDate(0, 0, between(t, "days", 1, 30))
		}
		if between(t, "by shop", 0, 3) == 0 {
			g.FundedBy, g.ShopID = "shop", "S-1"
		}
		return g
	case "adjust":
		return points.AdjustPoints{Points: ledger.Points(between(t, "points", -60, 60)), Reason: "r", Actor: "op", At: w.time(t, now)}
	case "revoke":
		if between(t, "all", 0, 4) == 0 {
			return points.RevokePoints{All: true, Reason: "r", Actor: "op"}
		}
		return points.RevokePoints{Points: ledger.Points(between(t, "points", 1, 80)), Reason: "r", Actor: "op"}
	case "order":
		return points.PlaceOrder{Order: w.order(t, now, b.Available)}
	case "reserve":
		return points.MakeReservation{ReservationID: w.id("V"), Points: ledger.Points(between(t, "points", 1, 100)),
			ExpiresAt: now.Add(time.Duration(between(t, "hours", 0, 20*24)) * time.Hour)}
	case "capture":
		return points.CaptureReservation{ReservationID: w.known(t, "V"), Order: w.order(t, now, min(b.Reserved, 100))}
	case "void":
		return points.VoidReservation{ReservationID: w.known(t, "V")}
	case "status":
		return points.SetStatus{OrderID: w.known(t, "O"), At: w.time(t, now),
			Status: points.OrderStatus(oneOf(t, "status", "paid", "preparing", "prepared", "shipped", "delivered", "undeliverable"))}
	case "reprice":
		r := points.Repricing{At: w.time(t, now)}
		for _, line := range distinct(t, "line", between(t, "lines", 0, 2), 1, 2, 3) {
			r.Lines = append(r.Lines, points.LinePrice{LineID: fmt.Sprint(line), UnitPrice: ledger.Money(between(t, "price", 0, 150))})
		}
		if between(t, "ship", 0, 3) == 0 {
			r.Shipping = new(ledger.Money(between(t, "shipping", 0, 60)))
		}
		if between(t, "fee", 0, 3) == 0 {
			r.Fees = points.Fees{{Name: "cod", Amount: ledger.Money(between(t, "cod", 0, 60))}}
		}
		return points.Reprice{OrderID: w.known(t, "O"), Prices: r}
	case "cancel":
		return refunds.Cancel{OrderID: w.known(t, "O"), Policies: terms, Request: refunds.CancelRequest{InitiatedBy: oneOf(t, "by", "", "member", "shop", "robot"), RequestedAt: w.time(t, now)}}
	case "cancel lines":
		return refunds.Cancel{OrderID: w.known(t, "O"), Policies: terms, Request: refunds.CancelRequest{InitiatedBy: oneOf(t, "by", "member", "shop", "operator"), Lines: w.lines(t)}}
	case "resolve cancel":
		return refunds.ResolveCancel{OrderID: w.known(t, "O"), Resolution: aResolution(t)}
	case "return":
		return refunds.MakeReturn{OrderID: w.known(t, "O"), Policies: terms, Request: refunds.ReturnRequest{ReturnID: w.id("R"), Lines: w.lines(t), RequestedAt: w.time(t, now),
			Reason: oneOf(t, "reason", "customer_convenience", "late_delivery", "wrong_item", "defect", "defect", "lost", "damaged_in_transit")}}
	case "receive":
		return refunds.Receive{OrderID: w.known(t, "O"), ReturnID: w.known(t, "R"), Policies: terms, Receipt: refunds.Receipt{At: w.time(t, now),
			Inspection: oneOf(t, "inspection", "confirmed", "confirmed", "not_required", "no_fault_found", "customer_fault"), Costs: map[string]ledger.Money{"handling": 3}}}
	case "resolve":
		return refunds.ResolveReturn{OrderID: w.known(t, "O"), ReturnID: w.known(t, "R"), Resolution: aResolution(t)}
	case "exchange":
		return points.ExchangePoints{ExchangeID: w.id("X"), BenefitID: oneOf(t, "benefit", "mug", "pen"), Quantity: int64(between(t, "quantity", 0, 2)),
			ShipTo: points.ShipTo{Country: "JP", IsMember: true}}
	case "change exchange":
		return points.ChangeExchange{ExchangeID: w.known(t, "X"), To: oneOf(t, "to", "fulfil", "cancel", "cancel", "substitute", "substitute"),
			BenefitID: oneOf(t, "benefit", "mug", "pen"), Reason: "r", Actor: "op"}
	case "suspend":
		return points.ChangeMembership{To: points.Suspended, Reason: "r", Actor: "op"}
	case "reinstate":
		return points.ChangeMembership{To: points.Active, Reason: "r", Actor: "op"}
	case "close":
		return points.ChangeMembership{To: points.Closed, Reason: "r", Actor: "op"}
	case "pay":
		return points.PayReceivable{ID: w.receivable(t, b), Money: ledger.Money(between(t, "money", 1, 20)), Actor: "op"}
	case "write off":
		return points.WriteOffReceivable{ID: w.receivable(t, b), Reason: "r", Actor: "op"}
	case "visit":
		return points.Visit{Kind: points.Due(between(t, "job", 0, points.DueKinds-1)), AsOf: now}
	}
	panic(what)
}

func (w *trade) receivable(t *rapid.T, b *Book) string {
	ids := []string{"none"}
	for key := range b.Documents {
		if key.Kind == points.ReceivableDocument {
			ids = append(ids, key.ID)
		}
	}
	slices.Sort(ids)
	return oneOf(t, "receivable", ids...)
}

func aResolution(t *rapid.T) refunds.Resolution {
	return refunds.Resolution{Outcome: policy.Outcome(oneOf(t, "outcome", "accept", "reject")), Actor: "op"}
}

// aBook is an empty book of those versions, with two benefits.
func aBook(versions []*program.Program) *Book {
	b := New(versions...)
	b.Offer(points.Benefit{ID: "mug", Points: 40}, -1)
	b.Offer(points.Benefit{ID: "pen", Points: 10}, 3)
	return b
}
