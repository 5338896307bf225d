package schema_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"chobo/schema/pgtest"
)

// A statement is a constant whose name ends in SQL, anywhere in the module outside its tests.
type statement struct{ room, at, name, text string }

// preparable are the first words of statements that a server can prepare; the others act on databases and sessions.
var preparable = regexp.MustCompile(`(?i)^(?:--[^\n]*\n\s*)*(SELECT|INSERT|UPDATE|DELETE|WITH|VALUES)\b`)

// Every statement fits the migrated schema.
func TestStatementsPrepare(t *testing.T) {
	db := pgtest.OpenOwner(t, pgtest.NewURL(t))
	for _, s := range statements(t) {
		if !preparable.MatchString(s.text) {
			continue
		}
		stmt, err := db.PrepareContext(t.Context(), s.text)
		if err != nil {
			t.Errorf("%s: %s: %v", s.at, s.name, err)
			continue
		}
		fatal(t, stmt.Close())
	}
}

var (
	// routed statements name their members, so that a distributed database sends them to their shards alone.
	routed = regexp.MustCompile(`(?i)\bmember = (\$\d|ANY ?\(\$\d)`)
	// byKey statements join a list of whole keys instead. With member = ANY beside it PostgreSQL would rather read every row
	// that those members have: 17 ms instead of 3 for 500 keys of members with 10 rows each, and it grows with the rows. A
	// distributed database asks all its shards for them.
	byKey = regexp.MustCompile(`(?i)\bmember = u\.member AND \w+\.(key|kind|lot)\b`)
	// undistributable is refused by Citus in a change of a member's table.
	undistributable = regexp.MustCompile(`(?i)\bMERGE INTO\b|\bclock_timestamp\(|\brandom\(`)
	inserts         = regexp.MustCompile(`(?i)^(?:--[^\n]*\n\s*)*INSERT\b`)
)

// Statements of the hot path keep to what runs on Citus as on plain PostgreSQL.
func TestStatementsAreRouted(t *testing.T) {
	db := pgtest.OpenOwner(t, pgtest.NewURL(t))
	members := membersTables(t, db)
	for _, s := range statements(t) {
		if undistributable.MatchString(s.text) {
			t.Errorf("%s: %s has %s", s.at, s.name, undistributable.FindString(s.text))
		}
		if s.room != "points/engine" || members == nil || inserts.MatchString(s.text) {
			continue
		}
		if table := members.FindString(s.text); table != "" && !routed.MatchString(s.text) && !byKey.MatchString(s.text) {
			t.Errorf("%s: %s reads or changes %s without member = $n or = ANY($n)", s.at, s.name, table)
		}
	}
}

// membersTables matches the name of any table with a column "member"; nil if there is none.
func membersTables(t *testing.T, db *sqlx.DB) *regexp.Regexp {
	t.Helper()
	var names []string
	fatal(t, db.Select(&names, `
		SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'member'
		 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace`))
	if len(names) == 0 {
		return nil
	}
	return regexp.MustCompile(`\b(` + strings.Join(names, "|") + `)\b`)
}

// statements finds them all.
func statements(t *testing.T) []statement {
	t.Helper()
	var all []statement
	fatal(t, filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != "..":
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		found, err := statementsOf(name)
		all = append(all, found...)
		return err
	}))
	if len(all) == 0 {
		t.Fatal("no statement found: the search is broken")
	}
	return all
}

func statementsOf(name string) ([]statement, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []statement
	consts := map[string]string{}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, spec := range gen.Specs {
			values, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for i, value := range values.Values {
				text, err := evaluate(value, consts)
				id := values.Names[i]
				if err == nil {
					consts[id.Name] = text
				}
				if !strings.HasSuffix(id.Name, "SQL") {
					continue
				}
				at := fset.Position(id.Pos()).String()
				if err != nil {
					return nil, fmt.Errorf("%s: %s: %w", at, id.Name, err)
				}
				room := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(name, ".."+string(filepath.Separator))))
				found = append(found, statement{room, at, id.Name, strings.TrimSpace(text)})
			}
		}
	}
	return found, nil
}

// evaluate joins what a constant is made of: literals and constants above it in its file.
func evaluate(e ast.Expr, consts map[string]string) (string, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", fmt.Errorf("%s is no text", e.Value)
		}
		return strconv.Unquote(e.Value)
	case *ast.Ident:
		if text, ok := consts[e.Name]; ok {
			return text, nil
		}
		return "", fmt.Errorf("%s is not a constant above it", e.Name)
	case *ast.BinaryExpr:
		left, err := evaluate(e.X, consts)
		if err != nil {
			return "", err
		}
		right, err := evaluate(e.Y, consts)
		return left + right, err
	default:
		return "", fmt.Errorf("a statement is put together from literals and constants, not from %T", e)
	}
}
