package main

import (
	"runtime/debug"
	"testing"

	"chobo/ledger/journal"
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

// Who proves the books has a fixed amount of memory, unless GOGC or GOMEMLIMIT say otherwise.
func TestGarbageIsCollectedWhenMemoryIsFull(t *testing.T) {
	const before, none = 100, 1 << 62
	defer debug.SetGCPercent(debug.SetGCPercent(before))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(none))
	for _, c := range []struct {
		percent, limit string
		want           int
		bound          int64
	}{{want: -1, bound: journal.ProvingMemory}, {percent: "50", want: before, bound: none}, {limit: "1GiB", want: before, bound: none}} {
		t.Setenv("GOGC", c.percent)
		t.Setenv("GOMEMLIMIT", c.limit)
		collectWhenFull()
		if got, bound := debug.SetGCPercent(before), debug.SetMemoryLimit(none); got != c.want || bound != c.bound {
			t.Errorf("with GOGC=%s GOMEMLIMIT=%s garbage is collected at %d %%, of %d bytes at most; want %d, %d", c.percent, c.limit, got, bound, c.want, c.bound)
		}
	}
}
