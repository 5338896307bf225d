package schema_test

import (
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"chobo/schema/pgtest"
)

// Values come back as they went in: the session sends parameters in binary where the driver has them as bytes, which JSON
// must therefore never be (a string is right).
func TestValues(t *testing.T) {
	db := pgtest.New(t)
	at := time.Date(2026, 3, 29, 1, 30, 0, 123456000, time.UTC)
	id := [16]byte{1, 2, 0xff}
	for _, c := range []struct {
		stmt string
		arg  any
		want string
	}{
		{`SELECT $1::bigint::text`, int64(-1 << 63), "-9223372036854775808"},
		{`SELECT $1::numeric::text`, decimal.RequireFromString("12345678901234567890.0125"), "12345678901234567890.0125"},
		{`SELECT ($1::timestamptz)::text`, at, "2026-03-29 01:30:00.123456+00"},
		{`SELECT ($1::timestamptz)::text`, at.In(time.FixedZone("east", 9*3600)), "2026-03-29 01:30:00.123456+00"},
		{`SELECT ($1::date)::text`, at, "2026-03-29"},
		{`SELECT $1::uuid::text`, id[:], "0102ff00-0000-0000-0000-000000000000"},
		{`SELECT $1::uuid::text`, "0102ff00-0000-0000-0000-000000000000", "0102ff00-0000-0000-0000-000000000000"},
		{`SELECT encode($1::bytea, 'hex')`, []byte{0, 1, '\\', 0xff}, "00015cff"},
		{`SELECT $1::jsonb->>'a'`, `{"a":"\\"}`, `\`},
		{`SELECT ($1::uuid[])[2]::text`, pq.Array([]string{"0102ff00-0000-0000-0000-000000000000", "0102ff00-0000-0000-0000-000000000001"}), "0102ff00-0000-0000-0000-000000000001"},
		{`SELECT encode(($1::bytea[])[1], 'hex')`, pq.Array([][]byte{{0, '"', 0xff}}), "0022ff"},
		{`SELECT ($1::bigint[])[2]::text`, pq.Array([]int64{1, -2}), "-2"},
		{`SELECT ($1::text[])[1]`, pq.Array([]string{`a,"b"\{c}`}), `a,"b"\{c}`},
		{`SELECT $1::boolean::text`, true, "true"},
		{`SELECT coalesce($1::text, 'null')`, nil, "null"},
	} {
		var got string
		if err := db.Get(&got, c.stmt, c.arg); err != nil || got != c.want {
			t.Errorf("%s with %v: got %q, %v; want %q", c.stmt, c.arg, got, err, c.want)
		}
	}
}
