// Package rows reads what queries give: rows in the form in which PostgreSQL sends them, each as one value, for who reads
// millions, and rows as the driver scans them.
package rows

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"time"

	"chobo/ledger"
)

// A Row is what record_send makes of one: PostgreSQL's binary form as a single value, read field by field, in order.
// Millions of rows pass through verification; a driver's value for every field would cost more than all else.
// The first mistake stays in Err, and what is read after it is zero.
type Row struct {
	b      []byte // belongs to the driver until the next row
	Fields int
	Err    error
}

// Read begins with a row.
func Read(b []byte) Row {
	if len(b) < 4 {
		return Row{Err: errors.New("a row without fields")}
	}
	return Row{b: b[4:], Fields: int(binary.BigEndian.Uint32(b))}
}

// Each calls fn with every row of a query that selects one record_send. The query is prepared, since only then does
// the driver have its values sent as they are.
func Each(ctx context.Context, q Preparer, fn func(r *Row) error, query string, args ...any) (err error) {
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
	var raw sql.RawBytes
	into := []any{&raw}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		r := Read(raw)
		if err := fn(&r); err != nil {
			return err
		}
		if r.Err != nil {
			return r.Err
		}
	}
	return rows.Err()
}

// A Preparer is a pool, a connection or a transaction.
type Preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// Rest is what stands behind the fields that were read.
func (r *Row) Rest() []byte { return r.b }

// Field is the next field's bytes; nil: it is null.
func (r *Row) Field() []byte {
	if r.Err != nil || len(r.b) < fieldHead {
		return r.short()
	}
	n := int(int32(binary.BigEndian.Uint32(r.b[4:]))) //nolint:gosec // the bits
	b := r.b[fieldHead:]
	switch {
	case n < 0:
		r.b = b
		return nil
	case n > len(b):
		return r.short()
	}
	r.b = b[n:]
	return b[:n:n]
}

// fieldHead is the type and the length of a field.
const fieldHead = 8

// short notes that the row has fewer bytes than fields.
func (r *Row) short() []byte {
	r.Err = cmp.Or(r.Err, fmt.Errorf("a row of %d fields ends early", r.Fields))
	return nil
}

// Skip passes over fields.
func (r *Row) Skip(fields int) {
	for range fields {
		r.Field()
	}
}

// Null tells whether the next field is null; it is read all the same by whoever reads on.
func (r *Row) Null() bool {
	return len(r.b) >= fieldHead && int32(binary.BigEndian.Uint32(r.b[4:])) < 0 //nolint:gosec // the bits
}

// fixed is the next field, which has so many bytes unless it is null.
func (r *Row) fixed(n int) []byte {
	b := r.Field()
	if b != nil && len(b) != n && r.Err == nil {
		r.Err = fmt.Errorf("a field of %d bytes, not %d", len(b), n)
	}
	if r.Err != nil {
		return nil
	}
	return b
}

// Member is a key of 16 bytes; zero: it is null.
func (r *Row) Member() (m ledger.Member) {
	copy(m[:], r.fixed(16))
	return m
}

// Int64 is a bigint; 0: it is null.
func (r *Row) Int64() int64 {
	if b := r.fixed(8); b != nil {
		return int64(binary.BigEndian.Uint64(b)) //nolint:gosec // the bits
	}
	return 0
}

// Int32 is an integer; 0: it is null.
func (r *Row) Int32() int {
	if b := r.fixed(4); b != nil {
		return int(int32(binary.BigEndian.Uint32(b))) //nolint:gosec // the bits
	}
	return 0
}

// Int16 is a smallint; 0: it is null.
func (r *Row) Int16() int16 {
	if b := r.fixed(2); b != nil {
		return int16(binary.BigEndian.Uint16(b)) //nolint:gosec // the bits
	}
	return 0
}

// Bool is false where it is null.
func (r *Row) Bool() bool {
	b := r.fixed(1)
	return b != nil && b[0] != 0
}

// Text is the caller's own; empty: it is null.
func (r *Row) Text() string { return string(r.Field()) }

// Bytes is the next field, the caller's own; nil: it is null.
func (r *Row) Bytes() []byte {
	b := r.Field()
	if b == nil {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}

// An Array is the next elements of a field that is an array.
type Array struct {
	N    int  // elements
	List bool // it has one dimension, which begins with 1, or none, and no element is null
	Null bool // there is no array
	size int  // of each element, in bytes; 0: it varies
	b    []byte
}

// arrayHeader is dimensions, nulls?, type; each dimension has its length and its lower bound behind it.
const arrayHeader = 12

// Array is the next field, an array of numbers of so many bytes each.
func (r *Row) Array(size int) Array {
	b := r.Field()
	if b == nil {
		return Array{Null: true}
	}
	if len(b) == arrayHeader {
		return Array{List: true}
	}
	if len(b) < arrayHeader+8 {
		r.Err = cmp.Or(r.Err, fmt.Errorf("an array of %d bytes", len(b)))
		return Array{}
	}
	n := int(binary.BigEndian.Uint32(b[arrayHeader:]))
	a := Array{N: n, size: size, b: b[arrayHeader+8:]}
	a.List = binary.BigEndian.Uint32(b) == 1 && binary.BigEndian.Uint32(b[arrayHeader+4:]) == 1 && (size == 0 || len(a.b) == n*(4+size))
	if !a.List { // what else it is, it is none of ours
		a.N, a.b = 0, nil
	}
	return a
}

// Texts is the next field, an array of texts.
func (r *Row) Texts() Array { return r.Array(0) }

// NextText is the next element of an array of texts; ok is false where there are no more, or it is null.
func (a *Array) NextText() (s string, ok bool) {
	if len(a.b) < 4 {
		return "", false
	}
	n := int(int32(binary.BigEndian.Uint32(a.b))) //nolint:gosec // the bits
	a.b = a.b[4:]
	if n < 0 || n > len(a.b) {
		return "", false
	}
	s, a.b = string(a.b[:n]), a.b[n:]
	return s, true
}

// Next is the next element; zero: there are no more.
func (a *Array) Next() int64 {
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

var errNoList = errors.New("an array that is no list")

// Int64s is an array of bigints; nil: it is null or empty.
func (r *Row) Int64s() []int64 {
	a := r.Array(8)
	if !a.List && !a.Null {
		r.Err = cmp.Or(r.Err, errNoList)
	}
	if a.N == 0 {
		return nil
	}
	out := make([]int64, a.N)
	for i := range out {
		out[i] = a.Next()
	}
	return out
}

// Strings is an array of texts, the caller's own; nil: it is null or empty.
func (r *Row) Strings() (out []string) {
	a := r.Texts()
	if !a.List && !a.Null {
		r.Err = cmp.Or(r.Err, errNoList)
	}
	for range a.N {
		s, ok := a.NextText()
		if !ok {
			r.Err = cmp.Or(r.Err, errNoList)
		}
		out = append(out, s)
	}
	return out
}

// Modulo is a whole number of any size and sign, written as text, modulo 2^64; ok is false where it is none.
func (r *Row) Modulo() (n uint64, ok bool) {
	whole, ok := new(big.Int).SetString(r.Text(), 10)
	if !ok {
		return 0, false
	}
	return whole.And(whole, allBits).Uint64(), true
}

var allBits = new(big.Int).SetUint64(1<<64 - 1)

// since1970 is how many microseconds PostgreSQL's epoch, the year 2000, is later than Unix's.
const since1970 = 946684800 * 1e6

// Time is an instant in UTC; zero: it is null.
func (r *Row) Time() time.Time {
	b := r.fixed(8)
	if b == nil {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b)) + since1970).UTC() //nolint:gosec // the bits
}

// Micros is an instant in microseconds since 1970, or what stands for null.
func (r *Row) Micros(null int64) int64 {
	b := r.fixed(8)
	if b == nil {
		return null
	}
	return int64(binary.BigEndian.Uint64(b)) + since1970 //nolint:gosec // the bits
}

// Date is midnight UTC of a day.
func (r *Row) Date() time.Time {
	return time.Unix(int64(r.Int32())*86400+since1970/1e6, 0).UTC()
}
