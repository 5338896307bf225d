//go:build !linux

package bench

import "time"

// serverCPU cannot be told here.
func serverCPU(int) time.Duration { return 0 }

// machineCPU cannot be told here.
func machineCPU() time.Duration { return 0 }
