package private

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A folder that is not ours is refused and stays as it was.
func TestForeignFolders(t *testing.T) {
	write := func(t *testing.T, name, text string) {
		fatal(t, os.MkdirAll(filepath.Dir(name), 0o755))
		fatal(t, os.WriteFile(name, []byte(text), 0o600))
	}
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, dir string)
		want    error
		left    string
	}{
		{"somebody's files", func(t *testing.T, dir string) { write(t, dir+"/thesis.txt", "x") }, ErrForeign, "thesis.txt"},
		{"another cluster", func(t *testing.T, dir string) { write(t, dir+"/PG_VERSION", "15\n") }, ErrForeign, "PG_VERSION"},
		{"a cluster called data", func(t *testing.T, dir string) { write(t, dir+"/data/PG_VERSION", "15\n") }, ErrForeign, "data"},
		{"a file", func(t *testing.T, dir string) { write(t, dir, "x") }, ErrForeign, ""},
		{"our mark, but data without a version", func(t *testing.T, dir string) {
			write(t, dir+"/"+lockName, lockText)
			write(t, dir+"/password", "x")
			write(t, dir+"/data/thesis.txt", "x")
		}, ErrForeign, ""},
		{"our mark, but the password is gone", func(t *testing.T, dir string) {
			write(t, dir+"/"+lockName, lockText)
			write(t, dir+"/data/PG_VERSION", "15\n")
		}, ErrForeign, ""},
		{"data of a version that is not installed", func(t *testing.T, dir string) {
			write(t, dir+"/"+lockName, lockText)
			write(t, dir+"/password", "x")
			write(t, dir+"/data/PG_VERSION", "9\n")
		}, ErrNoBinaries, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := reachable(t)
			c.prepare(t, dir)
			_, err := Start(t.Context(), Config{Dir: dir})
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if c.left != "" && list(t, dir) != c.left {
				t.Errorf("left %s, want %s", list(t, dir), c.left)
			}
		})
	}
}

// As root, a folder that the server's user cannot reach is refused by name.
func TestUnsearchable(t *testing.T) {
	if os.Geteuid() != 0 {
		return // an ordinary user runs the server as itself
	}
	dir := reachable(t)
	fatal(t, os.MkdirAll(dir, 0o700))
	_, err := Start(t.Context(), Config{Dir: filepath.Join(dir, "pg")})
	if !errors.Is(err, ErrUnsearchable) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want ErrUnsearchable naming %s", err, dir)
	}
}

func TestDefaultDir(t *testing.T) {
	t.Setenv("HOME", "")
	t.Setenv("XDG_DATA_HOME", "")
	dir, err := DefaultDir()
	if os.Geteuid() == 0 {
		if err != nil || dir != "/var/lib/chobo/postgres" {
			t.Errorf("got %s, %v", dir, err)
		}
		return
	}
	if !errors.Is(err, ErrNoHome) {
		t.Errorf("got %v, want ErrNoHome", err)
	}
	t.Setenv("HOME", "/home/me")
	if dir, err := DefaultDir(); err != nil || !strings.HasPrefix(dir, "/home/me/") {
		t.Errorf("got %s, %v", dir, err)
	}
}

func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	fatal(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func execute(t *testing.T, s *Server, stmt string) error {
	t.Helper()
	db, err := sql.Open("postgres", s.URL())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.WithoutCancel(t.Context()), stmt)
	return errors.Join(err, db.Close())
}
