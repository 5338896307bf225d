package outbox

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/jobs"
	"chobo/points/engine"
)

const (
	messageEvents = 100 // that one message holds at most
	atOnce        = 4   // programs, so that slow receivers do not take the connections from those who wait for an answer
)

// Job posts events to the programs' webhooks: one message after the other, in order, each until it is acknowledged. It
// delivers all that is committed, whatever the task's AsOf.
func Job(db *sqlx.DB) jobs.Job {
	d := deliverer{db, newClient(), make(chan struct{}, atOnce)}
	return jobs.Job{Name: jobs.Deliver, About: "Posts events to the program's webhook, in order.", Cron: "* * * * *", Do: d.do}
}

type deliverer struct {
	db     *sqlx.DB
	client *http.Client
	turns  chan struct{}
}

// deliverLock is the first key of the advisory lock that a program's deliverer holds, "choe"; the second is the program.
const deliverLock int32 = 0x63686f65

const (
	lockSQL   = `SELECT pg_try_advisory_lock($1::int, $2::int)`
	unlockSQL = `SELECT pg_advisory_unlock($1::int, $2::int)`
)

// do delivers until the webhook has all, or does not take one. Among replicas one delivers, on the connection that holds
// the lock: who loses it loses the right to say what was acknowledged. No transaction is open meanwhile, which would
// hold the events of others back.
func (d deliverer) do(ctx context.Context, t jobs.Task) (did jobs.Result, err error) {
	select {
	case d.turns <- struct{}{}:
		defer func() { <-d.turns }()
	case <-ctx.Done():
		return did, ctx.Err()
	}
	conn, err := d.db.Connx(ctx)
	if err != nil {
		return did, err
	}
	defer func() { _ = conn.Close() }()
	var mine bool
	if err := conn.GetContext(ctx, &mine, lockSQL, deliverLock, t.Program.ID); err != nil || !mine {
		return did, err
	}
	defer unlock(ctx, conn, t.Program.ID)
	defer d.client.CloseIdleConnections() // until the next run the receiver may have ended them
	for {
		e, err := errandOf(ctx, conn, t.Program.ID)
		if err != nil || e == nil {
			return did, err
		}
		if err := e.rests(); err != nil && !t.Asked {
			return did, err
		}
		sent, more, err := d.next(ctx, conn, t.Program, e)
		did.Processed += int64(sent)
		if err != nil || !more {
			return did, err
		}
	}
}

// unlock gives the lock back, or with it the connection.
func unlock(ctx context.Context, conn *sqlx.Conn, program int) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := conn.ExecContext(ctx, unlockSQL, deliverLock, program); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

// An errand is what is to be done for a program's webhook.
type errand struct {
	url      string
	secret   []byte
	at       Place
	to       *Place // end of the message that is under way; nil: none is
	failures int
	retryAt  sql.NullTime
	resting  bool
	why      string
}

const errandSQL = `
SELECT url, secret, xid::text, batch, id, to_xid::text, to_batch, to_id, failures, retry_at, coalesce(retry_at > now(), false), last_error
  FROM webhooks WHERE program = $1`

// errandOf reads what is to be done for a program; nil: it has no webhook.
func errandOf(ctx context.Context, conn *sqlx.Conn, program int) (*errand, error) {
	var e errand
	var xid string
	var toXID sql.NullString
	var toBatch, toID sql.NullInt64
	err := conn.QueryRowContext(ctx, errandSQL, program).Scan(&e.url, &e.secret, &xid, &e.at.Batch, &e.at.ID, &toXID, &toBatch, &toID,
		&e.failures, &e.retryAt, &e.resting, &e.why)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the webhook: %w", err)
	}
	if e.at.XID, err = strconv.ParseUint(xid, 10, 64); err != nil {
		return nil, err
	}
	if toXID.Valid {
		e.to = &Place{Batch: toBatch.Int64, ID: toID.Int64}
		e.to.XID, err = strconv.ParseUint(toXID.String, 10, 64)
	}
	return &e, err
}

// ErrNotTaken is a webhook that did not take a message. It gets the same one again.
var ErrNotTaken = errors.New("the webhook did not take the events")

// rests fails with ErrNotTaken while the webhook is left alone.
func (e *errand) rests() error {
	if !e.resting {
		return nil
	}
	return fmt.Errorf("%w: it is tried again at %s, after %d failures: %s", ErrNotTaken, e.retryAt.Time.UTC().Format(time.RFC3339), e.failures, e.why)
}

// next sends one message, and fails with ErrNotTaken where it is not acknowledged. It tells how many events the message
// held, and whether there may be more.
//
// The message's end is noted before it is sent. So a message whose acknowledgement was lost is sent again as it was,
// under the same id, whatever was committed meanwhile.
func (d deliverer) next(ctx context.Context, conn *sqlx.Conn, p *engine.Program, e *errand) (sent int, more bool, err error) {
	page, err := e.page(ctx, conn, p)
	if err != nil {
		return 0, false, err
	}
	if len(page.Events) == 0 {
		return 0, page.More, move(ctx, conn, reachedSQL, p.ID, e.at, page.End)
	}
	if e.to == nil {
		if err := move(ctx, conn, beginSQL, p.ID, e.at, page.End); err != nil {
			return 0, false, err
		}
	}
	if err := send(ctx, d.client, e.url, e.secret, Message{p.Code, page.Events}); err != nil {
		if ctx.Err() != nil { // the server stops: it is not the webhook's fault
			return 0, false, ctx.Err()
		}
		return 0, false, errors.Join(fmt.Errorf("%w: %w", ErrNotTaken, err), e.failed(ctx, conn, p.ID, err))
	}
	// It is acknowledged, and noted as such even if the server stops.
	return len(page.Events), page.More || e.to != nil, move(context.WithoutCancel(ctx), conn, acknowledgedSQL, p.ID, e.at, page.End)
}

// page is the message under way, or the next one.
func (e *errand) page(ctx context.Context, conn *sqlx.Conn, p *engine.Program) (Page, error) {
	if e.to == nil {
		return Read(ctx, conn, p, e.at, messageEvents)
	}
	page := Page{End: e.at}
	for page.End.before(*e.to) && len(page.Events) < messageEvents {
		more, err := reader{conn, p}.read(ctx, page.End, *e.to, messageEvents-len(page.Events))
		if err != nil {
			return page, err
		}
		page.Events, page.End = append(page.Events, more.Events...), more.End
	}
	page.End = *e.to
	return page, nil
}

// errMoved is a webhook whose place was changed by somebody else.
var errMoved = errors.New("the webhook was changed meanwhile; the next run goes on from there")

const (
	reachedSQL = `
UPDATE webhooks SET xid = $5::xid8, batch = $6, id = $7, to_xid = NULL, to_batch = NULL, to_id = NULL
 WHERE program = $1 AND (xid, batch, id) = ($2::xid8, $3::bigint, $4::bigint)`

	beginSQL = `
UPDATE webhooks SET to_xid = $5::xid8, to_batch = $6, to_id = $7
 WHERE program = $1 AND (xid, batch, id) = ($2::xid8, $3::bigint, $4::bigint)`

	acknowledgedSQL = `
UPDATE webhooks SET xid = $5::xid8, batch = $6, id = $7, to_xid = NULL, to_batch = NULL, to_id = NULL,
       failures = 0, retry_at = NULL, last_error = '', delivered_at = now()
 WHERE program = $1 AND (xid, batch, id) = ($2::xid8, $3::bigint, $4::bigint)`
)

// move writes a place, unless somebody else has moved the webhook: then it fails with errMoved.
func move(ctx context.Context, conn *sqlx.Conn, query string, program int, from, to Place) error {
	if from == to {
		return nil
	}
	done, err := conn.ExecContext(ctx, query, program, from.xid(), from.Batch, from.ID, to.xid(), to.Batch, to.ID)
	if err != nil {
		return fmt.Errorf("note the webhook's place: %w", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(errMoved, err)
	}
	return nil
}

const failedSQL = `
UPDATE webhooks SET failures = failures + 1, last_error = $2, retry_at = now() + $3 * interval '1 second' WHERE program = $1`

// failed notes why the webhook did not take a message, and when it is tried again.
func (e *errand) failed(ctx context.Context, conn *sqlx.Conn, program int, why error) error {
	if _, err := conn.ExecContext(ctx, failedSQL, program, why.Error(), int(pause(e.failures+1).Seconds())); err != nil {
		return fmt.Errorf("note the failure: %w", err)
	}
	return nil
}

// pause is how long a webhook that failed so often in a row is left alone: the next minute's run tries again, the later
// ones more and more seldom, but at least every quarter of an hour.
func pause(failures int) time.Duration {
	return min(30*time.Second<<min(failures-1, 10), 15*time.Minute)
}
