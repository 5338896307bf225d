package private

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Config says where the server lives.
type Config struct {
	// Dir is a folder of its own, made if it is missing. DefaultDir names the usual one.
	Dir string
	// Settings are PostgreSQL settings, on top of ours.
	Settings map[string]string
	// Throwaway gives durability up for speed and removes the data when the server stops and before it starts: for tests only.
	Throwaway bool
	// Log, if set, is told what happens, a line each. What the server itself writes goes to server.log.
	Log func(string)
}

// Server is a running private server. It holds its folder until Stop.
type Server struct {
	cfg      Config
	dir      dir
	password string
	account  account
	lock     *os.File
	process  process
}

// Start makes the folder into a database cluster if it is none yet, starts its server and returns when that answers.
//
// A server that an earlier service left behind is taken over. Recovery after a crash may take long: Start waits for it
// as long as ctx allows. It refuses with ErrForeign, ErrInUse, ErrUnsearchable or ErrNoBinaries, and then changes nothing.
func Start(ctx context.Context, cfg Config) (_ *Server, err error) {
	if cfg.Log == nil {
		cfg.Log = func(string) {}
	}
	d, err := openDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	lock, err := d.lock(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, dir: d, lock: lock}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	if s.account, err = chooseAccount(d); err != nil {
		return nil, err
	}
	if err := s.account.own(d); err != nil {
		return nil, err
	}
	if s.password, err = d.password(s.account); err != nil {
		return nil, err
	}
	if err := s.serve(ctx); err != nil {
		return nil, err
	}
	if err := s.createDatabase(ctx); err != nil {
		return nil, errors.Join(err, s.halt(ctx))
	}
	return s, nil
}

// serve takes over a server that still runs, or starts one.
func (s *Server) serve(ctx context.Context) error {
	adopted, err := s.adopt(ctx)
	if err != nil || adopted {
		return err
	}
	if s.cfg.Throwaway {
		if err := os.RemoveAll(s.dir.data()); err != nil {
			return fmt.Errorf("remove throwaway data: %w", err)
		}
	}
	major, err := s.dir.major()
	if err != nil {
		return err
	}
	bin, err := findBinaries(ctx, major)
	if err != nil {
		return err
	}
	if major == 0 {
		if err := s.initdb(ctx, bin); err != nil {
			return err
		}
	}
	return s.spawn(ctx, bin)
}

// URL is the superuser's way to the database chobo. It holds the password.
func (s *Server) URL() string {
	return s.url("chobo")
}

// Done is closed when the server has ended, asked or not.
func (s *Server) Done() <-chan struct{} {
	return s.process.done()
}

// PID is the server's process.
func (s *Server) PID() int { return s.process.pid }
