package schema_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"chobo/schema"
	"chobo/schema/pgtest"
)

// protectedSQL lists every append-only table and partition with a column that an UPDATE may name.
const protectedSQL = `
SELECT c.oid::regclass::text AS name,
       (SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           AND a.attgenerated = '' AND a.attidentity <> 'a' ORDER BY a.attnum LIMIT 1) AS column
  FROM pg_class c
 WHERE c.oid IN (SELECT t.tgrelid FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'chobo_append_only')
 ORDER BY name`

// samplesSQL are tables that are there whatever the migrations make.
const samplesSQL = `
CREATE TABLE sample (member uuid NOT NULL, id bigint NOT NULL, PRIMARY KEY (member, id));
CREATE TABLE sample_part (member uuid NOT NULL, id bigint NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE sample_part_1 PARTITION OF sample_part FOR VALUES FROM (1) TO (100);
CALL chobo_protect('sample');
CALL chobo_protect('sample_part');
CALL chobo_protect('sample_part_1');
CALL chobo_protect('sample_part_1');
INSERT INTO sample VALUES ('00000000-0000-0000-0000-000000000001', 1);
INSERT INTO sample_part VALUES ('00000000-0000-0000-0000-000000000001', 1);`

// Nobody changes or removes what was posted: not the service, not the owner, not a replication session, on no partition.
func TestAppendOnlyRefusesEveryone(t *testing.T) {
	url := pgtest.NewURL(t)
	owner := pgtest.OpenOwner(t, url)
	owner.MustExec(samplesSQL)
	service := pgtest.Open(t, url)

	var tables []struct{ Name, Column string }
	fatal(t, owner.Select(&tables, protectedSQL))
	if len(tables) < 3 {
		t.Fatalf("found %v, want the three samples at least", tables)
	}
	for _, table := range tables {
		for _, stmt := range []string{
			fmt.Sprintf(`UPDATE %s SET %s = %[2]s`, table.Name, table.Column),
			fmt.Sprintf(`UPDATE %s SET %s = %[2]s WHERE false`, table.Name, table.Column),
			fmt.Sprintf(`DELETE FROM %s`, table.Name),
			fmt.Sprintf(`TRUNCATE %s CASCADE`, table.Name),
		} {
			t.Run(stmt, func(t *testing.T) {
				wantRefused(t, owner, "", stmt)
				wantRefused(t, owner, `SET LOCAL session_replication_role = replica`, stmt)
				if err := try(t, service, "", stmt); pq.As(err, pqerror.InsufficientPrivilege) == nil {
					t.Errorf("the service got %v, want no right", err)
				}
			})
		}
	}
}

// An INSERT that updates where it finds a row is refused as the update it may be.
func TestAppendOnlyRefusesUpsert(t *testing.T) {
	owner := pgtest.OpenOwner(t, pgtest.NewURL(t))
	owner.MustExec(samplesSQL)
	wantRefused(t, owner, "", `INSERT INTO sample VALUES ('00000000-0000-0000-0000-000000000002', 1) ON CONFLICT (member, id) DO UPDATE SET id = 2`)
}

func TestAppendOnlyAdmitsInserts(t *testing.T) {
	url := pgtest.NewURL(t)
	pgtest.OpenOwner(t, url).MustExec(samplesSQL)
	service := pgtest.Open(t, url)
	service.MustExec(`INSERT INTO sample VALUES ('00000000-0000-0000-0000-000000000002', 2)`)
	service.MustExec(`INSERT INTO sample_part VALUES ('00000000-0000-0000-0000-000000000002', 2)`)
}

func TestAppendOnlyLeavesOtherErrors(t *testing.T) {
	other := errors.New("other")
	if got := schema.AppendOnly(other); got != other || //nolint:errorlint // the very same value
		schema.AppendOnly(nil) != nil {
		t.Errorf("got %v, want it as it was", got)
	}
}

func wantRefused(t *testing.T, db *sqlx.DB, before, stmt string) {
	t.Helper()
	if err := schema.AppendOnly(try(t, db, before, stmt)); !errors.Is(err, schema.ErrAppendOnly) {
		t.Errorf("%s %s: got %v, want ErrAppendOnly", before, stmt, err)
	}
}

// try runs stmt in a transaction that is never committed.
func try(t *testing.T, db *sqlx.DB, before, stmt string) error {
	t.Helper()
	tx := db.MustBegin()
	defer func() { fatal(t, tx.Rollback()) }()
	tx.MustExec(before)
	_, err := tx.Exec(stmt)
	return err
}
