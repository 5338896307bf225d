package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the path of chobo, built for these tests.
var binary string

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	if filepath.Base(os.Args[0]) == "curl" {
		if err := curl(os.Args[1:]); err != nil {
			return fail(err)
		}
		return 0
	}
	dir, err := os.MkdirTemp("", "chobo-e2e-")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of a test
	binary = filepath.Join(dir, "chobo")
	if out, err := exec.Command("go", "build", "-o", binary, "chobo/cmd/chobo").CombinedOutput(); err != nil {
		return fail(fmt.Errorf("build chobo: %w\n%s", err, out))
	}
	return m.Run()
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}
