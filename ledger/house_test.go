package ledger_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rooms stand in the order in which they may import: each only itself and what stands after it.
var rooms = []string{"cmd", "jobs", "refunds", "points", "ledger", "schema"}

// pure rooms decide and are given all they need; every other room is a shell. Named in full: a room added below one is a shell until it is listed.
var pure = []string{"ledger", "points", "points/program", "refunds", "refunds/policy"}

// shellImports do what a pure room must not: store, log, serve, listen.
var shellImports = []string{"database/sql", "github.com/jmoiron/sqlx", "github.com/lib/pq", "github.com/rs/zerolog", "net/http", "log", "log/slog", "math/rand", "math/rand/v2", "os/exec"}

// clocks are the functions of package time that read or wait for the clock.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

const module = "chobo/"

// A pkg is what go list says of a package of ours.
type pkg struct {
	ImportPath, Dir  string
	GoFiles, Imports []string
}

// room is the package's path within the module.
func (p pkg) room() string { return strings.TrimPrefix(p.ImportPath, module) }

func TestImportsRunToTheRight(t *testing.T) {
	for _, p := range packages(t) {
		from := slices.Index(rooms, top(p.room()))
		if from < 0 {
			t.Errorf("%s is in no room: rooms are %v", p.room(), rooms)
			continue
		}
		for _, path := range p.Imports {
			room, ours := strings.CutPrefix(path, module)
			if ours && slices.Index(rooms, top(room)) < from {
				t.Errorf("%s imports %s, which stands to its left", p.room(), room)
			}
		}
	}
}

// A room may import shells only if it is one: a pure room imports, through whatever of ours, nothing that stores, logs or serves.
func TestPureRoomsStayPure(t *testing.T) {
	all := packages(t)
	for _, name := range pure {
		i := slices.IndexFunc(all, func(p pkg) bool { return p.room() == name })
		if i < 0 {
			continue // not built yet
		}
		walk(all, all[i], []string{name}, func(path []string, imported string) {
			if slices.Contains(shellImports, imported) {
				t.Errorf("%s → %s", strings.Join(path, " → "), imported)
			}
		})
		for _, call := range clockCalls(t, all[i]) {
			t.Errorf("%s reads the clock: it is given the time", call)
		}
	}
}

// Only tests import what is made for tests.
func TestTestRoomsStayInTests(t *testing.T) {
	for _, p := range packages(t) {
		if slices.Contains(p.Imports, module+"schema/pgtest") {
			t.Errorf("%s imports schema/pgtest outside its tests", p.room())
		}
	}
}

// walk visits every import that p has, through packages of ours, with the way there.
func walk(all []pkg, p pkg, path []string, visit func(path []string, imported string)) {
	for _, imported := range p.Imports {
		visit(path, imported)
		i := slices.IndexFunc(all, func(q pkg) bool { return q.ImportPath == imported })
		if i >= 0 && !slices.Contains(path, all[i].room()) {
			walk(all, all[i], append(slices.Clip(path), all[i].room()), visit)
		}
	}
}

// clockCalls lists where a package's own files use the clock.
func clockCalls(t *testing.T, p pkg) []string {
	t.Helper()
	var calls []string
	for _, name := range p.GoFiles {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		clock := importName(file, "time")
		ast.Inspect(file, func(n ast.Node) bool {
			use, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := use.X.(*ast.Ident); ok && x.Name == clock && slices.Contains(clocks, use.Sel.Name) {
				calls = append(calls, fset.Position(use.Pos()).String())
			}
			return true
		})
	}
	return calls
}

// importName is how a file calls a package of one word, empty if it does not import it.
func importName(file *ast.File, path string) string {
	for _, spec := range file.Imports {
		if spec.Path.Value != `"`+path+`"` {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path
	}
	return ""
}

func top(room string) string {
	first, _, _ := strings.Cut(room, "/")
	return first
}

// packages lists the module's.
func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports", "./...")
	cmd.Dir = ".." // the module's root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
