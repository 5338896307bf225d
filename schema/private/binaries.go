package private

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrNoBinaries is a machine without PostgreSQL's server programs, or without those of the data's version.
var ErrNoBinaries = errors.New("PostgreSQL server programs not found")

// oldestMajor is the first version with all that our migrations and tests use.
const oldestMajor = 15

// places are where systems put PostgreSQL's programs, newest version taken first.
var places = []string{
	"/usr/lib/postgresql/*/bin",          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                   // PostgreSQL's own packages for Red Hat
	"/usr/lib/postgresql*/bin",           // SUSE, Gentoo
	"/usr/libexec/postgresql*",           // Alpine
	"/opt/homebrew/opt/postgresql@*/bin", // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",    // Homebrew on Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/usr/local/pgsql/bin", // built by hand
}

// binaries is a folder with initdb and postgres of one version.
type binaries struct {
	dir   string
	major int
}

// findBinaries looks where PG_BINDIR, pg_config and PATH point, then in the usual places. major 0 takes any version that is new enough, the newest of the usual places.
func findBinaries(ctx context.Context, major int) (binaries, error) {
	var seen []string
	for _, dir := range candidates(ctx) {
		n, err := majorOf(ctx, dir)
		if err != nil {
			continue // not a server's folder
		}
		if n == major || major == 0 && n >= oldestMajor {
			return binaries{dir: dir, major: n}, nil
		}
		seen = append(seen, fmt.Sprintf("%s (%d)", dir, n))
	}
	want := fmt.Sprintf("version %d or later", oldestMajor)
	if major != 0 {
		want = fmt.Sprintf("version %d, which made the data", major)
	}
	found := "none"
	if len(seen) > 0 {
		found = strings.Join(seen, ", ")
	}
	return binaries{}, fmt.Errorf("%w: need %s, found %s. Install it (Debian: apt-get install postgresql), or set PG_BINDIR, or set DATABASE_URL to a server you have",
		ErrNoBinaries, want, found)
}

func candidates(ctx context.Context) []string {
	var dirs []string
	if dir := os.Getenv("PG_BINDIR"); dir != "" {
		dirs = append(dirs, dir)
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	if name, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(name))
	}
	var usual []string
	for _, place := range places {
		found, err := filepath.Glob(place)
		if err != nil {
			panic(err) // the patterns are constants
		}
		usual = append(usual, found...)
	}
	slices.SortStableFunc(usual, newestFirst)
	return append(dirs, usual...)
}

func newestFirst(a, b string) int { return number(b) - number(a) }

var digits = regexp.MustCompile(`[0-9]+`)

// number is the version in a path, so that 15 stands after 9: 0 without one.
func number(path string) int {
	n, err := strconv.Atoi(digits.FindString(path))
	if err != nil {
		return 0
	}
	return n
}

// majorOf asks the server program for its version.
func majorOf(ctx context.Context, dir string) (int, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(digits.FindString(string(out)))
}
