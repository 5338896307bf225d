package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"chobo/cmd/chobo/internal/api/body"
)

// What the OpenAPI document says of a body is what the reader of bodies does: the least that it describes is taken, and
// whatever breaks one of its rules is refused at that place.
func TestTheDocumentAndTheReaderAgree(t *testing.T) {
	s := newHouse(t).server
	schemas := s.api.OpenAPI().Components.Schemas
	tried := 0
	// The operations of a batch are read one by one, and their bodies once it is known whose they are.
	routes := append([]*route{{ID: "operation", Body: reflect.TypeFor[Operation](), plan: operationPlan}}, s.routes...)
	for _, r := range routes {
		if r.Body == nil || r.Body.Kind() != reflect.Struct || r.ID == "batch" {
			continue
		}
		schema := schemas.Schema(r.Body, false, "")
		least := leastOf(schemas, schema, false)
		if found := bindJSON(t, r, least); len(found) > 0 {
			t.Errorf("%s: the least body %v is refused: %v", r.ID, least, found)
			continue
		}
		most := leastOf(schemas, schema, true)
		if found := bindJSON(t, r, most); len(found) > 0 {
			t.Errorf("%s: the body %v is refused: %v", r.ID, most, found)
			continue
		}
		breakRules(schemas, schema, most, "body", func(rule, at string) {
			tried++
			if r.ID == "operation" && at == "body.body" {
				return
			}
			if found := bindJSON(t, r, most); len(found) == 0 || !strings.HasPrefix(found[0].Location, at) {
				t.Errorf("%s: %s at %s: %v", r.ID, rule, at, found)
			}
		})
	}
	if tried < 300 {
		t.Errorf("only %d rules were broken", tried)
	}
}

func bindJSON(t *testing.T, r *route, v any) body.Problems {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d, err := body.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Free()
	return d.Bind(r.plan, reflect.New(r.Body).Interface())
}

// leastOf is the smallest value that the schema describes; with all, optional members too.
func leastOf(schemas huma.Registry, s *huma.Schema, all bool) any {
	for s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	switch s.Type {
	case huma.TypeObject:
		out := map[string]any{}
		for name, p := range s.Properties {
			required := false
			for _, n := range s.Required {
				required = required || n == name
			}
			if required || all {
				out[name] = leastOf(schemas, p, all)
			}
		}
		return out
	case huma.TypeArray:
		return []any{leastOf(schemas, s.Items, all)}
	case huma.TypeInteger:
		if s.Minimum != nil {
			return int64(*s.Minimum)
		}
		return 1
	case huma.TypeBoolean:
		return true
	case huma.TypeString:
		switch {
		case len(s.Enum) > 0:
			return s.Enum[len(s.Enum)-1]
		case s.Format == "date-time":
			return "2026-04-01T10:00:00+09:00"
		case s.MinLength != nil:
			return strings.Repeat("x", *s.MinLength)
		}
		return ""
	default:
		return map[string]any{}
	}
}

// breakRules breaks each rule of the schema in v, one at a time, calls broken and mends it.
func breakRules(schemas huma.Registry, s *huma.Schema, v any, at string, broken func(rule, at string)) {
	for s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	m, ok := v.(map[string]any)
	if !ok || s.Properties == nil {
		return
	}
	with := func(name, rule string, value any) {
		old := m[name]
		m[name] = value
		broken(rule, at+"."+name)
		m[name] = old
	}
	m["surely_unknown"] = 1
	broken("an unknown member", at+".surely_unknown")
	delete(m, "surely_unknown")
	for _, name := range s.Required {
		old := m[name]
		delete(m, name)
		broken("a missing member", at+"."+name)
		m[name] = old
	}
	for name, p := range s.Properties {
		for p.Ref != "" {
			p = schemas.SchemaFromRef(p.Ref)
		}
		if p.Type == "" {
			continue
		}
		with(name, "another type", map[string]any{huma.TypeString: any(1), huma.TypeInteger: "1", huma.TypeBoolean: "true", huma.TypeArray: "x", huma.TypeObject: "x"}[p.Type])
		if !p.Nullable {
			with(name, "null", nil)
		}
		if p.Minimum != nil {
			with(name, "below the minimum", int64(*p.Minimum)-1)
		}
		if p.Maximum != nil {
			with(name, "above the maximum", json.Number(fmt.Sprintf("%.0f", *p.Maximum+1)))
		}
		if p.Type == huma.TypeInteger {
			with(name, "a fraction", 1.5)
		}
		if p.MinLength != nil && *p.MinLength > 0 {
			with(name, "too short", strings.Repeat("x", *p.MinLength-1))
		}
		if p.MaxLength != nil {
			with(name, "too long", strings.Repeat("x", *p.MaxLength+1))
		}
		if len(p.Enum) > 0 {
			with(name, "another word", "surely none of them")
		}
		if p.Format == "date-time" {
			with(name, "no time", "yesterday")
		}
		if p.MinItems != nil && *p.MinItems > 0 {
			with(name, "too few", []any{})
		}
		breakRules(schemas, p, m[name], at+"."+name, broken)
		if items, ok := m[name].([]any); ok && len(items) > 0 {
			breakRules(schemas, p.Items, items[0], at+"."+name+"[0]", broken)
		}
	}
}
