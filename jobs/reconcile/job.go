package reconcile

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"

	"chobo/jobs"
	"chobo/ledger/journal"
)

// Jobs are those that prove and sum up the books, to be registered with a runner.
//
// Asked for by name, reconcile proves all of the books; so does its cron, at night.
func Jobs(db *sqlx.DB) []jobs.Job {
	r := Reconciler{DB: db}
	return []jobs.Job{
		{
			Name: jobs.Rollup, About: "Adds what was posted to the sums by day, from which reports are read.", Cron: "*/5 * * * *", House: true,
			Do: func(ctx context.Context, _ jobs.Task) (jobs.Result, error) {
				n, err := journal.Fold(ctx, db)
				return jobs.Result{Processed: n}, err
			},
		},
		{
			Name: jobs.Reconcile, About: "Proves that everything stored is what the journal says, and lists each difference.", Cron: "30 3 * * *",
			Do: func(ctx context.Context, t jobs.Task) (jobs.Result, error) {
				run, err := r.Complete(ctx, t.Program, t.AsOf)
				if err != nil {
					return jobs.Result{}, err
				}
				return jobs.Result{Processed: int64(len(run.Checks)), Breaks: &run.Breaks}, nil
			},
		},
	}
}

// openSQL counts open breaks by program and check.
const openSQL = `
SELECT p.code, b.check_name, count(*) FROM breaks b JOIN programs p USING (program)
 WHERE b.closed_at IS NULL GROUP BY 1, 2`

// lastRunsSQL is when each program was last reconciled.
const lastRunsSQL = `
SELECT p.code, extract(epoch FROM max(r.finished_at))::bigint AS extract FROM reconciliations r JOIN programs p USING (program) GROUP BY 1`

// Metrics shows open breaks and the time of the last reconciliation, read when they are asked for.
func Metrics(db *sqlx.DB) prometheus.Collector { return collector{db} }

type collector struct{ db *sqlx.DB }

var (
	breaksDesc = prometheus.NewDesc("chobo_reconciliation_breaks", "Open breaks.", []string{"program", "check"}, nil)
	lastDesc   = prometheus.NewDesc("chobo_reconciliation_last_seconds", "When the program was last reconciled, in Unix time.", []string{"program"}, nil)
)

func (collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- breaksDesc
	ch <- lastDesc
}

// Collect reads the database; while it is away there is nothing to show.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	var breaks []struct {
		Code  string `db:"code"`
		Check string `db:"check_name"`
		Count int64  `db:"count"`
	}
	var last []struct {
		Code string `db:"code"`
		At   int64  `db:"extract"`
	}
	if c.db.Select(&breaks, openSQL) != nil || c.db.Select(&last, lastRunsSQL) != nil {
		return
	}
	for _, b := range breaks {
		ch <- prometheus.MustNewConstMetric(breaksDesc, prometheus.GaugeValue, float64(b.Count), b.Code, b.Check)
	}
	for _, l := range last {
		ch <- prometheus.MustNewConstMetric(lastDesc, prometheus.GaugeValue, float64(l.At), l.Code)
	}
}
