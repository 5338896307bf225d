package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// A Webhook is where a program's events are posted to, and how that goes.
type Webhook struct {
	URL         string
	CreatedAt   time.Time
	DeliveredAt *time.Time // of the last message that was acknowledged
	Failures    int        // since then
	RetryAt     *time.Time // the job leaves it alone until then
	LastError   string
	Since       *time.Time // when the oldest event was posted that it may not have; nil: it has all
}

// behindSQL is when the first event was posted that a webhook w may not have. Batches are every program's: looking for the
// program's own would take as long as delivering.
const behindSQL = `
  LEFT JOIN LATERAL (SELECT b.posted_at FROM batches b
                      WHERE (b.xid, b.id) >= (w.xid, w.batch) AND NOT (b.xid = w.xid AND b.id = w.batch AND b.last_id <= w.id)
                      ORDER BY b.xid, b.id LIMIT 1) t ON true
  LEFT JOIN LATERAL (SELECT coalesce(f.posted_at, f.occurred_at) AS posted_at FROM refunds f
                      WHERE f.program = w.program AND (f.xid, f.id, f.id) > (w.xid, w.batch, w.id)
                      ORDER BY f.xid, f.id LIMIT 1) f ON true
  LEFT JOIN LATERAL (SELECT m.made_at AS posted_at FROM reminders m
                      WHERE m.program = w.program AND (m.xid, m.id, m.id) > (w.xid, w.batch, w.id)
                      ORDER BY m.xid, m.id LIMIT 1) m ON true`

const webhookSQL = `
SELECT w.url, w.created_at, w.delivered_at, w.failures, w.retry_at, w.last_error, least(t.posted_at, f.posted_at, m.posted_at) AS since
  FROM webhooks w` + behindSQL + `
 WHERE w.program = $1`

// Find is the program's webhook. It fails with ErrNoWebhook.
func Find(ctx context.Context, db *sqlx.DB, program int) (Webhook, error) {
	var w Webhook
	var delivered, retry, since sql.NullTime
	err := db.QueryRowContext(ctx, webhookSQL, program).Scan(&w.URL, &w.CreatedAt, &delivered, &w.Failures, &retry, &w.LastError, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return w, ErrNoWebhook
	}
	if err != nil {
		return w, fmt.Errorf("read the webhook: %w", err)
	}
	for _, t := range []struct {
		from sql.NullTime
		to   **time.Time
	}{{delivered, &w.DeliveredAt}, {retry, &w.RetryAt}, {since, &w.Since}} {
		if t.from.Valid {
			*t.to = &t.from.Time
		}
	}
	return w, nil
}

// A Lag is how far a program's webhook is behind.
type Lag struct {
	Program   string  `db:"code"`
	Seconds   float64 `db:"seconds"` // since the oldest event was posted that it does not have; 0: it has all
	Failures  int     `db:"failures"`
	LastError string  `db:"last_error"`
}

// lagsSQL leaves sandboxes out: their events are delivered when somebody asks for it.
const lagsSQL = `
SELECT p.code, coalesce(greatest(extract(epoch FROM now() - least(t.posted_at, f.posted_at, m.posted_at)), 0), 0)::float8 AS seconds, w.failures, w.last_error
  FROM webhooks w JOIN programs p USING (program)` + behindSQL + `
 WHERE NOT p.sandbox
 ORDER BY p.code`

// Lags tells how far each program's webhook is behind.
func Lags(ctx context.Context, db *sqlx.DB) (lags []Lag, err error) {
	if err := db.SelectContext(ctx, &lags, lagsSQL); err != nil {
		return nil, fmt.Errorf("look how far webhooks are behind: %w", err)
	}
	return lags, nil
}
