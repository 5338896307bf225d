// Package refundstest draws what may happen to members for property tests: programs, and commands of every kind, most of
// which make sense and some of which do not.
package refundstest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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

// known is the id of a document that the member has, mostly of one in such a state; now and then of none.
func known(t *rapid.T, b *pointstest.Book, kind points.DocumentKind, states ...string) string {
	var all, such []string
	for key, d := range b.Documents {
		if key.Kind != kind {
			continue
		}
		all = append(all, key.ID)
		if slices.Contains(states, d.State) {
			such = append(such, key.ID)
		}
	}
	which := Below(t, "which", 10)
	if which > 1 && len(such) > 0 {
		all = such
	}
	if which == 0 || len(all) == 0 {
		return "none"
	}
	slices.Sort(all)
	return OneOf(t, "id", all...)
}

// order is the id of an order that the member has, or of none.
func order(t *rapid.T, b *pointstest.Book) string { return known(t, b, points.OrderDocument) }

// returned is the ids of an order and of a return of it.
func returned(t *rapid.T, b *pointstest.Book, state string) (order, id string) {
	order, id, _ = strings.Cut(known(t, b, points.ReturnDocument, state), "\x1f")
	return order, id
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

// newOrder draws an order that mostly keeps the rules, of a member who has so many points.
func (w *Trade) newOrder(t *rapid.T, now time.Time, have ledger.Points) points.OrderRequest {
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

// pieces draws some pieces of an order, mostly of those that it has.
func pieces(t *rapid.T, o *points.Order) (units []refunds.ReturnUnits) {
	lines := []string{"1", "2", "3"}
	if o != nil && Below(t, "of its own", 10) > 0 {
		lines = nil
		for _, l := range o.Lines {
			lines = append(lines, l.ID)
		}
	}
	for _, line := range Distinct(t, "line", min(len(lines), OneOf(t, "lines", 1, 1, 2, 3)), lines...) {
		units = append(units, refunds.ReturnUnits{LineID: line, Quantity: int64(OneOf(t, "pieces", 1, 1, 2))})
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

// first is what a command needs one of, and the command that makes it.
var first = map[string]struct {
	document points.DocumentKind
	made     string
}{
	"capture": {points.ReservationDocument, "reserve"}, "void": {points.ReservationDocument, "reserve"},
	"status": {points.OrderDocument, "order"}, "reprice": {points.OrderDocument, "order"}, "cancel": {points.OrderDocument, "order"},
	"cancel lines": {points.OrderDocument, "order"}, "resolve cancel": {points.CancellationDocument, "cancel"},
	"return": {points.OrderDocument, "order"}, "receive": {points.ReturnDocument, "return"}, "resolve": {points.ReturnDocument, "return"},
	"change exchange": {points.ExchangeDocument, "exchange"}, "pay": {points.ReceivableDocument, "return"}, "write off": {points.ReceivableDocument, "return"},
}

// possible is the command, or mostly what has to be there first.
func possible(t *rapid.T, b *pointstest.Book, what string) string {
	for {
		need, ok := first[what]
		if !ok || has(b, need.document) || Below(t, "of nothing", 10) == 0 {
			return what
		}
		what = need.made
	}
}

func has(b *pointstest.Book, kind points.DocumentKind) bool {
	for key := range b.Documents {
		if key.Kind == kind {
			return true
		}
	}
	return false
}

// Command draws the next command of a member whose account stands so.
func (w *Trade) Command(t *rapid.T, b *pointstest.Book, now time.Time) points.Command {
	what := possible(t, b, OneOf(t, "command", deck...))
	switch {
	case what == "suspend" && Between(t, "leaves", 0, 5) == 0:
		what = "close"
	case b.Status == points.Suspended && Below(t, "forgiven", 4) == 0:
		what = "reinstate"
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
		return points.PlaceOrder{Order: w.newOrder(t, now, b.Available)}
	case "reserve":
		return points.MakeReservation{ReservationID: w.id("V"), Points: ledger.Points(Between(t, "points", 1, 100)),
			ExpiresAt: now.Add(time.Duration(Between(t, "hours", 0, 20*24)) * time.Hour)}
	case "capture":
		id := known(t, b, points.ReservationDocument, "reserved")
		var reserved ledger.Points
		if r := pointstest.Decode[points.Reservation](b, points.Key{Kind: points.ReservationDocument, ID: id}); r != nil {
			reserved = r.Points
		}
		return points.CaptureReservation{ReservationID: id, Order: w.newOrder(t, now, reserved)}
	case "void":
		return points.VoidReservation{ReservationID: known(t, b, points.ReservationDocument, "reserved")}
	case "status":
		return points.SetStatus{OrderID: order(t, b), At: w.time(t, now),
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
		return points.Reprice{OrderID: order(t, b), Prices: r}
	case "cancel":
		return refunds.Cancel{OrderID: order(t, b), Policies: Terms, Request: refunds.CancelRequest{InitiatedBy: OneOf(t, "by", "", "member", "shop", "robot"), RequestedAt: w.time(t, now)}}
	case "cancel lines":
		id := order(t, b)
		return refunds.Cancel{OrderID: id, Policies: Terms, Request: refunds.CancelRequest{InitiatedBy: OneOf(t, "by", "member", "shop", "operator"), Lines: pieces(t, b.Order(id))}}
	case "resolve cancel":
		return refunds.ResolveCancel{OrderID: known(t, b, points.CancellationDocument, "review"), Resolution: aResolution(t)}
	case "return":
		id := order(t, b)
		return refunds.MakeReturn{OrderID: id, Policies: Terms, Request: refunds.ReturnRequest{ReturnID: w.id("R"), Lines: pieces(t, b.Order(id)), RequestedAt: w.time(t, now),
			Reason: OneOf(t, "reason", "customer_convenience", "late_delivery", "wrong_item", "defect", "defect", "lost", "damaged_in_transit")}}
	case "receive":
		of, id := returned(t, b, "approved")
		return refunds.Receive{OrderID: of, ReturnID: id, Policies: Terms, Receipt: refunds.Receipt{At: w.time(t, now),
			Inspection: OneOf(t, "inspection", "confirmed", "confirmed", "not_required", "no_fault_found", "customer_fault"), Costs: map[string]ledger.Money{"handling": 3}}}
	case "resolve":
		of, id := returned(t, b, "review")
		return refunds.ResolveReturn{OrderID: of, ReturnID: id, Resolution: aResolution(t)}
	case "exchange":
		return points.ExchangePoints{ExchangeID: w.id("X"), BenefitID: OneOf(t, "benefit", "mug", "pen"), Quantity: int64(Between(t, "quantity", 0, 2)),
			ShipTo: points.ShipTo{Country: "JP", IsMember: true}}
	case "change exchange":
		return points.ChangeExchange{ExchangeID: known(t, b, points.ExchangeDocument, "requested"), To: OneOf(t, "to", "fulfil", "cancel", "cancel", "substitute", "substitute"),
			BenefitID: OneOf(t, "benefit", "mug", "pen"), Reason: "r", Actor: "op"}
	case "suspend":
		return points.ChangeMembership{To: points.Suspended, Reason: "r", Actor: "op"}
	case "reinstate":
		return points.ChangeMembership{To: points.Active, Reason: "r", Actor: "op"}
	case "close":
		return points.ChangeMembership{To: points.Closed, Reason: "r", Actor: "op"}
	case "pay":
		id, money := known(t, b, points.ReceivableDocument, "open"), ledger.Money(Between(t, "money", 1, 20))
		if r := pointstest.Decode[points.Receivable](b, points.Key{Kind: points.ReceivableDocument, ID: id}); r != nil && rapid.Bool().Draw(t, "all") {
			money = ledger.Value(b.Programs.PointValue(), r.Open)
		}
		return points.PayReceivable{ID: id, Money: money, Actor: "op"}
	case "write off":
		return points.WriteOffReceivable{ID: known(t, b, points.ReceivableDocument, "open"), Reason: "r", Actor: "op"}
	case "visit":
		return points.Visit{Kind: points.Due(Between(t, "job", 0, points.DueKinds-1)), AsOf: now}
	}
	panic(what)
}

func aResolution(t *rapid.T) refunds.Resolution {
	return refunds.Resolution{Outcome: policy.Outcome(OneOf(t, "outcome", "accept", "reject")), Actor: "op"}
}
