package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/engine"
)

// A measurement is one kind of load.
type measurement struct {
	name    string
	callers int
	run     func(ctx context.Context) (Result, error)
}

// measurements are what is run, in this order.
func (b *bench) measurements() []measurement {
	n := b.opts.Callers
	plain := func(name string, callers int, do call) measurement {
		return measurement{name, callers, func(ctx context.Context) (Result, error) { return b.load(ctx, name, callers, do) }}
	}
	overHTTP := func(name string, callers int, make func(*client) call) measurement {
		return measurement{name, callers, func(ctx context.Context) (r Result, err error) {
			c, err := b.dial(ctx, callers)
			if err != nil {
				return r, err
			}
			defer c.close()
			return b.load(ctx, name, callers, make(c))
		}}
	}
	return []measurement{
		plain("engine, paid in points", n, b.submit(b.anyone, paidInPoints)),
		plain("engine, 4 x the callers", 4*n, b.submit(b.anyone, paidInPoints)),
		plain("engine, one caller", 1, b.submit(b.anyone, paidInPoints)),
		plain("engine, points and money", n, b.submit(b.anyone, pointsAndMoney)),
		plain("engine, one hot member", n, b.submit(b.first, paidInPoints)),
		overHTTP("HTTP, paid in points", n, func(c *client) call { return c.order(b.anyone, paidInPoints) }),
		overHTTP("HTTP, one hot member", n, func(c *client) call { return c.order(b.first, paidInPoints) }),
		overHTTP("HTTP batches of 500", 4, func(c *client) call { return c.batch(b.anyone, paidInPoints, 500) }),
	}
}

// A choice is whose turn it is.
type choice func() string

func (b *bench) anyone() string { return member(rand.IntN(b.opts.Members)) } //nolint:gosec // any will do
func (b *bench) first() string  { return member(0) }

// A tenders says how an order is paid.
type tenders func() points.Tenders

// paidInPoints is one transaction an order: points are spent, and nothing is earned.
func paidInPoints() points.Tenders { return points.Tenders{Points: ledger.Points(1 + rand.IntN(100))} } //nolint:gosec // any will do

// pointsAndMoney is two: the order earns points that are pending.
func pointsAndMoney() points.Tenders { return points.Tenders{Points: 100, Money: 900} }

// order is an order for one thing, paid like that.
func order(id string, t points.Tenders) points.OrderRequest {
	return points.OrderRequest{OrderID: id, ShopID: "S-1", Tenders: t,
		Lines: []points.OrderLineRequest{{LineID: "1", SKU: "BK-7", Category: "books", Quantity: 1, UnitPrice: t.Money + ledger.Money(t.Points)}}}
}

// run numbers what this process posts, so that no two orders are the same.
func (b *bench) id(caller, turn int) string {
	return fmt.Sprintf("%d-%d-%d", len(b.report.Results), caller, turn)
}

// submit posts orders to the engine.
func (b *bench) submit(who choice, paid tenders) call {
	return func(ctx context.Context, caller, turn int) (int, error) {
		id := b.id(caller, turn)
		result, err := b.subject.Engine.Submit(ctx, engine.Request{Program: Program, Member: who(), Key: id, Command: points.PlaceOrder{Order: order(id, paid())}})
		return 1, outcome(engine.Outcome{Result: result, Err: err})
	}
}

// body is the order as a checkout sends it.
func body(id string, t points.Tenders) []byte {
	b, err := json.Marshal(order(id, t))
	if err != nil {
		panic(err) // a constant shape
	}
	return b
}
