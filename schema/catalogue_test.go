package schema_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"chobo/schema/pgtest"
)

// triggerFunctions are all that may be fired on a member's table, a statement at a time. On a distributed database they are
// belt and braces, so nothing else may depend on one.
var triggerFunctions = pq.StringArray{"chobo_append_only", "chobo_zero_sum"}

// A rule is kept by every table there is. sql returns what breaks it, one name a row; $1 is the trigger functions allowed.
// A member's table is one with a column "member": those tables shard by it on Citus, and all rules S are Citus's.
type rule struct{ name, sql, broken, breaks string }

// ours are tables and partitions of the current schema but goose's own; members are those with a column "member".
const with = `
WITH ours AS (
	SELECT c.oid, c.relname, c.relispartition, c.relowner FROM pg_class c
	 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace AND c.relname <> 'goose_db_version'
), members AS (
	SELECT o.oid, o.relname, a.attnum, a.attnotnull, a.atttypid FROM ours o
	  JOIN pg_attribute a ON a.attrelid = o.oid AND a.attname = 'member' AND NOT a.attisdropped
), protected AS (
	SELECT o.oid, o.relname, bit_or(t.tgtype) AS events, bool_and(t.tgenabled = 'A') AS always FROM ours o
	  JOIN pg_trigger t ON t.tgrelid = o.oid JOIN pg_proc p ON p.oid = t.tgfoid AND p.proname = 'chobo_append_only'
	 GROUP BY o.oid, o.relname
), allowed AS (SELECT $1::text[] AS functions)
`

var rules = []rule{
	{
		name:   "S1 member stands first",
		sql:    `SELECT m.relname FROM members m WHERE m.attnum > (SELECT min(a.attnum) FROM pg_attribute a WHERE a.attrelid = m.oid AND a.attnum > 0 AND NOT a.attisdropped)`,
		broken: `CREATE TABLE bad (id bigint, member uuid NOT NULL)`, breaks: "bad",
	},
	{
		name:   "S1 member is a uuid and never null",
		sql:    `SELECT relname FROM members WHERE NOT attnotnull OR atttypid <> 'uuid'::regtype`,
		broken: `CREATE TABLE bad (member uuid)`, breaks: "bad",
	},
	{
		name: "S1 a primary key begins with member",
		sql: `SELECT m.relname || '.' || i.indexrelid::regclass FROM members m JOIN pg_index i ON i.indrelid = m.oid
		       WHERE i.indisprimary AND i.indkey[0] <> m.attnum`,
		broken: `CREATE TABLE bad (member uuid NOT NULL, id bigint, PRIMARY KEY (id, member))`, breaks: "bad.bad_pkey",
	},
	{
		name: "S1 every unique index and exclusion contains member",
		sql: `SELECT m.relname || '.' || i.indexrelid::regclass FROM members m JOIN pg_index i ON i.indrelid = m.oid
		       WHERE (i.indisunique OR i.indisexclusion) AND NOT m.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])`,
		broken: `CREATE TABLE bad (member uuid NOT NULL, key text UNIQUE)`, breaks: "bad.bad_key_key",
	},
	{
		name: "S3 a foreign key between members' tables carries member",
		sql: `SELECT m.relname || '.' || k.conname FROM members m JOIN pg_constraint k ON k.conrelid = m.oid AND k.contype = 'f'
		        JOIN members f ON f.oid = k.confrelid
		       WHERE NOT EXISTS (SELECT FROM unnest(k.conkey, k.confkey) AS pair (here, there) WHERE here = m.attnum AND there = f.attnum)`,
		broken: `CREATE TABLE parent (member uuid NOT NULL, id uuid, other uuid, UNIQUE (member, id));
		         CREATE TABLE bad (member uuid NOT NULL, a uuid, b uuid, CONSTRAINT stray FOREIGN KEY (a, b) REFERENCES parent (member, id))`, breaks: "bad.stray",
	},
	{
		name: "S3 nothing else refers to a member's table",
		sql: `SELECT o.relname || '.' || k.conname FROM ours o JOIN pg_constraint k ON k.conrelid = o.oid AND k.contype = 'f'
		       WHERE k.confrelid IN (SELECT oid FROM members) AND o.oid NOT IN (SELECT oid FROM members)`,
		broken: `CREATE TABLE parent (member uuid PRIMARY KEY);
		         CREATE TABLE bad (of uuid, CONSTRAINT stray FOREIGN KEY (of) REFERENCES parent (member))`, breaks: "bad.stray",
	},
	{
		name: "S4 no numbers from a sequence that are smaller than bigint",
		sql: `SELECT o.relname || '.' || a.attname FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
		        LEFT JOIN pg_attrdef d ON d.adrelid = o.oid AND d.adnum = a.attnum
		       WHERE a.atttypid IN ('int2'::regtype, 'int4'::regtype)
		         AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%')`,
		broken: `CREATE TABLE bad (id int GENERATED ALWAYS AS IDENTITY)`, breaks: "bad.id",
	},
	{
		name: "S5 only known triggers, a statement at a time",
		sql: `SELECT m.relname || '.' || t.tgname FROM members m JOIN pg_trigger t ON t.tgrelid = m.oid AND NOT t.tgisinternal
		        JOIN pg_proc p ON p.oid = t.tgfoid CROSS JOIN allowed
		       WHERE p.proname <> ALL (allowed.functions) OR t.tgtype & 1 = 1`,
		broken: `CREATE TABLE bad (member uuid NOT NULL);
		         CREATE TRIGGER rows BEFORE UPDATE ON bad FOR EACH ROW EXECUTE FUNCTION chobo_append_only()`, breaks: "bad.rows",
	},
	{
		name: "every table is given to the service by chobo_protect or chobo_grant",
		sql: `SELECT relname FROM ours WHERE NOT relispartition AND oid NOT IN (SELECT oid FROM protected)
		         AND NOT (has_table_privilege('chobo_app', oid, 'SELECT') AND has_table_privilege('chobo_app', oid, 'INSERT')
		              AND has_table_privilege('chobo_app', oid, 'UPDATE') AND has_table_privilege('chobo_app', oid, 'DELETE'))`,
		broken: `CREATE TABLE bad (id bigint)`, breaks: "bad",
	},
	{
		name: "the service may read and add to an append-only table, and no more",
		sql: `SELECT p.relname || ' ' || r FROM protected p
		       CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) r
		       WHERE has_table_privilege('chobo_app', p.oid, r) <> (r IN ('SELECT', 'INSERT'))
		      UNION ALL
		      SELECT relname || ' UPDATE of a column' FROM protected WHERE has_any_column_privilege('chobo_app', oid, 'UPDATE')`,
		broken: `CREATE TABLE bad (id bigint); CALL chobo_protect('bad'); GRANT UPDATE (id) ON bad TO PUBLIC`, breaks: "bad UPDATE of a column",
	},
	{
		name:   "UPDATE, DELETE and TRUNCATE of an append-only table fire its triggers, always",
		sql:    `SELECT relname FROM protected WHERE events & 58 <> 58 OR NOT always`, // 2 before, 8 delete, 16 update, 32 truncate
		broken: `CREATE TABLE bad (id bigint); CALL chobo_protect('bad'); ALTER TABLE bad ENABLE TRIGGER append_only`, breaks: "bad",
	},
	{
		name: "a partition of an append-only table is one too",
		sql: `SELECT o.relname FROM protected p JOIN pg_inherits i ON i.inhparent = p.oid JOIN ours o ON o.oid = i.inhrelid
		       WHERE o.oid NOT IN (SELECT oid FROM protected)`,
		broken: `CREATE TABLE parent (id bigint) PARTITION BY RANGE (id); CREATE TABLE bad PARTITION OF parent DEFAULT; CALL chobo_protect('parent')`, breaks: "bad",
	},
	{
		name: "the service owns nothing, truncates nothing and is nobody special",
		sql: `SELECT relname FROM ours WHERE relowner = 'chobo_app'::regrole OR has_table_privilege('chobo_app', oid, 'TRUNCATE')
		      UNION ALL
		      SELECT rolname FROM pg_roles WHERE rolname = 'chobo_app' AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR rolcanlogin)`,
		broken: `CREATE TABLE bad (id bigint); GRANT TRUNCATE ON bad TO chobo_app`, breaks: "bad",
	},
}

// Each rule holds for every table that the migrations make.
func TestCatalogue(t *testing.T) {
	db := pgtest.OpenOwner(t, pgtest.NewURL(t))
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if got := breaches(t, db, r); len(got) > 0 {
				t.Errorf("broken by %s", strings.Join(got, ", "))
			}
		})
	}
}

// Each rule names the table that breaks it: a rule that cannot fail keeps nothing.
func TestCatalogueRulesBite(t *testing.T) {
	url := pgtest.NewURL(t)
	db := pgtest.OpenOwner(t, url)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			tx := db.MustBegin()
			defer func() { fatal(t, tx.Rollback()) }()
			tx.MustExec(r.broken)
			if got := breaches(t, tx, r); !slices.Contains(got, r.breaks) {
				t.Errorf("found %q, want %q", got, r.breaks)
			}
		})
	}
}

func breaches(t *testing.T, q sqlx.Queryer, r rule) []string {
	t.Helper()
	var got []string
	// Named in full, so that every rule uses every part and one argument.
	err := sqlx.Select(q, &got, with+fmt.Sprintf(`SELECT * FROM (%s) AS broken (what) WHERE (SELECT functions FROM allowed) IS NOT NULL ORDER BY what`, r.sql), triggerFunctions)
	fatal(t, err)
	return got
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
