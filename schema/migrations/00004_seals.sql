-- Seals: committed batches in blocks, each block chained to the one before by its hash. Whoever keeps one hash can tell
-- later whether anything up to it was changed, taken out, moved or cut off.

-- +goose Up

-- The draft of 00003 kept a block's batches in an array; nobody has used it.
DROP TABLE seals;
DELETE FROM readers WHERE reader = 'seal';

CREATE TABLE seals (
    number       bigint      PRIMARY KEY CONSTRAINT seals_number_from_one CHECK (number > 0),
    previous     bytea       NOT NULL,   -- hash of the seal before; 32 zeros for the first
    content      bytea       NOT NULL,   -- sha256 over its batches in sealed order
    hash         bytea       NOT NULL,   -- over all of the above, the three counts and sealed_at
    batches      bigint      NOT NULL,
    transactions bigint      NOT NULL,   -- in these batches
    total        bigint      NOT NULL,   -- in this seal and all before it
    first_batch  bigint      NOT NULL,
    last_batch   bigint      NOT NULL,
    sealed_at    timestamptz NOT NULL,
    cluster      bigint      NOT NULL,   -- the server's own number: xids of another one count differently
    below        xid8        NOT NULL    -- every batch of a transaction below it is in this seal or an earlier one
);

-- Which batch is in which seal, so that none is sealed twice, however late or under whatever id it was committed.
CREATE TABLE sealed_batches (
    batch bigint  PRIMARY KEY,
    seal  bigint  NOT NULL,
    place integer NOT NULL,
    CONSTRAINT sealed_batches_one_a_place UNIQUE (seal, place)
);

CALL chobo_protect('seals');
CALL chobo_protect('sealed_batches');
