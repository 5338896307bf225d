-- The outbox: what other systems are told. The journal itself is read for it, in the order of commits; only reminders and
-- the webhooks' places are kept here.

-- +goose Up

-- Events are read by ranges of ids from the journal's end, of which these indexes else know nothing until the next vacuum.
ALTER INDEX transactions_in_time SET (autosummarize = on);
ALTER INDEX lines_in_time SET (autosummarize = on);

-- When the refund was written, by the program's clock; null: before this column was.
ALTER TABLE refunds ADD COLUMN posted_at timestamptz;

-- Members who were told that points go, once for each instant.
CREATE TABLE reminders (
    member  uuid        NOT NULL,
    due_at  timestamptz NOT NULL,           -- first instant without the points
    id      bigint      GENERATED ALWAYS AS IDENTITY,
    program integer     NOT NULL,
    points  bigint      NOT NULL CONSTRAINT reminders_points_positive CHECK (points > 0),
    made_at timestamptz NOT NULL,
    xid     xid8        NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (member, due_at)
);
CREATE INDEX reminders_in_commit_order ON reminders (program, xid, id);

-- Where a program's events are posted to, and how far that has come: all up to (xid, batch, id) was acknowledged. What
-- lies between there and (to_xid, to_batch, to_id) was sent as one message, which is sent again until it is acknowledged.
CREATE TABLE webhooks (
    program      integer     PRIMARY KEY,
    url          text        NOT NULL,
    secret       bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    xid          xid8        NOT NULL,
    batch        bigint      NOT NULL,
    id           bigint      NOT NULL,
    to_xid       xid8,
    to_batch     bigint,
    to_id        bigint,
    failures     integer     NOT NULL DEFAULT 0,    -- since the last success
    retry_at     timestamptz,
    last_error   text        NOT NULL DEFAULT '',
    delivered_at timestamptz
);

CALL chobo_protect('reminders');
CALL chobo_grant('webhooks');
