package reconcile

// $3 is the time up to which the job has worked, $4 the least id of what was posted since it began. Whom somebody posted for
// since is left out; what the job itself posted has no key. They are counted for the few rows that are found first, where an
// anti-join would read all keys. Times in packed arrays are microseconds since 1970.
const (
	expiredSQL = `
WITH expired AS MATERIALIZED (
  SELECT member, lot, points, at
    FROM (SELECT a.member, a.lots[i] AS lot, a.lots[i + 1] AS points, to_timestamp(a.lots[i + 3] / 1000000.0) AS at
            FROM accounts a CROSS JOIN LATERAL generate_series(1, cardinality(a.lots), 5) AS i
           WHERE a.program = $1 AND ($2::uuid[] IS NULL OR a.member = ANY($2)) AND a.lots[i + 3] > 0
             AND a.lots[i + 3] <= (extract(epoch FROM $3::timestamptz) * 1000000)::bigint
          UNION ALL
          SELECT s.member, s.lot, s.remaining, s.expires_at
            FROM spilled_lots s JOIN accounts a USING (member)
           WHERE a.program = $1 AND ($2::uuid[] IS NULL OR s.member = ANY($2)) AND s.expires_at <= $3) AS lots
   WHERE points > 0
)
SELECT m.member_id || ' lot ' || e.lot, m.member::text, e.points, 0, 'available since it expired at ' || to_char(e.at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  FROM expired e JOIN members m USING (member)
 WHERE 0 = (SELECT count(*) FROM operations o WHERE o.member = m.member AND o.first_transaction >= $4)`

	heldSQL = `
WITH held AS MATERIALIZED (
  SELECT a.member, a.holds[i] AS lot, a.holds[i + 1] AS points, a.holds[i + 2] AS at
    FROM accounts a CROSS JOIN LATERAL generate_series(1, cardinality(a.holds), 4) AS i
   WHERE a.program = $1 AND ($2::uuid[] IS NULL OR a.member = ANY($2)) AND a.holds[i + 2] > 0
     AND a.holds[i + 2] <= (extract(epoch FROM $3::timestamptz) * 1000000)::bigint
)
SELECT m.member_id || ' lot ' || h.lot, h.member::text, h.points, 0,
       'pending since its hold ended at ' || to_char(to_timestamp(h.at / 1000000.0), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  FROM held h JOIN members m USING (member)
 WHERE 0 = (SELECT count(*) FROM operations o WHERE o.member = h.member AND o.first_transaction >= $4)`

	reservedSQL = `
SELECT m.member_id || ' reservation ' || d.id, d.member::text, (d.body::jsonb->>'n')::bigint, 0, 'open since it ended at ' || (d.body::jsonb->>'exp')
  FROM documents d JOIN members m USING (member)
 WHERE d.program = $1 AND d.kind = 4 AND d.state = 'reserved' AND ($2::uuid[] IS NULL OR d.member = ANY($2))
   AND (d.body::jsonb->>'exp')::timestamptz <= $3
   AND 0 = (SELECT count(*) FROM operations o WHERE o.member = d.member AND o.first_transaction >= $4)`
)
