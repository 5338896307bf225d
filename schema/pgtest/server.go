package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/lib/pq"
)

// server is the server that this process's tests use.
type server struct {
	url      *url.URL
	admin    *sql.DB
	template func() (string, error)
	users    *os.File // locked for as long as this process lives
}

// theServer finds or starts the server, once a process.
var theServer = sync.OnceValues(func() (*server, error) {
	rawURL := os.Getenv("CHOBO_TEST_DATABASE_URL")
	var users *os.File
	if rawURL == "" {
		var err error
		if rawURL, users, err = join(); err != nil {
			return nil, err
		}
	}
	s, err := newServer(rawURL)
	if err != nil {
		return nil, err
	}
	s.users = users
	s.template = sync.OnceValues(s.makeTemplate)
	return s, nil
})

// startPatience is how long a keeper may take to make and start its server on a busy machine.
const startPatience = 2 * time.Minute

// join counts this process among the users of the shared server, starting one if none runs.
func join() (rawURL string, users *os.File, err error) {
	room, err := openRoom()
	if err != nil {
		return "", nil, err
	}
	// Waits while a keeper is ending.
	users, err = room.lock("users", syscall.LOCK_SH)
	if err != nil {
		return "", nil, err
	}
	turn, err := room.lock("turn", syscall.LOCK_EX)
	if err != nil {
		return "", nil, errors.Join(err, users.Close())
	}
	rawURL, err = room.server()
	if err := errors.Join(err, turn.Close()); err != nil {
		return "", nil, errors.Join(err, users.Close())
	}
	return rawURL, users, nil
}

// room is the folder where test processes meet.
type room string

// openRoom makes the folder, which the server's user must be able to enter, and refuses one that another user put there.
func openRoom() (room, error) {
	name := filepath.Join(os.TempDir(), fmt.Sprintf("chobo-pgtest-%d", os.Geteuid()))
	if err := os.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(name)
	if err != nil {
		return "", err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || ok && int(st.Uid) != os.Geteuid() {
		return "", fmt.Errorf("%s belongs to another user", name)
	}
	return room(name), os.Chmod(name, 0o755)
}

func (r room) file(name string) string { return filepath.Join(string(r), name) }

// lock waits for a lock on a file of the room. Closing the file, or the end of the process, frees it.
func (r room) lock(name string, how int) (*os.File, error) {
	f, err := os.OpenFile(r.file(name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
		}
	}
}

// server returns the URL of the running server, or starts a keeper and waits for its. Called by one process at a time.
func (r room) server() (string, error) {
	if rawURL, ok := r.answering(); ok {
		return rawURL, nil
	}
	ended, err := r.startKeeper()
	if err != nil {
		return "", fmt.Errorf("start the keeper of the test server: %w", err)
	}
	for end := time.Now().Add(startPatience); time.Now().Before(end); {
		if rawURL, ok := r.answering(); ok {
			return rawURL, nil
		}
		select {
		case <-ended:
			said, err := os.ReadFile(r.file("keeper.log"))
			return "", errors.Join(fmt.Errorf("the test server did not start: %s", said), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return "", fmt.Errorf("the test server does not answer within %v: see %s", startPatience, r.file("keeper.log"))
}

// answering returns the URL that the keeper left, if a server answers there.
func (r room) answering() (string, bool) {
	text, err := os.ReadFile(r.file("url"))
	if err != nil || len(text) == 0 {
		return "", false
	}
	c, err := pq.NewConnector(string(text))
	if err != nil {
		return "", false
	}
	db := sql.OpenDB(c)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = errors.Join(db.PingContext(ctx), db.Close())
	return string(text), err == nil
}

// startKeeper starts this binary again as a keeper, detached from us. The channel closes when it ends.
func (r room) startKeeper() (<-chan struct{}, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	out, err := os.Create(r.file("keeper.log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), keeperEnv+"="+string(r))
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := errors.Join(cmd.Start(), out.Close()); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended stands in its log
	}()
	return ended, nil
}
