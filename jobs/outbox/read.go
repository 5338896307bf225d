package outbox

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"chobo/ledger"
	"chobo/points/engine"
)

// A Page is a part of a program's events.
type Page struct {
	Events []Event
	End    Place // read on behind it
	More   bool  // there may be more now, even where the page is empty
}

// How far one page looks: through stretches of batches that double until the page is full, since in a house of many
// programs most of them may be another's.
const (
	stretchBatches = 500
	fewest, most   = 100, 2000 // transactions of a stretch; a batch is never cut
	stretches      = 50
)

// Read reads the program's events behind a place in the order of commits, at most limit, and none that a transaction in
// flight could still come before. q is a pool of schema.Open, or one of its connections.
func Read(ctx context.Context, q sqlx.QueryerContext, p *engine.Program, after Place, limit int) (Page, error) {
	until, err := Now(ctx, q)
	if err != nil {
		return Page{}, err
	}
	return reader{q, p}.read(ctx, after, until, limit)
}

// A reader reads what was committed for a program. It holds one page.
type reader struct {
	sqlx.QueryerContext
	program *engine.Program
}

// read reads the events behind after, up to and with until.
func (r reader) read(ctx context.Context, after, until Place, limit int) (Page, error) {
	page := Page{Events: []Event{}, End: after}
	size := max(limit, fewest)
	for range stretches {
		if len(page.Events) == limit || !page.End.before(until) {
			break
		}
		s, err := r.stretch(ctx, page.End, until, size)
		if err != nil {
			return page, err
		}
		left := limit - len(page.Events)
		events, err := r.within(ctx, s, left+1)
		if err != nil {
			return page, err
		}
		page.End = s.end
		if len(events) > left {
			events = events[:left]
			page.End = events[left-1].place
		}
		page.Events = append(page.Events, events...)
		size = min(2*size, most)
	}
	page.More = page.End.before(until)
	return page, nil
}

// A stretch is batches that follow one another.
type stretch struct {
	after, end  Place
	first, last []int64 // ids of each batch
	xids        []string
}

// batchesSQL lists batches from the place ($1, $2) up to ($3, $4).
const batchesSQL = `
SELECT b.id, b.last_id, b.transactions, b.xid::text AS xid
  FROM batches b
 WHERE (b.xid, b.id) >= ($1::xid8, $2::bigint) AND (b.xid, b.id) <= ($3::xid8, $4::bigint)
 ORDER BY b.xid, b.id
 LIMIT $5`

// stretch finds the next batches behind after: with about size transactions, but at least one batch if there is any.
func (r reader) stretch(ctx context.Context, after, until Place, size int) (stretch, error) {
	s := stretch{after: after, end: until}
	var batches []struct {
		ID           int64  `db:"id"`
		LastID       int64  `db:"last_id"`
		Transactions int    `db:"transactions"`
		XID          string `db:"xid"`
	}
	err := sqlx.SelectContext(ctx, r, &batches, batchesSQL, after.xid(), after.Batch, until.xid(), until.Batch, stretchBatches+1)
	if err != nil {
		return s, fmt.Errorf("list batches: %w", err)
	}
	transactions := 0
	for i, b := range batches {
		if transactions >= size || i == stretchBatches {
			xid, err := strconv.ParseUint(b.XID, 10, 64)
			s.end = Place{XID: xid, Batch: b.ID}
			return s, err
		}
		transactions += b.Transactions
		s.first, s.last, s.xids = append(s.first, b.ID), append(s.last, b.LastID), append(s.xids, b.XID)
	}
	return s, nil
}

// farApart are ids an hour apart: what lies between a batch that committed very late and the others is not read.
const farApart = int64(time.Hour/time.Microsecond) * int64(ledger.IDStep)

// ranges are ranges of ids that hold the batches.
func (s *stretch) ranges() (lows, highs []int64) {
	firsts, lasts := slices.Sorted(slices.Values(s.first)), slices.Sorted(slices.Values(s.last))
	for i, first := range firsts {
		if i == 0 || first-highs[len(highs)-1] > farApart {
			lows, highs = append(lows, first), append(highs, lasts[i])
		}
		highs[len(highs)-1] = lasts[i]
	}
	return lows, highs
}

// eventsSQL reads what program $1 committed behind the place ($2, $3, $4), up to ($5, $6, $7): transactions of the batches
// $8 … $10, read in one pass over the ranges of ids $11, $12 that hold them, then refunds (kind 0) and reminders (kind -1).
const eventsSQL = `
WITH nearby AS MATERIALIZED (
    SELECT t.id, t.member, t.kind, t.occurred_at, t.posted_at, t.subject, t.part, t.accounts, t.moves
      FROM unnest($11::bigint[], $12::bigint[]) AS s(low, high) JOIN transactions t ON t.id BETWEEN s.low AND s.high
     WHERE t.program = $1
), committed AS (
    SELECT b.xid, b.id AS batch, t.*
      FROM nearby t
      JOIN unnest($8::bigint[], $9::bigint[], $10::text[]::xid8[]) AS b(id, last_id, xid) ON t.id & 4095 = b.id & 4095 AND t.id BETWEEN b.id AND b.last_id
     WHERE (b.xid, b.id, t.id) > ($2::xid8, $3::bigint, $4::bigint) AND (b.xid, b.id, t.id) <= ($5::xid8, $6::bigint, $7::bigint)
     ORDER BY b.xid, b.id, t.id
     LIMIT $13
), events AS (
    SELECT c.xid, c.batch, c.id, c.member, c.kind, c.occurred_at, c.posted_at, c.subject, c.part, l.available, l.pending, l.reserved, l.debt, l.money,
           0 AS cash_fallback, '' AS paid_by, '' AS cause, NULL::timestamptz AS due_at
      FROM committed c
     CROSS JOIN LATERAL (SELECT -sum(points) FILTER (WHERE account = 11) AS available, -sum(points) FILTER (WHERE account = 12) AS pending,
                                -sum(points) FILTER (WHERE account = 13) AS reserved, sum(points) FILTER (WHERE account = 14) AS debt, -sum(money) AS money
                           FROM (SELECT account, c.moves[3 * line - 2] AS points, c.moves[3 * line - 1] AS money
                                   FROM unnest(c.accounts) WITH ORDINALITY AS a (account, line) WHERE account BETWEEN 11 AND 14) m) l
    UNION ALL
    (SELECT xid, id, id, member, 0, occurred_at, coalesce(posted_at, occurred_at), order_id, return_id, 0, 0, 0, 0, money, cash_fallback, paid_by, cause, NULL
       FROM refunds
      WHERE program = $1 AND (xid, id, id) > ($2::xid8, $3::bigint, $4::bigint) AND (xid, id, id) <= ($5::xid8, $6::bigint, $7::bigint)
      ORDER BY xid, id
      LIMIT $13)
    UNION ALL
    (SELECT xid, id, id, member, -1, made_at, made_at, NULL, NULL, points, 0, 0, 0, 0, 0, '', '', due_at
       FROM reminders
      WHERE program = $1 AND (xid, id, id) > ($2::xid8, $3::bigint, $4::bigint) AND (xid, id, id) <= ($5::xid8, $6::bigint, $7::bigint)
      ORDER BY xid, id
      LIMIT $13)
)
SELECT e.xid::text AS xid, e.batch, e.id, coalesce(m.member_id, '') AS member_id, e.kind, e.occurred_at, e.posted_at, coalesce(e.subject, '') AS subject,
       coalesce(e.part, '') AS part, coalesce(e.available, 0)::bigint AS available, coalesce(e.pending, 0)::bigint AS pending,
       coalesce(e.reserved, 0)::bigint AS reserved, coalesce(e.debt, 0)::bigint AS debt, coalesce(e.money, 0)::bigint AS money,
       e.cash_fallback, e.paid_by, e.cause, e.due_at
  FROM events e LEFT JOIN members m USING (member)
 ORDER BY e.xid, e.batch, e.id
 LIMIT $13`

// within reads the stretch's events, at most limit.
func (r reader) within(ctx context.Context, s stretch, limit int) ([]Event, error) {
	lows, highs := s.ranges()
	var rows []row
	err := sqlx.SelectContext(ctx, r, &rows, eventsSQL, r.program.ID, s.after.xid(), s.after.Batch, s.after.ID, s.end.xid(), s.end.Batch, s.end.ID,
		pq.Array(s.first), pq.Array(s.last), pq.Array(s.xids), pq.Array(lows), pq.Array(highs), limit)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	zone := r.program.Versions.Zone()
	events := make([]Event, 0, len(rows))
	for i := range rows {
		e, err := rows[i].event(zone)
		if err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		events = append(events, e)
	}
	return events, nil
}
