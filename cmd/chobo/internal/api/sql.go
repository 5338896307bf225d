package api

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"regexp"

	"github.com/lib/pq"
)

// array is a PostgreSQL array as an argument of a statement.
func array[T int64 | string](items []T) any { return pq.Array(items) }

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func isUUID(s string) bool { return uuidForm.MatchString(s) }

// away tells an error of a database that does not answer from one of ours.
func away(err error) bool {
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	var refused *pq.Error
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code.Class() {
	case "08", "53", "57", "25": // connection, resources, shutdown or cancelled, read-only
		return true
	default:
		return false
	}
}
