package private

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// maxLog is the size from which the log of earlier runs is put aside.
	maxLog = 16 << 20

	// orphanPatience is how long backends of a killed server may take to notice.
	orphanPatience = 20 * time.Second
)

// errOrphans is a server that would not start because backends of its killed predecessor still use the shared memory.
var errOrphans = errors.New("backends of a killed server still run")

// spawn starts the server and returns when it answers.
func (s *Server) spawn(ctx context.Context, bin binaries) error {
	for end := time.Now().Add(orphanPatience); ; {
		err := s.spawnOnce(ctx, bin)
		if !errors.Is(err, errOrphans) || time.Now().After(end) {
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func (s *Server) spawnOnce(ctx context.Context, bin binaries) error {
	out, from, err := s.dir.openLog(s.account)
	if err != nil {
		return err
	}
	// The server outlives ctx, which bounds only the start.
	cmd := s.account.command(context.WithoutCancel(ctx), filepath.Join(bin.dir, "postgres"), s.arguments()...)
	cmd.Stdout, cmd.Stderr = out, out
	started, ended := startTied(cmd)
	err = errors.Join(<-started, out.Close())
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	s.process = child(cmd, ended, s.cfg.Log)
	err = s.awaitAnswer(ctx)
	switch {
	case err == nil:
		s.cfg.Log(fmt.Sprintf("PostgreSQL %d serves %s", bin.major, s.dir))
		return nil
	case errors.Is(err, errEnded):
		wrote, readErr := s.dir.logSince(from)
		if strings.Contains(wrote, "is still in use") {
			return errOrphans
		}
		return errors.Join(fmt.Errorf("%w: %s", err, wrote), readErr)
	default:
		return errors.Join(err, s.halt(context.WithoutCancel(ctx)))
	}
}

// openLog opens the server's log to append, and says where the new part begins.
func (d dir) openLog(a account) (*os.File, int64, error) {
	if info, err := os.Stat(d.log()); err == nil && info.Size() > maxLog {
		if err := os.Rename(d.log(), d.log()+".1"); err != nil {
			return nil, 0, fmt.Errorf("server log: %w", err)
		}
	}
	f, err := os.OpenFile(d.log(), os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("server log: %w", err)
	}
	if err := a.chown(d.log()); err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	from, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("server log: %w", err), f.Close())
	}
	return f, from, nil
}

func (d dir) logSince(from int64) (string, error) {
	f, err := os.Open(d.log())
	if err != nil {
		return "", fmt.Errorf("server log: %w", err)
	}
	text, err := io.ReadAll(io.NewSectionReader(f, from, 4096))
	return strings.TrimSpace(string(text)), errors.Join(err, f.Close())
}
