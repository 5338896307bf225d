package journal

import (
	"context"
	"database/sql"
	"fmt"

	"chobo/ledger/rows"
)

// A projection is something that is kept beside the journal: the query rebuilds it and selects the differences: member, what,
// stored, by the journal. $1 is a program's number, or 0 for all.
type projection struct {
	name, about, differencesSQL string
	agrees                      func(*proof, context.Context) (bool, error) // tells by sums that nothing differs; nil: only the query does
}

// Accounts in these statements are numbers of the chart: 11 available, 12 pending, 13 reserved, 14 debt. A credit is
// minus, so a member's points are the negative sum of their lines. Times in arrays are microseconds since 1970.
var projections = []projection{
	{"time", "within a member nothing happened before what was posted earlier", timeSQL, (*proof).timeAgrees},
	{"balances", "available, pending, reserved and debt are the sums of the member's lines", balancesSQL, (*proof).balancesAgree},
	{"lots", "each lot's remaining and reserved points, expiry and age are those of its lines", lotsSQL, (*proof).lotsAgree},
	{"spilled lots", "the member's row counts the lots that stand in rows of their own", spilledSQL, nil},
	{"holds", "each pending grant is the sum of its lines, and of the order that they name", holdsSQL, (*proof).holdsAgree},
	{"members", "each member's state, last transaction and last lot are those of the journal", membersSQL, (*proof).membersAgree},
	{"due", "a job will visit each member whose points mature or expire, in time", dueSQL, (*proof).dueAgree},
	{"notes", "each note is the one that was hashed when it was posted, or was redacted", notesSQL, (*proof).notesAgree},
	{"keys", "each idempotency key has its transactions, and shares none", keysSQL, (*proof).keysAgree},
	{"roll-ups", "the sums by day, kind, account and shop are those of the lines", rollupsSQL, (*proof).daysAgree},
}

// sizesSQL counts what projections are of, but for transactions, in their order; then the lots that stand in rows of their own.
const sizesSQL = `
SELECT record_send(ROW(count(*), coalesce(sum(coalesce(cardinality(lots), 0) / 5 + spilled), 0)::bigint, coalesce(sum(spilled), 0)::bigint,
                       coalesce(sum(coalesce(cardinality(holds), 0) / 4), 0)::bigint,
                       (SELECT count(*) FROM members WHERE $1::int IN (0, program)),
                       (SELECT count(*) FROM due WHERE $1::int IN (0, program)),
                       (SELECT count(*) FROM notes WHERE $1::int = 0 OR member IN (SELECT member FROM accounts WHERE program = $1)),
                       (SELECT count(*) FROM operations WHERE $1::int = 0 OR member IN (SELECT member FROM accounts WHERE program = $1)),
                       (SELECT count(*) FROM daily WHERE $1::int IN (0, program)),
                       (SELECT count(*) FROM spilled_lots)))
  FROM accounts WHERE $1::int IN (0, program)`

// sizes are what sizesSQL counts.
type sizes struct{ accounts, lots, spilled, holds, members, due, notes, keys, sums, apart int64 }

// of is how many there are of each projection.
func (s *sizes) of(transactions int64) []int64 {
	return []int64{transactions, s.accounts, s.lots, s.spilled, s.holds, s.members, s.due, s.notes, s.keys, s.sums}
}

// measure counts what is kept beside the journal.
func (p *proof) measure(ctx context.Context, q rows.Preparer) error {
	err := rows.Each(ctx, q, func(r *rows.Row) error {
		s := &p.sizes
		for _, n := range []*int64{&s.accounts, &s.lots, &s.spilled, &s.holds, &s.members, &s.due, &s.notes, &s.keys, &s.sums, &s.apart} {
			*n = r.Int64()
		}
		return nil
	}, sizesSQL, p.Program)
	if err != nil {
		return fmt.Errorf("count what is kept beside the journal: %w", err)
	}
	return nil
}

// projections rebuilds what the engine keeps, each in one statement, unless sums have shown that nothing differs.
func (p *proof) projections(ctx context.Context) error {
	all := p.sizes.of(p.prints.transactions)
	for i, c := range projections {
		p.Progress(c.name, int64(i), int64(len(projections)))
		end := p.check(CheckResult{Name: c.name, About: c.about})
		p.examined(c.name, all[i])
		if err := p.differences(ctx, c); err != nil {
			return fmt.Errorf("check %s: %w", c.name, err)
		}
		end()
	}
	return nil
}

func (p *proof) differences(ctx context.Context, c projection) error {
	if c.agrees != nil {
		if agree, err := c.agrees(p, ctx); agree || err != nil {
			return err
		}
	}
	rows, err := p.tx.QueryContext(ctx, c.differencesSQL, p.Program)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has told
	for rows.Next() {
		var d Difference
		var member sql.NullString
		if err := rows.Scan(&member, &d.What, &d.Stored, &d.Journal); err != nil {
			return err
		}
		d.Member = member.String
		p.found(c.name, d)
	}
	return rows.Err()
}

const timeSQL = `
SELECT member, 'transaction ' || id, 'happened ' || occurred_at, 'after ' || before
  FROM (SELECT member, id, occurred_at, lag(occurred_at) OVER (PARTITION BY member ORDER BY id) AS before
          FROM transactions WHERE $1::int IN (0, program)) AS t
 WHERE occurred_at < before`

const balancesSQL = `
SELECT member, 'balances',
       format('available %s, pending %s, reserved %s, debt %s', a.available, a.pending, a.reserved, a.debt),
       format('available %s, pending %s, reserved %s, debt %s', coalesce(j.available, 0), coalesce(j.pending, 0), coalesce(j.reserved, 0), coalesce(j.debt, 0))
  FROM accounts a
  FULL JOIN (SELECT member, -sum(points) FILTER (WHERE account = 11) AS available, -sum(points) FILTER (WHERE account = 12) AS pending,
                    -sum(points) FILTER (WHERE account = 13) AS reserved, sum(points) FILTER (WHERE account = 14) AS debt
               FROM lines WHERE account BETWEEN 11 AND 14 GROUP BY member) j USING (member)
 WHERE ($1::int = 0 OR a.program = $1)
   AND (a.available, a.pending, a.reserved, a.debt) IS DISTINCT FROM
       (coalesce(j.available, 0), coalesce(j.pending, 0), coalesce(j.reserved, 0), coalesce(j.debt, 0))`

const lotsSQL = `
WITH stored AS (
  SELECT member, lots[i] AS lot, lots[i + 1] AS remaining, lots[i + 2] AS reserved, lots[i + 3] AS expires, lots[i + 4] AS granted
    FROM accounts, generate_series(1, cardinality(lots), 5) AS i
  UNION ALL
  SELECT member, lot, remaining, reserved, coalesce((extract(epoch FROM expires_at) * 1000000)::bigint, 0), (extract(epoch FROM granted_at) * 1000000)::bigint
    FROM spilled_lots
), posted AS (
  SELECT g.*, (extract(epoch FROM t.occurred_at) * 1000000)::bigint AS granted
    FROM (SELECT member, lot, coalesce(-sum(points) FILTER (WHERE account = 11), 0) AS remaining, coalesce(-sum(points) FILTER (WHERE account = 13), 0) AS reserved,
                 coalesce((extract(epoch FROM max(expires_at) FILTER (WHERE account = 11 AND points < 0)) * 1000000)::bigint, 0) AS expires,
                 min(transaction) FILTER (WHERE account = 11 AND points < 0) AS came
            FROM lines WHERE account IN (11, 13) GROUP BY member, lot
          HAVING coalesce(sum(points) FILTER (WHERE account = 11), 0) <> 0 OR coalesce(sum(points) FILTER (WHERE account = 13), 0) <> 0) AS g
    LEFT JOIN transactions t ON t.member = g.member AND t.id = g.came
)
SELECT member, 'lot ' || coalesce(lot, 0),
       CASE WHEN s.member IS NULL THEN 'no such lot' ELSE format('%s, reserved %s, expires %s, of %s', s.remaining, s.reserved,
         CASE s.expires WHEN 0 THEN 'never' ELSE (timestamptz 'epoch' + s.expires * interval '1 microsecond')::text END, timestamptz 'epoch' + s.granted * interval '1 microsecond') END,
       CASE WHEN p.member IS NULL THEN 'no such lot' ELSE format('%s, reserved %s, expires %s, of %s', p.remaining, p.reserved,
         CASE p.expires WHEN 0 THEN 'never' ELSE (timestamptz 'epoch' + p.expires * interval '1 microsecond')::text END, timestamptz 'epoch' + p.granted * interval '1 microsecond') END
  FROM stored s FULL JOIN posted p USING (member, lot)
 WHERE (s.remaining, s.reserved, s.expires, s.granted) IS DISTINCT FROM (p.remaining, p.reserved, p.expires, p.granted)
   AND ($1::int = 0 OR member IN (SELECT member FROM accounts WHERE program = $1))`

// spilledSQL: reserved points do not expire before they are released.
const spilledSQL = `
SELECT member, 'spilled lots',
       format('%s lots, %s points, the first not before %s', a.spilled, a.spilled_points, coalesce(a.spill_expires::text, 'never')),
       format('%s lots, %s points, the first %s', coalesce(s.lots, 0), coalesce(s.points, 0), coalesce(s.expires::text, 'never'))
  FROM accounts a
  FULL JOIN (SELECT member, count(*) AS lots, sum(remaining) AS points, min(expires_at) FILTER (WHERE remaining > 0) AS expires
               FROM spilled_lots GROUP BY member) s USING (member)
 WHERE ($1::int = 0 OR a.program = $1)
   AND ((a.spilled, a.spilled_points) IS DISTINCT FROM (coalesce(s.lots, 0), coalesce(s.points, 0))
        OR s.expires IS NOT NULL AND (a.spill_expires IS NULL OR a.spill_expires > s.expires))`

// holdsSQL: kinds 1 and 3 are grants of orders, or by hand, and their rises, which name the order. Other points that are
// held back, such as openings, are of none.
const holdsSQL = `
WITH stored AS (
  SELECT member, holds[i] AS lot, holds[i + 1] AS points, hold_orders[(i + 3) / 4] AS of
    FROM accounts, generate_series(1, cardinality(holds), 4) AS i
), posted AS (
  SELECT g.member, g.lot, g.points, coalesce(t.subject, '') AS of
    FROM (SELECT member, lot, -sum(points) AS points, min(transaction) AS came
            FROM lines WHERE account = 12 GROUP BY member, lot HAVING sum(points) <> 0) AS g
    LEFT JOIN (SELECT member, id, subject FROM transactions WHERE kind IN (1, 3)) t ON t.member = g.member AND t.id = g.came
)
SELECT member, 'hold ' || coalesce(lot, 0),
       CASE WHEN s.member IS NULL THEN 'no such hold' ELSE format('%s points of order "%s"', s.points, s.of) END,
       CASE WHEN p.member IS NULL THEN 'no such hold' ELSE format('%s points of order "%s"', p.points, p.of) END
  FROM stored s FULL JOIN posted p USING (member, lot)
 WHERE (s.points, s.of) IS DISTINCT FROM (p.points, p.of)
   AND ($1::int = 0 OR member IN (SELECT member FROM accounts WHERE program = $1))`

// membersSQL: a member's row without a state was locked once and never posted to. Kinds 70, 71 and 72 are the marks of
// suspension, reinstatement and closing, which are states 2, 1 and 3.
const membersSQL = `
WITH posted AS (
  SELECT member, max(id) AS last, max(occurred_at) AS at FROM transactions GROUP BY member
), marks AS (
  SELECT DISTINCT ON (member) member, kind FROM transactions WHERE kind IN (70, 71, 72) ORDER BY member, id DESC
), lots AS (
  SELECT member, max(lot) AS last FROM lines WHERE lot IS NOT NULL GROUP BY member
), rebuilt AS (
  SELECT coalesce(p.member, m.member) AS member, CASE k.kind WHEN 70 THEN 2 WHEN 72 THEN 3 ELSE 1 END AS status,
         coalesce(p.last, 0) AS last, p.at, coalesce(l.last, 0) AS lot, m.member IS NOT NULL AS known, m.program
    FROM posted p FULL JOIN members m ON m.member = p.member LEFT JOIN lots l ON l.member = p.member LEFT JOIN marks k ON k.member = p.member
)
SELECT member, 'state',
       CASE WHEN a.member IS NULL THEN 'none' ELSE
         format('state %s, last transaction %s at %s, last lot %s', a.status, a.last_transaction, coalesce(a.last_at::text, 'no time'), a.last_lot) END,
       CASE WHEN r.member IS NULL THEN 'none' WHEN NOT r.known THEN 'posted to, and in no list of members' ELSE
         format('state %s, last transaction %s at %s, last lot %s', r.status, r.last, coalesce(r.at::text, 'no time'), r.lot) END
  FROM (SELECT * FROM accounts WHERE status <> 0) a FULL JOIN rebuilt r USING (member)
 WHERE ($1::int = 0 OR a.program = $1)
   AND ((a.status, a.last_transaction, a.last_at, a.last_lot, a.program) IS DISTINCT FROM (r.status, r.last, r.at, r.lot, r.program) OR NOT r.known)`

// dueSQL: in the list of whom to visit, kind 1 is a hold that ends and kind 2 a lot that expires.
const dueSQL = `
WITH next AS (
  SELECT member, program, 1 AS kind, min(holds[i + 2]) AS at
    FROM accounts, generate_series(1, cardinality(holds), 4) AS i WHERE holds[i + 2] > 0 GROUP BY member, program
  UNION ALL
  SELECT member, program, 2, min(lots[i + 3])
    FROM accounts, generate_series(1, cardinality(lots), 5) AS i WHERE lots[i + 1] > 0 AND lots[i + 3] > 0 GROUP BY member, program
)
SELECT n.member, CASE n.kind WHEN 1 THEN 'visit for a hold' ELSE 'visit for a lot' END, coalesce('first noted for ' || d.at, 'none is noted'),
       'due ' || (timestamptz 'epoch' + n.at * interval '1 microsecond')
  FROM next n
  LEFT JOIN (SELECT member, kind, min(at) AS at FROM due GROUP BY member, kind) d ON d.member = n.member AND d.kind = n.kind
 WHERE $1::int IN (0, n.program)
   AND (d.at IS NULL OR (extract(epoch FROM d.at) * 1000000)::bigint > n.at)`

const notesSQL = `
SELECT coalesce(t.member, n.member), 'note of transaction ' || coalesce(t.id, n.transaction),
       CASE WHEN n.member IS NULL THEN 'no note' ELSE 'a note that hashes to ' || coalesce(encode(sha256(n.salt || convert_to(n.note, 'UTF8')), 'hex'), '') END,
       CASE WHEN t.member IS NULL THEN 'no note' ELSE 'one that hashes to ' || encode(t.note_hash, 'hex') END
  FROM (SELECT member, id, program, note_hash FROM transactions WHERE note_hash IS NOT NULL) t
  FULL JOIN notes n ON n.member = t.member AND n.transaction = t.id
 WHERE ($1::int = 0 OR t.program = $1)
   AND (t.member IS NULL OR n.member IS NULL OR n.note IS NOT NULL AND sha256(n.salt || convert_to(n.note, 'UTF8')) <> t.note_hash)`

// keysSQL: a request's transactions are numbered one after the other, 4096 apart.
const keysSQL = `
SELECT o.member, 'key ' || o.key, 'transaction ' || o.transaction, 'no such transaction'
  FROM (SELECT member, key, first_transaction + k * 4096 AS transaction
          FROM operations, generate_series(0, transactions - 1) AS k WHERE transactions > 0) AS o
  LEFT JOIN transactions t ON t.member = o.member AND t.id = o.transaction
 WHERE t.id IS NULL AND ($1::int = 0 OR o.member IN (SELECT member FROM accounts WHERE program = $1))
UNION ALL
SELECT member, 'key ' || key, 'transaction ' || first_transaction, 'it is of key ' || other
  FROM (SELECT member, key, first_transaction, lag(key) OVER mine AS other,
               lag(first_transaction + (transactions - 1) * 4096::bigint) OVER mine AS taken
          FROM operations WHERE transactions > 0
        WINDOW mine AS (PARTITION BY member ORDER BY first_transaction, key)) AS o
 WHERE taken >= first_transaction AND ($1::int = 0 OR member IN (SELECT member FROM accounts WHERE program = $1))`

const rollupsSQL = `
WITH posted AS (
  SELECT program, book_date, kind, account, coalesce(shop, '') AS shop, sum(points) AS points, sum(money) AS money,
         sum(greatest(points, 0)) AS debits, sum(greatest(money, 0)) AS worth, count(*) AS lines
    FROM lines
   GROUP BY program, book_date, kind, account, coalesce(shop, '')
), stored AS (
  SELECT program, book_date, kind, account, shop, sum(points) AS points, sum(money) AS money, sum(debits) AS debits, sum(worth) AS worth, sum(lines) AS lines
    FROM movements GROUP BY program, book_date, kind, account, shop
)
SELECT NULL, format('%s of %s %s%s', c.name, k.name, book_date, CASE shop WHEN '' THEN '' ELSE ', shop ' || shop END),
       format('%s points, money %s, in %s lines', coalesce(s.points, 0), coalesce(s.money, 0), coalesce(s.lines, 0)),
       format('%s points, money %s, in %s lines', coalesce(p.points, 0), coalesce(p.money, 0), coalesce(p.lines, 0))
  FROM posted p FULL JOIN stored s USING (program, book_date, kind, account, shop)
  LEFT JOIN chart c USING (account) LEFT JOIN kinds k USING (kind)
 WHERE $1::int IN (0, program)
   AND (coalesce(p.points, 0), coalesce(p.money, 0), coalesce(p.debits, 0), coalesce(p.worth, 0), coalesce(p.lines, 0)) IS DISTINCT FROM
       (coalesce(s.points, 0), coalesce(s.money, 0), coalesce(s.debits, 0), coalesce(s.worth, 0), coalesce(s.lines, 0))`
