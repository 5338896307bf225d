package rows_test

import (
	"math"
	"slices"
	"testing"

	"chobo/ledger/rows"
	"chobo/schema/pgtest"
)

// read is what PostgreSQL sends of one expression.
func read(t *testing.T, expression string) rows.Row {
	t.Helper()
	return rows.Read(sent(t, expression))
}

func sent(t *testing.T, expression string) (b []byte) {
	t.Helper()
	if err := pgtest.Open(t, pgtest.NewURL(t)).Get(&b, `SELECT record_send(ROW(`+expression+`))`); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLists(t *testing.T) {
	for _, c := range []struct {
		expression string
		want       []int64
		bad        bool
	}{
		{expression: `'{7,-9007199254740993}'::bigint[]`, want: []int64{7, -9007199254740993}},
		{expression: `'{}'::bigint[]`},
		{expression: `NULL::bigint[]`},
		{expression: `'{1,NULL}'::bigint[]`, bad: true},
		{expression: `'[0:1]={1,2}'::bigint[]`, bad: true},
		{expression: `'{{1,2},{3,4}}'::bigint[]`, bad: true},
		{expression: `'{1,2}'::smallint[]`, bad: true},
	} {
		r := read(t, c.expression)
		if got := r.Int64s(); (r.Err != nil) != c.bad || !c.bad && !slices.Equal(got, c.want) {
			t.Errorf("%s is %v (%v), want %v", c.expression, got, r.Err, c.want)
		}
	}
	for _, c := range []struct {
		expression string
		want       []string
		bad        bool
	}{
		{expression: `'{店,""}'::text[]`, want: []string{"店", ""}},
		{expression: `'{}'::text[]`},
		{expression: `NULL::text[]`},
		{expression: `'{a,NULL}'::text[]`, bad: true},
		{expression: `'{{a},{b}}'::text[]`, bad: true},
	} {
		r := read(t, c.expression)
		if got := r.Strings(); (r.Err != nil) != c.bad || !c.bad && !slices.Equal(got, c.want) {
			t.Errorf("%s is %q (%v), want %q", c.expression, got, r.Err, c.want)
		}
	}
}

func TestModulo(t *testing.T) {
	for expression, want := range map[string]uint64{`'-1'`: math.MaxUint64, `'18446744073709551617'`: 1, `'0'`: 0} {
		r := read(t, expression+`::text`)
		if got, ok := r.Modulo(); !ok || got != want {
			t.Errorf("%s is %d (%t), want %d", expression, got, ok, want)
		}
	}
	for _, expression := range []string{`'NaN'::text`, `'1.5'::text`, `''::text`, `NULL::text`} {
		r := read(t, expression)
		if got, ok := r.Modulo(); ok {
			t.Errorf("%s is %d", expression, got)
		}
	}
}

// A row that ends early says so, and is no panic.
func TestShortRows(t *testing.T) {
	whole := sent(t, `1::bigint, 'x'::text, '{1,2}'::bigint[]`)
	for n := range whole {
		r := rows.Read(whole[:n])
		r.Int64()
		_ = r.Text()
		r.Int64s()
		if r.Err == nil {
			t.Errorf("%d of %d bytes are a row", n, len(whole))
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		list string
		want []int64
		bad  bool
	}{
		{list: `'{7,-9223372036854775808,9223372036854775807}'::bigint[]`, want: []int64{7, math.MinInt64, math.MaxInt64}},
		{list: `'{11,31}'::smallint[]`, want: []int64{11, 31}},
		{list: `'{}'::bigint[]`},
		{list: `'{1,NULL}'::bigint[]`, bad: true},
		{list: `'{NULL}'::bigint[]`, bad: true},
		{list: `'[0:1]={1,2}'::bigint[]`, bad: true},
		{list: `'{{1,2},{3,4}}'::bigint[]`, bad: true},
		{list: `NULL::bigint[]`, bad: true},
	} {
		r := read(t, `concat_ws(' ', -1, 12::smallint, `+c.list+`)`)
		n := r.Numbers()
		for _, want := range []int64{-1, 12} {
			if got, ok := n.Next(); !ok || got != want {
				t.Errorf("%d (%t), want %d", got, ok, want)
			}
		}
		if got, ok := n.List(nil); ok == c.bad || !slices.Equal(got, c.want) {
			t.Errorf("%s is %v (%t), want %v", c.list, got, ok, c.want)
		}
		if _, ok := n.Next(); ok || n.More() {
			t.Error("there is more than was written")
		}
	}
}
