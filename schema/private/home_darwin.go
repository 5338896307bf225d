package private

import (
	"os"
	"path/filepath"
)

// dataHome is where macOS keeps what programs store for a user.
func dataHome() (string, error) {
	home := os.Getenv("HOME")
	if home == "" {
		return "", ErrNoHome
	}
	return filepath.Join(home, "Library", "Application Support"), nil
}
