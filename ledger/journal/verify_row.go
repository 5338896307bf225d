package journal

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"chobo/ledger"
)

// A row is what record_send makes of one: PostgreSQL's binary form as a single value, read field by field, in order.
// Millions of rows pass through verification; a driver's value for every field would cost more than all else.
// The first mistake stays in err, and what is read after it is zero.
type row struct {
	b      []byte // belongs to the driver until the next row
	fields int
	err    error
}

func readRow(b []byte) row {
	r := row{b: b}
	r.fields = int(r.uint32())
	return r
}

// eachRow calls fn with every row of a query that selects one record_send. The query is prepared, since only then does
// the driver have its values sent as they are.
func eachRow(ctx context.Context, q preparer, fn func(r *row) error, query string, args ...any) (err error) {
	stmt, err := q.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has told
	for rows.Next() {
		var raw sql.RawBytes
		if err := rows.Scan(&raw); err != nil {
			return err
		}
		r := readRow(raw)
		if err := fn(&r); err != nil {
			return err
		}
		if r.err != nil {
			return r.err
		}
	}
	return rows.Err()
}

// A preparer is a pool, a connection or a transaction.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

func (r *row) next(n int) []byte {
	if r.err == nil && len(r.b) < n {
		r.err = fmt.Errorf("a row of %d fields ends early", r.fields)
	}
	if r.err != nil {
		return make([]byte, n)
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *row) uint32() uint32 { return binary.BigEndian.Uint32(r.next(4)) }

// field is the next field's bytes; nil: it is null.
func (r *row) field() []byte {
	r.next(4)              // its type
	n := int32(r.uint32()) //nolint:gosec // the bits
	if n < 0 || r.err != nil {
		return nil
	}
	return r.next(int(n))
}

// null tells whether the next field is null; it is read all the same by whoever reads on.
func (r *row) null() bool {
	return len(r.b) >= 8 && int32(binary.BigEndian.Uint32(r.b[4:])) < 0 //nolint:gosec // the bits
}

// fixed is the next field, which has so many bytes unless it is null.
func (r *row) fixed(n int) []byte {
	b := r.field()
	if b != nil && len(b) != n && r.err == nil {
		r.err = fmt.Errorf("a field of %d bytes, not %d", len(b), n)
	}
	if r.err != nil {
		return nil
	}
	return b
}

func (r *row) member() (m ledger.Member) {
	copy(m[:], r.fixed(16))
	return m
}

func (r *row) int64() int64 {
	if b := r.fixed(8); b != nil {
		return int64(binary.BigEndian.Uint64(b)) //nolint:gosec // the bits
	}
	return 0
}

func (r *row) int32() int {
	if b := r.fixed(4); b != nil {
		return int(int32(binary.BigEndian.Uint32(b))) //nolint:gosec // the bits
	}
	return 0
}

func (r *row) int16() int {
	if b := r.fixed(2); b != nil {
		return int(int16(binary.BigEndian.Uint16(b))) //nolint:gosec // the bits
	}
	return 0
}

func (r *row) text() string { return string(r.field()) }

// bytes is the next field, the caller's own; nil: it is null.
func (r *row) bytes() []byte {
	b := r.field()
	if b == nil {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}

// since1970 is how many microseconds PostgreSQL's epoch, the year 2000, is later than Unix's.
const since1970 = 946684800 * 1e6

// time is an instant in UTC; zero: it is null.
func (r *row) time() time.Time {
	b := r.fixed(8)
	if b == nil {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b)) + since1970).UTC() //nolint:gosec // the bits
}

// date is midnight UTC of a day.
func (r *row) date() time.Time {
	return time.Unix(int64(r.int32())*86400+since1970/1e6, 0).UTC()
}
