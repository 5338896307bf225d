-- The books. Every table that belongs to a member begins with the member's key, in its primary key too, so that
-- the same tables shard by member. Journal tables are append-only: chobo_protect keeps it for everyone.

-- +goose Up

-- What the numbers in the journal mean, for people who read it with SQL. Filled by the program from its chart.
CREATE TABLE chart (
    account  smallint PRIMARY KEY,
    name     text     NOT NULL
);
CREATE TABLE kinds (
    kind     smallint PRIMARY KEY,
    name     text     NOT NULL
);

-- One row. secret keys the members' internal keys and the notes' salted hashes; revision counts changes of what
-- servers keep in memory (programs, clocks, policies, benefits, periods): a batch that sees another one reads them again.
CREATE TABLE installation (
    only_one boolean PRIMARY KEY DEFAULT true CONSTRAINT installation_is_one CHECK (only_one),
    secret   bytea   NOT NULL,
    revision bigint  NOT NULL DEFAULT 1
);

-- The number in the lower bits of transaction ids, one a worker.
CREATE SEQUENCE nodes AS bigint MINVALUE 0 MAXVALUE 4095 START 0 CYCLE;

CREATE TABLE programs (
    program    integer     PRIMARY KEY,
    code       text        NOT NULL CONSTRAINT programs_code_once UNIQUE,
    sandbox    boolean     NOT NULL,
    clock      timestamptz,            -- of a sandbox
    created_at timestamptz NOT NULL,
    CONSTRAINT programs_sandbox_has_clock CHECK (sandbox = (clock IS NOT NULL))
);
CREATE TABLE program_versions (
    program        integer     NOT NULL,
    number         integer     NOT NULL,
    effective_from timestamptz NOT NULL,
    body           text        NOT NULL,   -- the program file as JSON
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (program, number)
);
CREATE TABLE policy_versions (
    program        integer     NOT NULL,
    policy         text        NOT NULL,
    shop           text        NOT NULL,   -- empty: of the whole program
    number         integer     NOT NULL,
    effective_from timestamptz NOT NULL,
    body           text        NOT NULL,   -- the policy file as it was given
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (program, policy, shop, number)
);
CREATE TABLE periods (
    program   integer     NOT NULL,
    period    date        NOT NULL,        -- first day of the month
    state     text        NOT NULL CONSTRAINT periods_state CHECK (state IN ('closing', 'closed')),
    closed_at timestamptz NOT NULL,
    actor     text        NOT NULL,
    PRIMARY KEY (program, period)
);
CREATE TABLE benefits (
    program    integer NOT NULL,
    benefit    text    NOT NULL,
    name       text    NOT NULL,
    points     bigint  NOT NULL CONSTRAINT benefits_points_positive CHECK (points > 0),
    valid_from timestamptz,
    valid_to   timestamptz,
    counted    boolean NOT NULL,           -- its stock is counted in benefit_stock
    PRIMARY KEY (program, benefit)
);
CREATE TABLE benefit_stock (
    program integer NOT NULL,
    benefit text    NOT NULL,
    remaining bigint  NOT NULL CONSTRAINT benefit_stock_not_below_zero CHECK (remaining >= 0),
    PRIMARY KEY (program, benefit)
);
CREATE TABLE api_keys (
    key_id     text        PRIMARY KEY,
    hash       bytea       NOT NULL,
    name       text        NOT NULL,
    program    text,                       -- null: every program
    scopes     text[]      NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- Who the member is, for the outside. Redaction changes this table and notes only.
CREATE TABLE members (
    member      uuid        PRIMARY KEY,
    program     integer     NOT NULL,
    member_id   text        NOT NULL,
    enrolled_at timestamptz NOT NULL
);

-- The one hot row a member: balances and what falls due next. No other index, so that its updates stay in the page.
-- lots packs (lot, remaining, reserved, expires, granted) and holds (lot, points, due, expires), times in microseconds
-- since 1970, 0 for none; hold_orders stands beside holds. status 0: locked once, but not a member yet. What every
-- redemption changes stands together at the end: an update logs from the first byte that changed to the last.
CREATE TABLE accounts (
    member           uuid     PRIMARY KEY,
    program          integer  NOT NULL,
    spilled          integer  NOT NULL DEFAULT 0,
    status           smallint NOT NULL DEFAULT 0,
    pending          bigint   NOT NULL DEFAULT 0 CONSTRAINT accounts_pending_not_below_zero CHECK (pending >= 0),
    reserved         bigint   NOT NULL DEFAULT 0 CONSTRAINT accounts_reserved_not_below_zero CHECK (reserved >= 0),
    debt             bigint   NOT NULL DEFAULT 0 CONSTRAINT accounts_debt_not_below_zero CHECK (debt >= 0),
    last_lot         bigint   NOT NULL DEFAULT 0,
    spilled_points   bigint   NOT NULL DEFAULT 0,
    spill_expires    timestamptz,
    lapsed_at        timestamptz,
    hints            bigint[],
    watch            text[],
    holds            bigint[],
    hold_orders      text[],
    available        bigint   NOT NULL DEFAULT 0 CONSTRAINT accounts_available_not_below_zero CHECK (available >= 0),
    version          bigint   NOT NULL DEFAULT 0,
    last_transaction bigint   NOT NULL DEFAULT 0,
    last_at          timestamptz,
    qualified_at     timestamptz,
    active_at        timestamptz,
    lots             bigint[]
) WITH (fillfactor = 80);

-- Live lots beyond those that the member's row packs.
CREATE TABLE spilled_lots (
    member     uuid   NOT NULL,
    lot        bigint NOT NULL,
    remaining  bigint NOT NULL CONSTRAINT spilled_lots_remaining_not_below_zero CHECK (remaining >= 0),
    reserved   bigint NOT NULL CONSTRAINT spilled_lots_reserved_not_below_zero CHECK (reserved >= 0),
    expires_at timestamptz,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (member, lot)
);
CREATE INDEX spilled_lots_by_expiry ON spilled_lots (member, expires_at, granted_at, lot);
CREATE INDEX spilled_lots_by_grant ON spilled_lots (member, granted_at, lot);

-- The journal.
CREATE TABLE transactions (
    member      uuid        NOT NULL,
    id          bigint      NOT NULL,
    occurred_at timestamptz NOT NULL,
    posted_at   timestamptz NOT NULL,
    book_date   date        NOT NULL,
    program     integer     NOT NULL,
    version     integer     NOT NULL,
    kind        smallint    NOT NULL,
    subject     text,                      -- order, reservation, exchange or receivable
    part        text,                      -- return of the order
    actor       text,
    note_hash   bytea,
    reverses    bigint,
    PRIMARY KEY (member, id)
);
CREATE INDEX transactions_in_time ON transactions USING brin (id) WITH (pages_per_range = 16);
CREATE INDEX transactions_by_book_date ON transactions USING brin (book_date) WITH (pages_per_range = 16);
CREATE TABLE lines (
    member      uuid     NOT NULL,
    transaction bigint   NOT NULL,
    points      bigint   NOT NULL,
    money       bigint   NOT NULL,
    line        integer  NOT NULL,
    account     smallint NOT NULL,
    lot         bigint,
    expires_at  timestamptz,
    shop        text,
    PRIMARY KEY (member, transaction, line)
);
CREATE INDEX lines_of_lots ON lines (member, lot) WHERE lot IS NOT NULL;
CREATE INDEX lines_in_time ON lines USING brin (transaction) WITH (pages_per_range = 16);

CREATE TABLE notes (
    member      uuid   NOT NULL,
    transaction bigint NOT NULL,
    note        text,                      -- null once redacted
    salt        bytea  NOT NULL,
    PRIMARY KEY (member, transaction)
);

-- Every key ever used, with its answer: status and body bytes.
CREATE TABLE operations (
    member             uuid        NOT NULL,
    key                text        NOT NULL,
    at                 timestamptz NOT NULL,
    first_transaction  bigint,
    transactions       smallint    NOT NULL,
    status             smallint    NOT NULL,
    request            bytea       NOT NULL,   -- hash of method, path and decoded body
    answer             bytea       NOT NULL,
    PRIMARY KEY (member, key)
);

-- The state of what callers named: orders (kind 1) and everything else. Work lists read the others by state.
CREATE TABLE documents (
    member  uuid        NOT NULL,
    kind    smallint    NOT NULL,
    id      text        NOT NULL,
    at      timestamptz NOT NULL,
    program integer     NOT NULL,
    state   text        NOT NULL,
    body    text        NOT NULL,
    PRIMARY KEY (member, kind, id)
);
CREATE INDEX documents_to_work_on ON documents (program, kind, state, at) WHERE kind > 1;

-- Money to pay back, in posting order: by xid, of which only those below every transaction in flight are shown.
CREATE TABLE refunds (
    member        uuid        NOT NULL,
    id            bigint      NOT NULL,
    program       integer     NOT NULL,
    order_id      text        NOT NULL,
    return_id     text,
    cause         text        NOT NULL,
    money         bigint      NOT NULL,
    cash_fallback bigint      NOT NULL,
    paid_by       text        NOT NULL,
    occurred_at   timestamptz NOT NULL,
    xid           xid8        NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (member, id)
);
CREATE INDEX refunds_in_posting_order ON refunds (program, xid, id);

-- Whom the jobs have to visit: at least one row, not later than the event, for each kind of event that a member has
-- due. A row may be stale; the member's row decides.
CREATE TABLE due (
    member  uuid        NOT NULL,
    kind    smallint    NOT NULL,
    at      timestamptz NOT NULL,
    program integer     NOT NULL,
    PRIMARY KEY (member, kind, at)
);
CREATE INDEX due_in_time ON due (program, kind, at, member);

-- One row a batch: first and last transaction of its node, for seals and incremental readers. A batch is complete
-- for a reader when xid is below pg_snapshot_xmin.
CREATE TABLE batches (
    id           bigint      PRIMARY KEY,   -- the first transaction's id
    last_id      bigint      NOT NULL,
    transactions integer     NOT NULL,
    posted_at    timestamptz NOT NULL,
    xid          xid8        NOT NULL DEFAULT pg_current_xact_id(),
    fingerprint  bytea       NOT NULL       -- sha256 over the digests of its transactions in order of id
);
CREATE INDEX batches_in_commit_order ON batches (xid, id);

CREATE TABLE job_runs (
    run_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    program     integer     NOT NULL,
    job         text        NOT NULL,
    as_of       timestamptz NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    processed   bigint      NOT NULL DEFAULT 0,
    points      bigint      NOT NULL DEFAULT 0,
    breaks      bigint,
    error       text
);
CREATE INDEX job_runs_by_job ON job_runs (program, job, run_id);

-- A transaction's lines come in one statement and add up to zero in both columns.
-- +goose StatementBegin
CREATE FUNCTION chobo_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT member, transaction, sum(points) AS points, sum(money) AS money INTO bad
      FROM new_lines GROUP BY member, transaction
    HAVING sum(points) <> 0 OR sum(money) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transaction % does not add up: points %, money %', bad.transaction, bad.points, bad.money
            USING ERRCODE = 'CH002', CONSTRAINT = 'lines_add_up', TABLE = 'lines';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER lines_add_up AFTER INSERT ON lines REFERENCING NEW TABLE AS new_lines
    FOR EACH STATEMENT EXECUTE FUNCTION chobo_zero_sum();

-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['transactions', 'lines', 'operations', 'refunds', 'batches', 'program_versions', 'policy_versions'] LOOP
        CALL chobo_protect(t::regclass);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['chart', 'kinds', 'installation', 'programs', 'periods', 'benefits', 'benefit_stock', 'api_keys', 'members',
                             'accounts', 'spilled_lots', 'notes', 'documents', 'due', 'job_runs', 'nodes'] LOOP
        CALL chobo_grant(t::regclass);
    END LOOP;
END $$;
-- +goose StatementEnd
