package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// adminKey opens every server of these tests.
const adminKey = "key-of-the-tests"

// A server is a chobo that was started.
type server struct {
	t    testing.TB
	cmd  *exec.Cmd
	base string // http://127.0.0.1:port
	out  string // what it said until it was ready
	log  *buffer
	end  chan ending
	once sync.Once
}

// An ending is how a server ended.
type ending struct{ err error }

// buffer keeps what a server logs.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts `chobo serve` on a port of its own and returns once it is ready. It ends with the test.
func start(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{t: t, log: &buffer{}, end: make(chan ending, 1)}
	s.cmd = exec.Command(binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	s.cmd.Env = append(cleanEnv(), "CHOBO_ADMIN_KEY="+adminKey)
	s.cmd.Stderr = s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C at the tests is theirs
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("what the server logged:\n%s", tail(s.log.String()))
		}
	})
	ready := make(chan struct{})
	go s.read(out, ready)
	select {
	case <-ready:
	case e := <-s.end:
		s.end <- e
		t.Fatalf("the server ended at its start: %v\n%s", e.err, s.log)
	case <-time.After(2 * time.Minute):
		t.Fatalf("the server is not ready\n%s", s.log)
	}
	return s
}

// read follows what the server says, and then its end.
func (s *server) read(out io.Reader, ready chan<- struct{}) {
	lines := bufio.NewScanner(out)
	for said := false; lines.Scan(); {
		if s.base == "" || !said {
			s.out += lines.Text() + "\n"
		}
		if f := strings.Fields(lines.Text()); len(f) == 2 && f[0] == "API" {
			s.base = strings.TrimSuffix(f[1], "/v1")
		}
		if !said && strings.HasPrefix(lines.Text(), "Ctrl-C") {
			said = true
			close(ready)
		}
	}
	s.end <- ending{s.cmd.Wait()}
}

// kill ends the server as a power cut would, and waits for its end.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	s.once.Do(func() { <-s.end })
}

// stop asks the server to end and returns its exit code.
func (s *server) stop() int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	return s.ended()
}

// ended waits until the server has ended, and returns its exit code.
func (s *server) ended() int {
	s.t.Helper()
	var err error
	s.once.Do(func() {
		select {
		case e := <-s.end:
			err = e.err
		case <-time.After(time.Minute):
			_ = s.cmd.Process.Signal(syscall.SIGQUIT) // Go tells what all its goroutines do
			<-s.end
			s.t.Fatalf("the server does not end\n%s", tail(s.log.String()))
		}
	})
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	s.t.Fatal(err)
	return -1
}

// folder is an empty folder that PostgreSQL's user may enter too, which t.TempDir is not for root.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chobo-e2e-") //nolint:usetesting // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := os.RemoveAll(dir)
		for tries := 0; err != nil && tries < 100; tries++ { // the PostgreSQL of a server that was killed ends a moment later
			time.Sleep(100 * time.Millisecond)
			err = os.RemoveAll(dir)
		}
		if err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "postgres")
}

// cleanEnv is the environment without anything that chobo reads.
func cleanEnv() (env []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "CHOBO_") && !strings.HasPrefix(v, "DATABASE_URL=") {
			env = append(env, v)
		}
	}
	return env
}

func tail(s string) string {
	const most = 4000
	if len(s) > most {
		return "…" + s[len(s)-most:]
	}
	return s
}
