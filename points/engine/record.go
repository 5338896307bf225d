package engine

import (
	"encoding/binary"
	"fmt"
	"time"

	"chobo/ledger"
)

// A record reads what record_send writes: a row in PostgreSQL's binary form, which arrives as one value and is read
// field by field, in order, without the detours of a general driver. The first mistake stays in err.
type record struct {
	b      []byte
	fields int
	err    error
}

const anyFields = 0

// readRecord starts to read a row of so many fields.
func readRecord(b []byte, fields int) record {
	r := record{b: b}
	r.fields = int(r.uint32())
	if r.err == nil && fields != anyFields && r.fields != fields {
		r.err = fmt.Errorf("a row of %d fields, not %d", r.fields, fields)
	}
	return r
}

func (r *record) next(n int) []byte {
	if r.err == nil && len(r.b) < n {
		r.err = fmt.Errorf("a row that ends early")
	}
	if r.err != nil {
		return make([]byte, n)
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *record) uint32() uint32 { return binary.BigEndian.Uint32(r.next(4)) }

// field is the next field's bytes; nil: it is null. They belong to the driver until the next row.
func (r *record) field() []byte {
	r.next(4)              // its type
	n := int32(r.uint32()) //nolint:gosec // the bits
	if n < 0 {
		return nil
	}
	return r.next(int(n))
}

// fixed is the next field if it has so many bytes.
func (r *record) fixed(n int) []byte {
	b := r.field()
	if b != nil && len(b) != n && r.err == nil {
		r.err = fmt.Errorf("a field of %d bytes, not %d", len(b), n)
		return nil
	}
	return b
}

func (r *record) member() (m ledger.Member) {
	copy(m[:], r.fixed(16))
	return m
}

func (r *record) int64() int64 {
	if b := r.fixed(8); b != nil {
		return int64(binary.BigEndian.Uint64(b)) //nolint:gosec // the bits
	}
	return 0
}

func (r *record) int32() int {
	if b := r.fixed(4); b != nil {
		return int(int32(binary.BigEndian.Uint32(b))) //nolint:gosec // the bits
	}
	return 0
}

func (r *record) int16() int16 {
	if b := r.fixed(2); b != nil {
		return int16(binary.BigEndian.Uint16(b)) //nolint:gosec // the bits
	}
	return 0
}

func (r *record) text() string { return string(r.field()) }

// copy is the next field's bytes, the caller's own.
func (r *record) copy() []byte {
	b := r.field()
	if b == nil {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}

// time is an instant in UTC; zero: it is null.
func (r *record) time() time.Time {
	b := r.fixed(8)
	if b == nil {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b)) + since1970).UTC() //nolint:gosec // the bits
}

// elements calls each with an array's elements in order and returns how many they are.
func (r *record) elements(each func(i int, b []byte)) int {
	b := r.field()
	if b == nil || r.err != nil {
		return 0
	}
	a := record{b: b}
	dims := a.uint32()
	a.next(8)
	if dims == 0 || a.err != nil {
		return 0
	}
	n := int(a.uint32())
	a.next(4)
	for i := range n {
		size := int32(a.uint32()) //nolint:gosec // the bits
		each(i, a.next(max(0, int(size))))
	}
	if a.err != nil {
		r.err = a.err
	}
	return n
}

func (r *record) int64s() (out []int64) {
	r.elements(func(_ int, b []byte) {
		if len(b) == 8 {
			out = append(out, int64(binary.BigEndian.Uint64(b))) //nolint:gosec // the bits
		}
	})
	return out
}

func (r *record) texts() (out []string) {
	r.elements(func(_ int, b []byte) { out = append(out, string(b)) })
	return out
}
