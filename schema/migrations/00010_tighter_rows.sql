-- Keys and documents with numbers before texts, so that nothing is lost to alignment: there is a row of each for every order.
-- A key no longer says when it was used: its transactions do, and nobody asks when a refusal was.

-- +goose Up

ALTER TABLE operations RENAME TO keys;
ALTER TABLE keys RENAME CONSTRAINT operations_pkey TO keys_pkey;
CREATE TABLE operations (
    member             uuid     NOT NULL,
    first_transaction  bigint,
    transactions       smallint NOT NULL,
    status             smallint NOT NULL,
    key                text     NOT NULL,
    request            bytea    NOT NULL,   -- hash of method, path and decoded body
    answer             bytea    NOT NULL,
    PRIMARY KEY (member, key)
);
INSERT INTO operations SELECT member, first_transaction, transactions, status, key, request, answer FROM keys;
DROP TABLE keys;
CALL chobo_protect('operations');

ALTER TABLE documents RENAME TO papers;
ALTER TABLE papers RENAME CONSTRAINT documents_pkey TO papers_pkey;
ALTER INDEX documents_to_work_on RENAME TO papers_to_work_on;
CREATE TABLE documents (
    member  uuid        NOT NULL,
    at      timestamptz NOT NULL,
    program integer     NOT NULL,
    kind    smallint    NOT NULL,
    id      text        NOT NULL,
    state   text        NOT NULL,
    body    text        NOT NULL,
    PRIMARY KEY (member, kind, id)
);
INSERT INTO documents SELECT member, at, program, kind, id, state, body FROM papers;
DROP TABLE papers;
CREATE INDEX documents_to_work_on ON documents (program, kind, state, at) WHERE kind > 1;
CALL chobo_grant('documents');
