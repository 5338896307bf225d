package private

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// initdb makes the data in a folder of another name and renames it when it is complete, so that half a cluster is never taken for one.
func (s *Server) initdb(ctx context.Context, bin binaries) error {
	s.cfg.Log(fmt.Sprintf("making a PostgreSQL %d database in %s", bin.major, s.dir))
	if err := s.dir.removeUnfinished(ctx); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(string(s.dir), unfinished)
	if err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	if err := s.account.chown(tmp); err != nil {
		return err
	}
	args := []string{
		"-D", tmp, "-U", superuser, "--pwfile", s.dir.passwordFile(), "-A", "scram-sha-256",
		"-E", "UTF8", "--locale=C", "--data-checksums", "--no-instructions",
	}
	if s.cfg.Throwaway {
		args = append(args, "--no-sync")
	}
	cmd := s.account.command(ctx, filepath.Join(bin.dir, "initdb"), args...)
	if out, err := runTied(cmd); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(out))
	}
	if err := os.Rename(tmp, s.dir.data()); err != nil {
		return fmt.Errorf("finish initdb: %w", err)
	}
	if s.cfg.Throwaway {
		return nil
	}
	return syncFolder(string(s.dir))
}

// unfinished names the folder of an initdb that is under way. Each has a new name, so that one which outlived its service cannot meddle.
const unfinished = "data.init-*"

// removeUnfinished removes what killed starts left. A dying initdb may still write there: then again.
func (d dir) removeUnfinished(ctx context.Context) error {
	left, err := filepath.Glob(filepath.Join(string(d), unfinished))
	if err != nil {
		return fmt.Errorf("look for unfinished data: %w", err)
	}
	for _, name := range left {
		for tries := 1; ; tries++ {
			err := os.RemoveAll(name)
			if err == nil {
				break
			}
			if tries == 100 {
				return fmt.Errorf("remove unfinished data: %w", err)
			}
			if err := pause(ctx, 20*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// syncFolder makes a rename in the folder survive a power cut.
func syncFolder(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("sync %s: %w", name, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", name, err)
	}
	return f.Close()
}
