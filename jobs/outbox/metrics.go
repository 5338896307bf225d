package outbox

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics shows how far the webhooks are behind, read when it is asked for.
func Metrics(db *sqlx.DB) prometheus.Collector { return collector{db} }

type collector struct{ db *sqlx.DB }

var lagDesc = prometheus.NewDesc("chobo_webhook_lag_seconds", "Since when the program's webhook lacks an event: the age of the oldest.", []string{"program"}, nil)

func (collector) Describe(ch chan<- *prometheus.Desc) { ch <- lagDesc }

// Collect reads the database; while it is away there is nothing to show.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	lags, err := Lags(ctx, c.db)
	if err != nil {
		return
	}
	for _, l := range lags {
		ch <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, l.Seconds, l.Program)
	}
}
