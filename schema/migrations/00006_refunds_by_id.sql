-- +goose Up
-- A reader of the list of refunds may name the last one that he has.
CREATE INDEX refunds_by_id ON refunds (program, id);
