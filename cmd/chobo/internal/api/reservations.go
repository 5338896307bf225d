package api

import (
	"context"

	"chobo/points"
)

// A Capture places an order with reserved points.
type Capture struct {
	Order points.OrderRequest `json:"order" doc:"Its points are at most those reserved; the rest is released."`
}

// reservations adds redemption in two phases.
func (s *Server) reservations() {
	post[points.MakeReservation, points.ReservationAnswer](s, command{
		route: route{ID: "reservations.create", Tag: "reservations", Summary: "Set points aside for a checkout under way", Status: 201, Scopes: Checkout,
			About: "A reserved point cannot be spent, expired or forfeited elsewhere.",
			Codes: []points.Code{points.MemberClosed, points.MemberSuspended, points.Conflict, points.RedeemRule, points.InsufficientPoints}},
		Below: "/reservations",
	}, func(_ *target, in *points.MakeReservation) points.Command { return *in })

	post[Capture, points.OrderPlaced](s, command{
		route: route{ID: "reservations.capture", Tag: "reservations", Summary: "Place an order with reserved points", Status: 201, Scopes: Checkout,
			Codes: []points.Code{points.MemberClosed, points.MemberSuspended, points.Conflict, points.TimeInFuture, points.TendersDoNotCoverTotal,
				points.RedeemRule, points.InsufficientPoints}},
		Below: "/reservations/{reservation_id}/capture",
	}, func(at *target, in *Capture) points.Command {
		return points.CaptureReservation{ReservationID: at.ids[0], Order: in.Order}
	})

	post[nothing, points.ReservationAnswer](s, command{
		route: route{ID: "reservations.void", Tag: "reservations", Summary: "Give reserved points back", Scopes: Checkout,
			Codes: []points.Code{points.Conflict}},
		Below: "/reservations/{reservation_id}/void",
	}, func(at *target, _ *nothing) points.Command { return points.VoidReservation{ReservationID: at.ids[0]} })

	read(s, route{ID: "reservations.get", Path: membersPath + "/reservations/{reservation_id}", Tag: "reservations", Scopes: readers,
		Summary: "Read a reservation"},
		func(ctx context.Context, c *call, _ *ReservationPath) (*points.ReservationAnswer, error) {
			return viewed(ctx, c, points.ReservationDocument, c.param("reservation_id"), (*points.Account).ReservationView)
		})
}

// A ReservationPath names a reservation.
type ReservationPath struct {
	MemberPath
	ReservationID string `path:"reservation_id"`
}
