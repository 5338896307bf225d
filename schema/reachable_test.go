package schema_test

import (
	"os"
	"testing"
)

// reachable is a folder that the server's user may enter too, which t.TempDir is not when we are root.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chobo") //nolint:usetesting // t.TempDir is closed to others
	fatal(t, err)
	t.Cleanup(func() { fatal(t, os.RemoveAll(dir)) })
	return dir
}
