package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of CPU times in /proc, the same on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// serverCPU is what the postmaster and its processes have used, those that ended included; zero without a postmaster.
func serverCPU(postmaster int) (sum time.Duration) {
	if postmaster == 0 {
		return 0
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state ppid … utime stime cutime cstime; the name may hold anything.
		_, rest, ok := strings.Cut(string(text), ") ")
		f := strings.Fields(rest)
		if !ok || len(f) < 15 {
			continue
		}
		own := name == fmt.Sprintf("/proc/%d/stat", postmaster)
		if !own && f[1] != strconv.Itoa(postmaster) {
			continue
		}
		fields := f[11:13]
		if own {
			fields = f[11:15] // its children that ended
		}
		for _, ticks := range fields {
			n, err := strconv.ParseInt(ticks, 10, 64)
			if err == nil {
				sum += time.Duration(n) * clockTick
			}
		}
	}
	return sum
}

// machineCPU is what all processes have used since the machine was started, time stolen by other machines included.
func machineCPU() (sum time.Duration) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	// cpu user nice system idle iowait irq softirq steal …
	for i, f := range strings.Fields(line) {
		if i == 0 || i == 4 || i == 5 || i > 8 {
			continue
		}
		if n, err := strconv.ParseInt(f, 10, 64); err == nil {
			sum += time.Duration(n) * clockTick
		}
	}
	return sum
}
