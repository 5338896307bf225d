package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/schema"
	"chobo/schema/pgtest"
	"chobo/schema/private"
)

// A power cut under load, of the server, of PostgreSQL or of both: every order that was answered is there once, none is
// there twice, and the books balance.
func TestKilledUnderLoad(t *testing.T) {
	for _, tt := range []struct {
		name string
		kill func(t *testing.T, s *server, data string)
	}{
		{"the server", func(_ *testing.T, s *server, _ string) { s.kill() }},
		{"PostgreSQL", func(t *testing.T, s *server, data string) {
			killAll(t, postgres(t, data))
			if code := s.ended(); code != 1 {
				t.Errorf("without its database the server ends with %d", code)
			}
		}},
		{"both", func(t *testing.T, s *server, data string) {
			pids := postgres(t, data)
			if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil { // so that it cannot say goodbye
				t.Fatal(err)
			}
			killAll(t, pids)
			s.kill()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			data := folder(t)
			s := start(t, "--data", data)
			l := begin(64, s.client())
			l.await(1500)
			tt.kill(t, s, data)
			s = start(t, "--data", data)
			orders := l.check(s.client())
			db := open(t, data)
			var posted int
			if err := db.GetContext(t.Context(), &posted, `SELECT count(*) FROM documents WHERE kind = 1`); err != nil || posted != orders {
				t.Errorf("%d orders stand in the books, want %d (%v)", posted, orders, err)
			}
			balanced(t, db)
		})
	}
}

// One of three servers is killed under load: the others go on, and answer what it has answered.
func TestOneOfThreeIsKilled(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	servers := []*server{start(t, "--database-url", url), start(t, "--database-url", url), start(t, "--database-url", url)}
	l := begin(48, servers[0].client(), servers[1].client(), servers[2].client())
	l.await(900)
	servers[1].kill()
	l.await(l.answered.Load() + 900)
	orders := l.check(servers[2].client())
	db := pgtest.OpenOwner(t, url)
	var posted int
	if err := db.GetContext(t.Context(), &posted, `SELECT count(*) FROM documents WHERE kind = 1`); err != nil || posted != orders {
		t.Errorf("%d orders stand in the books, want %d (%v)", posted, orders, err)
	}
	balanced(t, db)
}

// Beside a server other commands share its private database, and the doctor finds nothing to mend.
func TestCommandsBesideAServer(t *testing.T) {
	t.Parallel()
	data := folder(t)
	start(t, "--data", data)
	chobo := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(binary, append(args, "--data", data, "--log-level", "warn")...)
		cmd.Env = cleanEnv()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("chobo %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	if out := chobo("program", "list"); !strings.Contains(out, "samurai-mall") {
		t.Errorf("it lists:\n%s", out)
	}
	chobo("keys", "create", "till", "--scope", "admin")
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Second) { // until the jobs have caught up
		out := chobo("doctor")
		if strings.Contains(out, "All is well.") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the doctor says:\n%s", out)
		}
	}
}

// Stopped under load, the server answers what it has taken and ends well; nothing that was answered is lost.
func TestStoppedUnderLoad(t *testing.T) {
	t.Parallel()
	data := folder(t)
	s := start(t, "--data", data)
	l := begin(64, s.client())
	l.await(1500)
	began := time.Now()
	if code := s.stop(); code != 0 {
		t.Errorf("it ends with %d\n%s", code, tail(s.log.String()))
	}
	t.Logf("it took %s to end", time.Since(began).Round(time.Millisecond))
	if pid := postmaster(data); pid != 0 {
		t.Errorf("PostgreSQL still runs as %d", pid)
	}
	s = start(t, "--data", data)
	orders := l.check(s.client())
	db := open(t, data)
	var posted int
	if err := db.GetContext(t.Context(), &posted, `SELECT count(*) FROM documents WHERE kind = 1`); err != nil || posted != orders {
		t.Errorf("%d orders stand in the books, want %d (%v)", posted, orders, err)
	}
	balanced(t, db)
}

// open is the owner's pool to a running private database.
func open(t *testing.T, data string) *sqlx.DB {
	t.Helper()
	url, err := private.Locate(data)
	if err != nil {
		t.Fatal(err)
	}
	db, err := schema.OpenOwner(t.Context(), url, schema.Pool{MaxOpen: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // its server may have been killed
	return db
}

// postmaster is the pid of the folder's server; 0: none runs.
func postmaster(data string) int {
	text, err := os.ReadFile(filepath.Join(data, "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return 0
	}
	return pid
}

// postgres are the pids of the folder's server and all its backends.
func postgres(t *testing.T, data string) (pids []int) {
	t.Helper()
	main := postmaster(data)
	if main == 0 {
		t.Fatal("PostgreSQL does not run")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	db := open(t, data)
	if err := db.SelectContext(ctx, &pids, `SELECT pid FROM pg_stat_activity`); err != nil {
		t.Fatal(err)
	}
	return append([]int{main}, pids...)
}

// killAll kills the processes without a word, as a power cut would.
func killAll(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			t.Fatal(err)
		}
	}
}
