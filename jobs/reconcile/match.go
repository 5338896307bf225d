package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"chobo/ledger/rows"
	"chobo/points/engine"
)

// A Matching is what came of comparing a feed with the ledger.
type Matching struct {
	Rows      int64   `json:"rows" doc:"Of the feed."`
	OneToOne  int64   `json:"one_to_one" doc:"A row of the feed is one of the ledger."`
	OneToMany int64   `json:"one_to_many" doc:"One on this side is several on the other, which add up to it."`
	Breaks    []Break `json:"-"`
	Open      int64   `json:"breaks" doc:"Unmatched and differing ones."`
}

const (
	// feedOrdersSQL puts the orders placed from $2 to $3, by the checkout's own time, beside what the feed has of them. None
	// was booked before that time. An order's first tenders count: what changed later is no business of the checkout's file. Where
	// the document does not name them, they are the points that pay its parts; pw is such points of a line.
	feedOrdersSQL = `
SELECT coalesce(o.id, f.order_id), coalesce(o.member_id, f.member_id), coalesce(o.points, 0), coalesce(o.money, 0), o.id IS NOT NULL,
       coalesce(f.points, 0), coalesce(f.money, 0), coalesce(f.rows, 0), coalesce(f.line, 0)
  FROM (SELECT d.id, m.member_id, coalesce((b.body->'tenders'->>'money')::bigint, 0) AS money,
               CASE WHEN b.body ? 'tenders' THEN coalesce((b.body->'tenders'->>'points')::bigint, 0)
                    ELSE (SELECT coalesce(sum(coalesce((part->>'pw')::bigint, (part->>'p')::bigint)), 0)::bigint
                            FROM jsonb_array_elements((b.body->'lines') || coalesce(b.body->'fees', '[]') || coalesce(b.body->'ship', '[]')) AS part) END AS points
          FROM documents d JOIN members m USING (member)
         CROSS JOIN LATERAL (SELECT d.body::jsonb AS body) b
         WHERE d.program = $1 AND d.kind = 1 AND d.at >= $2
           AND coalesce((b.body->>'ordered')::timestamptz, d.at) >= $2 AND coalesce((b.body->>'ordered')::timestamptz, d.at) < $3) o
  FULL JOIN (SELECT order_id, member_id, sum(points) AS points, sum(money) AS money, count(*) AS rows, min(line) AS line
               FROM unnest($4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::bigint[]) AS feed(line, order_id, member_id, points, money)
              GROUP BY order_id, member_id) f
    ON f.order_id = o.id AND coalesce(nullif(f.member_id, ''), o.member_id) = o.member_id
 ORDER BY 1, 2`

	// feedRefundsSQL puts the refunds of an order from $2 to $3 beside those that the feed has.
	feedRefundsSQL = `
SELECT order_id, array_agg(amount) FILTER (WHERE ours), array_agg(amount) FILTER (WHERE NOT ours), coalesce(min(line), 0)
  FROM (SELECT order_id, money AS amount, true AS ours, NULL::bigint AS line FROM refunds WHERE program = $1 AND occurred_at >= $2 AND occurred_at < $3 AND money > 0
        UNION ALL
        SELECT order_id, money, false, line FROM unnest($4::bigint[], $5::text[], $6::bigint[]) AS feed(line, order_id, money) WHERE money <> 0) AS sides
 GROUP BY order_id
 ORDER BY order_id`
)

// MatchOrders compares a checkout's file with the orders placed from one instant to another, and keeps what differs as
// breaks of the check OrdersFeed. Several rows of one order are added up.
func (r Reconciler) MatchOrders(ctx context.Context, p *engine.Program, from, to time.Time, given iter.Seq2[FeedRow, error]) (*Matching, error) {
	return r.match(ctx, p, OrdersFeed, from, to, given, func(tx *sqlx.Tx, f feed, m *Matching) error {
		return rows.Scan(ctx, tx, feedOrdersSQL, []any{p.ID, from, to, pq.Array(f.lines), pq.Array(f.orders), pq.Array(f.members), pq.Array(f.points), pq.Array(f.money)}, func(rows *sql.Rows) error {
			var order, member string
			var ours, theirs struct{ points, money int64 }
			var known bool
			var count, line int64
			if err := rows.Scan(&order, &member, &ours.points, &ours.money, &known, &theirs.points, &theirs.money, &count, &line); err != nil {
				return err
			}
			m.Rows += count
			b := Break{Key: order, Left: theirs.money, Right: ours.money}
			if member != "" {
				b.Key = order + " of " + member
			}
			switch {
			case count == 0:
				b.Reason = "the feed does not have the order"
			case !known:
				b.Reason = fmt.Sprintf("the ledger does not have the order of line %d", line)
			case theirs.money != ours.money:
				b.Reason = fmt.Sprintf("money differs (line %d)", line)
			case theirs.points != ours.points:
				b.Left, b.Right, b.Reason = theirs.points, ours.points, fmt.Sprintf("points differ (line %d)", line)
			case count > 1:
				m.OneToMany++
				return nil
			default:
				m.OneToOne++
				return nil
			}
			m.Breaks = append(m.Breaks, b)
			return nil
		})
	})
}

// MatchRefunds compares a payment provider's file with the money to pay back from one instant to another, and keeps what
// differs as breaks of the check RefundsFeed. Of one order, equal amounts match first, then one amount that several on
// the other side add up to.
func (r Reconciler) MatchRefunds(ctx context.Context, p *engine.Program, from, to time.Time, given iter.Seq2[FeedRow, error]) (*Matching, error) {
	return r.match(ctx, p, RefundsFeed, from, to, given, func(tx *sqlx.Tx, f feed, m *Matching) error {
		return rows.Scan(ctx, tx, feedRefundsSQL, []any{p.ID, from, to, pq.Array(f.lines), pq.Array(f.orders), pq.Array(f.money)}, func(rows *sql.Rows) error {
			var order string
			var ours, theirs pq.Int64Array
			var line int64
			if err := rows.Scan(&order, &ours, &theirs, &line); err != nil {
				return err
			}
			m.Rows += int64(len(theirs))
			for i := range theirs { // some providers write money that goes back as negative
				theirs[i] = max(theirs[i], -theirs[i])
			}
			m.pair(order, ours, theirs, line)
			return nil
		})
	})
}

// pair matches the amounts of one order and notes what is left.
func (m *Matching) pair(order string, ours, theirs []int64, line int64) {
	all := slices.Clone(ours)
	ours, theirs, n := equal(ours, theirs)
	m.OneToOne += n
	ours, theirs, n = sums(ours, theirs)
	m.OneToMany += n
	theirs, ours, n = sums(theirs, ours)
	m.OneToMany += n
	if len(ours) == 0 && len(theirs) == 0 {
		return
	}
	b := Break{Key: order, Left: total(theirs), Right: total(ours)}
	switch {
	case len(theirs) == 0:
		b.Reason = "the feed does not have the refund"
	case len(ours) > 0:
		b.Reason = fmt.Sprintf("amounts differ (line %d)", line)
	case slices.ContainsFunc(theirs, func(n int64) bool { return slices.Contains(all, n) }):
		b.Reason = fmt.Sprintf("the feed has the refund more than once (line %d)", line)
	default:
		b.Reason = fmt.Sprintf("the ledger does not have the refund (line %d)", line)
	}
	m.Breaks = append(m.Breaks, b)
}

// equal takes out amounts that stand on both sides.
func equal(ours, theirs []int64) (a, b []int64, n int64) {
	b = slices.Clone(theirs)
	for _, amount := range ours {
		if i := slices.Index(b, amount); i >= 0 {
			b = slices.Delete(b, i, i+1)
			n++
			continue
		}
		a = append(a, amount)
	}
	return a, b, n
}

// mostSummed bounds the amounts of one order of which sums are tried.
const mostSummed = 16

// sums takes out amounts of one side that several of the other add up to.
func sums(ones, many []int64) (a, b []int64, n int64) {
	b = slices.Clone(many)
	for _, one := range ones {
		if chosen := subset(b, one); chosen != 0 && len(b) <= mostSummed {
			var left []int64
			for i, amount := range b {
				if chosen&(1<<i) == 0 {
					left = append(left, amount)
				}
			}
			b = left
			n++
			continue
		}
		a = append(a, one)
	}
	return a, b, n
}

// subset is which of the amounts, two at least, add up to the sum, as bits; 0: none do.
func subset(amounts []int64, sum int64) int {
	if len(amounts) > mostSummed {
		return 0
	}
	for chosen := 3; chosen < 1<<len(amounts); chosen++ {
		if chosen&(chosen-1) == 0 {
			continue // one alone
		}
		var n int64
		for i, amount := range amounts {
			if chosen&(1<<i) != 0 {
				n += amount
			}
		}
		if n == sum {
			return chosen
		}
	}
	return 0
}

func total(amounts []int64) (n int64) {
	for _, a := range amounts {
		n += a
	}
	return n
}

// match compares the feed with the ledger and keeps the breaks. Those that an earlier file of the same
// days left and that are not found again are closed.
func (r Reconciler) match(ctx context.Context, p *engine.Program, check string, from, to time.Time, rows iter.Seq2[FeedRow, error],
	compare func(*sqlx.Tx, feed, *Matching) error,
) (m *Matching, err error) {
	f, err := readAll(rows)
	if err != nil {
		return nil, err
	}
	tx, err := r.DB.BeginTxx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin to match a feed: %w", err)
	}
	defer func() {
		if err2 := tx.Rollback(); err2 != nil && !errors.Is(err2, sql.ErrTxDone) && err == nil {
			err = err2
		}
	}()
	if _, err := tx.ExecContext(ctx, oneAtATimeSQL, p.ID); err != nil {
		return nil, err
	}
	m = &Matching{}
	if err := compare(tx, f, m); err != nil {
		return nil, fmt.Errorf("compare a feed: %w", err)
	}
	m.Open = int64(len(m.Breaks))
	span := from.Format(time.RFC3339) + "/" + to.Format(time.RFC3339)
	kept := m.Breaks[:min(len(m.Breaks), maxBreaks)]
	for i := range kept {
		kept[i].Check, kept[i].Whose = check, span
	}
	if err := keepBreaks(ctx, tx, p.ID, check, kept, []string{span}, r.now(), len(m.Breaks) > maxBreaks); err != nil {
		return nil, err
	}
	return m, tx.Commit()
}

// A feed is a file's rows as statements take them, column by column.
type feed struct {
	lines           []int64
	orders, members []string
	points, money   []int64
}

func readAll(rows iter.Seq2[FeedRow, error]) (f feed, err error) {
	for row, err := range rows {
		if err != nil {
			return f, err
		}
		f.lines = append(f.lines, row.Line)
		f.orders, f.members = append(f.orders, row.Order), append(f.members, row.Member)
		f.points, f.money = append(f.points, row.Points), append(f.money, row.Money)
	}
	return f, nil
}
