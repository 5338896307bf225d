package main

import (
	"runtime/debug"
	"testing"
)

// Memory is spent for CPU, unless GOGC says otherwise.
func TestGarbageIsCollectedSeldom(t *testing.T) {
	const before = 100
	defer debug.SetGCPercent(debug.SetGCPercent(before))
	for env, want := range map[string]int{"": seldom, "100": before} {
		t.Setenv("GOGC", env)
		collectSeldom()
		if got := debug.SetGCPercent(before); got != want {
			t.Errorf("with GOGC=%s garbage is collected at %d %%, want %d", env, got, want)
		}
	}
}
