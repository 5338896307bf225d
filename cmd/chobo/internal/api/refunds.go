package api

import (
	"context"

	"chobo/points"
	"chobo/refunds"
)

// refunds adds cancellations and returns.
func (s *Server) refunds() {
	post[refunds.CancelRequest, refunds.CancelAnswer](s, command{
		route: route{ID: "orders.cancel", Tag: "returns", Summary: "Cancel an order", Scopes: Checkout,
			About: "The policy in force when the order was placed decides: accept, reject or review. Reject and review post nothing and answer 200.",
			Codes: []points.Code{points.Conflict, points.TimeInFuture}},
		Below: "/orders/{order_id}/cancel",
	}, func(at *target, in *refunds.CancelRequest) points.Command {
		return refunds.Cancel{OrderID: at.ids[0], Request: *in, Policies: at.policies()}
	})

	post[refunds.Resolution, refunds.CancelAnswer](s, command{
		route: route{ID: "orders.cancel.resolve", Tag: "returns", Summary: "Resolve the review of a cancellation", Scopes: Members,
			Codes: []points.Code{points.Conflict}},
		Below: "/orders/{order_id}/cancel/resolve",
	}, func(at *target, in *refunds.Resolution) points.Command {
		return refunds.ResolveCancel{OrderID: at.ids[0], Resolution: *in}
	})

	post[refunds.ReturnRequest, refunds.ReturnAnswer](s, command{
		route: route{ID: "returns.create", Tag: "returns", Summary: "Ask for goods to be taken back", Status: 201, Scopes: Checkout,
			About: "Each line is decided on its own. Where the decision requires goods or an inspection, nothing posts until they are received; `quote` tells what will.",
			Codes: []points.Code{points.Conflict, points.TimeInFuture}},
		Below: "/orders/{order_id}/returns",
	}, func(at *target, in *refunds.ReturnRequest) points.Command {
		return refunds.MakeReturn{OrderID: at.ids[0], Request: *in, Policies: at.policies()}
	})

	post[refunds.Receipt, refunds.ReturnAnswer](s, command{
		route: route{ID: "returns.receive", Tag: "returns", Summary: "Take note of returned goods", Scopes: Checkout,
			About: "Decides again with what the inspection showed, and settles or denies.",
			Codes: []points.Code{points.Conflict, points.TimeInFuture}},
		Below: "/orders/{order_id}/returns/{return_id}/receive",
	}, func(at *target, in *refunds.Receipt) points.Command {
		return refunds.Receive{OrderID: at.ids[0], ReturnID: at.ids[1], Receipt: *in, Policies: at.policies()}
	})

	post[refunds.Resolution, refunds.ReturnAnswer](s, command{
		route: route{ID: "returns.resolve", Tag: "returns", Summary: "Resolve the review of a return", Scopes: Members,
			Codes: []points.Code{points.Conflict}},
		Below: "/orders/{order_id}/returns/{return_id}/resolve",
	}, func(at *target, in *refunds.Resolution) points.Command {
		return refunds.ResolveReturn{OrderID: at.ids[0], ReturnID: at.ids[1], Resolution: *in}
	})

	read(s, route{ID: "returns.get", Path: membersPath + "/orders/{order_id}/returns/{return_id}", Tag: "returns", Scopes: readers,
		Summary: "Read a return with its latest and every earlier decision"},
		func(ctx context.Context, c *call, _ *ReturnPath) (*refunds.ReturnAnswer, error) {
			order, id := c.param("order_id"), c.param("return_id")
			return viewed(ctx, c, points.OrderDocument, order, func(a *points.Account, _ string) *refunds.ReturnAnswer {
				return refunds.ReturnView(a, order, id)
			})
		})
}

// A ReturnPath names a return.
type ReturnPath struct {
	OrderPath
	ReturnID string `path:"return_id"`
}
