package reconcile

import (
	"context"
)

const (
	// lotsSQL compares lots in the member's row (five numbers each) and in rows of their own with the journal, and the
	// row's own count of what it does not pack.
	lotsSQL = `
WITH stored AS (
  SELECT a.member, a.lots[i] AS lot, a.lots[i + 1] AS available, a.lots[i + 2] AS reserved
    FROM accounts a CROSS JOIN LATERAL generate_series(1, cardinality(a.lots), 5) AS i
   WHERE a.program = $1 AND ($2::uuid[] IS NULL OR a.member = ANY($2))
  UNION ALL
  SELECT s.member, s.lot, s.remaining, s.reserved
    FROM spilled_lots s JOIN members m USING (member)
   WHERE m.program = $1 AND ($2::uuid[] IS NULL OR s.member = ANY($2))
), summed AS (
  SELECT member, lot, sum(available) AS available, sum(reserved) AS reserved FROM stored GROUP BY member, lot
), journal AS (
  SELECT l.member, l.lot, -coalesce(sum(l.points) FILTER (WHERE l.account = 11), 0) AS available, -coalesce(sum(l.points) FILTER (WHERE l.account = 13), 0) AS reserved
    FROM lines l JOIN members m USING (member)
   WHERE m.program = $1 AND l.account IN (11, 13) AND ($2::uuid[] IS NULL OR l.member = ANY($2))
   GROUP BY l.member, l.lot
)
SELECT m.member_id || ' lot ' || coalesce(lot, 0) || ' ' || v.account, m.member::text, v.stored, v.summed, 'the stored lot differs from the journal'
  FROM summed s FULL JOIN journal j USING (member, lot) JOIN members m USING (member)
 CROSS JOIN LATERAL (VALUES ('available', coalesce(s.available, 0), coalesce(j.available, 0)), ('reserved', coalesce(s.reserved, 0), coalesce(j.reserved, 0))) AS v(account, stored, summed)
 WHERE v.stored <> v.summed
UNION ALL
SELECT m.member_id || ' ' || v.what, m.member::text, v.stored, v.summed, 'the row does not know its own lots'
  FROM accounts a JOIN members m USING (member)
  LEFT JOIN (SELECT member, count(*) AS lots, sum(remaining) AS points FROM spilled_lots WHERE $2::uuid[] IS NULL OR member = ANY($2) GROUP BY member) s USING (member)
 CROSS JOIN LATERAL (VALUES ('spilled lots', a.spilled::bigint, coalesce(s.lots, 0)), ('spilled points', a.spilled_points, coalesce(s.points, 0))) AS v(what, stored, summed)
 WHERE a.program = $1 AND ($2::uuid[] IS NULL OR a.member = ANY($2)) AND v.stored <> v.summed`

	holdsSQL = `
WITH stored AS (
  SELECT a.member, a.holds[i] AS lot, a.holds[i + 1] AS points
    FROM accounts a CROSS JOIN LATERAL generate_series(1, cardinality(a.holds), 4) AS i
   WHERE a.program = $1 AND ($2::uuid[] IS NULL OR a.member = ANY($2))
), journal AS (
  SELECT l.member, l.lot, -sum(l.points) AS points
    FROM lines l JOIN members m USING (member)
   WHERE m.program = $1 AND l.account = 12 AND ($2::uuid[] IS NULL OR l.member = ANY($2))
   GROUP BY l.member, l.lot
)
SELECT m.member_id || ' lot ' || coalesce(lot, 0), m.member::text, coalesce(s.points, 0), coalesce(j.points, 0), 'the stored hold differs from the journal'
  FROM stored s FULL JOIN journal j USING (member, lot) JOIN members m USING (member)
 WHERE coalesce(s.points, 0) <> coalesce(j.points, 0)`

	// lotBoundsSQL: a lot that only took points back was made by a restoration; what it was granted is just that.
	//
	// What stands in a lot is what was granted, less what was taken, with what came back, less what was lost. Where no
	// stored lot is below zero, no transaction that takes adds to a lot, and those that move points leave none behind in any
	// lot but as a loss, only lots to which something came back can be out of bounds: $3 looks at them alone.
	lotBoundsSQL = `
WITH restored AS MATERIALIZED (
  SELECT DISTINCT member, lot FROM lines WHERE $3 AND program = $1 AND kind IN (20, 51) AND account IN (11, 12, 13)
), lots AS (
  SELECT member, lot, -sum(points) AS standing,
         -coalesce(sum(points) FILTER (WHERE points < 0 AND kind IN (1, 2, 3, 44, 60, 63)), 0) AS granted,
         coalesce(sum(points) FILTER (WHERE kind IN (12, 13, 14, 50)), 0) AS taken,
         -coalesce(sum(points) FILTER (WHERE kind IN (20, 51)), 0) AS back
    FROM lines
   WHERE program = $1 AND account IN (11, 12, 13) AND ($2::uuid[] IS NULL OR member = ANY($2))
     AND (NOT $3 OR (member, lot) IN (SELECT member, lot FROM restored))
   GROUP BY member, lot
)
SELECT m.member_id || ' lot ' || coalesce(lot, 0), m.member::text, CASE WHEN back > taken AND granted > 0 THEN back ELSE standing END,
       CASE WHEN standing < 0 THEN 0 WHEN back > taken THEN taken ELSE granted END,
       CASE WHEN standing < 0 THEN 'below zero' WHEN back > taken THEN 'more came back than was taken' ELSE 'above what was granted' END
  FROM lots JOIN members m USING (member)
 WHERE standing < 0 OR granted > 0 AND (standing > granted OR back > taken)`

	// lotValuesSQL: $3 is the value of a point.
	lotValuesSQL = `
SELECT m.member_id || ' lot ' || coalesce(l.lot, 0), l.member::text, -sum(l.money), floor($3::numeric * -sum(l.points)), 'the lot''s value is not that of its points'
  FROM lines l JOIN members m USING (member)
 WHERE m.program = $1 AND l.account = 11 AND ($2::uuid[] IS NULL OR l.member = ANY($2))
 GROUP BY l.member, m.member_id, l.lot
HAVING -sum(l.money) <> floor($3::numeric * -sum(l.points))`
)

func boundRows(ctx context.Context, s *scope, found func(Break)) error {
	return s.each(ctx, found, lotBoundsSQL, s.program.ID, s.who(), s.restored)
}

func valueRows(ctx context.Context, s *scope, found func(Break)) error {
	return s.each(ctx, found, lotValuesSQL, s.program.ID, s.who(), s.program.Versions.PointValue().String())
}
