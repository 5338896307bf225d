// Package refundstest draws what may happen to members for property tests: programs, and commands of every kind, most of
// which make sense and some of which do not.
package refundstest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/pointstest"
	"chobo/points/program"
	"chobo/refunds"
	"chobo/refunds/policy"
)

// A Trade draws commands for one member, whatever they are worth.
type Trade struct {
	Past  bool // commands may give times of the last days
	value string
	made  map[string]int // what was asked for, by its kind
}

// NewTrade is the trade of a member who did nothing yet, under those versions.
func NewTrade(versions []*program.Program) *Trade {
	return &Trade{value: versions[0].PointValue.String(), made: map[string]int{}}
}

func (w *Trade) id(kind string) string {
	w.made[kind]++
	return fmt.Sprintf("%s%d", kind, w.made[kind])
}

// known is an id of that kind, mostly one that was asked for.
func (w *Trade) known(t *rapid.T, kind string) string {
	return fmt.Sprintf("%s%d", kind, Between(t, kind, 1, w.made[kind]+1))
}

func (w *Trade) time(t *rapid.T, now time.Time) time.Time {
	if !w.Past {
		return time.Time{}
	}
	switch Between(t, "when", 0, 9) {
	case 0:
		return now.Add(-time.Duration(Between(t, "hours ago", 1, 7*24)) * time.Hour)
	case 1:
		return now.Add(time.Duration(Between(t, "minutes ahead", 1, 10)) * time.Minute)
	default:
		return time.Time{}
	}
}

// order draws an order that mostly keeps the rules, of a member who has so many points.
func (w *Trade) order(t *rapid.T, now time.Time, have ledger.Points) points.OrderRequest {
	o := points.OrderRequest{OrderID: w.id("O"), ShopID: OneOf(t, "shop", "S-1", "S-2"), OrderedAt: w.time(t, now),
		Shipping: ledger.Money(OneOf(t, "shipping", 0, 0, 50, 7)), UseAllPoints: Between(t, "use all", 0, 2) == 0}
	total := o.Shipping
	for i := range Between(t, "lines", 1, 3) {
		l := points.OrderLineRequest{LineID: fmt.Sprint(i + 1), Category: OneOf(t, "category", "books", "toys", "food"),
			Quantity: int64(Between(t, "quantity", 1, 3)), UnitPrice: ledger.Money(Between(t, "price", 0, 120))}
		l.Discount = ledger.Money(OneOf(t, "discount", 0, 0, 0, 5))
		total += l.UnitPrice*ledger.Money(l.Quantity) - l.Discount
		o.Lines = append(o.Lines, l)
	}
	if rapid.Bool().Draw(t, "cod") {
		o.Fees = points.Fees{{Name: "cod", Amount: 30}}
		total += 30
	}
	o.Tenders = w.Tenders(t, total, have)
	if Between(t, "wrong", 0, 15) == 0 {
		o.Tenders.Money += ledger.Money(Between(t, "off", -5, 5))
	}
	return o
}

// Tenders divides a total over points and money.
func (w *Trade) Tenders(t *rapid.T, total ledger.Money, have ledger.Points) points.Tenders {
	rate := map[string][2]int64{"1": {1, 1}, "0.5": {2, 1}, "1.5": {2, 3}, "0.01": {100, 1}}[w.value] // points worth money
	most := min(int64(have)/rate[0], int64(max(0, total))/rate[1])
	var steps int64
	switch Between(t, "how many points", 0, 4) {
	case 0:
	case 1:
		steps = most
	case 2:
		steps = most / 10 * 10
	case 3:
		steps = most + 1
	default:
		steps = int64(Between(t, "steps", 0, int(min(4000, max(0, most)))))
	}
	return points.Tenders{Points: ledger.Points(steps * rate[0]), Money: total - ledger.Money(steps*rate[1])}
}

func (w *Trade) lines(t *rapid.T) (units []refunds.ReturnUnits) {
	for _, line := range Distinct(t, "line", OneOf(t, "lines", 1, 1, 2, 3), 1, 2, 3) {
		units = append(units, refunds.ReturnUnits{LineID: fmt.Sprint(line), Quantity: int64(Between(t, "pieces", 1, 2))})
	}
	return units
}

// drawn counts how often a command is drawn.
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

// Command draws the next command of a member whose account stands so.
func (w *Trade) Command(t *rapid.T, b *pointstest.Book, now time.Time) points.Command {
	what := OneOf(t, "command", deck...)
	if what == "suspend" && Between(t, "leaves", 0, 5) == 0 {
		what = "close"
	}
	switch what {
	case "grant":
		g := points.GrantPoints{Points: ledger.Points(Between(t, "points", 1, 600)), HoldDays: OneOf(t, "hold", 0, 0, 4), At: w.time(t, now)}
		if rapid.Bool().Draw(t, "own expiry") {
			g.ExpiresAt = now.AddDate(0, 0, Between(t, "days", 1, 30))
		}
		if Between(t, "by shop", 0, 3) == 0 {
			g.FundedBy, g.ShopID = "shop", "S-1"
		}
		return g
	case "adjust":
		return points.AdjustPoints{Points: ledger.Points(Between(t, "points", -60, 60)), Reason: "r", Actor: "op", At: w.time(t, now)}
	case "revoke":
		if Between(t, "all", 0, 4) == 0 {
			return points.RevokePoints{All: true, Reason: "r", Actor: "op"}
		}
		return points.RevokePoints{Points: ledger.Points(Between(t, "points", 1, 80)), Reason: "r", Actor: "op"}
	case "order":
		return points.PlaceOrder{Order: w.order(t, now, b.Available)}
	case "reserve":
		return points.MakeReservation{ReservationID: w.id("V"), Points: ledger.Points(Between(t, "points", 1, 100)),
			ExpiresAt: now.Add(time.Duration(Between(t, "hours", 0, 20*24)) * time.Hour)}
	case "capture":
		return points.CaptureReservation{ReservationID: w.known(t, "V"), Order: w.order(t, now, min(b.Reserved, 100))}
	case "void":
		return points.VoidReservation{ReservationID: w.known(t, "V")}
	case "status":
		return points.SetStatus{OrderID: w.known(t, "O"), At: w.time(t, now),
			Status: points.OrderStatus(OneOf(t, "status", "paid", "preparing", "prepared", "shipped", "delivered", "undeliverable"))}
	case "reprice":
		r := points.Repricing{At: w.time(t, now)}
		for _, line := range Distinct(t, "line", Between(t, "lines", 0, 2), 1, 2, 3) {
			r.Lines = append(r.Lines, points.LinePrice{LineID: fmt.Sprint(line), UnitPrice: ledger.Money(Between(t, "price", 0, 150))})
		}
		if Between(t, "ship", 0, 3) == 0 {
			r.Shipping = new(ledger.Money(Between(t, "shipping", 0, 60)))
		}
		if Between(t, "fee", 0, 3) == 0 {
			r.Fees = points.Fees{{Name: "cod", Amount: ledger.Money(Between(t, "cod", 0, 60))}}
		}
		return points.Reprice{OrderID: w.known(t, "O"), Prices: r}
	case "cancel":
		return refunds.Cancel{OrderID: w.known(t, "O"), Policies: Terms, Request: refunds.CancelRequest{InitiatedBy: OneOf(t, "by", "", "member", "shop", "robot"), RequestedAt: w.time(t, now)}}
	case "cancel lines":
		return refunds.Cancel{OrderID: w.known(t, "O"), Policies: Terms, Request: refunds.CancelRequest{InitiatedBy: OneOf(t, "by", "member", "shop", "operator"), Lines: w.lines(t)}}
	case "resolve cancel":
		return refunds.ResolveCancel{OrderID: w.known(t, "O"), Resolution: aResolution(t)}
	case "return":
		return refunds.MakeReturn{OrderID: w.known(t, "O"), Policies: Terms, Request: refunds.ReturnRequest{ReturnID: w.id("R"), Lines: w.lines(t), RequestedAt: w.time(t, now),
			Reason: OneOf(t, "reason", "customer_convenience", "late_delivery", "wrong_item", "defect", "defect", "lost", "damaged_in_transit")}}
	case "receive":
		return refunds.Receive{OrderID: w.known(t, "O"), ReturnID: w.known(t, "R"), Policies: Terms, Receipt: refunds.Receipt{At: w.time(t, now),
			Inspection: OneOf(t, "inspection", "confirmed", "confirmed", "not_required", "no_fault_found", "customer_fault"), Costs: map[string]ledger.Money{"handling": 3}}}
	case "resolve":
		return refunds.ResolveReturn{OrderID: w.known(t, "O"), ReturnID: w.known(t, "R"), Resolution: aResolution(t)}
	case "exchange":
		return points.ExchangePoints{ExchangeID: w.id("X"), BenefitID: OneOf(t, "benefit", "mug", "pen"), Quantity: int64(Between(t, "quantity", 0, 2)),
			ShipTo: points.ShipTo{Country: "JP", IsMember: true}}
	case "change exchange":
		return points.ChangeExchange{ExchangeID: w.known(t, "X"), To: OneOf(t, "to", "fulfil", "cancel", "cancel", "substitute", "substitute"),
			BenefitID: OneOf(t, "benefit", "mug", "pen"), Reason: "r", Actor: "op"}
	case "suspend":
		return points.ChangeMembership{To: points.Suspended, Reason: "r", Actor: "op"}
	case "reinstate":
		return points.ChangeMembership{To: points.Active, Reason: "r", Actor: "op"}
	case "close":
		return points.ChangeMembership{To: points.Closed, Reason: "r", Actor: "op"}
	case "pay":
		return points.PayReceivable{ID: w.receivable(t, b), Money: ledger.Money(Between(t, "money", 1, 20)), Actor: "op"}
	case "write off":
		return points.WriteOffReceivable{ID: w.receivable(t, b), Reason: "r", Actor: "op"}
	case "visit":
		return points.Visit{Kind: points.Due(Between(t, "job", 0, points.DueKinds-1)), AsOf: now}
	}
	panic(what)
}

func (w *Trade) receivable(t *rapid.T, b *pointstest.Book) string {
	ids := []string{"none"}
	for key := range b.Documents {
		if key.Kind == points.ReceivableDocument {
			ids = append(ids, key.ID)
		}
	}
	slices.Sort(ids)
	return OneOf(t, "receivable", ids...)
}

func aResolution(t *rapid.T) refunds.Resolution {
	return refunds.Resolution{Outcome: policy.Outcome(OneOf(t, "outcome", "accept", "reject")), Actor: "op"}
}
