package jobs

import (
	"testing"
	"time"

	"chobo/points"
)

// The job seals for the whole installation, whatever time it is run for, and a second run finds nothing.
func TestSealJob(t *testing.T) {
	h := newHouse(t, shipped("samurai-mall"), shipped("asmart"))
	r := h.runner(Options{})
	r.Register(SealJob(h.db))
	h.do("samurai-mall", map[string]points.Command{"M-1": points.GrantPoints{Points: 5}})
	h.do("asmart", map[string]points.Command{"M-1": points.GrantPoints{Points: 7}})
	var sealed int64
	eventually(t, "all is sealed, once no other test's transaction is in flight", func() bool {
		sealed += h.run(r, "asmart", Seal, time.Time{}).Processed
		return sealed >= 2
	})
	if n := h.count(`SELECT sum(transactions) FROM seals`); n != 2 || sealed != 2 {
		t.Errorf("%d transactions are sealed, %d by the runs", n, sealed)
	}
	if run := h.run(r, "samurai-mall", Seal, day("2026-01-01")); run.Processed != 0 {
		t.Errorf("sealed again: %+v", run)
	}
}
