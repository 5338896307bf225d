package api

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"chobo/ledger"
	"chobo/points"
)

// A ListedOrder is an order in the list of a member's.
type ListedOrder struct {
	OrderID   string             `json:"order_id"`
	ShopID    string             `json:"shop_id"`
	Status    points.OrderStatus `json:"status"`
	OrderedAt time.Time          `json:"ordered_at"`
	Total     ledger.Money       `json:"total" doc:"Of all that still stands."`
	Tenders   points.Tenders     `json:"tenders" doc:"What still stands as paid."`
	Refunded  points.Refunded    `json:"refunded"`
}

type (
	orderListQuery struct {
		MemberPath
		Page
	}
	orderList struct {
		Orders     []ListedOrder `json:"orders"`
		NextCursor *string       `json:"next_cursor" doc:"Null on the last page."`
	}
)

// memberOrdersSQL is a member's orders before one, newest first. $2 and $3 are that one.
const memberOrdersSQL = `
SELECT id, at, body FROM documents
 WHERE member = $1 AND kind = 1 AND (at, id) < ($2::timestamptz, $3::text)
 ORDER BY at DESC, id DESC
 LIMIT $4`

// orderList adds the list of a member's orders.
func (s *Server) orderList() {
	read(s, route{ID: "orders.list", Path: membersPath + "/orders", Tag: "orders", Summary: "List a member's orders, newest first", Scopes: readers},
		func(ctx context.Context, c *call, in *orderListQuery) (*orderList, error) {
			if err := c.view(ctx, points.Need{}, func(*points.Account) {}); err != nil {
				return nil, err
			}
			before, id := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ""
			if in.Cursor != "" {
				parts, err := c.after(in.Page, 2)
				if err != nil {
					return nil, err
				}
				micros, err := strconv.ParseInt(parts[0], 10, 64)
				if err != nil {
					return nil, badCursor()
				}
				before, id = time.UnixMicro(micros).UTC(), parts[1]
			}
			var rows []struct {
				ID   string    `db:"id"`
				At   time.Time `db:"at"`
				Body string    `db:"body"`
			}
			member := c.program.Member(c.member()).String()
			if err := c.opts.DB.SelectContext(ctx, &rows, memberOrdersSQL, member, before, id, in.Limit+1); err != nil {
				return nil, fmt.Errorf("list orders: %w", err)
			}
			out := &orderList{Orders: []ListedOrder{}}
			for i, r := range rows {
				if i == in.Limit {
					last := rows[i-1]
					out.NextCursor = c.behind(strconv.FormatInt(last.At.UnixMicro(), 10), last.ID)
					break
				}
				o, err := points.ReadOrder(r.ID, r.At, []byte(r.Body))
				if err != nil {
					return nil, err
				}
				out.Orders = append(out.Orders, ListedOrder{o.ID, o.Shop, o.Status, o.OrderedAt.In(c.program.Versions.Zone()), o.Total(), o.Standing(), o.Refunded})
			}
			return out, nil
		})
}
