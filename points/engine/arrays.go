package engine

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/lib/pq/oid"

	"chobo/ledger"
)

// An array is a PostgreSQL array in the binary form in which it travels. A batch fills one for each column and its
// statements unnest them; the server need not parse a text. It works on connections with binary parameters only.
type array struct {
	buf   []byte
	elem  oid.Oid
	n     int
	nulls bool
}

const arrayHeader = 20 // dimensions, nulls?, type, length, lower bound

func newArray(elem oid.Oid) array { return array{elem: elem} }

func (a *array) grow(size int) {
	if a.buf == nil {
		a.buf = (*buffers.Get().(*[]byte))[:arrayHeader]
	}
	a.n++
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(size)) //nolint:gosec // sizes of columns fit, and -1 means null
}

func (a *array) null() {
	a.grow(0)
	copy(a.buf[len(a.buf)-4:], "\xff\xff\xff\xff")
	a.nulls = true
}

func (a *array) int64(v int64) {
	a.grow(8)
	a.buf = binary.BigEndian.AppendUint64(a.buf, uint64(v)) //nolint:gosec // the bits
}

// int64OrNull adds null for 0.
func (a *array) int64OrNull(v int64) {
	if v == 0 {
		a.null()
		return
	}
	a.int64(v)
}

func (a *array) int32(v int) {
	a.grow(4)
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(v)) //nolint:gosec // the bits
}

func (a *array) int16(v int16) {
	a.grow(2)
	a.buf = binary.BigEndian.AppendUint16(a.buf, uint16(v)) //nolint:gosec // the bits
}

func (a *array) bool(v bool) {
	a.grow(1)
	if v {
		a.buf = append(a.buf, 1)
		return
	}
	a.buf = append(a.buf, 0)
}

func (a *array) text(s string) {
	a.grow(len(s))
	a.buf = append(a.buf, s...)
}

// textOrNull adds null for an empty string.
func (a *array) textOrNull(s string) {
	if s == "" {
		a.null()
		return
	}
	a.text(s)
}

func (a *array) bytes(b []byte) {
	a.grow(len(b))
	a.buf = append(a.buf, b...)
}

// bytesOrNull adds null for no bytes.
func (a *array) bytesOrNull(b []byte) {
	if b == nil {
		a.null()
		return
	}
	a.bytes(b)
}

func (a *array) member(m ledger.Member) { a.bytes(m[:]) }

// time adds an instant, to the microsecond; null for the zero time.
func (a *array) time(t time.Time) {
	if t.IsZero() {
		a.null()
		return
	}
	a.int64(t.UnixMicro() - since1970)
}

// date adds the day of t, which is midnight UTC.
func (a *array) date(t time.Time) { a.int32(int(t.Unix()/86400) - since1970/86400e6) }

// since1970 is how many microseconds PostgreSQL's epoch, the year 2000, is later than Unix's.
const since1970 = 946684800 * 1e6

// buffers are those of arrays that were sent.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, arrayHeader, 1024)
	return &b
}}

// sending turns arrays among a statement's arguments into what the driver sends. sent frees them.
func sending(args []any) (values []any, sent func()) {
	values = make([]any, len(args))
	for i, arg := range args {
		if a, ok := arg.(*array); ok {
			arg = a.value()
		}
		values[i] = arg
	}
	return values, func() {
		for _, arg := range args {
			if a, ok := arg.(*array); ok && a.buf != nil {
				b := a.buf
				buffers.Put(&b)
				a.buf, a.n = nil, 0
			}
		}
	}
}

// value is the array as it travels.
func (a *array) value() []byte {
	if a.n == 0 {
		empty := make([]byte, 12)
		binary.BigEndian.PutUint32(empty[8:], uint32(a.elem))
		return empty
	}
	h := a.buf[:arrayHeader]
	binary.BigEndian.PutUint32(h[0:], 1)
	binary.BigEndian.PutUint32(h[4:], 0)
	if a.nulls {
		binary.BigEndian.PutUint32(h[4:], 1)
	}
	binary.BigEndian.PutUint32(h[8:], uint32(a.elem))
	binary.BigEndian.PutUint32(h[12:], uint32(a.n)) //nolint:gosec // as many as rows of a batch
	binary.BigEndian.PutUint32(h[16:], 1)
	return a.buf
}

func uuids() array  { return newArray(oid.T_uuid) }
func int8s() array  { return newArray(oid.T_int8) }
func int4s() array  { return newArray(oid.T_int4) }
func int2s() array  { return newArray(oid.T_int2) }
func texts() array  { return newArray(oid.T_text) }
func byteas() array { return newArray(oid.T_bytea) }
func times() array  { return newArray(oid.T_timestamptz) }
func bools() array  { return newArray(oid.T_bool) }
func dates() array  { return newArray(oid.T_date) }
