package points_test

import (
	"strings"
	"testing"
	"time"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
	"chobo/points/program"
)

// A story is what happens to one member, and what an accountant would draw of it.
type story struct {
	name    string
	program string  // keys of the program file; what it leaves out has its default
	given   []event // goes before
	when    []event
	want    string // the T-accounts of when, drawn by Book.T; spaces do not count
	left    string // balances in the end, by Book.Balances
	check   func(t *testing.T, b *Book)
}

// An event is a command at a time, and how it is refused if it is.
type event struct {
	at      time.Time
	do      points.Command
	refused points.Code
}

func tell(t *testing.T, stories []story) {
	t.Helper()
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			b := New(aProgram(t, s.program))
			b.Offer(points.Benefit{ID: "mug", Points: 40}, -1)
			b.Offer(points.Benefit{ID: "pen", Points: 10}, 3)
			play(t, b, s.given)
			from := len(b.Journal)
			play(t, b, s.when)
			if got := b.T(from); !Same(got, s.want) {
				t.Errorf("the journal has\n%s\nnot\n%s", got, strings.TrimLeft(s.want, "\n"))
			}
			if got := b.Balances(); got != s.left {
				t.Errorf("left is %s, not %s", got, s.left)
			}
			if s.check != nil {
				s.check(t, b)
			}
		})
	}
}

func aProgram(t testing.TB, keys string) *program.Program {
	t.Helper()
	p, err := parse("2017-07-03", keys)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func parse(from, keys string) (*program.Program, error) {
	return program.Parse("story.yaml", []byte("program: story\neffective_from: "+from+"\n"+keys))
}

func play(t testing.TB, b *Book, events []event) {
	t.Helper()
	for _, e := range events {
		reply, err := b.Do(e.at, e.do)
		if CodeOf(err) != e.refused || err != nil && e.refused == "" {
			t.Fatalf("%s at %s: %s %v, not %q", e.do.Name(), e.at.In(tokyo), Body(reply), err, e.refused)
		}
		b.Check(t)
	}
}

// day is an hour of 2026, as 04-01 10h in the program's zone.
func day(s string) time.Time {
	for _, layout := range []string{"01-02 15h", "01-02", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, s, tokyo); err == nil {
			if at.Year() == 0 {
				at = time.Date(2026, at.Month(), at.Day(), at.Hour(), 0, 0, 0, tokyo)
			}
			return at
		}
	}
	panic("no time " + s)
}

func at(when string, c points.Command) event { return event{at: day(when), do: c} }

func refused(when string, c points.Command, code points.Code) event {
	return event{at: day(when), do: c, refused: code}
}

// wait lets all that is due by then be posted.
func wait(until string) event {
	return at(until, points.Visit{Kind: points.DueLapse, AsOf: day(until)})
}

func grant(n ledger.Points) points.Command { return points.GrantPoints{Points: n} }

// until is a grant of points that live to a day.
func until(expires string, n ledger.Points) points.Command {
	return points.GrantPoints{Points: n, ExpiresAt: day(expires)}
}

// An order is put together part by part.
type order struct{ points.OrderRequest }

// buy is an order O-1, O-2, … of one line: so many pieces at a price, all paid in money.
func buy(id string, quantity int64, price ledger.Money) order {
	return order{points.OrderRequest{OrderID: id, ShopID: "S-1"}}.and("books", quantity, price)
}

func (o order) and(category string, quantity int64, price ledger.Money) order {
	o.Lines = append(o.Lines[:len(o.Lines):len(o.Lines)], points.OrderLineRequest{LineID: string(rune('1' + len(o.Lines))), Category: category, Quantity: quantity, UnitPrice: price})
	o.Tenders.Money += price * ledger.Money(quantity)
	return o
}

func (o order) off(discount ledger.Money) order {
	o.Lines = append([]points.OrderLineRequest(nil), o.Lines...)
	o.Lines[len(o.Lines)-1].Discount = discount
	o.Tenders.Money -= discount
	return o
}

func (o order) ship(shipping, cod ledger.Money) order {
	o.Shipping = shipping
	o.Tenders.Money += shipping
	if cod > 0 {
		o.Fees = points.Fees{{Name: "cod", Amount: cod}}
		o.Tenders.Money += cod
	}
	return o
}

// with pays so many points, worth one unit of money each.
func (o order) with(n ledger.Points) order { return o.worth(n, ledger.Money(n)) }

func (o order) worth(n ledger.Points, value ledger.Money) order {
	o.Tenders.Points += n
	o.Tenders.Money -= value
	return o
}

func (o order) useAll() order { o.UseAllPoints = true; return o }

func (o order) place() points.Command { return points.PlaceOrder{Order: o.OrderRequest} }

// back takes pieces of a line back and refunds all parts of their payment.
func back(id string, line int, units int64) points.Command {
	return undoing{id, points.Undoing{Cause: "return", Part: "R", Lines: []points.UndoneLine{{Line: line, Units: units,
		Refunds: map[string]bool{"price": true, "shipping": true, "cod": true}}}}, &points.Undone{}}
}

func cancel(id string) points.Command {
	return undoing{id, points.Undoing{Cause: "cancel", All: true}, &points.Undone{}}
}

func reprice(id string, prices ...ledger.Money) points.Command {
	r := points.Repricing{}
	for i, price := range prices {
		if price >= 0 {
			r.Lines = append(r.Lines, points.LinePrice{LineID: string(rune('1' + i)), UnitPrice: price})
		}
	}
	return points.Reprice{OrderID: id, Prices: r}
}

func status(id string, s points.OrderStatus) points.Command {
	return points.SetStatus{OrderID: id, Status: s}
}

func reserve(id string, n ledger.Points, until string) points.Command {
	return points.MakeReservation{ReservationID: id, Points: n, ExpiresAt: day(until)}
}

func capture(id string, o order) points.Command {
	return points.CaptureReservation{ReservationID: id, Order: o.OrderRequest}
}

func exchange(id, benefit string, quantity int64) points.Command {
	return points.ExchangePoints{ExchangeID: id, BenefitID: benefit, Quantity: quantity, ShipTo: points.ShipTo{Country: "JP", IsMember: true}}
}

func revoke(n ledger.Points) points.Command {
	return points.RevokePoints{Points: n, All: n == 0, Reason: "misuse", Actor: "op"}
}

func member(to points.Status) points.Command {
	return points.ChangeMembership{To: to, Reason: "asked", Actor: "op"}
}

// shows asserts parts of an order's view at a time.
func shows(when, id string, want points.OrderView) func(*testing.T, *Book) {
	return func(t *testing.T, b *Book) {
		t.Helper()
		v := View(b, day(when), func(a *points.Account) *points.OrderView { return a.OrderView(id) })
		if v.Tenders != want.Tenders || v.Refunded != want.Refunded || v.Earned != want.Earned {
			t.Errorf("order %s stands as %+v %+v %+v, not %+v %+v %+v", id, v.Tenders, v.Refunded, v.Earned, want.Tenders, want.Refunded, want.Earned)
		}
	}
}
