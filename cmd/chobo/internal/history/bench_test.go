package history

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var benchRows = flag.Int("rows", 20_000, "how many rows the benchmarks import")

// BenchmarkImport imports -rows lots of a fifth as many members, then the same file again, and tells rows a second and
// how much memory the process held at most. With CHOBO_TEST_DATABASE_URL it runs on a server that syncs its log.
func BenchmarkImport(b *testing.B) {
	name := filepath.Join(b.TempDir(), "lots.csv")
	bigFile(b, name, *benchRows)
	for b.Loop() {
		h := newHouse(b)
		for _, again := range []bool{false, true} {
			f, err := os.Open(name) //nolint:gosec // the test's own
			h.check(err)
			s, err := Import(b.Context(), h.Books, f, How{What: Points, Program: mall, Format: CSV}, Watch{})
			h.check(err)
			h.check(f.Close())
			rate := float64(s.Read) / s.Took.Seconds()
			switch {
			case again && s.Already == s.Read:
				b.ReportMetric(rate, "rows/s-again")
			case !again && s.Posted == s.Read:
				b.ReportMetric(rate, "rows/s")
			default:
				b.Fatalf("%+v", s)
			}
		}
		b.ReportMetric(peakMB(b), "MB-peak")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkSurvey reads a file, as every import does before it posts.
func BenchmarkSurvey(b *testing.B) {
	name := filepath.Join(b.TempDir(), "lots.csv")
	bigFile(b, name, *benchRows)
	f, err := os.Open(name) //nolint:gosec // the test's own
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	for b.Loop() {
		m := &migration{file: f, size: 1 << 30, how: How{What: Points, Format: CSV}}
		m.reading = reading{What: Points, Format: CSV, versions: versions(b)}
		if err := m.survey(nil); err != nil || m.surveyed.entries != int64(*benchRows) || m.surveyed.bad != 0 {
			b.Fatal(err, m.surveyed)
		}
	}
	b.ReportMetric(float64(*benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func bigFile(b *testing.B, name string, rows int) {
	b.Helper()
	f, err := os.Create(name) //nolint:gosec // the test's own
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "member_id,points,occurred_at,last_day,row_id")
	for i := range rows {
		fmt.Fprintf(w, "M-%d,%d,2026-02-%02d,2027-02-%02d,L-%d\n", i%(rows/5), 1+i%900, 1+i%28, 1+i%28, i)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// peakMB is the most memory that the process held.
func peakMB(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	var kB float64
	if _, err := fmt.Sscan(text, &kB); err != nil {
		b.Fatal(err)
	}
	return kB / 1024
}
