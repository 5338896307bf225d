package private

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Program is the path of one of PostgreSQL's own programs, such as pg_dump or pgbench, from where the server is run. It
// fails with ErrNoBinaries.
func Program(ctx context.Context, name string) (string, error) {
	bin, err := findBinaries(ctx, 0)
	if err != nil {
		return "", err
	}
	path := filepath.Join(bin.dir, name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: %s is not there", ErrNoBinaries, path)
	}
	return path, nil
}
