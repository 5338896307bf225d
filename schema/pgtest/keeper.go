package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"chobo/schema/private"
)

const (
	// keeperEnv, set to the room, makes a test binary a keeper instead of running its tests.
	keeperEnv = "CHOBO_PGTEST_KEEPER"

	// graceEnv shortens the grace, for tests of the keeper itself.
	graceEnv = "CHOBO_PGTEST_GRACE"

	// usualGrace is how long the server waits for the next user: packages of one run follow each other, and so do runs.
	usualGrace = 30 * time.Second
)

func init() {
	r := os.Getenv(keeperEnv)
	if r == "" {
		return
	}
	if err := keep(room(r)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// testSettings: many small databases, none long-lived. Autovacuum would come and go at random.
var testSettings = map[string]string{
	"max_connections": "300",
	"shared_buffers":  "128MB",
	"max_wal_size":    "1GB",
	"autovacuum":      "off",
}

// keep runs the shared server until it has had no user for the grace.
func keep(r room) error {
	fmt.Println("keeper", os.Getpid())
	ctx := context.Background()
	grace := usualGrace
	if short := os.Getenv(graceEnv); short != "" {
		var err error
		if grace, err = time.ParseDuration(short); err != nil {
			return err
		}
	}
	s, err := private.Start(ctx, private.Config{
		Dir: r.file("server"), Settings: testSettings, Throwaway: true,
		Log: func(line string) { fmt.Println(time.Now().Format(time.TimeOnly), line) },
	})
	if err != nil {
		return err
	}
	if err := r.announce(s.URL()); err != nil {
		return errors.Join(err, s.Stop(ctx))
	}
	users, err := r.awaitNobody(grace, s.Done())
	if err != nil {
		return errors.Join(err, s.Stop(ctx))
	}
	// Whoever comes now waits for the lock, that is for our end.
	return errors.Join(os.Remove(r.file("url")), s.Stop(ctx), users.Close())
}

// announce publishes where the server is, whole or not at all.
func (r room) announce(rawURL string) error {
	if err := os.WriteFile(r.file("url.new"), []byte(rawURL), 0o600); err != nil {
		return err
	}
	return os.Rename(r.file("url.new"), r.file("url"))
}

// awaitNobody returns the users' lock, ours alone, once nobody has held it for the grace.
func (r room) awaitNobody(grace time.Duration, gone <-chan struct{}) (*os.File, error) {
	for last := time.Now(); ; {
		select {
		case <-gone:
			return nil, errors.New("the test server ended")
		case <-time.After(500 * time.Millisecond):
		}
		users, err := r.lock("users", syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			last = time.Now()
			continue
		}
		if err != nil {
			return nil, err
		}
		if time.Since(last) > grace {
			return users, nil
		}
		if err := users.Close(); err != nil {
			return nil, err
		}
	}
}
