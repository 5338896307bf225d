package private

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// adopt takes over the server that a killed service left, after which it is ours to stop. We hold the folder's lock, so no living service owns it.
//
// If none runs, the lock files that a killed one left are removed, because PostgreSQL would refuse to start beside a zombie or
// a stranger with its number. Backends that outlive a killed server hold its shared memory, and a start refuses until they end.
func (s *Server) adopt(ctx context.Context) (bool, error) {
	pid, err := s.dir.postmaster()
	if err != nil {
		return false, err
	}
	if pid == 0 || !alive(pid) || !serves(pid, s.dir) {
		return false, s.dir.removeLocks()
	}
	s.process = found(pid)
	err = s.awaitAnswer(ctx)
	if errors.Is(err, errEnded) { // it was on its way out
		return false, s.dir.removeLocks()
	}
	if err != nil {
		return false, fmt.Errorf("take over the server with pid %d: %w", pid, err)
	}
	s.cfg.Log(fmt.Sprintf("took over the PostgreSQL that an earlier process left (pid %d)", pid))
	return true, nil
}

// removeLocks removes what a dead server left to say that it runs.
func (d dir) removeLocks() error {
	socket := filepath.Join(d.socketDir(), ".s.PGSQL.5432")
	for _, name := range []string{d.pidFile(), socket, socket + ".lock"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a dead server's lock: %w", err)
		}
	}
	return nil
}

// postmaster is the pid that the data's pid file names, 0 without one or if a crash left it empty.
func (d dir) postmaster() (int, error) {
	text, err := os.ReadFile(d.pidFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("read pid file: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if first = strings.TrimSpace(first); first == "" {
		return 0, nil
	}
	pid, err := strconv.Atoi(first)
	if err != nil || pid <= 1 {
		return 0, fmt.Errorf("%w: %s names no process", ErrForeign, d.pidFile())
	}
	return pid, nil
}
