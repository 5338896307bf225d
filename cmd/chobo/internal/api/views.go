package api

import (
	"context"

	"chobo/points"
)

// memberViews adds what is read of a member.
func (s *Server) memberViews() {
	read(s, route{ID: "members.get", Path: membersPath, Tag: "members", Summary: "Read a member's balances", Scopes: readers,
		Codes: []points.Code{points.TimeInFuture}},
		func(ctx context.Context, c *call, in *MemberPath) (*points.MemberView, error) {
			var out points.MemberView
			err := c.view(ctx, points.Need{}, func(a *points.Account) { out = a.View() })
			return &out, err
		})
}
