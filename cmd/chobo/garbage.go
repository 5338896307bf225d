package main

import (
	"os"
	"runtime/debug"
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
