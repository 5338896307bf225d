package e2e

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"chobo/schema/pgtest"
)

var update = flag.Bool("update", false, "write the golden files")

// The demo plays the same month each time, in a new ledger and once more in one that has it.
func TestDemo(t *testing.T) {
	url := pgtest.NewURL(t)
	s := start(t, "--database-url", url, "--log-level", "warn")
	said := s.demo("")
	golden(t, "demo.txt", said)
	again := s.demo("")
	if !strings.Contains(again, "left as they were") {
		t.Errorf("run again, it says:\n%s", again)
	}
	_, first, _ := strings.Cut(said, "The statement of")
	_, second, _ := strings.Cut(again, "The statement of")
	if first != second {
		t.Errorf("run again, the statement or the scenes are others:\n%s", second)
	}
	for line := range strings.Lines(first) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("%d columns are too wide for a terminal: %s", n, line)
		}
	}
	balanced(t, pgtest.OpenOwner(t, url))
}

// demo runs the demo on the server and returns what it prints, without what is another each time.
func (s *server) demo(seed string) string {
	s.t.Helper()
	args := []string{"demo", "--url", s.base}
	if seed != "" {
		args = append(args, "--seed", seed)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = append(cleanEnv(), "CHOBO_ADMIN_KEY="+adminKey)
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("demo: %v\n%s", err, out)
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(out), s.base, "http://server"), adminKey, "KEY")
}

// golden compares a text with the file that people have read; with -update it writes the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is now (write it with -update):\n%s", name, got)
	}
}
