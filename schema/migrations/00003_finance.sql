-- What finance keeps beside the books: sums by day, seals, breaks, estimates, closings. All of it can be made again
-- from the journal, except what people decided (estimates, closings, notes on breaks) and what an auditor holds
-- against us (seals).

-- +goose Up

-- How far each reader of the journal has come. A batch is read once its xid is below every transaction in flight, so
-- that none is missed which commits late; below is the first xid that was not read. Batches up to after_batch were
-- there when a backup was restored and count as read: their xids belong to another server's count.
CREATE TABLE readers (
    reader      text   PRIMARY KEY,
    below       xid8   NOT NULL DEFAULT '0',
    after_batch bigint NOT NULL DEFAULT 0
);
INSERT INTO readers (reader) VALUES ('rollup'), ('seal'), ('reconcile');

-- The journal summed up, one row for each day, kind, account and shop of a program. shop is empty for none.
CREATE TABLE daily (
    program   integer  NOT NULL,
    book_date date     NOT NULL,
    kind      smallint NOT NULL,
    account   smallint NOT NULL,
    shop      text     NOT NULL,
    points    numeric  NOT NULL,            -- debits less credits
    money     numeric  NOT NULL,
    debits    numeric  NOT NULL,            -- of points
    worth     numeric  NOT NULL,            -- debits of money
    lines     bigint   NOT NULL,
    PRIMARY KEY (program, book_date, kind, account, shop)
);

-- The batches that a reader has not read, as ranges of transaction ids by node. The sum keeps the planner from an
-- index that holds all batches ever.
CREATE VIEW unread AS
SELECT r.reader, b.id & 4095 AS node, range_agg(int8range(b.id, b.last_id, '[]')) AS ids, min(b.id) AS low, max(b.last_id) AS high
  FROM readers r JOIN batches b ON b.xid >= r.below AND b.id + 0 > r.after_batch
 GROUP BY r.reader, b.id & 4095;

-- Every movement there is, as of this moment: what is summed up, and the lines of batches that are not yet.
CREATE VIEW movements AS
SELECT program, book_date, kind, account, shop, points, money, debits, worth, lines
  FROM daily
UNION ALL
SELECT program, book_date, kind, account, shop, points, money, debits, worth, lines
  FROM (WITH tail AS MATERIALIZED (SELECT node, ids, low, high FROM unread WHERE reader = 'rollup')
        SELECT t.program, t.book_date, t.kind, l.account, coalesce(l.shop, '') AS shop, l.points::numeric AS points, l.money::numeric AS money,
               greatest(l.points, 0)::numeric AS debits, greatest(l.money, 0)::numeric AS worth, 1::bigint AS lines
          FROM tail
          JOIN transactions t ON t.id & 4095 = tail.node AND t.id <@ tail.ids
          JOIN lines l ON l.member = t.member AND l.transaction = t.id
         WHERE t.id BETWEEN (SELECT min(low) FROM tail) AND (SELECT max(high) FROM tail)
           AND l.transaction BETWEEN (SELECT min(low) FROM tail) AND (SELECT max(high) FROM tail)) AS fresh;

-- Blocks of complete batches in the order in which they were sealed, each chained to the one before by its hash.
CREATE TABLE seals (
    block        bigint      PRIMARY KEY CONSTRAINT seals_from_one CHECK (block > 0),
    previous     bytea       NOT NULL,   -- hash of the block before; 32 zeros for the first
    hash         bytea       NOT NULL,
    batches      bigint[]    NOT NULL,   -- in sealed order
    transactions bigint      NOT NULL,   -- in this block
    total        bigint      NOT NULL,   -- in all blocks up to this one
    sealed_at    timestamptz NOT NULL
);

-- What a check found to differ. A difference found again is the same break; one not found again is closed.
CREATE TABLE breaks (
    break       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    program     integer     NOT NULL,
    check_name  text        NOT NULL,
    key         text        NOT NULL,
    whose       text        NOT NULL,       -- internal key of the member concerned; empty: none
    left_value  numeric     NOT NULL,
    right_value numeric     NOT NULL,
    reason      text        NOT NULL,
    first_seen  timestamptz NOT NULL,
    last_seen   timestamptz NOT NULL,
    closed_at   timestamptz,
    note        text        NOT NULL DEFAULT '',
    noted_by    text        NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX breaks_open_once ON breaks (program, check_name, key) WHERE closed_at IS NULL;
CREATE INDEX breaks_by_program ON breaks (program, break);

CREATE TABLE reconciliations (
    run         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    program     integer     NOT NULL,
    complete    boolean     NOT NULL,       -- all members, not only those touched since the last clean run
    as_of       timestamptz NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    members     bigint,                     -- how many were looked at; null: all
    below       xid8        NOT NULL,       -- it saw every batch below
    after_batch bigint      NOT NULL,
    breaks      bigint
);
CREATE INDEX reconciliations_by_program ON reconciliations (program, run);
CREATE TABLE check_results (
    run         bigint  NOT NULL,
    check_name  text    NOT NULL,
    breaks      bigint  NOT NULL,
    duration_ms bigint  NOT NULL,
    PRIMARY KEY (run, check_name)
);

-- Estimates of what members will still redeem, as somebody approved them.
CREATE TABLE estimates (
    estimate    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    program     integer     NOT NULL,
    as_of       date        NOT NULL,
    method      text        NOT NULL,
    prior       numeric     NOT NULL,       -- rate of use where the triangle says nothing
    factors     text        NOT NULL,       -- JSON
    triangle    text        NOT NULL,       -- JSON: what the factors were computed from
    made_at     timestamptz NOT NULL,
    approver    text        NOT NULL
);
CREATE INDEX estimates_by_program ON estimates (program, as_of, estimate);
CREATE TABLE estimated_cohorts (
    estimate  bigint  NOT NULL,
    cohort    date    NOT NULL,             -- first day of the month of the grants
    funder    text    NOT NULL CONSTRAINT estimated_cohorts_funder CHECK (funder IN ('mall', 'shop', 'other')),
    issued    bigint  NOT NULL,             -- net of reversals
    redeemed  bigint  NOT NULL,
    expected  bigint  NOT NULL,             -- to be redeemed in all
    sales     bigint  NOT NULL,             -- money paid for what earned the points, at its stand-alone price
    allocated bigint  NOT NULL,             -- of the sales, to the points
    PRIMARY KEY (estimate, cohort, funder)
);

-- What a period's books said when it was closed, and the valuation posted for it.
CREATE TABLE closings (
    program   integer     NOT NULL,
    period    date        NOT NULL,
    closed_at timestamptz NOT NULL,
    actor     text        NOT NULL,
    estimate  bigint,
    balances  text        NOT NULL,         -- JSON: the trial balance at the period's end
    hash      bytea       NOT NULL,         -- sha256 over balances
    PRIMARY KEY (program, period)
);

-- How far files were imported, by their content.
CREATE TABLE imports (
    program    integer     NOT NULL,
    what       text        NOT NULL,
    file       bytea       NOT NULL,        -- sha256 over its bytes
    started_at timestamptz NOT NULL,
    rows       bigint      NOT NULL,        -- posted or refused so far, from the first
    posted     bigint      NOT NULL,
    refused    bigint      NOT NULL,
    done       boolean     NOT NULL,
    PRIMARY KEY (program, what, file)
);

-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['seals', 'estimates', 'estimated_cohorts', 'closings'] LOOP
        CALL chobo_protect(t::regclass);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['readers', 'daily', 'unread', 'movements', 'breaks', 'reconciliations', 'check_results', 'imports'] LOOP
        CALL chobo_grant(t::regclass);
    END LOOP;
END $$;
-- +goose StatementEnd
