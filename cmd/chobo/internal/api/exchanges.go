package api

import (
	"context"

	"chobo/points"
)

// An ExchangeChange says why an exchange is changed, and who did it.
type ExchangeChange struct {
	Reason string `json:"reason,omitempty" maxLength:"1000"`
	Actor  string `json:"actor,omitempty" maxLength:"128"`
}

// A Substitution names the benefit to take in place of another.
type Substitution struct {
	BenefitID string `json:"benefit_id" minLength:"1" maxLength:"128"`
	Reason    string `json:"reason,omitempty" maxLength:"1000"`
	Actor     string `json:"actor,omitempty" maxLength:"128"`
}

// exchanges adds exchanges of points for benefits.
func (s *Server) exchanges() {
	post[points.ExchangePoints, points.ExchangeAnswer](s, command{
		route: route{ID: "exchanges.create", Tag: "exchanges", Summary: "Exchange points for a benefit", Status: 201, Scopes: Checkout,
			About: "A benefit goes only to the member, to a domestic address, never to a PO box.",
			Codes: []points.Code{points.MemberClosed, points.MemberSuspended, points.Conflict, points.InsufficientPoints, points.OutOfStock}},
		Below: "/exchanges",
	}, func(_ *target, in *points.ExchangePoints) points.Command { return *in })

	post[ExchangeChange, points.ExchangeAnswer](s, command{
		route: route{ID: "exchanges.fulfil", Tag: "exchanges", Summary: "Note that the benefit was sent", Scopes: Members,
			Codes: []points.Code{points.Conflict}},
		Below: "/exchanges/{exchange_id}/fulfil",
	}, func(at *target, in *ExchangeChange) points.Command {
		return points.ChangeExchange{ExchangeID: at.ids[0], To: "fulfil", Reason: in.Reason, Actor: in.Actor}
	})

	post[ExchangeChange, points.ExchangeAnswer](s, command{
		route: route{ID: "exchanges.cancel", Tag: "exchanges", Summary: "Cancel an exchange; the points come back", Scopes: Checkout,
			Codes: []points.Code{points.Conflict}},
		Below: "/exchanges/{exchange_id}/cancel",
	}, func(at *target, in *ExchangeChange) points.Command {
		return points.ChangeExchange{ExchangeID: at.ids[0], To: "cancel", Reason: in.Reason, Actor: in.Actor}
	})

	post[Substitution, points.ExchangeAnswer](s, command{
		route: route{ID: "exchanges.substitute", Tag: "exchanges", Summary: "Take another benefit in place", Scopes: Checkout,
			Codes: []points.Code{points.MemberClosed, points.MemberSuspended, points.Conflict, points.InsufficientPoints, points.OutOfStock}},
		Below: "/exchanges/{exchange_id}/substitute",
	}, func(at *target, in *Substitution) points.Command {
		return points.ChangeExchange{ExchangeID: at.ids[0], To: "substitute", BenefitID: in.BenefitID, Reason: in.Reason, Actor: in.Actor}
	})

	read(s, route{ID: "exchanges.get", Path: membersPath + "/exchanges/{exchange_id}", Tag: "exchanges", Scopes: readers,
		Summary: "Read an exchange"},
		func(ctx context.Context, c *call, _ *ExchangePath) (*points.ExchangeAnswer, error) {
			return viewed(ctx, c, points.ExchangeDocument, c.param("exchange_id"), (*points.Account).ExchangeView)
		})
}

// An ExchangePath names an exchange.
type ExchangePath struct {
	MemberPath
	ExchangeID string `path:"exchange_id"`
}
