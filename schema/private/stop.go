package private

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// stopPatience is how long a fast shutdown may take before it becomes an immediate one, which the next start recovers from.
const stopPatience = 30 * time.Second

// Stop ends the server and frees its folder. Sessions still open are ended; what was committed stays.
//
// When ctx ends first, or after 30 s, the server is made to end at once. Calling Stop again does nothing.
func (s *Server) Stop(ctx context.Context) error {
	if s.lock == nil {
		return nil
	}
	err := s.halt(ctx)
	if err == nil {
		err = os.RemoveAll(s.dir.socketDir())
	}
	if s.cfg.Throwaway && err == nil {
		err = s.dir.clear()
	}
	err = errors.Join(err, s.lock.Close())
	s.lock = nil
	return err
}

// clear removes all but the mark that the folder is ours.
func (d dir) clear() error {
	for _, name := range []string{d.data(), d.passwordFile(), d.log()} {
		if err := os.RemoveAll(name); err != nil {
			return fmt.Errorf("remove throwaway data: %w", err)
		}
	}
	return nil
}

// halt ends the process: SIGINT (fast), then SIGQUIT (immediate).
func (s *Server) halt(ctx context.Context) error {
	if err := s.process.signal(syscall.SIGINT); err != nil {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	patience := time.NewTimer(stopPatience)
	defer patience.Stop()
	select {
	case <-s.process.done():
		return nil
	case <-patience.C:
	case <-ctx.Done():
	}
	s.cfg.Log("PostgreSQL did not stop in time: ending it at once")
	if err := s.process.signal(syscall.SIGQUIT); err != nil {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	select {
	case <-s.process.done():
		return nil
	case <-time.After(10 * time.Second): // the postmaster kills what is left after 5 s
		return errors.New("stop PostgreSQL: it does not end")
	}
}
