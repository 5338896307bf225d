package jobs

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters count runs. They work without a registry too.
type meters struct {
	runs *prometheus.CounterVec
	took *prometheus.HistogramVec
}

func newMeters(registry prometheus.Registerer, r *Runner) meters {
	m := meters{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chobo_job_runs_total", Help: "Runs of jobs that this process has ended, by outcome.",
		}, []string{"job", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chobo_job_duration_seconds", Help: "How long runs took.", Buckets: prometheus.ExponentialBuckets(0.005, 4, 9),
		}, []string{"job"}),
	}
	if registry != nil {
		registry.MustRegister(m.runs, m.took, lagCollector{r})
	}
	return m
}

func (m meters) ran(run Run, err error) {
	outcome := "done"
	if err != nil {
		outcome = "failed"
	}
	m.runs.WithLabelValues(run.Job, outcome).Inc()
	m.took.WithLabelValues(run.Job).Observe(float64(run.DurationMS) / 1000)
}

// lagCollector asks the database how late the jobs are, whoever ran them. Nothing is told while it does not answer.
type lagCollector struct{ runner *Runner }

var lagDesc = prometheus.NewDesc("chobo_job_lag_seconds", "How late a job is: the time since it should have run by its schedule.",
	[]string{"program", "job"}, nil)

func (c lagCollector) Describe(out chan<- *prometheus.Desc) { out <- lagDesc }

func (c lagCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	lags, err := c.runner.Lags(ctx)
	if err != nil {
		c.runner.opts.Log.Warn().Err(err).Msg("cannot tell how late the jobs are")
		return
	}
	for _, l := range lags {
		out <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, l.Late.Seconds(), l.Program, l.Job)
	}
}
