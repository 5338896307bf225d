package private

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var (
	// ErrForeign is a folder that holds something else. Nothing in it was touched.
	ErrForeign = errors.New("folder is not one of chobo's private PostgreSQL")
	// ErrInUse is a folder whose server belongs to another running process.
	ErrInUse = errors.New("data folder is in use by another process")
	// ErrNoHome is a user without a home folder, who must name a folder.
	ErrNoHome = errors.New("no home folder: name the data folder")
)

const (
	lockName = "chobo-postgres.lock"
	lockText = "This folder holds the private PostgreSQL of chobo: the ledger itself. Do not edit, do not delete.\n"

	// lockPatience is how long a predecessor may take to die.
	lockPatience = 2 * time.Second

	// maxSocketDir leaves room for "/.s.PGSQL.5432" in the 104 bytes that macOS allows (Linux: 108).
	maxSocketDir = 85
)

// DefaultDir is the folder of this user's private server: in the user's data folder, for root in /var/lib, which other users may search.
func DefaultDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/lib/chobo/postgres", nil
	}
	data, err := dataHome()
	if err != nil {
		return "", err
	}
	return filepath.Join(data, "chobo", "postgres"), nil
}

// dir is the absolute path of a private server's folder.
type dir string

func (d dir) data() string    { return filepath.Join(string(d), "data") }
func (d dir) log() string     { return filepath.Join(string(d), "server.log") }
func (d dir) pidFile() string { return filepath.Join(d.data(), "postmaster.pid") }

// socketDir is where the socket stands: in the folder, or in a short name made from it.
func (d dir) socketDir() string {
	in := filepath.Join(string(d), "s")
	if len(in) <= maxSocketDir {
		return in
	}
	sum := sha256.Sum256([]byte(d))
	short := fmt.Sprintf("chobo-%x", sum[:8])
	if tmp := filepath.Join(os.TempDir(), short); len(tmp) <= maxSocketDir {
		return tmp
	}
	return filepath.Join("/tmp", short)
}

// openDir makes the folder, or refuses one that is neither empty nor ours.
func openDir(name string) (dir, error) {
	if name == "" {
		return "", errors.New("private server needs a folder")
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	if err := makeFolder(abs, 0o700); err != nil {
		return "", err
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	d := dir(abs)
	entries, err := os.ReadDir(abs)
	if err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	if len(entries) == 0 {
		return d, nil
	}
	for _, e := range entries {
		if e.Name() == lockName && e.Type().IsRegular() {
			return d, nil
		}
	}
	return "", fmt.Errorf("%w: %s has other files and no %s", ErrForeign, abs, lockName)
}

// makeFolder makes name with mode and what is missing above it with 0755, so that the server's user can reach it whatever the umask.
func makeFolder(name string, mode fs.FileMode) error {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("%w: %s is a file", ErrForeign, name)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("data folder: %w", err)
	}
	if err := makeFolder(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(name, mode); errors.Is(err, fs.ErrExist) {
		return nil // made by another process meanwhile
	} else if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := os.Chmod(name, mode); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}

// lock marks the folder as ours and holds it until the file is closed, which the end of the process does too.
func (d dir) lock(ctx context.Context) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(string(d), lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	for end := time.Now().Add(lockPatience); ; {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock data folder: %w", err), f.Close())
		}
		if time.Now().After(end) {
			return nil, errors.Join(fmt.Errorf("%w: %s", ErrInUse, d), f.Close())
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	if _, err := f.WriteAt([]byte(lockText), 0); err != nil {
		return nil, errors.Join(fmt.Errorf("mark data folder: %w", err), f.Close())
	}
	return f, nil
}

// major is the version of the data, 0 if there is none yet.
func (d dir) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(d.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(d.data()); !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("%w: %s has no PG_VERSION", ErrForeign, d.data())
		}
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read version of the data: %w", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%w: PG_VERSION says %q", ErrForeign, text)
	}
	return n, nil
}

// password returns the superuser's password, made once.
func (d dir) password(a account) (string, error) {
	name := d.passwordFile()
	text, err := os.ReadFile(name)
	if err == nil && len(text) > 0 {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read password: %w", err)
	}
	if _, err := os.Lstat(d.data()); err == nil {
		return "", fmt.Errorf("%w: %s is missing, and its data needs it", ErrForeign, name)
	}
	password := rand.Text()
	fresh := name + ".new"
	if err := os.WriteFile(fresh, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write password: %w", err)
	}
	if err := a.chown(fresh); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, name); err != nil {
		return "", fmt.Errorf("write password: %w", err)
	}
	return password, nil
}

func (d dir) passwordFile() string { return filepath.Join(string(d), "password") }

// pause waits, or returns why ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
