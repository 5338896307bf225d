package body

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"chobo/ledger"
)

// A Plan is how values of one Go type are read.
type Plan struct {
	t    reflect.Type
	read func(b *binding, i int32, v reflect.Value)

	fields []field // of a struct
	names  map[string]int
}

// A field is a member of an object.
type field struct {
	name     string
	index    []int
	required bool
	plan     *Plan
	initial  func(v reflect.Value) // sets the default; nil: the zero value
}

// limits are what the tags of a field say.
type limits struct {
	min, max       int64
	minLen, maxLen int
	enum           []string
}

var (
	timeType  = reflect.TypeFor[time.Time]()
	rawType   = reflect.TypeFor[json.RawMessage]()
	valueType = reflect.TypeFor[Value]()
	anyType   = reflect.TypeFor[any]()

	pointsType = reflect.TypeFor[ledger.Points]()
	moneyType  = reflect.TypeFor[ledger.Money]()

	jsonReader = reflect.TypeFor[json.Unmarshaler]()
	textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// PlanFor makes the plan of a type. It panics on a type or tag that it cannot follow: that is a bug.
func PlanFor(t reflect.Type) *Plan { return plan(t, "") }

func plan(t reflect.Type, tag reflect.StructTag) *Plan {
	l := readLimits(t, tag)
	p := &Plan{t: t}
	switch {
	case t == timeType:
		p.read = readTime
	case t == rawType:
		p.read = readRaw
	case t.Kind() == reflect.Struct && t.ConvertibleTo(valueType):
		p.read = func(b *binding, i int32, v reflect.Value) { v.Set(reflect.ValueOf(Value{b.d, i}).Convert(t)) }
	case t == anyType:
		p.read = func(b *binding, i int32, v reflect.Value) {
			if value := b.any(i); value != nil {
				v.Set(reflect.ValueOf(value))
			}
		}
	case isOrdered(t):
		p.readOrdered()
	case reflect.PointerTo(t).Implements(jsonReader):
		p.read = readByItself
	case reflect.PointerTo(t).Implements(textReader):
		p.read = readText
	default:
		p.plain(l, tag)
	}
	return p
}

func (p *Plan) plain(l limits, tag reflect.StructTag) {
	switch t := p.t; t.Kind() {
	case reflect.Pointer:
		elem := plan(t.Elem(), tag)
		nullable := !strings.Contains(tag.Get("json"), ",omit")
		p.read = func(b *binding, i int32, v reflect.Value) {
			if nullable && b.d.nodes[i].kind == null {
				return
			}
			to := reflect.New(t.Elem())
			elem.read(b, i, to.Elem())
			v.Set(to)
		}
	case reflect.Struct:
		p.readStruct()
	case reflect.Slice:
		p.readList(tag)
	case reflect.Map:
		p.readMap(tag)
	case reflect.String:
		p.read = func(b *binding, i int32, v reflect.Value) {
			if s, ok := b.text(i, &l); ok {
				v.SetString(s)
			}
		}
	case reflect.Bool:
		p.read = func(b *binding, i int32, v reflect.Value) {
			if b.is(i, boolean) {
				v.SetBool(b.d.src[b.d.nodes[i].start] == 't')
			}
		}
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		amount := t == pointsType || t == moneyType
		p.read = func(b *binding, i int32, v reflect.Value) {
			if n, ok := b.whole(i, amount, &l); ok {
				v.SetInt(n)
			}
		}
	case reflect.Float64:
		p.read = func(b *binding, i int32, v reflect.Value) {
			if b.is(i, number) {
				v.SetFloat(b.float(i))
			}
		}
	default:
		panic(fmt.Sprintf("body: %s cannot be read from JSON", t))
	}
}

// isOrdered tells a list of names and amounts that JSON has as an object, and whose order counts.
func isOrdered(t reflect.Type) bool {
	if t.Kind() != reflect.Slice || !reflect.PointerTo(t).Implements(jsonReader) {
		return false
	}
	e := t.Elem()
	return e.Kind() == reflect.Struct && e.NumField() == 2 && e.Field(0).Type.Kind() == reflect.String && e.Field(1).Type.Kind() == reflect.Int64
}

// readStruct makes the plan of an object.
func (p *Plan) readStruct() {
	p.names = map[string]int{}
	for _, f := range reflect.VisibleFields(p.t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" || !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			panic(fmt.Sprintf("body: %s.%s has no json name", p.t, f.Name))
		}
		required := !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero")
		if s, ok := f.Tag.Lookup("required"); ok {
			required = s == "true"
		}
		p.names[name] = len(p.fields)
		fp := plan(f.Type, f.Tag)
		p.fields = append(p.fields, field{name: name, index: f.Index, required: required, plan: fp, initial: fp.initial(f.Tag)})
	}
	if len(p.fields) > 64 {
		panic(fmt.Sprintf("body: %s has more than 64 fields", p.t))
	}
	p.read = p.bindStruct
}

// initial is what a default tag says.
func (p *Plan) initial(tag reflect.StructTag) func(reflect.Value) {
	s, ok := tag.Lookup("default")
	if !ok {
		return nil
	}
	switch p.t.Kind() {
	case reflect.String:
		return func(v reflect.Value) { v.SetString(s) }
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			panic(err)
		}
		return func(v reflect.Value) { v.SetInt(n) }
	default:
		panic(fmt.Sprintf("body: a default of %s is not understood", p.t))
	}
}

func readLimits(t reflect.Type, tag reflect.StructTag) limits {
	l := limits{min: math.MinInt64, max: math.MaxInt64, maxLen: math.MaxInt}
	number := func(name string, to *int64) {
		if s, ok := tag.Lookup(name); ok {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				panic(fmt.Sprintf("body: %s of %s: %v", name, t, err))
			}
			*to = n
		}
	}
	length := func(name string, to *int) {
		n := int64(*to)
		number(name, &n)
		*to = int(n)
	}
	number("minimum", &l.min)
	number("maximum", &l.max)
	length("minLength", &l.minLen)
	length("maxLength", &l.maxLen)
	if s := tag.Get("enum"); s != "" {
		l.enum = strings.Split(s, ",")
	}
	return l
}

// element is the tag that holds for the items of a list: the JSON schema of a list hands on what concerns scalars.
func element(tag reflect.StructTag) reflect.StructTag {
	var out []string
	for _, name := range []string{"minimum", "maximum", "minLength", "maxLength", "enum"} {
		if s, ok := tag.Lookup(name); ok {
			out = append(out, fmt.Sprintf("%s:%q", name, s))
		}
	}
	return reflect.StructTag(strings.Join(out, " "))
}
