package private

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What was committed is there after a stop and a start; durability is PostgreSQL's own, and nobody reaches the server but by its socket.
func TestStart(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	s, err := Start(t.Context(), Config{Dir: dir, Settings: map[string]string{"listen_addresses": "*", "work_mem": "5MB"}})
	fatal(t, err)
	for setting, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on",
		"listen_addresses": "", "work_mem": "5MB", "server_encoding": "UTF8", "lc_collate": "C",
	} {
		if got := query[string](t, s, "SHOW "+setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	fatal(t, execute(t, s, `CREATE TABLE kept AS SELECT 7 AS n`))
	fatal(t, s.Stop(t.Context()))
	fatal(t, s.Stop(t.Context()))

	s = start(t, dir)
	if n := query[int](t, s, `SELECT n FROM kept`); n != 7 {
		t.Errorf("kept %d, want 7", n)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "data": 0o700, "password": 0o600, "server.log": 0o600, "s": 0o700} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q has mode %v, %v; want %v", name, info.Mode().Perm(), err, want)
		}
	}
}

// A fast stop ends sessions that are busy.
func TestStopEndsSessions(t *testing.T) {
	t.Parallel()
	s := start(t, reachable(t))
	ended := make(chan error, 1)
	go func() { ended <- execute(t, s, `SELECT pg_sleep(600)`) }()
	for query[int](t, s, `SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(600)' AND pid <> pg_backend_pid()`) == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	fatal(t, s.Stop(t.Context()))
	if err := <-ended; err == nil {
		t.Error("the session went on")
	}
}

// A stop that may not take its time is an immediate one, and the next start recovers.
func TestStopAtOnce(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	s := start(t, dir)
	fatal(t, execute(t, s, `CREATE TABLE kept AS SELECT 7 AS n`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fatal(t, s.Stop(ctx))
	if n := query[int](t, start(t, dir), `SELECT n FROM kept`); n != 7 {
		t.Errorf("kept %d, want 7", n)
	}
}

// Nothing of a throwaway server is left but the mark of its folder.
func TestThrowaway(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	s, err := Start(t.Context(), Config{Dir: dir, Throwaway: true})
	fatal(t, err)
	if got := query[string](t, s, "SHOW fsync"); got != "off" {
		t.Errorf("fsync is %s, want off", got)
	}
	fatal(t, s.Stop(t.Context()))
	if got := list(t, dir); got != lockName {
		t.Errorf("left %s", got)
	}
}

// Two services on one folder: the second is told, and the first goes on.
func TestTwoServices(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	s := start(t, dir)
	if _, err := Start(t.Context(), Config{Dir: dir}); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v, want ErrInUse", err)
	}
	query[int](t, s, `SELECT 1`)
}

// A path too long for a socket gets a short one elsewhere, which goes with the server.
func TestLongPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachable(t), strings.Repeat("long/", 30))
	s := start(t, dir)
	query[int](t, s, `SELECT 1`)
	short := s.dir.socketDir()
	if strings.HasPrefix(short, dir) || len(short) > maxSocketDir {
		t.Fatalf("socket in %s", short)
	}
	fatal(t, s.Stop(t.Context()))
	if _, err := os.Stat(short); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", short, err)
	}
}
