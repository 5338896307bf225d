package private

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNotRunning is a folder without a running server.
var ErrNotRunning = errors.New("no private PostgreSQL runs there")

// Locate is the superuser's way to the server that another process of this user runs in the folder. It changes nothing
// there, and who uses the URL lives with the server's end. It fails with ErrNotRunning, or because the password is not
// this user's to read.
func Locate(name string) (url string, err error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	if abs, err = filepath.EvalSymlinks(abs); errors.Is(err, os.ErrNotExist) {
		return "", ErrNotRunning
	} else if err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	d := dir(abs)
	pid, err := d.postmaster()
	if err != nil {
		return "", err
	}
	if pid == 0 || !alive(pid) || !serves(pid, d) {
		return "", ErrNotRunning
	}
	text, err := os.ReadFile(d.passwordFile())
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	return (&Server{dir: d, password: strings.TrimSpace(string(text))}).URL(), nil
}
