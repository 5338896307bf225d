package main

import (
	"os"
	"runtime/debug"

	"chobo/ledger/journal"
)

// seldom is how much a server's memory may grow over what it holds before garbage is collected, in percent. It holds
// little, and requests make most of what it throws away. A limit that GOMEMLIMIT sets is kept all the same.
const seldom = 400

// collectSeldom spends memory instead of CPU, unless the operator has said in GOGC what he wants.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(seldom)
	}
}

// collectWhenFull lets a process that does nothing but prove the books fill the memory that this takes before garbage is
// collected, however little it holds: so it needs the same for small books and for large ones. The operator may say
// otherwise in GOGC or GOMEMLIMIT.
func collectWhenFull() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(-1)
		debug.SetMemoryLimit(journal.ProvingMemory)
	}
}
