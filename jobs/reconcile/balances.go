package reconcile

// Every statement here is over program $1 and the members $2, null for all of them. What a person reads as a member is
// the id that the caller chose; the house has one that nobody can write.

const (
	// unbalancedSQL: what stands in a row is lines if there are three numbers for each account, one after the other.
	unbalancedSQL = `
SELECT m.member_id || ' ' || t.id, t.member::text, CASE WHEN NOT whole THEN 1 WHEN points <> 0 THEN points ELSE money END, 0,
       CASE WHEN NOT whole THEN 'not whole lines' WHEN points <> 0 AND money <> 0 THEN 'points and money' WHEN points <> 0 THEN 'points' ELSE 'money' END
  FROM transactions t JOIN members m USING (member)
 CROSS JOIN LATERAL (SELECT coalesce(sum(t.moves[3 * i - 2]), 0) AS points, coalesce(sum(t.moves[3 * i - 1]), 0) AS money,
                            count(*) FILTER (WHERE num_nulls(t.accounts[i], t.moves[3 * i - 2], t.moves[3 * i - 1], t.moves[3 * i]) = 0 AND (t.expires IS NULL OR t.expires[i] IS NOT NULL)) AS numbered
                       FROM generate_series(1, cardinality(t.accounts)) AS i) AS sums
 CROSS JOIN LATERAL (SELECT cardinality(t.moves) = 3 * cardinality(t.accounts) AND coalesce(cardinality(t.expires) = cardinality(t.accounts), true)
                        AND numbered = cardinality(t.accounts) AS whole) AS shape
 WHERE m.program = $1 AND ($2::uuid[] IS NULL OR t.member = ANY($2)) AND (NOT whole OR points <> 0 OR money <> 0)`

	balancesSQL = `
WITH journal AS (
  SELECT member, -coalesce(sum(points) FILTER (WHERE account = 11), 0) AS available, -coalesce(sum(points) FILTER (WHERE account = 12), 0) AS pending,
         -coalesce(sum(points) FILTER (WHERE account = 13), 0) AS reserved, coalesce(sum(points) FILTER (WHERE account = 14), 0) AS debt
    FROM lines
   WHERE account IN (11, 12, 13, 14) AND ($2::uuid[] IS NULL OR member = ANY($2))
   GROUP BY member
)
SELECT m.member_id || ' ' || v.account, m.member::text, v.stored, v.summed, 'the member''s row differs from the journal'
  FROM members m
  LEFT JOIN accounts a USING (member)
  LEFT JOIN journal j USING (member)
 CROSS JOIN LATERAL (VALUES ('available', coalesce(a.available, 0), coalesce(j.available, 0)), ('pending', coalesce(a.pending, 0), coalesce(j.pending, 0)),
                            ('reserved', coalesce(a.reserved, 0), coalesce(j.reserved, 0)), ('debt', coalesce(a.debt, 0), coalesce(j.debt, 0))) AS v(account, stored, summed)
 WHERE m.program = $1 AND ($2::uuid[] IS NULL OR m.member = ANY($2)) AND v.stored <> v.summed`

	receivablesSQL = `
WITH open AS (
  SELECT d.member, sum((d.body::jsonb->>'open')::bigint) AS points
    FROM documents d
   WHERE d.program = $1 AND d.kind = 5 AND d.state = 'open' AND ($2::uuid[] IS NULL OR d.member = ANY($2))
   GROUP BY d.member
)
SELECT m.member_id, m.member::text, a.debt, coalesce(o.points, 0), 'open receivables differ from the debt'
  FROM accounts a JOIN members m USING (member) LEFT JOIN open o USING (member)
 WHERE a.program = $1 AND ($2::uuid[] IS NULL OR a.member = ANY($2)) AND a.debt <> coalesce(o.points, 0)`

	strangersSQL = `
SELECT t.member || ' ' || t.id, t.member::text, 1, 0, 'the transaction''s member is not known in its program'
  FROM transactions t LEFT JOIN members m ON m.member = t.member AND m.program = t.program
 WHERE t.program = $1 AND ($2::uuid[] IS NULL OR t.member = ANY($2)) AND m.member IS NULL`
)
