-- A transaction of thousands of lines is compressed in its row, and each look at an element unpacks all of it: what it took
-- to add its lines up grew with their square. This goes through them once.

-- +goose Up

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION chobo_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT t.member, t.id, s.points, s.money INTO bad
      FROM new_transactions t
     CROSS JOIN LATERAL (SELECT sum(m.amount) FILTER (WHERE m.i % 3 = 1) AS points, sum(m.amount) FILTER (WHERE m.i % 3 = 2) AS money
                           FROM unnest(t.moves) WITH ORDINALITY AS m (amount, i)) s
     WHERE s.points <> 0 OR s.money <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transaction % does not add up: points %, money %', bad.id, bad.points, bad.money
            USING ERRCODE = 'CH002', CONSTRAINT = 'lines_add_up', TABLE = 'transactions';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
