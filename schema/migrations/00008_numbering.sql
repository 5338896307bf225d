-- The order of commits across servers. Transactions' numbers (xids) count within one server. A database that a dump
-- brought to another one would find its own rows ahead of everything posted there, so what is stored is the server's
-- number lifted above all that the database had when it came: what it had counts as committed before. schema.Migrate
-- notes the server and finds the lift.

-- +goose Up

CREATE TABLE numbering (
    only_one boolean PRIMARY KEY DEFAULT true CONSTRAINT numbering_is_one CHECK (only_one),
    cluster  bigint,                        -- the server's own number; null: not known
    lift     bigint NOT NULL DEFAULT 0      -- a multiple of 2^32, as an epoch of transactions' numbers is
);
INSERT INTO numbering DEFAULT VALUES;

-- chobo_xid is the number of the transaction under way, as it is stored.
-- +goose StatementBegin
CREATE FUNCTION chobo_xid() RETURNS xid8 LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT (pg_current_xact_id()::text::bigint + lift)::text::xid8 FROM numbering WHERE only_one;
END;
-- +goose StatementEnd

-- chobo_xmin lies above every stored number that is complete: no transaction in flight has a lower one.
-- +goose StatementBegin
CREATE FUNCTION chobo_xmin() RETURNS xid8 LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + lift)::text::xid8 FROM numbering WHERE only_one;
END;
-- +goose StatementEnd

-- chobo_horizon is chobo_xmin that lets pass those transactions in flight which are known to be of other databases of the
-- server: for lists that somebody waits for.
-- +goose StatementBegin
CREATE FUNCTION chobo_horizon() RETURNS xid8 LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT (coalesce((SELECT x FROM pg_snapshot_xip(pg_current_snapshot()) AS x
                       WHERE NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.backend_xid = x::xid AND a.datname <> current_database())
                       ORDER BY x LIMIT 1),
                     pg_snapshot_xmax(pg_current_snapshot()))::text::bigint + lift)::text::xid8
      FROM numbering WHERE only_one;
END;
-- +goose StatementEnd

ALTER TABLE batches ALTER COLUMN xid SET DEFAULT chobo_xid();
ALTER TABLE refunds ALTER COLUMN xid SET DEFAULT chobo_xid();
ALTER TABLE reminders ALTER COLUMN xid SET DEFAULT chobo_xid();

-- The highest number that is stored; 0: none is.
CREATE VIEW last_numbered AS
SELECT coalesce(greatest((SELECT max(xid) FROM batches),
                         (SELECT max(r.xid) FROM programs p CROSS JOIN LATERAL (SELECT max(xid) AS xid FROM refunds WHERE program = p.program) r),
                         (SELECT max(r.xid) FROM programs p CROSS JOIN LATERAL (SELECT max(xid) AS xid FROM reminders WHERE program = p.program) r)),
                '0')::text::bigint AS last;

CALL chobo_grant('numbering');
CALL chobo_grant('last_numbered');
