package outbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// Why a webhook was refused.
var (
	// ErrNoWebhook is a program without one.
	ErrNoWebhook = errors.New("the program has no webhook")
	// ErrURL is an address that events are not posted to.
	ErrURL = errors.New("must be an https address; http only on this machine, and without a user or a fragment")
)

// CheckURL tells whether events may be posted there: over TLS, unless it never leaves the machine. It fails with ErrURL.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return ErrURL
	}
	ip := net.ParseIP(u.Hostname())
	here := strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !here) {
		return ErrURL
	}
	return nil
}

// A Setting says where events are to be posted to.
type Setting struct {
	URL    string // that CheckURL found good
	Secret []byte // nil: the one that it has, or a new one
	After  *Place // behind which to begin; nil: where it is, and a new one with what is posted from now on
}

// putWebhookSQL: a secret that is not given ($3) stays, or is $4 where there is none; so does the place, unless $9 moves
// it. xmax is zero for a row that was inserted, not updated.
const putWebhookSQL = `
INSERT INTO webhooks AS w (program, url, secret, created_at, xid, batch, id)
VALUES ($1, $2, coalesce($3::bytea, $4::bytea), $5, $6::xid8, $7, $8)
ON CONFLICT (program) DO UPDATE SET
       url = $2, secret = coalesce($3::bytea, w.secret), failures = 0, retry_at = NULL, last_error = '',
       xid = CASE WHEN $9 THEN excluded.xid ELSE w.xid END, batch = CASE WHEN $9 THEN excluded.batch ELSE w.batch END,
       id = CASE WHEN $9 THEN excluded.id ELSE w.id END, to_xid = CASE WHEN $9 THEN NULL ELSE w.to_xid END,
       to_batch = CASE WHEN $9 THEN NULL ELSE w.to_batch END, to_id = CASE WHEN $9 THEN NULL ELSE w.to_id END
RETURNING xmax = 0`

// Put sets the program's webhook. made is the secret that a new one got; nil: it has one already, or the one given.
func Put(ctx context.Context, db *sqlx.DB, program int, s Setting, now time.Time) (made []byte, isNew bool, err error) {
	var at Place
	if s.After != nil {
		at = *s.After
	} else if at, err = Now(ctx, db); err != nil {
		return nil, false, err
	}
	fresh := newSecret()
	err = db.GetContext(ctx, &isNew, putWebhookSQL, program, s.URL, s.Secret, fresh, now.UTC().Truncate(time.Microsecond), at.xid(), at.Batch, at.ID, s.After != nil)
	if err != nil {
		return nil, false, fmt.Errorf("keep the webhook: %w", err)
	}
	if isNew && s.Secret == nil {
		made = fresh
	}
	return made, isNew, nil
}

const deleteWebhookSQL = `DELETE FROM webhooks WHERE program = $1`

// Delete removes the program's webhook, and with it how far it had come. It fails with ErrNoWebhook.
func Delete(ctx context.Context, db *sqlx.DB, program int) error {
	done, err := db.ExecContext(ctx, deleteWebhookSQL, program)
	if err != nil {
		return fmt.Errorf("delete the webhook: %w", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return ErrNoWebhook
	}
	return nil
}
