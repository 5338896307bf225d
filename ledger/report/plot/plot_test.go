package plot_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger/report"
	"chobo/ledger/report/plot"
	"chobo/schema/pgtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The drawings of April are files that a person has looked at.
func TestDrawings(t *testing.T) {
	r := trade.Open(t, pgtest.NewURL(t)).April().Reader()
	day := time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)
	roll, err := r.RollForward(t.Context(), report.Span{From: day.AddDate(0, 0, -29), To: day}, report.ByNothing)
	fatal(t, err)
	aging, err := r.ExpiryAging(t.Context(), day)
	fatal(t, err)
	breakage, err := r.Breakage(t.Context(), day.AddDate(0, 1, 0), report.Assumptions{Prior: decimal.NewFromInt(1), Term: 13})
	fatal(t, err)
	for name, of := range map[string]any{"rollforward": roll, "aging": aging, "triangle": breakage} {
		var out bytes.Buffer
		fatal(t, plot.SVG(&out, of))
		for d := xml.NewDecoder(bytes.NewReader(out.Bytes())); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s is no XML: %v", name, err)
			}
		}
		file := filepath.Join("testdata", name+".svg")
		if *update {
			fatal(t, os.MkdirAll("testdata", 0o750))
			fatal(t, os.WriteFile(file, out.Bytes(), 0o600))
		}
		want, err := os.ReadFile(file)
		fatal(t, err)
		if !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%s differs", file)
		}
	}
}

// What is empty is drawn too, and what has no drawing says so.
func TestDrawingNothing(t *testing.T) {
	for _, r := range []any{&report.RollForward{}, &report.Aging{}, &report.Breakage{}} {
		fatal(t, plot.SVG(io.Discard, r))
	}
	if err := plot.SVG(io.Discard, &report.TrialBalance{}); !errors.Is(err, plot.ErrNoPlot) {
		t.Errorf("a trial balance: %v", err)
	}
}
