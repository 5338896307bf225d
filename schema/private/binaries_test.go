package private

import (
	"slices"
	"testing"
)

// Version 15 is newer than 9: as numbers, not as words.
func TestVersionsSortAsNumbers(t *testing.T) {
	dirs := []string{"/usr/lib/postgresql/9/bin", "/usr/lib/postgresql/15/bin", "/opt/homebrew/opt/postgresql@17/bin", "/usr/local/pgsql/bin"}
	slices.SortStableFunc(dirs, newestFirst)
	want := []string{"/opt/homebrew/opt/postgresql@17/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9/bin", "/usr/local/pgsql/bin"}
	if !slices.Equal(dirs, want) {
		t.Errorf("got %v", dirs)
	}
}
