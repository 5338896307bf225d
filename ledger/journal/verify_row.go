package journal

import (
	"cmp"
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

// An array is the next elements of a field that is an array of numbers, all of a size.
type array struct {
	n    int  // elements
	list bool // it has one dimension, which begins with 1, or none, and no element is null
	null bool // there is no array
	size int
	b    []byte
}

// arrayHeader is dimensions, nulls?, type; each dimension has its length and its lower bound behind it.
const arrayHeader = 12

// array is the next field, an array of numbers of so many bytes each.
func (r *row) array(size int) array {
	b := r.field()
	if b == nil {
		return array{null: true}
	}
	if len(b) == arrayHeader {
		return array{list: true}
	}
	if len(b) < arrayHeader+8 {
		r.err = cmp.Or(r.err, fmt.Errorf("an array of %d bytes", len(b)))
		return array{}
	}
	n := int(binary.BigEndian.Uint32(b[arrayHeader:]))
	a := array{n: n, size: size, b: b[arrayHeader+8:]}
	a.list = binary.BigEndian.Uint32(b) == 1 && binary.BigEndian.Uint32(b[arrayHeader+4:]) == 1 && len(a.b) == n*(4+size)
	if !a.list { // what else it is, it is none of ours
		a.n, a.b = 0, nil
	}
	return a
}

// next is the next element; zero: there are no more.
func (a *array) next() int64 {
	if len(a.b) < 4+a.size {
		return 0
	}
	b := a.b[4 : 4+a.size]
	a.b = a.b[4+a.size:]
	if a.size == 2 {
		return int64(int16(binary.BigEndian.Uint16(b))) //nolint:gosec // the bits
	}
	return int64(binary.BigEndian.Uint64(b)) //nolint:gosec // the bits
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
