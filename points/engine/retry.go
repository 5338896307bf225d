package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// errOvertaken is a row that another one changed under our locks. It cannot be; should it, the batch is tried again.
var errOvertaken = errors.New("overtaken")

// passing tells an error that another try may not meet: a deadlock, a conflict, a connection or a server that went away.
func passing(err error) bool { return cause(err) != "" }

// cause names a passing error in metrics; empty: it is not one.
func cause(err error) string {
	var network net.Error
	var commit *commitError
	e := pq.As(err)
	switch {
	case e != nil && causeOf(e.Code) != "":
		return causeOf(e.Code)
	case errors.Is(err, errOvertaken):
		return "overtaken"
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed):
		return "connection"
	case e == nil && errors.As(err, &commit):
		return "commit"
	default:
		return ""
	}
}

func causeOf(code pqerror.Code) string {
	switch code {
	case pqerror.TRDeadlockDetected:
		return "deadlock"
	case pqerror.TRSerializationFailure:
		return "serialization"
	case pqerror.ReadOnlySQLTransaction: // a standby that was the primary
		return "read_only"
	case pqerror.LockNotAvailable, pqerror.QueryCanceled:
		return "timeout"
	}
	switch code.Class() {
	case pqerror.ClassConnectionException, pqerror.ClassOperatorIntervention, pqerror.ClassInsufficientResources:
		return "connection"
	}
	return ""
}

// unavailable says to a caller that the database does not answer.
func unavailable(err error) error {
	if passing(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", ErrFailed, err)
}

// A pause waits longer before each try, by chance a little more or less, so that many do not come at once.
type pause struct {
	next time.Duration
	end  time.Time
}

func newPause(patience time.Duration) pause {
	return pause{next: 2 * time.Millisecond, end: time.Now().Add(patience)}
}

// wait is false when patience or the context has ended.
func (p *pause) wait(ctx context.Context) bool {
	if time.Now().After(p.end) {
		return false
	}
	d := p.next/2 + rand.N(p.next) //nolint:gosec // no secret
	p.next = min(2*p.next, 250*time.Millisecond)
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
