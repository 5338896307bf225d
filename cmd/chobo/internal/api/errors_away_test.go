package api

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/lib/pq"

	"chobo/points/engine"
	"chobo/points/registry"
)

// A database that is away is told apart from a fault of ours, whatever the words.
func TestADatabaseThatIsAway(t *testing.T) {
	for _, err := range []error{
		driver.ErrBadConn, io.EOF, &net.OpError{Op: "dial", Err: errors.New("refused")}, &pq.Error{Code: "57P01"}, &pq.Error{Code: "08006"}, &pq.Error{Code: "53300"},
		engine.ErrUnavailable, engine.ErrBusy, engine.ErrClosing, context.DeadlineExceeded, registry.ErrStillPosting,
	} {
		if p := problemOf(fmt.Errorf("list orders: %w", err)); p.Code != codeUnavailable || p.GetHeaders().Get("Retry-After") == "" {
			t.Errorf("%v: %+v", err, p)
		}
	}
	for _, err := range []error{errors.New("x"), &pq.Error{Code: "23505", Detail: "secret"}, engine.ErrFailed} {
		if p := problemOf(err); p.Code != codeInternal {
			t.Errorf("%v: %+v", err, p)
		}
	}
}
