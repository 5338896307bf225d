//go:build !darwin

package private

import (
	"os"
	"path/filepath"
)

// dataHome is XDG_DATA_HOME, or its default.
func dataHome() (string, error) {
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return data, nil
	}
	home := os.Getenv("HOME")
	if home == "" {
		return "", ErrNoHome
	}
	return filepath.Join(home, ".local", "share"), nil
}
