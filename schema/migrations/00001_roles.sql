-- +goose Up

-- The role that every pooled connection of the service takes on (SET ROLE). Roles belong to the whole server, so
-- another database may create it at this moment (unique_violation, duplicate_object), and where the owner may not
-- create roles the ledger goes on without: then triggers alone guard the journal, and schema.Guarded says so.
-- +goose StatementBegin
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chobo_app') THEN
        CREATE ROLE chobo_app NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
        NULL;
END $$;
-- +goose StatementEnd

-- An owner who is no superuser may take the role on only as its member.
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'chobo_app')
       AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT chobo_app TO %I', current_user);
    END IF;
EXCEPTION
    WHEN unique_violation OR insufficient_privilege THEN
        NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'chobo_app') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO chobo_app', current_schema());
        GRANT SELECT ON goose_db_version TO chobo_app;
    END IF;
END $$;
-- +goose StatementEnd

-- chobo_append_only refuses the statement it is fired for. CH001 is our own SQLSTATE: schema.ErrAppendOnly.
-- +goose StatementBegin
CREATE FUNCTION chobo_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'CH001',
              SCHEMA = TG_TABLE_SCHEMA,
              TABLE = TG_TABLE_NAME,
              HINT = 'What was posted stays. Post a transaction that reverses it.';
END $$;
-- +goose StatementEnd

-- chobo_grant lets the service use an ordinary table, a sequence or a view. Nothing happens where the role is missing.
-- +goose StatementBegin
CREATE PROCEDURE chobo_grant(target regclass)
LANGUAGE plpgsql AS $$
DECLARE
    kind "char" := (SELECT relkind FROM pg_class WHERE oid = target);
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chobo_app') THEN
        RETURN;
    END IF;
    CASE kind
        WHEN 'r', 'p' THEN EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO chobo_app', target);
        WHEN 'S' THEN EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %s TO chobo_app', target);
        WHEN 'v', 'm' THEN EXECUTE format('GRANT SELECT ON %s TO chobo_app', target);
    END CASE;
END $$;
-- +goose StatementEnd

-- chobo_protect makes a table append-only: the service may read and add, and triggers refuse the rest to everyone else,
-- replication sessions included (ENABLE ALWAYS). Call it for every partition too, when it is made: a statement trigger
-- on the parent does not fire for TRUNCATE or DELETE of a partition itself. Calling it again changes nothing.
-- Citus refuses triggers on distributed tables unless it is told otherwise; there the missing rights alone guard.
-- +goose StatementBegin
CREATE PROCEDURE chobo_protect(target regclass)
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
       OR current_setting('citus.enable_unsafe_triggers', true) = 'on' THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION chobo_append_only()', target);
        EXECUTE format('CREATE OR REPLACE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION chobo_append_only()', target);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', target);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only_truncate', target);
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'chobo_app') THEN
        EXECUTE format('REVOKE ALL ON %s FROM chobo_app', target);
        EXECUTE format('GRANT SELECT, INSERT ON %s TO chobo_app', target);
    END IF;
END $$;
-- +goose StatementEnd

REVOKE EXECUTE ON PROCEDURE chobo_grant(regclass) FROM PUBLIC;

REVOKE EXECUTE ON PROCEDURE chobo_protect(regclass) FROM PUBLIC;
