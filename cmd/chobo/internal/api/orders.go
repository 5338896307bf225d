package api

import (
	"context"

	"chobo/points"
	"chobo/refunds"
)

// readers are the scopes that may read below a member.
const readers = Checkout | Members | Finance

// orders adds what checkouts do with orders.
func (s *Server) orders() {
	post[points.OrderRequest, points.OrderPlaced](s, command{
		route: route{ID: "orders.create", Tag: "orders", Summary: "Place an order", Status: 201, Scopes: Checkout,
			About: "One atomic step redeems the points that pay the order and posts the pending grant that it earns. The tenders must cover lines, shipping and fees exactly.",
			Codes: []points.Code{points.MemberClosed, points.MemberSuspended, points.Conflict, points.TimeInFuture, points.TendersDoNotCoverTotal,
				points.RedeemRule, points.InsufficientPoints}},
		Below: "/orders", Enrols: true,
	}, func(_ *target, in *points.OrderRequest) points.Command { return points.PlaceOrder{Order: *in} })

	post[points.SetStatus, points.StatusAnswer](s, command{
		route: route{ID: "orders.status", Tag: "orders", Summary: "Move an order on", Scopes: Checkout,
			About: "Steps may be skipped, but an order only moves forward. `paid` is a mark of its own that can be set at any time.",
			Codes: []points.Code{points.Conflict, points.TimeInFuture}},
		Below: "/orders/{order_id}/status",
	}, func(at *target, in *points.SetStatus) points.Command {
		in.OrderID = at.ids[0]
		return *in
	})

	post[points.Repricing, points.Repriced](s, command{
		route: route{ID: "orders.reprice", Tag: "orders", Summary: "Change prices of an order", Scopes: Checkout,
			About: "A fall is refunded by the program's order of tenders, a rise is charged to money. It touches pieces that were not returned.",
			Codes: []points.Code{points.Conflict, points.TimeInFuture}},
		Below: "/orders/{order_id}/reprice",
	}, func(at *target, in *points.Repricing) points.Command {
		return points.Reprice{OrderID: at.ids[0], Prices: *in}
	})

	read(s, route{ID: "orders.get", Path: membersPath + "/orders/{order_id}", Tag: "orders", Scopes: readers,
		Summary: "Read an order as the ledger knows it now"},
		func(ctx context.Context, c *call, _ *OrderPath) (*refunds.OrderView, error) {
			return viewed(ctx, c, points.OrderDocument, c.param("order_id"), refunds.ViewOrder)
		})
}

type (
	// A MemberPath names a member.
	MemberPath struct {
		Program  string `path:"program"`
		MemberID string `path:"member_id"`
	}
	// An OrderPath names an order.
	OrderPath struct {
		MemberPath
		OrderID string `path:"order_id"`
	}
)

// viewed shows a document of the member of the path.
func viewed[V any](ctx context.Context, c *call, kind points.DocumentKind, id string, view func(*points.Account, string) *V) (*V, error) {
	var out *V
	needs := points.Need{Documents: []points.Key{{Kind: kind, ID: id}}}
	err := c.view(ctx, needs, func(a *points.Account) { out = view(a, id) })
	if err == nil && out == nil {
		err = problem(points.NotFound, "the member has no such thing")
	}
	return out, err
}

// view shows the member of the path as the account stands now, everything due posted on a copy. look may be called
// several times, until all that it looks at was loaded. An unknown member is not found.
func (c *call) view(ctx context.Context, needs points.Need, look func(a *points.Account)) error {
	for range 20 {
		var need *points.Need
		err := c.opts.Engine.Read(ctx, c.code(), c.member(), needs, noTime, func(a *points.Account) error {
			if !a.Enrolled() {
				return problem(points.NotFound, "there is no member %s", c.member())
			}
			need = points.Reading(a, look)
			return nil
		})
		if err != nil || need == nil {
			return err
		}
		needs = join(needs, *need)
	}
	panic("api: a view never has enough")
}

// join asks for both.
func join(a, b points.Need) points.Need {
	a.Documents = append(a.Documents[:len(a.Documents):len(a.Documents)], b.Documents...)
	a.Losses = append(a.Losses[:len(a.Losses):len(a.Losses)], b.Losses...)
	a.Stock = append(a.Stock[:len(a.Stock):len(a.Stock)], b.Stock...)
	if a.Lots < 0 || b.Lots < 0 {
		a.Lots = -1
	} else {
		a.Lots += b.Lots
	}
	return a
}
