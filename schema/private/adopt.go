package private

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// adopt takes over the server that a killed service left, after which it is ours to stop. We hold the folder's lock, so no living service owns it.
//
// A pid file whose process is gone, a zombie or someone else's is removed, because PostgreSQL would refuse to start beside it.
// Backends that a killed server left keep its shared memory, and the next start refuses until they have ended.
func (s *Server) adopt(ctx context.Context) (bool, error) {
	pid, err := s.dir.postmaster()
	if err != nil || pid == 0 {
		return false, err
	}
	if !alive(pid) || !serves(pid, s.dir) {
		if err := os.Remove(s.dir.pidFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("remove stale pid file: %w", err)
		}
		return false, nil
	}
	s.process = found(pid)
	err = s.awaitAnswer(ctx)
	if errors.Is(err, errEnded) {
		return false, nil // it was on its way out
	}
	if err != nil {
		return false, fmt.Errorf("take over the server with pid %d: %w", pid, err)
	}
	s.cfg.Log(fmt.Sprintf("took over the PostgreSQL that an earlier process left (pid %d)", pid))
	return true, nil
}

// postmaster is the pid that the data's pid file names, 0 without one.
func (d dir) postmaster() (int, error) {
	text, err := os.ReadFile(d.pidFile())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read pid file: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 0 {
		return 0, nil // an empty file: PostgreSQL replaces it
	}
	return pid, nil
}
