package private

import (
	"context"
	"errors"
	"testing"
)

func TestLocate(t *testing.T) {
	dir := reachable(t)
	nobody := func(when string) {
		t.Helper()
		if _, err := Locate(dir); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s: %v", when, err)
		}
	}
	nobody("no folder")
	s := start(t, dir)
	if url, err := Locate(dir); err != nil || url != s.URL() {
		t.Errorf("located at another place, %v", err)
	}
	fatal(t, s.Stop(context.Background()))
	nobody("after its end")
}
