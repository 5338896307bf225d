package api

import (
	"time"

	"chobo/ledger"
	"chobo/points"
)

// A MembershipChange says why a membership is changed, and who did it.
type MembershipChange struct {
	Reason string    `json:"reason" minLength:"1" maxLength:"1000"`
	Actor  string    `json:"actor" minLength:"1" maxLength:"128"`
	At     time.Time `json:"occurred_at,omitzero"`
}

// A Payment is money towards a receivable.
type Payment struct {
	Money ledger.Money `json:"money" minimum:"1"`
	Actor string       `json:"actor,omitempty" maxLength:"128"`
}

// A WriteOff gives a receivable up.
type WriteOff struct {
	Actor  string `json:"actor" minLength:"1" maxLength:"128"`
	Reason string `json:"reason" minLength:"1" maxLength:"1000"`
}

// members adds what concerns a member as such.
func (s *Server) members() {
	memberClosed := []points.Code{points.MemberClosed, points.TimeInFuture}

	post[points.GrantPoints, points.PointsPosted](s, command{
		route: route{ID: "grants.create", Tag: "members", Summary: "Grant points that no order earned", Status: 201, Scopes: Members,
			Codes: append(memberClosed, points.MemberSuspended)},
		Below: "/grants", Enrols: true,
	}, func(_ *target, in *points.GrantPoints) points.Command { return *in })

	post[points.AdjustPoints, points.PointsPosted](s, command{
		route: route{ID: "adjustments.create", Tag: "members", Summary: "Add or take points by hand", Status: 201, Scopes: Members,
			Codes: append(memberClosed, points.InsufficientPoints)},
		Below: "/adjustments",
	}, func(_ *target, in *points.AdjustPoints) points.Command { return *in })

	post[points.RevokePoints, points.PointsPosted](s, command{
		route: route{ID: "revocations.create", Tag: "members", Summary: "Take points for misconduct", Status: 201, Scopes: Members,
			About: "Either `points` or `all`: all takes pending points too, and voids reservations first.",
			Codes: append(memberClosed, points.InsufficientPoints)},
		Below: "/revocations",
	}, func(_ *target, in *points.RevokePoints) points.Command { return *in })

	for _, m := range []struct {
		verb, summary string
		to            points.Status
	}{
		{"suspend", "Suspend a membership", points.Suspended},
		{"reinstate", "Reinstate a suspended membership", points.Active},
		{"close", "Close a membership; its points are forfeited", points.Closed},
	} {
		post[MembershipChange, points.MembershipAnswer](s, command{
			route: route{ID: "members." + m.verb, Tag: "members", Summary: m.summary, Scopes: Members, Codes: append(memberClosed, points.Conflict)},
			Below: "/" + m.verb,
		}, func(_ *target, in *MembershipChange) points.Command {
			return points.ChangeMembership{To: m.to, Reason: in.Reason, Actor: in.Actor, At: in.At}
		})
	}

	post[Payment, points.ReceivableAnswer](s, command{
		route: route{ID: "receivables.pay", Tag: "members", Summary: "Book money that the member paid towards a receivable", Scopes: Members,
			Codes: []points.Code{points.Conflict}},
		Below: "/receivables/{receivable_id}/pay",
	}, func(at *target, in *Payment) points.Command {
		return points.PayReceivable{ID: at.ids[0], Money: in.Money, Actor: in.Actor}
	})

	post[WriteOff, points.ReceivableAnswer](s, command{
		route: route{ID: "receivables.write_off", Tag: "members", Summary: "Give up what is open of a receivable", Scopes: Members,
			Codes: []points.Code{points.Conflict}},
		Below: "/receivables/{receivable_id}/write_off",
	}, func(at *target, in *WriteOff) points.Command {
		return points.WriteOffReceivable{ID: at.ids[0], Actor: in.Actor, Reason: in.Reason}
	})

	// Points are never transferred and never paid out, whatever is asked. Source: SM-P10, SM-P11.
	for _, never := range []struct {
		id, path, summary, detail string
		code                      points.Code
	}{
		{"transfers.create", "/transfers", "Refused: points are not transferable", "points cannot be transferred, lent, sold or pledged", points.TransferProhibited},
		{"cash_out.create", "/cash_out", "Refused: points are not paid out", "points cannot be exchanged for money", points.CashOutProhibited},
	} {
		s.serveBody(&route{ID: never.id, Method: "POST", Path: membersPath + never.path, Tag: "members", Summary: never.summary,
			Scopes: Checkout | Members, Codes: []points.Code{never.code}},
			func(*call) error { return problem(never.code, "%s", never.detail) })
	}

	s.memberViews()
}

// noTime asks for now.
var noTime time.Time
