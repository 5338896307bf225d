package private

import (
	"bufio"
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// reachable is an empty folder that the server's user may enter too, which t.TempDir is not when we are root.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chobo") //nolint:usetesting // t.TempDir is closed to others
	fatal(t, err)
	t.Cleanup(func() { fatal(t, os.RemoveAll(dir)) })
	fatal(t, os.Chmod(dir, 0o755))
	return filepath.Join(dir, "pg")
}

// start is Start, stopped with the test.
func start(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Config{Dir: dir, Log: func(line string) { t.Log(line) }})
	fatal(t, err)
	t.Cleanup(func() { fatal(t, s.Stop(context.Background())) })
	return s
}

// query returns one value from the server.
func query[T any](t *testing.T, s *Server, stmt string) T {
	t.Helper()
	db, err := sql.Open("postgres", s.URL())
	fatal(t, err)
	defer func() { fatal(t, db.Close()) }()
	var v T
	if err := db.QueryRowContext(t.Context(), stmt).Scan(&v); err != nil {
		t.Fatalf("%s: %v", stmt, err)
	}
	return v
}

// child service, see TestMain.
type posting struct {
	cmd    *exec.Cmd
	server int
	mu     sync.Mutex
	posted int64
}

// startService starts a service and waits until it has posted.
func startService(t *testing.T, dir string) *posting {
	t.Helper()
	p := &posting{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), serviceEnv+"="+dir)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	fatal(t, err)
	fatal(t, p.cmd.Start())
	ready := make(chan struct{})
	var once sync.Once
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			n, err := strconv.ParseInt(strings.TrimSpace(lines.Text()), 10, 64)
			if err != nil {
				continue
			}
			p.mu.Lock()
			if p.server == 0 {
				p.server = int(n)
			} else {
				p.posted = n
			}
			if p.posted > 10 {
				once.Do(func() { close(ready) })
			}
			p.mu.Unlock()
		}
		once.Do(func() { close(ready) })
	}()
	select {
	case <-ready:
	case <-time.After(time.Minute):
	}
	if p.count() == 0 {
		fatal(t, p.cmd.Process.Kill())
		t.Fatal("the service did not post")
	}
	return p
}

func (p *posting) count() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.posted
}

// end waits for a service that was killed.
func (p *posting) end(t *testing.T) {
	t.Helper()
	if err := p.cmd.Wait(); err == nil {
		t.Error("the service ended by itself")
	}
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
