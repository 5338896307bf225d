package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// ErrUnsearchable is a folder below one that the server's user may not enter, as /root.
var ErrUnsearchable = errors.New("the server's user cannot reach the data folder")

// account is the user that the server runs as. The zero value is this process's own.
type account struct {
	other    bool
	uid, gid uint32
	name     string
}

// chooseAccount returns whom to run as: ourselves, or, as root, the owner of the data, else postgres, else nobody.
func chooseAccount(d dir) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	if info, err := os.Stat(d.data()); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
			return account{other: true, uid: st.Uid, gid: st.Gid, name: fmt.Sprintf("uid %d", st.Uid)}, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return account{}, fmt.Errorf("owner of the data: %w", err)
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		return account{other: true, uid: uint32(uid), gid: uint32(gid), name: name}, nil
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody to run as")
}

// own gives the folder and the socket's to the account and checks that it can reach them.
func (a account) own(d dir) error {
	if err := makeFolder(d.socketDir(), 0o700); err != nil {
		return err
	}
	if err := a.trusts(d.socketDir()); err != nil {
		return err
	}
	for _, name := range []string{string(d), d.socketDir()} {
		if err := os.Chmod(name, 0o700); err != nil {
			return fmt.Errorf("data folder: %w", err)
		}
		if err := a.chown(name); err != nil {
			return err
		}
		if err := a.reaches(filepath.Dir(name)); err != nil {
			return err
		}
	}
	return nil
}

// trusts refuses a folder that another user put where our socket is to stand.
func (a account) trusts(name string) error {
	info, err := os.Lstat(name)
	if err != nil {
		return fmt.Errorf("socket folder: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || ok && int(st.Uid) != os.Geteuid() && (!a.other || st.Uid != a.uid) {
		return fmt.Errorf("%w: %s belongs to another user", ErrForeign, name)
	}
	return nil
}

func (a account) chown(name string) error {
	if !a.other {
		return nil
	}
	if err := os.Lchown(name, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("give %s to %s: %w", name, a.name, err)
	}
	return nil
}

// reaches checks that every folder from name up to the root may be searched by the account.
func (a account) reaches(name string) error {
	if !a.other {
		return nil
	}
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	for ; ; real = filepath.Dir(real) {
		info, err := os.Stat(real)
		if err != nil {
			return fmt.Errorf("data folder: %w", err)
		}
		if !a.mayEnter(info) {
			return fmt.Errorf("%w: %s may not enter %s (mode %v); choose another data folder", ErrUnsearchable, a.name, real, info.Mode().Perm())
		}
		if real == filepath.Dir(real) {
			return nil
		}
	}
}

func (a account) mayEnter(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	switch {
	case st.Uid == a.uid:
		return info.Mode()&0o100 != 0
	case st.Gid == a.gid:
		return info.Mode()&0o010 != 0
	default:
		return info.Mode()&0o001 != 0
	}
}
