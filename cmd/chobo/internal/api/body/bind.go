package body

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"chobo/ledger"
)

// A Value is a part of a body that is bound later, once it is known what it is. It ends with its document.
type Value struct {
	d *Document
	i int32
}

// Present tells whether the body had the value.
func (v Value) Present() bool { return v.d != nil }

// Bind reads the value into to, as Document.Bind does. The locations begin with body. A value that is absent is an
// empty object.
func (v Value) Bind(p *Plan, to any) Problems {
	if v.d == nil {
		return p.Empty(to)
	}
	return v.d.bind(p, v.i, to, nil)
}

// BindWith is Bind of an object that may also have members of other names, which with takes: text, and no part of the value.
func (v Value) BindWith(p *Plan, to any, with map[string]*string) Problems {
	if v.d == nil {
		return p.Empty(to)
	}
	return v.d.bind(p, v.i, to, with)
}

// AppendCanonical is Document.AppendCanonical of the value.
func (v Value) AppendCanonical(b []byte) []byte {
	if v.d == nil {
		return append(b, '{', 0)
	}
	return v.d.canonical(b, v.i)
}

// AppendCanonicalWithout is AppendCanonical as if an object had no members of some names.
func (v Value) AppendCanonicalWithout(b []byte, names map[string]*string) []byte {
	if v.d == nil {
		return append(b, '{', 0)
	}
	return v.d.canonicalObject(b, v.i, names)
}

// MarshalJSON writes the value as it came.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.d == nil {
		return []byte("null"), nil
	}
	return v.d.raw(v.i), nil
}

// Bind reads the body into to, a pointer to a value of the plan's type. nil: nothing is wrong.
func (d *Document) Bind(p *Plan, to any) Problems { return d.bind(p, 0, to, nil) }

func (d *Document) bind(p *Plan, i int32, to any, with map[string]*string) Problems {
	v := reflect.ValueOf(to).Elem()
	if v.Type() != p.t {
		panic(fmt.Sprintf("body: a plan of %s reads no %s", p.t, v.Type()))
	}
	b := &binding{d: d, with: with}
	b.path = b.room[:0]
	p.read(b, i, v)
	return b.problems
}

// Empty sets to to what an empty object gives, and tells what an empty object lacks.
func (p *Plan) Empty(to any) Problems {
	return (&Document{src: []byte("{}"), nodes: []node{{kind: object, end: 2, next: 1}}}).Bind(p, to)
}

func (b *binding) is(i int32, k kind) bool {
	if got := b.d.nodes[i].kind; got != k {
		b.fail("must be %s, not %s", k, got)
		return false
	}
	return true
}

func (p *Plan) bindStruct(b *binding, i int32, v reflect.Value) {
	if !b.is(i, object) {
		return
	}
	var seen uint64
	expected := 0
	b.d.members(i, func(key, value int32) {
		name := b.d.string(key)
		k := expected
		if k >= len(p.fields) || p.fields[k].name != string(name) {
			var ok bool
			if k, ok = p.names[string(name)]; !ok {
				b.push(name, 0)
				if to := b.with[string(name)]; to != nil && len(b.path) == 1 {
					*to, _ = b.text(value, &nameLimits)
				} else {
					b.fail("is not known%s", p.meant(string(name)))
				}
				b.pop()
				return
			}
		}
		expected = k + 1
		f := &p.fields[k]
		b.push(name, 0)
		if seen&(1<<k) != 0 {
			b.fail("appears twice")
		} else {
			f.plan.read(b, value, fieldOf(v, f))
		}
		b.pop()
		seen |= 1 << k
	})
	for k := range p.fields {
		if seen&(1<<k) != 0 {
			continue
		}
		f := &p.fields[k]
		if f.required {
			b.push([]byte(f.name), 0)
			b.fail("is missing")
			b.pop()
		} else if f.initial != nil {
			f.initial(fieldOf(v, f))
		}
	}
}

func fieldOf(v reflect.Value, f *field) reflect.Value {
	if len(f.index) == 1 {
		return v.Field(f.index[0])
	}
	return v.FieldByIndex(f.index)
}

// meant names the member that differs from an unknown one in case only.
func (p *Plan) meant(name string) string {
	for _, f := range p.fields {
		if strings.EqualFold(strings.ReplaceAll(f.name, "_", ""), strings.ReplaceAll(name, "_", "")) {
			return "; " + f.name + " is"
		}
	}
	return ""
}

func (p *Plan) readList(tag reflect.StructTag) {
	item := plan(p.t.Elem(), element(tag))
	least, most := 0, math.MaxInt32
	if s := tag.Get("minItems"); s != "" {
		least, _ = strconv.Atoi(s)
	}
	if s := tag.Get("maxItems"); s != "" {
		most, _ = strconv.Atoi(s)
	}
	p.read = func(b *binding, i int32, v reflect.Value) {
		if !b.is(i, list) {
			return
		}
		n := int(b.d.nodes[i].n)
		if n < least {
			b.fail("must have at least %d items, not %d", least, n)
			return
		}
		if n > most {
			b.fail("must have at most %d items, not %d", most, n)
			return
		}
		v.Set(reflect.MakeSlice(p.t, n, n))
		b.d.children(i, func(k int, child int32) {
			b.push(nil, k)
			item.read(b, child, v.Index(k))
			b.pop()
		})
	}
}

func (p *Plan) readMap(tag reflect.StructTag) {
	if p.t.Key().Kind() != reflect.String {
		panic(fmt.Sprintf("body: %s has keys that are no text", p.t))
	}
	item := plan(p.t.Elem(), element(tag))
	p.read = func(b *binding, i int32, v reflect.Value) {
		if !b.is(i, object) {
			return
		}
		m := reflect.MakeMapWithSize(p.t, int(b.d.nodes[i].n))
		b.d.members(i, func(key, value int32) {
			name := b.d.string(key)
			b.push(name, 0)
			k := reflect.ValueOf(string(name)).Convert(p.t.Key())
			if m.MapIndex(k).IsValid() {
				b.fail("appears twice")
			}
			b.noNUL(key)
			to := reflect.New(p.t.Elem()).Elem()
			item.read(b, value, to)
			m.SetMapIndex(k, to)
			b.pop()
		})
		v.Set(m)
	}
}

// maxOrdered is how many names an ordered object has at most.
const maxOrdered = 100

var nameLimits = limits{minLen: 1, maxLen: 128}

func (p *Plan) readOrdered() {
	e := p.t.Elem()
	amount := limits{min: 0, max: math.MaxInt64}
	p.read = func(b *binding, i int32, v reflect.Value) {
		if !b.is(i, object) {
			return
		}
		n := int(b.d.nodes[i].n)
		if n > maxOrdered {
			b.fail("must have at most %d members, not %d", maxOrdered, n)
			return
		}
		out := reflect.MakeSlice(p.t, 0, n)
		b.d.members(i, func(key, value int32) {
			name := b.d.string(key)
			b.push(name, 0)
			defer b.pop()
			for k := range out.Len() {
				if out.Index(k).Field(0).String() == string(name) {
					b.fail("appears twice")
					return
				}
			}
			s, _ := b.text(key, &nameLimits)
			x, _ := b.whole(value, e.Field(1).Type == moneyType || e.Field(1).Type == pointsType, &amount)
			item := reflect.New(e).Elem()
			item.Field(0).SetString(s)
			item.Field(1).SetInt(x)
			out = reflect.Append(out, item)
		})
		v.Set(out)
	}
}

// shortText is the longest text that is an id or a name, in which nothing but printable characters may stand.
const shortText = 128

// text reads a text and checks it.
func (b *binding) text(i int32, l *limits) (string, bool) {
	if !b.is(i, text) {
		return "", false
	}
	s := string(b.d.string(i))
	n := len(s)
	if n > l.maxLen || n >= l.minLen {
		n = utf8.RuneCountInString(s)
	}
	switch {
	case n < l.minLen:
		b.fail("must have at least %s, not %d", characters(l.minLen), n)
	case n > l.maxLen:
		b.fail("must have at most %s, not %d", characters(l.maxLen), n)
	case l.enum != nil && !slices.Contains(l.enum, s):
		b.fail("must be one of %s", strings.Join(l.enum, ", "))
	case !clean(s, l.maxLen > shortText):
		b.fail("must not hold control characters")
	default:
		return s, true
	}
	return "", false
}

func characters(n int) string {
	if n == 1 {
		return "1 character"
	}
	return strconv.Itoa(n) + " characters"
}

// clean tells a text without control characters; in a long one lines may end.
func clean(s string, long bool) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r >= utf8.RuneSelf && !unicode.IsGraphic(r) && !unicode.Is(unicode.Cf, r) {
			if !long || r != '\n' && r != '\r' && r != '\t' {
				return false
			}
		}
	}
	return true
}

// Printable tells an id, name or key of 1 to most printable characters.
func Printable(s string, most int) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && clean(s, false)
}

// whole reads a whole number and checks it. amount: of points or money.
func (b *binding) whole(i int32, amount bool, l *limits) (int64, bool) {
	if !b.is(i, number) {
		return 0, false
	}
	raw := b.d.raw(i)
	var n int64
	if isWhole(raw) {
		var err error
		if n, err = strconv.ParseInt(string(raw), 10, 64); err != nil {
			n = math.MaxInt64
		}
	} else {
		f, _ := strconv.ParseFloat(string(raw), 64)
		if f != math.Trunc(f) {
			b.fail("must be a whole number")
			return 0, false
		}
		n = math.MaxInt64
		if math.Abs(f) <= ledger.MaxAmount {
			n = int64(f)
		}
	}
	switch {
	case n > ledger.MaxAmount || n < -ledger.MaxAmount:
		b.failRange("must lie between %d and %d", max(l.min, -ledger.MaxAmount), min(l.max, ledger.MaxAmount))
	case n < l.min:
		b.add(amount, "must be at least %d", l.min)
	case n > l.max:
		b.add(amount, "must be at most %d", l.max)
	default:
		return n, true
	}
	return 0, false
}

// float reads a number.
func (b *binding) float(i int32) float64 {
	f, err := strconv.ParseFloat(string(b.d.raw(i)), 64)
	if err != nil {
		b.failRange("is beyond the range of numbers")
		return 0
	}
	return f
}

// The times that are understood. Earlier and later ones are mistakes, and the first instants stand for "none" within.
var (
	firstTime = time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
)

func readTime(b *binding, i int32, v reflect.Value) {
	if !b.is(i, text) {
		return
	}
	t, problem := ParseTime(string(b.d.string(i)))
	if problem != "" {
		b.fail("%s", problem)
		return
	}
	v.Set(reflect.ValueOf(t))
}

// ParseTime reads a time as the API takes it. problem is empty when nothing is wrong.
func ParseTime(s string) (t time.Time, problem string) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return t, "must be a time with its offset, as 2026-04-01T10:00:00+09:00"
	}
	if t.Before(firstTime) || !t.Before(lastTime) {
		return t, "must lie between the years 1971 and 9998"
	}
	return t, ""
}

// any reads a value of whatever type, as encoding/json would.
func (b *binding) any(i int32) any {
	switch b.d.nodes[i].kind {
	case boolean:
		return b.d.src[b.d.nodes[i].start] == 't'
	case number:
		return b.float(i)
	case text:
		b.noNUL(i)
		return string(b.d.string(i))
	case list:
		out := make([]any, 0, b.d.nodes[i].n)
		b.d.children(i, func(k int, child int32) {
			b.push(nil, k)
			out = append(out, b.any(child))
			b.pop()
		})
		return out
	case object:
		out := make(map[string]any, b.d.nodes[i].n)
		b.d.members(i, func(key, value int32) {
			name := b.d.string(key)
			b.push(name, 0)
			if _, twice := out[string(name)]; twice {
				b.fail("appears twice")
			}
			b.noNUL(key)
			out[string(name)] = b.any(value)
			b.pop()
		})
		return out
	default:
		return nil
	}
}

// noNUL refuses a text with the character NUL, which the database cannot keep.
func (b *binding) noNUL(i int32) {
	if b.d.nul && bytes.IndexByte(b.d.string(i), 0) >= 0 {
		b.fail("must not hold the character NUL")
	}
}

func readRaw(b *binding, i int32, v reflect.Value) {
	if b.d.nul {
		b.any(i) // tells where it is
	}
	v.SetBytes(append([]byte(nil), b.d.raw(i)...))
}

func readByItself(b *binding, i int32, v reflect.Value) {
	if b.d.nul {
		b.any(i) // tells where it is
	}
	self, ok := v.Addr().Interface().(json.Unmarshaler)
	if !ok {
		panic("body: plans were mixed up")
	}
	if err := self.UnmarshalJSON(b.d.raw(i)); err != nil {
		b.fail("is not understood: %v", err)
	}
}

func readText(b *binding, i int32, v reflect.Value) {
	if !b.is(i, text) {
		return
	}
	self, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	if !ok {
		panic("body: plans were mixed up")
	}
	if err := self.UnmarshalText(b.d.string(i)); err != nil {
		b.fail("is not understood: %v", err)
	}
}
