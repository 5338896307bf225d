package engine

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters count what the engine does.
type meters struct {
	operations *prometheus.CounterVec
	seconds    prometheus.Histogram
	batchOps   prometheus.Histogram
	batchTook  prometheus.Histogram
	posted     prometheus.Counter
	retried    *prometheus.CounterVec
}

func newMeters(reg prometheus.Registerer, depth func() int) *meters {
	m := &meters{
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "chobo_operations_total",
			Help: "Operations by outcome: posted, refused, replayed, failed."}, []string{"program", "operation", "outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "chobo_operation_seconds",
			Help: "From arrival in the engine to the answer.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14)}),
		batchOps: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "chobo_batch_operations",
			Help: "Units posted in one database transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 11)}),
		batchTook: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "chobo_batch_seconds",
			Help: "From begin to commit, retries included.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14)}),
		posted: prometheus.NewCounter(prometheus.CounterOpts{Name: "chobo_transactions_total",
			Help: "Transactions written to the journal."}),
		retried: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "chobo_batch_retries_total",
			Help: "Batches tried again, by cause."}, []string{"cause"}),
	}
	if reg != nil {
		waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "chobo_queue_operations", Help: "Operations that wait for a worker."},
			func() float64 { return float64(depth()) })
		reg.MustRegister(m.operations, m.seconds, m.batchOps, m.batchTook, m.posted, m.retried, waiting)
	}
	return m
}

func (m *meters) batch(units, transactions int, took time.Duration) {
	m.batchOps.Observe(float64(units))
	m.batchTook.Observe(took.Seconds())
	m.posted.Add(float64(transactions))
}

func (m *meters) operation(u *unit, op *op, took time.Duration) {
	outcome := "posted"
	switch {
	case op.Err != nil:
		outcome = "failed"
	case op.Replayed:
		outcome = "replayed"
	case op.Refusal != nil:
		outcome = "refused"
	}
	m.operations.WithLabelValues(u.program.Code, op.Command.Name(), outcome).Inc()
	m.seconds.Observe(took.Seconds())
}
