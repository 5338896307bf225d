-- A transaction is one row, its lines in it: it cannot be there in part, costs the log half of what rows of lines cost, and
-- whoever reads header and lines need not join them.

-- +goose Up

DROP VIEW movements;
ALTER TABLE transactions RENAME TO headers;
ALTER TABLE headers RENAME CONSTRAINT transactions_pkey TO headers_pkey;
ALTER INDEX transactions_in_time RENAME TO headers_in_time;
ALTER INDEX transactions_by_book_date RENAME TO headers_by_book_date;

-- accounts has one number of the chart for each line, moves three: points and money, debit plus and credit minus, and the
-- lot, 0 for none. expires has the instant from which the line's lot is no longer there, in microseconds since 1970, 0 for
-- none; null where no line has one.
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
    shop        text,                      -- of the lines on shops' accounts
    accounts    smallint[]  NOT NULL DEFAULT '{}',
    moves       bigint[]    NOT NULL DEFAULT '{}',
    expires     bigint[],
    PRIMARY KEY (member, id),
    CONSTRAINT transactions_have_whole_lines CHECK (cardinality(moves) = 3 * cardinality(accounts) AND cardinality(expires) = cardinality(accounts))
) WITH (toast_tuple_target = 8160); -- arrays of some 250 lines stay as they are: each look into a compressed one unpacks all of it

INSERT INTO transactions
SELECT h.*, l.shop, coalesce(l.accounts, '{}'), coalesce(l.moves, '{}'), l.expires
  FROM headers h
  LEFT JOIN (SELECT member, transaction, max(shop) AS shop, array_agg(account ORDER BY line) AS accounts,
                    string_to_array(string_agg(concat_ws(',', points, money, coalesce(lot, 0)), ',' ORDER BY line), ',')::bigint[] AS moves,
                    CASE WHEN count(expires_at) > 0
                         THEN array_agg(coalesce((extract(epoch FROM expires_at) * 1000000)::bigint, 0) ORDER BY line) END AS expires
               FROM lines GROUP BY member, transaction) l ON l.member = h.member AND l.transaction = h.id
 ORDER BY h.id;

DROP TABLE lines;
DROP TABLE headers;
DROP FUNCTION chobo_zero_sum;

CREATE INDEX transactions_in_time ON transactions USING brin (id) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX transactions_by_book_date ON transactions USING brin (book_date) WITH (pages_per_range = 16);
-- What of a lot was lost without being spent; the numbers are ledger.LossAccounts.
CREATE INDEX transactions_of_losses ON transactions (member, id) WHERE accounts && '{41,42,43,44,45}';

-- Every line with its transaction. A shop stands on the accounts of shops alone.
CREATE VIEW lines AS
SELECT t.member, t.id AS transaction, l.line::integer AS line, l.account,
       t.moves[3 * l.line - 2] AS points, t.moves[3 * l.line - 1] AS money, nullif(t.moves[3 * l.line], 0) AS lot,
       timestamptz 'epoch' + nullif(t.expires[l.line], 0) * interval '1 microsecond' AS expires_at,
       CASE WHEN l.account IN (25, 31, 32, 61) THEN t.shop END AS shop,
       t.occurred_at, t.posted_at, t.book_date, t.program, t.version, t.kind, t.subject, t.part, t.actor, t.note_hash, t.reverses
  FROM transactions t CROSS JOIN LATERAL unnest(t.accounts) WITH ORDINALITY AS l (account, line);

-- Every movement there is, as of this moment: what is summed up, and the lines of batches that are not yet.
CREATE VIEW movements AS
SELECT program, book_date, kind, account, shop, points, money, debits, worth, lines
  FROM daily
UNION ALL
SELECT program, book_date, kind, account, shop, points, money, debits, worth, lines
  FROM (WITH tail AS MATERIALIZED (SELECT node, ids, low, high FROM unread WHERE reader = 'rollup')
        SELECT l.program, l.book_date, l.kind, l.account, coalesce(l.shop, '') AS shop, l.points::numeric AS points, l.money::numeric AS money,
               greatest(l.points, 0)::numeric AS debits, greatest(l.money, 0)::numeric AS worth, 1::bigint AS lines
          FROM tail
          JOIN lines l ON l.transaction & 4095 = tail.node AND l.transaction <@ tail.ids
         WHERE l.transaction BETWEEN (SELECT min(low) FROM tail) AND (SELECT max(high) FROM tail)) AS fresh;

-- A transaction adds up to zero in points and in money.
-- +goose StatementBegin
CREATE FUNCTION chobo_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT t.member, t.id, s.points, s.money INTO bad
      FROM new_transactions t
     CROSS JOIN LATERAL (SELECT coalesce(sum(t.moves[3 * i - 2]), 0) AS points, coalesce(sum(t.moves[3 * i - 1]), 0) AS money
                           FROM generate_series(1, cardinality(t.accounts)) AS i) s
     WHERE s.points <> 0 OR s.money <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transaction % does not add up: points %, money %', bad.id, bad.points, bad.money
            USING ERRCODE = 'CH002', CONSTRAINT = 'lines_add_up', TABLE = 'transactions';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER lines_add_up AFTER INSERT ON transactions REFERENCING NEW TABLE AS new_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION chobo_zero_sum();

CALL chobo_protect('transactions');
CALL chobo_grant('lines');
CALL chobo_grant('movements');
