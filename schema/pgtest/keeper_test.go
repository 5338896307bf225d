package pgtest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"chobo/schema/pgtest"
)

// loiterEnv makes this test binary a user that takes a database and stays.
const loiterEnv = "CHOBO_PGTEST_LOITER"

func TestLoiter(t *testing.T) {
	name := os.Getenv(loiterEnv)
	if name == "" {
		return // part of TestKeeper
	}
	pgtest.New(t)
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	select {}
}

// The server outlives every one of its users but the last, killed or not, and then leaves nothing running and no data.
func TestKeeper(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.run()
	loiterer := h.loiter()
	server := h.server()
	h.run()
	time.Sleep(3 * time.Second) // longer than the grace
	h.run()
	if now := h.server(); now != server {
		t.Errorf("the server is %s, was %s: it must outlast its users", now, server)
	}
	h.kill(loiterer)
	h.awaitNothing()

	h.run() // and comes again
	h.awaitNothing()
}

// A keeper that is killed takes its server along or leaves it to the next: tests go on.
func TestKeeperKilled(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	loiterer := h.loiter()
	h.killKeeper()
	h.run()
	h.kill(loiterer)
	h.awaitNothing()
}

// hall is a TMPDIR with a shared server of its own.
type hall struct {
	*testing.T
	dir string
}

func newHall(t *testing.T) hall {
	t.Helper()
	dir, err := os.MkdirTemp("", "hall") //nolint:usetesting // t.TempDir is closed to the server's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return hall{t, dir}
}

func (h hall) command(test string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run", "^"+test+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), append(env, "TMPDIR="+h.dir, "CHOBO_PGTEST_GRACE=1s", "CHOBO_TEST_DATABASE_URL=")...)
	return cmd
}

// run runs a test to its end, in a process of its own.
func (h hall) run() {
	h.Helper()
	if out, err := h.command("TestNew").CombinedOutput(); err != nil {
		h.Fatalf("%v: %s", err, out)
	}
}

// loiter starts a process that uses a database until it is killed.
func (h hall) loiter() *exec.Cmd {
	h.Helper()
	here := filepath.Join(h.dir, "loitering")
	cmd := h.command("TestLoiter", loiterEnv+"="+here)
	if err := cmd.Start(); err != nil {
		h.Fatal(err)
	}
	h.await("a user", func() bool { _, err := os.Stat(here); return err == nil })
	return cmd
}

func (h hall) kill(cmd *exec.Cmd) {
	h.Helper()
	if err := cmd.Process.Kill(); err != nil {
		h.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		h.Error("killed, and yet it ended well")
	}
}

// server is the first line of the server's pid file: the server itself.
func (h hall) server() string {
	h.Helper()
	found, err := filepath.Glob(filepath.Join(h.dir, "*", "server", "data", "postmaster.pid"))
	if err != nil || len(found) != 1 {
		h.Fatalf("found %v, %v; want one server", found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		h.Fatal(err)
	}
	pid, _, _ := strings.Cut(string(text), "\n")
	return pid
}

// awaitNothing waits until the data is gone and the keeper, which holds its folder as long as it lives.
func (h hall) awaitNothing() {
	h.Helper()
	h.await("the end of the server", func() bool {
		left, err := filepath.Glob(filepath.Join(h.dir, "*", "server", "data"))
		if err != nil {
			h.Fatal(err)
		}
		return len(left) == 0 && h.free()
	})
}

func (h hall) await(what string, there func() bool) {
	h.Helper()
	for end := time.Now().Add(time.Minute); !there(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			h.Fatalf("waited a minute for %s", what)
		}
	}
}

// free says whether nobody holds the server's folder.
func (h hall) free() bool {
	h.Helper()
	found, err := filepath.Glob(filepath.Join(h.dir, "*", "server", "*.lock"))
	if err != nil || len(found) != 1 {
		h.Fatalf("found %v, %v; want one lock", found, err)
	}
	f, err := os.Open(found[0])
	if err != nil {
		h.Fatal(err)
	}
	got := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
	if err := f.Close(); err != nil {
		h.Fatal(err)
	}
	return got
}

// killKeeper ends the keeper as nothing can be refused.
func (h hall) killKeeper() {
	h.Helper()
	found, err := filepath.Glob(filepath.Join(h.dir, "*", "keeper.log"))
	if err != nil || len(found) != 1 {
		h.Fatalf("found %v, %v; want one keeper", found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		h.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscanf(string(text), "keeper %d", &pid); err != nil {
		h.Fatalf("%v in %s", err, text)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		h.Fatal(err)
	}
}
