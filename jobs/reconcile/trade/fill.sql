-- A month of trade, one statement a table: as many orders as the table p says, of as many members, of which most mature
-- and are spent by a later order of the same member. What is stored is what the engine would have stored, except for
-- the batches' fingerprints, so that every check passes.
SET work_mem = '256MB';
SET maintenance_work_mem = '1GB';

CREATE FUNCTION pg_temp.at(seq bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$ SELECT timestamptz '2026-04-01 00:00+09' + seq * interval '1.7 second' $$;
CREATE FUNCTION pg_temp.id(seq bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT (197046000000000 + seq * 1700000) * 4096 + seq / 300 % 2 $$;

CREATE TEMP TABLE g AS
SELECT i, p.members AS later, i / p.members + 1::bigint AS lot, md5('m' || i % p.members)::uuid AS member, 'M-' || i % p.members AS member_id, 'S-' || i % 200 AS shop,
       i + p.members < p.orders AS matured, i + 2 * p.members < p.orders AND i % 5 <> 0 AS spent, i >= 2 * p.members AND (i - 2 * p.members) % 5 <> 0 AS spends
  FROM p CROSS JOIN LATERAL generate_series(0, p.orders - 1) AS i;

CREATE TEMP TABLE tx AS
SELECT 3::bigint * i AS seq, member, 1::smallint AS kind, i AS bought, lot FROM g
UNION ALL SELECT 3::bigint * (i + later) + 1, member, 5::smallint, i, lot FROM g WHERE matured
UNION ALL SELECT 3::bigint * (i + 2 * later) + 2, member, 12::smallint, i + 2 * later, lot FROM g WHERE spent;

INSERT INTO transactions (member, id, occurred_at, posted_at, book_date, program, version, kind, subject, shop, accounts, moves, expires)
SELECT member, pg_temp.id(seq), pg_temp.at(seq), pg_temp.at(seq), (pg_temp.at(seq) AT TIME ZONE 'Asia/Tokyo')::date, p.program, 1, kind, 'O-' || bought,
       CASE kind WHEN 12 THEN 'S-' || bought % 200 END,
       CASE kind WHEN 1 THEN '{12,21}' WHEN 5 THEN '{12,11}' ELSE '{11,31}' END::smallint[],
       CASE kind WHEN 1 THEN ARRAY[-100, -100, lot, 100, 100, 0] WHEN 5 THEN ARRAY[100, 100, lot, -100, -100, lot] ELSE ARRAY[60, 60, lot, -60, -60, 0] END,
       CASE kind WHEN 5 THEN ARRAY[0, (extract(epoch FROM timestamptz '2027-04-30 15:00+00') * 1000000)::bigint] END
  FROM tx, p ORDER BY seq;

INSERT INTO batches (id, last_id, transactions, posted_at, fingerprint)
SELECT min(pg_temp.id(seq)), max(pg_temp.id(seq)), count(*), max(pg_temp.at(seq)), '\x' FROM tx GROUP BY seq / 300 ORDER BY 1;

INSERT INTO members (member, program, member_id, enrolled_at)
SELECT DISTINCT ON (member) member, p.program, member_id, pg_temp.at(0) FROM g, p;

INSERT INTO accounts (member, program, status, version, available, pending, last_transaction, last_lot, lots, holds, hold_orders)
SELECT member, p.program, 1, 1, sum(CASE WHEN NOT matured THEN 0 WHEN spent THEN 40 ELSE 100 END), sum(CASE WHEN matured THEN 0 ELSE 100 END), 1, max(lot),
       (SELECT array_agg(x ORDER BY u.lot, n)
          FROM unnest(array_agg(lot ORDER BY lot) FILTER (WHERE matured), array_agg(CASE WHEN spent THEN 40 ELSE 100 END ORDER BY lot) FILTER (WHERE matured)) AS u(lot, remaining),
               LATERAL (VALUES (1, u.lot), (2, u.remaining), (3, 0), (4, 1809183600000000), (5, 1775000000000000)) AS v(n, x)),
       (SELECT array_agg(x ORDER BY u.lot, n)
          FROM unnest(array_agg(lot ORDER BY lot) FILTER (WHERE NOT matured)) AS u(lot),
               LATERAL (VALUES (1, u.lot), (2, 100::bigint), (3, 1809183600000000), (4, 1809183600000000)) AS v(n, x)),
       array_agg('O-' || i ORDER BY lot) FILTER (WHERE NOT matured)
  FROM g, p GROUP BY member, p.program;

INSERT INTO documents (member, kind, id, at, program, state, body)
SELECT member, 1, 'O-' || i, pg_temp.at(3::bigint * i), p.program, 'placed', jsonb_strip_nulls(jsonb_build_object(
         'id', 'O-' || i, 'shop', shop, 'ordered', pg_temp.at(3::bigint * i), 'v', 1, 'status', 'placed',
         'tenders', jsonb_build_object('points', CASE WHEN spends THEN 60 ELSE 0 END, 'money', CASE WHEN spends THEN 10040 ELSE 10100 END),
         'lines', jsonb_build_array(jsonb_build_object('id', '1', 'sku', 'BK-7', 'cat', 'books/novel', 'q', 2, 'price', 5050, 'at', 2, 'a', 10100,
                    'p', CASE WHEN spends THEN 60 END, 'w', CASE WHEN spends THEN 60 END,
                    'g', jsonb_build_object('lot', lot, 'by', 21, 'n', 100, 'up', 100))),
         'took', CASE WHEN spends THEN jsonb_build_array(jsonb_build_array(lot - 2, 60, 0, 1809183600000000, 1775000000000000, 1775000000000000)) END))::text
  FROM g, p ORDER BY i;

INSERT INTO operations (member, key, first_transaction, transactions, status, request, answer)
SELECT member, 'k-' || kind || '-' || bought, pg_temp.id(seq), 1, 201, '\x00112233445566778899aabbccddeeff',
       convert_to('{"order_id":"O-' || bought || '","status":"placed","total":10100,"redeemed":{"points":0,"value":0},"pending":{"points":100},"transactions":[]}', 'UTF8')
  FROM tx WHERE kind <> 5 ORDER BY seq;

DROP TABLE g, tx;
