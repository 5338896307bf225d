package private

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// kill -9 of the service, of its server, of both in either order: what was committed is there, and nothing has to be cleared away.
func TestKill(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		kill func(t *testing.T, service, server int)
	}{
		{"the service", func(t *testing.T, service, _ int) { kill(t, service) }},
		{"the server", func(t *testing.T, _, server int) { kill(t, server) }},
		{"the server, then the service", func(t *testing.T, service, server int) { kill(t, server); kill(t, service) }},
		{"the service, then the server", func(t *testing.T, service, server int) { kill(t, service); kill(t, server) }},
		{"the frozen service, then the server", func(t *testing.T, service, server int) {
			fatal(t, syscall.Kill(service, syscall.SIGSTOP)) // so that nobody collects the server: a zombie
			kill(t, server)
			kill(t, service)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := reachable(t)
			for range 2 {
				p := startService(t, dir)
				c.kill(t, p.cmd.Process.Pid, p.server)
				p.end(t)
				s, err := Start(t.Context(), Config{Dir: dir, Log: func(line string) { t.Log(line) }})
				fatal(t, err)
				if n := query[int64](t, s, `SELECT max(n) FROM posted`); n < p.count() {
					t.Errorf("%d is the last there, %d was committed", n, p.count())
				}
				fatal(t, s.Stop(t.Context()))
			}
		})
	}
}

// A kill at any moment of initdb leaves nothing that the next start trips over.
func TestKillDuringInitdb(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 100 * time.Millisecond, 400 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			dir := reachable(t)
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), serviceEnv+"="+dir)
			fatal(t, cmd.Start())
			for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
				if made, err := filepath.Glob(filepath.Join(dir, unfinished, "PG_VERSION")); err != nil || len(made) > 0 {
					fatal(t, err)
					break
				}
				if time.Now().After(end) {
					t.Fatal("initdb did not begin")
				}
			}
			time.Sleep(after)
			kill(t, cmd.Process.Pid)
			if err := cmd.Wait(); err == nil {
				t.Error("the service ended by itself")
			}
			s := start(t, dir)
			query[int](t, s, `SELECT 1`)
			if left, err := filepath.Glob(filepath.Join(dir, unfinished)); err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
		})
	}
}

// A server that died under us is noticed.
func TestDone(t *testing.T) {
	t.Parallel()
	s := start(t, reachable(t))
	select {
	case <-s.Done():
		t.Fatal("done while it runs")
	default:
	}
	kill(t, s.process.pid)
	select {
	case <-s.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("not noticed")
	}
}

// A server that outlived its service, as on systems that cannot tie them, is taken over and stopped.
func TestAdopt(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	s := start(t, dir)
	bin, err := findBinaries(t.Context(), 0)
	fatal(t, err)
	fatal(t, s.Stop(t.Context()))
	fatal(t, s.account.own(s.dir)) // the socket's folder went with the server

	orphan := s.account.command(context.Background(), filepath.Join(bin.dir, "postgres"), s.arguments()...)
	untie(orphan.SysProcAttr)
	fatal(t, orphan.Start())
	for s.answers(t.Context()) != nil {
		time.Sleep(10 * time.Millisecond)
	}

	again := start(t, dir)
	if again.process.pid != orphan.Process.Pid {
		t.Errorf("serves with pid %d, want the orphan %d", again.process.pid, orphan.Process.Pid)
	}
	query[int](t, again, `SELECT 1`)
	fatal(t, again.Stop(t.Context()))
	if err := orphan.Wait(); err != nil {
		t.Errorf("the orphan ended badly: %v", err)
	}
}

// A pid file may name a process that got a dead server's number, or nothing after a power cut.
func TestStalePidFile(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"another process": strconv.Itoa(os.Getpid()) + "\n/elsewhere\n", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			dir := reachable(t)
			fatal(t, start(t, dir).Stop(t.Context()))
			fatal(t, os.WriteFile(filepath.Join(dir, "data", "postmaster.pid"), []byte(text), 0o600))
			query[int](t, start(t, dir), `SELECT 1`)
		})
	}
}

func TestZombieIsNotAlive(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	fatal(t, cmd.Start())
	if !alive(cmd.Process.Pid) {
		t.Error("a running process counts as dead")
	}
	kill(t, cmd.Process.Pid)
	for end := time.Now().Add(5 * time.Second); zombies && alive(cmd.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a zombie counts as alive")
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Error("killed, and yet it ended well")
	}
}

// As root, what differs runs once more as a user without rights.
func TestAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // it just did
	}
	dir := filepath.Dir(reachable(t))
	self, err := os.ReadFile(os.Args[0])
	fatal(t, err)
	binary := filepath.Join(dir, "private.test")
	fatal(t, os.WriteFile(binary, self, 0o755))
	fatal(t, os.Chmod(binary, 0o755))
	cmd := exec.Command(binary, "-test.run", "Start|Kill|Adopt|Foreign|DefaultDir")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	fatal(t, syscall.Kill(pid, syscall.SIGKILL))
}
