package body

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chobo/ledger"
	"chobo/points"
)

// A sample has a field of every sort.
type sample struct {
	ID     string          `json:"id" minLength:"1" maxLength:"8"`
	Note   string          `json:"note,omitempty" maxLength:"1000"`
	Points ledger.Points   `json:"points" minimum:"0"`
	Count  int64           `json:"count,omitempty" minimum:"1" maximum:"10" default:"1"`
	Price  *ledger.Money   `json:"price,omitempty" minimum:"0"`
	Flag   bool            `json:"flag,omitempty"`
	Sure   *bool           `json:"sure"`
	At     time.Time       `json:"at,omitzero"`
	Kind   string          `json:"kind,omitempty" enum:"a,b"`
	Tags   []string        `json:"tags,omitempty" minItems:"1" maxItems:"2" enum:"x,y"`
	Fees   points.Fees     `json:"fees,omitempty"`
	Map    map[string]bool `json:"map,omitempty"`
	Any    map[string]any  `json:"any,omitempty"`
	Ratio  float64         `json:"ratio,omitempty"`
	Later  Value           `json:"later,omitzero"`
	Inner  []inner         `json:"inner,omitempty"`
}

type inner struct {
	N int32 `json:"n"`
}

var samplePlan = PlanFor(reflect.TypeFor[sample]())

func bind(t testing.TB, text string) (sample, Problems, error) {
	t.Helper()
	d, err := Parse([]byte(text))
	if err != nil {
		return sample{}, nil, err
	}
	defer d.Free()
	var s sample
	return s, d.Bind(samplePlan, &s), nil
}

func TestEveryFieldIsRead(t *testing.T) {
	const text = ` {"id":"ä","note":"two\nlines \"\u00e9\ud83d\ude00\/","points":9007199254740991,"count":1e1,"price":0,"flag":true,"sure":null,
"at":"2026-04-01T10:00:00.5+09:00","kind":"b","tags":["x","y"],"fees":{"z":1,"a":2},"map":{"opened":false},"any":{"n":1.5,"l":[null,{}]},"ratio":-0.5,
"inner":[{"n":-7}]} `
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Free()
	var s sample
	if wrong := d.Bind(samplePlan, &s); wrong != nil {
		t.Fatal(wrong)
	}
	zero := ledger.Money(0)
	want := sample{ID: "ä", Note: "two\nlines \"é😀/", Points: 9007199254740991, Count: 10, Price: &zero, Flag: true,
		At: s.At, Kind: "b", Tags: []string{"x", "y"}, Fees: points.Fees{{Name: "z", Amount: 1}, {Name: "a", Amount: 2}}, Map: map[string]bool{"opened": false},
		Any: map[string]any{"n": 1.5, "l": []any{nil, map[string]any{}}}, Ratio: -0.5, Inner: []inner{{-7}}}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
	if got := s.At.Format(time.RFC3339Nano); got != "2026-04-01T10:00:00.5+09:00" {
		t.Errorf("at is %s", got)
	}
}

func TestWhatIsRefused(t *testing.T) {
	const rest = `,"points":1,"sure":true`
	for _, c := range []struct{ text, location, message string }{
		{`{"id":"x"}`, "body.points", "is missing"},
		{`[]`, "body", "must be an object, not a list"},
		{`{"id":""` + rest + `}`, "body.id", "at least 1 character"},
		{`{"id":"123456789"` + rest + `}`, "body.id", "at most 8"},
		{`{"id":"a\u0000"` + rest + `}`, "body.id", "control characters"},
		{`{"id":"a\n"` + rest + `}`, "body.id", "control characters"},
		{`{"id":"x","note":"\u0001"` + rest + `}`, "body.note", "control characters"},
		{`{"id":1` + rest + `}`, "body.id", "must be text, not a number"},
		{`{"id":null` + rest + `}`, "body.id", "must be text, not null"},
		{`{"id":"x"` + rest + `,"Id":"y"}`, "body.Id", "is not known; id is"},
		{`{"id":"x"` + rest + `,"id":"y"}`, "body.id", "appears twice"},
		{`{"id":"x"` + rest + `,"count":0}`, "body.count", "at least 1"},
		{`{"id":"x"` + rest + `,"count":11}`, "body.count", "at most 10"},
		{`{"id":"x"` + rest + `,"count":1.5}`, "body.count", "whole number"},
		{`{"id":"x"` + rest + `,"count":"1"}`, "body.count", "must be a number, not text"},
		{`{"id":"x"` + rest + `,"price":null}`, "body.price", "not null"},
		{`{"id":"x"` + rest + `,"kind":"c"}`, "body.kind", "one of a, b"},
		{`{"id":"x"` + rest + `,"tags":[]}`, "body.tags", "at least 1 items"},
		{`{"id":"x"` + rest + `,"tags":["x","y","x"]}`, "body.tags", "at most 2"},
		{`{"id":"x"` + rest + `,"tags":["z"]}`, "body.tags[0]", "one of x, y"},
		{`{"id":"x"` + rest + `,"at":"2026-04-01"}`, "body.at", "time with its offset"},
		{`{"id":"x"` + rest + `,"at":"0001-01-01T00:00:00Z"}`, "body.at", "1971"},
		{`{"id":"x"` + rest + `,"fees":{"a":1,"a":2}}`, "body.fees.a", "appears twice"},
		{`{"id":"x"` + rest + `,"fees":{"":1}}`, "body.fees.", "at least 1 character"},
		{`{"id":"x"` + rest + `,"fees":[1]}`, "body.fees", "must be an object"},
		{`{"id":"x"` + rest + `,"map":{"a":1}}`, "body.map.a", "true or false"},
		{`{"id":"x"` + rest + `,"any":{"a":1,"a":1}}`, "body.any.a", "appears twice"},
		{`{"id":"x"` + rest + `,"inner":[{"n":1},{"m":1,"n":1}]}`, "body.inner[1].m", "is not known"},
	} {
		_, wrong, err := bind(t, c.text)
		if err != nil || len(wrong) == 0 || wrong[0].Location != c.location || !strings.Contains(wrong[0].Message, c.message) || wrong.OutOfRange() {
			t.Errorf("%s: %v, %v; want %s %s", c.text, wrong, err, c.location, c.message)
		}
	}
}

func TestAmountsOutOfRangeAreToldApart(t *testing.T) {
	for _, n := range []string{"-1", "9007199254740992", "18446744073709551616", "1e30", "-1e300", "123456789012345678901234567890"} {
		_, wrong, err := bind(t, `{"id":"x","sure":true,"points":`+n+`}`)
		if err != nil || !wrong.OutOfRange() {
			t.Errorf("points %s: %v, %v", n, wrong, err)
		}
	}
	if _, wrong, _ := bind(t, `{"id":"x","sure":true,"points":-1,"count":1.5}`); wrong.OutOfRange() || len(wrong) != 2 {
		t.Errorf("with another mistake: %v", wrong)
	}
	if _, wrong, _ := bind(t, `{"id":"x","sure":true,"points":1,"any":{"n":1e999}}`); len(wrong) != 1 {
		t.Errorf("a number that no reader keeps: %v", wrong)
	}
}

func TestWhatIsNotJSON(t *testing.T) {
	for _, text := range []string{"", " ", "{", `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `[1 2]`, `[01]`, `[1.]`, `[.5]`, `[+1]`, `[1e]`, `[-]`, `nul`, `tru`, `"`, `"\x"`,
		`"\u12"`, `"\ud800"`, `"\ud800\u0041"`, `"\udc00"`, "\"\x01\"", "\"\xff\"", `{} {}`, `NaN`, `'a'`, "\xef\xbb\xbf{}", strings.Repeat("[", 100)} {
		if d, err := Parse([]byte(text)); err == nil {
			d.Free()
			t.Errorf("%q is taken", text)
		}
	}
}

// What the parser takes, encoding/json takes too, and reads the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5e3,"x\n",null,true,{}]}`, `"\ud83d\ude00"`, `[[[]]]`, `-0`, `1E+5`, `{"a":1,"a":2}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		defer d.Free()
		var want any
		if json.Unmarshal(text, &want) != nil {
			return // a number beyond float64
		}
		b := &binding{d: d}
		if got := b.any(0); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	})
}

func TestSpacingAndOrderDoNotMatter(t *testing.T) {
	canonical := func(text string) []byte {
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Free()
		return d.AppendCanonical(nil)
	}
	same := []string{`{"a":1000,"b":{"c":"é","d":[1,2]}}`, ` { "b" : {"d":[1.0,2],"c":"\u00e9"}, "a" : 1e3 } `}
	if !bytes.Equal(canonical(same[0]), canonical(same[1])) {
		t.Error("the same body in another form is another body")
	}
	for _, other := range []string{`{"a":1000,"b":{"c":"é","d":[2,1]}}`, `{"a":"1000","b":{"c":"é","d":[1,2]}}`, `{"a":1000,"b":{"c":"é","d":[1,2]},"e":null}`} {
		if bytes.Equal(canonical(same[0]), canonical(other)) {
			t.Errorf("%s is taken for %s", other, same[0])
		}
	}
	if !bytes.Equal((&Document{}).AppendCanonical(nil), canonical("{}")) {
		t.Error("no body is not an empty object")
	}
}

// The canonical form tells any two values apart that differ, and no others.
func TestCanonicalFormIsInjective(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) any { return anyValue(t, 3) })
	form := func(t *rapid.T, v any) []byte {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Free()
		return d.AppendCanonical(nil)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := value.Draw(t, "a"), value.Draw(t, "b")
		if reflect.DeepEqual(a, b) != bytes.Equal(form(t, a), form(t, b)) {
			t.Errorf("%v and %v", a, b)
		}
	})
}

func anyValue(t *rapid.T, depth int) any {
	switch k := rapid.IntRange(0, 5).Draw(t, "kind"); {
	case k == 0:
		return nil
	case k == 1:
		return rapid.Bool().Draw(t, "bool")
	case k == 2:
		return float64(rapid.IntRange(-3, 3).Draw(t, "number"))
	case k == 3 || depth == 0:
		return rapid.StringOfN(rapid.RuneFrom([]rune("a1\"{é")), 0, 3, -1).Draw(t, "text")
	case k == 4:
		out := []any{}
		for range rapid.IntRange(0, 2).Draw(t, "items") {
			out = append(out, anyValue(t, depth-1))
		}
		return out
	default:
		out := map[string]any{}
		for range rapid.IntRange(0, 2).Draw(t, "members") {
			out[rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 2, -1).Draw(t, "name")] = anyValue(t, depth-1)
		}
		return out
	}
}

func TestWithoutLeavesMembersOut(t *testing.T) {
	d, err := Parse([]byte(`{"a":1, "b":{"a":2}, "c":[3]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Free()
	if got := string(d.Without("a", "c")); got != `{"b":{"a":2}}` {
		t.Errorf("left: %s", got)
	}
	if got := string(d.Without("x")); got != `{"a":1, "b":{"a":2}, "c":[3]}` {
		t.Errorf("left: %s", got)
	}
}

var benchmarked = []byte(`{"order_id":"O-1","shop_id":"S-1","ordered_at":"2026-04-01T10:00:00+09:00","lines":[{"line_id":"1","sku":"BK-7","category":"books","quantity":2,"unit_price":1500,"attributes":{"magazine":false}}],"shipping":500,"fees":{"cod":300},"destination":"domestic","preorder":false,"payment_method":"card","tenders":{"points":1000,"money":2800},"use_all_points":false}`)

func BenchmarkOrder(b *testing.B) {
	plan := PlanFor(reflect.TypeFor[points.OrderRequest]())
	b.ReportAllocs()
	for b.Loop() {
		d, err := Parse(benchmarked)
		if err != nil {
			b.Fatal(err)
		}
		var o points.OrderRequest
		if wrong := d.Bind(plan, &o); wrong != nil {
			b.Fatal(wrong)
		}
		d.Free()
	}
}
