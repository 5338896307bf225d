package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/points"
)

// A LotView is points that were granted together, and where they went.
type LotView struct {
	LotID     ledger.LotID  `json:"lot_id"`
	State     string        `json:"state" enum:"pending,available,reserved,spent,expired,lapsed,forfeited,revoked,reversed,adjusted,voided"`
	Granted   ledger.Points `json:"granted" doc:"Pending and matured, or at once; less what was voided while pending."`
	Pending   ledger.Points `json:"pending"`
	Remaining ledger.Points `json:"remaining"`
	Reserved  ledger.Points `json:"reserved"`
	GrantedAt time.Time     `json:"granted_at"`
	MaturesAt *time.Time    `json:"matures_at" doc:"Of a lot that is still held back."`
	ExpiresAt *time.Time    `json:"expires_at" doc:"First instant without it; null: it does not expire by itself."`
	OrderID   *string       `json:"order_id" doc:"Whose grant it is; null: of no order."`
	LineID    *string       `json:"line_id"`
	Went      []LotMove     `json:"went" doc:"What it was spent on or lost to, and what came back."`
}

// A LotMove is points of a lot that went or came back.
type LotMove struct {
	TransactionID *ledger.TransactionID `json:"transaction_id" doc:"Null: due already, but not posted yet."`
	Kind          ledger.Kind           `json:"kind"`
	Points        ledger.Points         `json:"points" doc:"Minus went, plus came back."`
	OccurredAt    time.Time             `json:"occurred_at"`
	OrderID       *string               `json:"order_id"`
	ReturnID      string                `json:"return_id,omitempty"`
	ReservationID string                `json:"reservation_id,omitempty"`
	ExchangeID    string                `json:"exchange_id,omitempty"`
}

type (
	lotsQuery struct {
		MemberPath
		Page
	}
	lotList struct {
		Lots       []LotView `json:"lots"`
		NextCursor *string   `json:"next_cursor" doc:"Null on the last page."`
	}
)

// lots adds the lots of a member.
func (s *Server) lots() {
	read(s, route{ID: "members.lots", Path: membersPath + "/lots", Tag: "members", Summary: "List a member's lots, newest first", Scopes: readers},
		func(ctx context.Context, c *call, in *lotsQuery) (*lotList, error) { return c.lotList(ctx, in) })
}

const (
	lastLotSQL = `SELECT last_lot FROM accounts WHERE member = $1`
	// lotLinesSQL is all that moved lots $2 to $3 of a member. Nothing before the last pending grant or opening that made a
	// lot numbered no higher than $2: these name new lots only, and lots are numbered in the order in which they are made.
	lotLinesSQL = `
SELECT lot, account, points, expires_at, transaction AS id, kind, occurred_at, coalesce(subject, '') AS subject, coalesce(part, '') AS part
  FROM lines
 WHERE member = $1 AND lot BETWEEN $2 AND $3 AND account BETWEEN 11 AND 13
   AND transaction >= coalesce((SELECT transaction FROM lines WHERE $2 > 1 AND member = $1 AND kind IN (1, 60) AND lot <= $2
                                 ORDER BY transaction DESC LIMIT 1), 0)
 ORDER BY transaction, line`
	ordersSQL = `SELECT body FROM documents WHERE member = $1 AND kind = 1 AND id = ANY($2::text[])`
)

type lotLine struct {
	Lot        ledger.LotID         `db:"lot"`
	Account    ledger.Account       `db:"account"`
	Points     ledger.Points        `db:"points"`
	ExpiresAt  *time.Time           `db:"expires_at"`
	ID         ledger.TransactionID `db:"id"` // 0: not posted yet
	Kind       ledger.Kind          `db:"kind"`
	OccurredAt time.Time            `db:"occurred_at"`
	Subject    string               `db:"subject"`
	Part       string               `db:"part"`
}

// lotList is one page of the member's lots.
func (c *call) lotList(ctx context.Context, in *lotsQuery) (*lotList, error) {
	before := ledger.LotID(1) << 62
	if in.Cursor != "" {
		parts, err := c.after(in.Page, 1)
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(parts[0], 10, 64)
		if err != nil {
			return nil, badCursor()
		}
		before = ledger.LotID(n)
	}
	member := c.program.Member(c.member())
	var first, last ledger.LotID
	var posted []lotLine
	st, err := c.beside(ctx, member, func(tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &last, lastLotSQL, member.String()); err != nil {
			return err
		}
		last = min(last, before-1) // what falls due by itself makes no lots
		first = max(1, last-ledger.LotID(in.Limit)+1)
		posted = nil
		return tx.SelectContext(ctx, &posted, lotLinesSQL, member.String(), int64(first), int64(last))
	})
	if err != nil {
		return nil, fmt.Errorf("read lots: %w", err)
	}
	lines := dueLines(st.due)
	lots := c.lotViews(append(posted, lines...), first, last, st.holds)
	if err := c.nameLines(ctx, member.String(), lots); err != nil {
		return nil, err
	}
	out := &lotList{Lots: []LotView{}}
	for _, l := range slices.Backward(lots) {
		if !l.GrantedAt.IsZero() {
			out.Lots = append(out.Lots, l)
		}
	}
	if first > 1 {
		out.NextCursor = c.behind(strconv.FormatInt(int64(first), 10))
	}
	return out, nil
}

// dueLines are the lines on lots of what is not posted yet.
func dueLines(due []ledger.Transaction) (lines []lotLine) {
	for _, t := range due {
		for _, l := range t.Lines {
			if l.Lot == 0 || !l.Account.OfMember() {
				continue
			}
			line := lotLine{Lot: l.Lot, Account: l.Account, Points: l.Points, Kind: t.Kind, OccurredAt: t.OccurredAt, Subject: t.Subject, Part: t.Part}
			if !l.ExpiresAt.IsZero() {
				at := l.ExpiresAt
				line.ExpiresAt = &at
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// lotViews adds the lines up, lot by lot.
func (c *call) lotViews(lines []lotLine, first, last ledger.LotID, holds []points.Hold) []LotView {
	zone := c.program.Versions.Zone()
	lots := make([]LotView, last-first+1)
	for i := range lots {
		lots[i].LotID, lots[i].Went = first+ledger.LotID(i), []LotMove{}
	}
	for i := 0; i < len(lines); {
		l := &lines[i]
		if l.Lot < first || l.Lot > last {
			i++
			continue
		}
		v := &lots[l.Lot-first]
		if v.GrantedAt.IsZero() {
			v.GrantedAt = l.OccurredAt.In(zone)
			e := Entry{Kind: l.Kind}
			e.belongs(l.Subject)
			v.OrderID = e.OrderID
		}
		// A transaction's lines on one lot are one move.
		var member, pending ledger.Points
		from := i
		for ; i < len(lines) && lines[i].Lot == l.Lot && lines[i].ID == l.ID && lines[i].OccurredAt.Equal(l.OccurredAt) && lines[i].Kind == l.Kind; i++ {
			switch n := -lines[i].Points; lines[i].Account {
			case ledger.MemberPending:
				v.Pending += n
				pending += n
			case ledger.MemberAvailable:
				v.Remaining += n
				member += n
			case ledger.MemberReserved:
				v.Reserved += n
				member += n
			default: // debt has no lots
			}
			if lines[i].ExpiresAt != nil {
				at := lines[i].ExpiresAt.In(zone)
				v.ExpiresAt = &at
			}
		}
		v.move(lines[from], member, pending, zone)
	}
	for i := range lots {
		v := &lots[i]
		for _, h := range holds {
			if h.Lot == v.LotID && v.Pending > 0 {
				v.MaturesAt, v.ExpiresAt = inZone(h.Due, zone), inZone(h.ExpiresAt, zone)
			}
		}
		v.State = v.state()
	}
	return lots
}

func inZone(t time.Time, zone *time.Location) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(zone)
	return &t
}

// move notes what a transaction did to the lot: a grant, or points that went or came back.
func (v *LotView) move(l lotLine, member, pending ledger.Points, zone *time.Location) {
	switch {
	case pending != 0 && member == 0: // granted, or changed while held back
		if pending > 0 || l.Kind == ledger.RepricePending || l.Kind == ledger.VoidPending {
			v.Granted += pending
			return
		}
		member = pending
	case pending != 0: // matured
		return
	case member == 0: // set aside, or not any more
		return
	case member > 0 && (l.Kind == ledger.Grant || l.Kind == ledger.Adjust || l.Kind == ledger.Opening || v.Granted == 0):
		v.Granted += member
		return
	}
	m := LotMove{Kind: l.Kind, Points: member, OccurredAt: l.OccurredAt.In(zone), ReturnID: l.Part}
	if l.ID != 0 {
		id := l.ID
		m.TransactionID = &id
	}
	e := Entry{Kind: l.Kind}
	e.belongs(l.Subject)
	m.OrderID, m.ReservationID, m.ExchangeID = e.OrderID, e.ReservationID, e.ExchangeID
	v.Went = append(v.Went, m)
}

// lost names the states of lots by how the last of their points went.
var lost = map[ledger.Kind]string{
	ledger.Expire: "expired", ledger.Lapse: "lapsed", ledger.Forfeit: "forfeited", ledger.Revoke: "revoked",
	ledger.ReverseGrant: "reversed", ledger.Adjust: "adjusted", ledger.VoidPending: "voided",
}

// state is what has become of the lot.
func (v *LotView) state() string {
	switch {
	case v.Pending > 0:
		return "pending"
	case v.Remaining > 0:
		return "available"
	case v.Reserved > 0:
		return "reserved"
	case v.Granted == 0:
		return "voided"
	}
	for _, m := range slices.Backward(v.Went) {
		if m.Points < 0 {
			if state := lost[m.Kind]; state != "" {
				return state
			}
			break
		}
	}
	return "spent"
}

// nameLines finds the order lines whose grants the lots are.
func (c *call) nameLines(ctx context.Context, member string, lots []LotView) error {
	var ids []string
	for _, l := range lots {
		if l.OrderID != nil && !slices.Contains(ids, *l.OrderID) {
			ids = append(ids, *l.OrderID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var bodies []string
	if err := c.opts.DB.SelectContext(ctx, &bodies, ordersSQL, member, array(ids)); err != nil {
		return fmt.Errorf("read the orders of lots: %w", err)
	}
	lines := map[ledger.LotID]string{}
	for _, b := range bodies {
		var o points.Order
		if err := json.Unmarshal([]byte(b), &o); err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		for _, l := range o.Lines {
			if l.Earned.Lot != 0 {
				lines[l.Earned.Lot] = l.ID
			}
		}
	}
	for i := range lots {
		if line, ok := lines[lots[i].LotID]; ok {
			lots[i].LineID = &line
		}
	}
	return nil
}
