package report_test

import (
	"testing"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger/report"
	"chobo/schema/pgtest"
)

// Since ever begins with the first month in which anything happened, and no books have no months.
func TestSinceEver(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t))
	since := report.Span{From: report.Beginning, To: may.To}
	f, err := m.Reader().RollForward(t.Context(), since, report.ByMonth)
	if err != nil || len(f.Groups) != 0 {
		t.Errorf("of nothing: %+v, %v", f.Groups, err)
	}
	f, err = m.April().Reader().RollForward(t.Context(), since, report.ByMonth)
	if err != nil || len(f.Groups) != 2 || f.Groups[0].Key != "2026-04" || f.Groups[1].Points.Closing != f.Points.Closing {
		t.Errorf("%+v, %v", f.Groups, err)
	}
}
