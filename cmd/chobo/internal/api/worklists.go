package api

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/refunds"
	"chobo/refunds/policy"
)

// A ListedReturn is a return in a work list.
type ListedReturn struct {
	MemberID    string          `json:"member_id"`
	OrderID     string          `json:"order_id"`
	ReturnID    string          `json:"return_id"`
	State       string          `json:"state"`
	Reason      string          `json:"reason"`
	RequestedAt time.Time       `json:"requested_at"`
	Decision    policy.Decision `json:"decision" doc:"Of the first line."`
}

// A Review is a cancellation or a return that waits for a person.
type Review struct {
	What        string          `json:"what" enum:"cancellation,return"`
	MemberID    string          `json:"member_id"`
	OrderID     string          `json:"order_id"`
	ReturnID    string          `json:"return_id,omitempty"`
	Reason      string          `json:"reason"`
	RequestedAt time.Time       `json:"requested_at"`
	Decision    policy.Decision `json:"decision"`
}

// A RefundToPay is money to pay back. Each is listed once.
type RefundToPay struct {
	RefundID     string       `json:"refund_id"`
	MemberID     string       `json:"member_id"`
	OrderID      string       `json:"order_id"`
	ReturnID     string       `json:"return_id,omitempty"`
	Cause        string       `json:"cause" enum:"cancel,return,reprice,sweep"`
	Money        ledger.Money `json:"money"`
	CashFallback ledger.Money `json:"cash_fallback" doc:"Of points that could not come back; paid_by pays it."`
	PaidBy       string       `json:"paid_by"`
	OccurredAt   time.Time    `json:"occurred_at"`
	Cursor       string       `json:"cursor" doc:"Ask with it as after, now or later, for what is posted behind this one."`
}

type (
	returnsQuery struct {
		ProgramPath
		State string `query:"state" enum:"requested,review,approved,received,rejected,settled,denied" doc:"Default: all. A return is decided when it is requested and settled when it is received, so none stays in those two."`
		Page
	}
	listQuery struct {
		ProgramPath
		Page
	}
	refundsQuery struct {
		ProgramPath
		After  string `query:"after" maxLength:"1000" doc:"cursor or refund_id of the last refund that you have; empty: from the beginning. What is posted later comes behind it."`
		Cursor string `query:"cursor" maxLength:"1000" doc:"next_cursor of the page before; it goes before after."`
		Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	}
	returnList struct {
		Returns    []ListedReturn `json:"returns"`
		NextCursor *string        `json:"next_cursor" doc:"Null on the last page."`
	}
	reviewList struct {
		Reviews    []Review `json:"reviews"`
		NextCursor *string  `json:"next_cursor" doc:"Null on the last page."`
	}
	refundList struct {
		Refunds    []RefundToPay `json:"refunds"`
		NextCursor *string       `json:"next_cursor" doc:"Null: there is no more now. To ask again later, keep the cursor of the last refund."`
	}
)

// worklists adds what people and other systems work off.
func (s *Server) worklists() {
	read(s, route{ID: "returns.list", Path: "/v1/{program}/returns", Tag: "work lists", Summary: "List returns, oldest first", Scopes: readers},
		func(ctx context.Context, c *call, in *returnsQuery) (*returnList, error) {
			states := []string{in.State}
			if in.State == "" {
				states = []string{"review", "approved", "rejected", "settled", "denied"}
			}
			listed, next, err := c.documents(ctx, []points.DocumentKind{points.ReturnDocument}, states, in.Page)
			if err != nil {
				return nil, err
			}
			out := &returnList{Returns: []ListedReturn{}, NextCursor: next}
			for _, d := range listed {
				var r refunds.Return
				if err := json.Unmarshal([]byte(d.Body), &r); err != nil {
					return nil, fmt.Errorf("read a return: %w", err)
				}
				out.Returns = append(out.Returns, ListedReturn{d.MemberID, r.Order, r.ID, r.State, r.Request.Reason, r.RequestedAt.In(c.zone(c.code())), firstDecision(&r)})
			}
			return out, nil
		})

	read(s, route{ID: "reviews.list", Path: "/v1/{program}/reviews", Tag: "work lists", Summary: "List what waits for a person's decision, oldest first", Scopes: readers},
		func(ctx context.Context, c *call, in *listQuery) (*reviewList, error) {
			listed, next, err := c.documents(ctx, []points.DocumentKind{points.ReturnDocument, points.CancellationDocument}, []string{"review"}, in.Page)
			if err != nil {
				return nil, err
			}
			out := &reviewList{Reviews: []Review{}, NextCursor: next}
			for _, d := range listed {
				r, err := d.review(c.zone(c.code()))
				if err != nil {
					return nil, err
				}
				out.Reviews = append(out.Reviews, r)
			}
			return out, nil
		})

	read(s, route{ID: "refunds.list", Path: "/v1/{program}/refunds", Tag: "work lists", Summary: "List money to pay back, in posting order and once", Scopes: Checkout | Finance},
		func(ctx context.Context, c *call, in *refundsQuery) (*refundList, error) {
			return c.refundsAfter(ctx, in)
		})
}

// firstDecision is that of a return's first line, its lists never null.
func firstDecision(r *refunds.Return) policy.Decision {
	return listed(r.Lines[0].Decision)
}

func listed(d policy.Decision) policy.Decision {
	for _, list := range []*[]string{&d.Refunds, &d.Requires, &d.Charges} {
		if *list == nil {
			*list = []string{}
		}
	}
	return d
}

// A listedDocument is a document with the id of its member.
type listedDocument struct {
	MemberID string    `db:"member_id"`
	Member   string    `db:"member"`
	Kind     int16     `db:"kind"`
	ID       string    `db:"id"`
	At       time.Time `db:"at"`
	Body     string    `db:"body"`
}

func (d listedDocument) review(zone *time.Location) (Review, error) {
	if points.DocumentKind(d.Kind) == points.CancellationDocument {
		var k refunds.Cancellation
		if err := json.Unmarshal([]byte(d.Body), &k); err != nil {
			return Review{}, fmt.Errorf("read a cancellation: %w", err)
		}
		return Review{"cancellation", d.MemberID, k.Order, "", k.Request.Reason, k.RequestedAt.In(zone), listed(k.Decision)}, nil
	}
	var r refunds.Return
	if err := json.Unmarshal([]byte(d.Body), &r); err != nil {
		return Review{}, fmt.Errorf("read a return: %w", err)
	}
	return Review{"return", d.MemberID, r.Order, r.ID, r.Request.Reason, r.RequestedAt.In(zone), firstDecision(&r)}, nil
}

// documentsSQL lists documents of some kinds and states by when they were made. $1 program, $2 kinds, $3 states, $4-$6
// the last entry of the page before, $7 how many.
const documentsSQL = `
SELECT m.member_id, d.member::text AS member, d.kind, d.id, d.at, d.body
  FROM documents d JOIN members m USING (member)
 WHERE d.program = $1 AND d.kind = ANY($2::smallint[]) AND d.state = ANY($3::text[])
   AND (d.at, d.member, d.id) > ($4::timestamptz, $5::uuid, $6::text)
 ORDER BY d.at, d.member, d.id
 LIMIT $7`

// documents lists documents for a work list.
func (c *call) documents(ctx context.Context, kinds []points.DocumentKind, states []string, p Page) (list []listedDocument, next *string, err error) {
	at, member, id := time.Unix(0, 0).UTC(), ledger.Member{}.String(), ""
	if p.Cursor != "" {
		parts, err := c.after(p, 3)
		if err != nil {
			return nil, nil, err
		}
		micros, err := strconv.ParseInt(parts[0], 10, 64)
		if err != nil || !isUUID(parts[1]) {
			return nil, nil, badCursor()
		}
		at, member, id = time.UnixMicro(micros).UTC(), parts[1], strings.ReplaceAll(parts[2], "\x1e", cursorMark)
	}
	numbers := make([]int64, len(kinds))
	for i, k := range kinds {
		numbers[i] = int64(k)
	}
	if err := c.opts.DB.SelectContext(ctx, &list, documentsSQL, c.program.ID, array(numbers), array(states), at, member, id, p.Limit+1); err != nil {
		return nil, nil, fmt.Errorf("list documents: %w", err)
	}
	if len(list) > p.Limit {
		list = list[:p.Limit]
		last := list[p.Limit-1]
		next = c.behind(strconv.FormatInt(last.At.UnixMicro(), 10), last.Member, strings.ReplaceAll(last.ID, cursorMark, "\x1e"))
	}
	return list, next, nil
}

// refundsSQL lists refunds in posting order. held: a transaction in flight may still come before it.
const refundsSQL = `
WITH horizon AS MATERIALIZED (SELECT chobo_horizon() AS xid)
SELECT m.member_id, r.id, r.order_id, coalesce(r.return_id, '') AS return_id, r.cause, r.money, r.cash_fallback, r.paid_by, r.occurred_at, r.xid::text AS xid,
       r.xid >= horizon.xid AS held
  FROM refunds r JOIN members m USING (member) CROSS JOIN horizon
 WHERE r.program = $1 AND (r.xid, r.id) > ($2::xid8, $3::bigint)
 ORDER BY r.xid, r.id
 LIMIT $4`

type refundRow struct {
	MemberID     string    `db:"member_id"`
	ID           int64     `db:"id"`
	OrderID      string    `db:"order_id"`
	ReturnID     string    `db:"return_id"`
	Cause        string    `db:"cause"`
	Money        int64     `db:"money"`
	CashFallback int64     `db:"cash_fallback"`
	PaidBy       string    `db:"paid_by"`
	OccurredAt   time.Time `db:"occurred_at"`
	XID          string    `db:"xid"`
	Held         bool      `db:"held"`
}

// How long a reader is kept waiting for what is held, so that who has just posted a refund finds it.
const (
	refundPause = 20 * time.Millisecond
	refundTries = 25
)

// settledRefunds are the refunds that no transaction in flight can come before. Batches end in milliseconds, so it waits
// a little rather than to answer that there is nothing.
func (c *call) settledRefunds(ctx context.Context, xid uint64, id int64, limit int) (rows []refundRow, err error) {
	for try := 1; ; try++ {
		rows = nil
		if err := c.opts.DB.SelectContext(ctx, &rows, refundsSQL, c.program.ID, strconv.FormatUint(xid, 10), id, limit); err != nil {
			return nil, fmt.Errorf("list refunds: %w", err)
		}
		held := slices.IndexFunc(rows, func(r refundRow) bool { return r.Held })
		if held < 0 {
			return rows, nil
		}
		if held > 0 || try == refundTries {
			return rows[:held], nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(refundPause):
		}
	}
}

// refundsAfter lists money to pay back behind a cursor. Source: ruling 25.
func (c *call) refundsAfter(ctx context.Context, in *refundsQuery) (*refundList, error) {
	xid, id, err := c.refundsFrom(ctx, in)
	if err != nil {
		return nil, err
	}
	rows, err := c.settledRefunds(ctx, xid, id, in.Limit+1)
	if err != nil {
		return nil, err
	}
	more := len(rows) > in.Limit
	rows = rows[:min(len(rows), in.Limit)]
	out := &refundList{Refunds: []RefundToPay{}}
	zone := c.program.Versions.Zone()
	for _, r := range rows {
		out.Refunds = append(out.Refunds, RefundToPay{strconv.FormatInt(r.ID, 10), r.MemberID, r.OrderID, r.ReturnID, r.Cause,
			ledger.Money(r.Money), ledger.Money(r.CashFallback), r.PaidBy, r.OccurredAt.In(zone), cursor(r.XID, strconv.FormatInt(r.ID, 10))})
	}
	if more {
		out.NextCursor = &out.Refunds[len(out.Refunds)-1].Cursor
	}
	return out, nil
}

// refundSQL finds a refund's place in the list.
const refundSQL = `SELECT xid::text FROM refunds WHERE program = $1 AND id = $2`

// refundsFrom is the place behind which refunds are asked for.
func (c *call) refundsFrom(ctx context.Context, in *refundsQuery) (xid uint64, id int64, err error) {
	after, none := in.Cursor, badCursor()
	if after == "" {
		after, none = in.After, invalid(Fault{"query.after", "is none of this list"})
	}
	if after == "" {
		return 0, 0, nil
	}
	var place string
	if parts, wrong := (Page{Cursor: after}).after(2); wrong == nil {
		if id, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
			return 0, 0, none
		}
		place = parts[0]
	} else {
		if id, err = strconv.ParseInt(after, 10, 64); err != nil {
			return 0, 0, none
		}
		if err = c.opts.DB.GetContext(ctx, &place, refundSQL, c.program.ID, id); errors.Is(err, sql.ErrNoRows) {
			return 0, 0, none
		} else if err != nil {
			return 0, 0, fmt.Errorf("find a refund: %w", err)
		}
	}
	if xid, err = strconv.ParseUint(place, 10, 64); err != nil {
		return 0, 0, none
	}
	return xid, id, nil
}
