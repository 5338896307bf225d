package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsHTML string

var docsTemplate = template.Must(template.New("docs").Parse(docsHTML))

// docsPage is the OpenAPI document for people: one page without scripts, which needs nothing from elsewhere.
func (s *Server) docsPage() []byte {
	d := docs{Version: s.opts.Version, Errors: Explanations}
	schemas := s.api.OpenAPI().Components.Schemas
	for _, r := range s.routes {
		i := slices.IndexFunc(d.Tags, func(t docsTag) bool { return t.Name == r.Tag })
		if i < 0 {
			i = len(d.Tags)
			d.Tags = append(d.Tags, docsTag{Name: r.Tag})
		}
		op := s.operationOf(r)
		o := docsOperation{ID: r.ID, Method: r.Method, Path: r.Path, Summary: op.Summary, About: op.Description}
		for _, p := range op.Parameters {
			o.Parameters = append(o.Parameters, docsField{Name: p.Name, Where: p.In, Type: typeOf(schemas, p.Schema), Required: p.Required, About: p.Description})
		}
		if op.RequestBody != nil {
			o.Body = fieldsOf(schemas, op.RequestBody.Content[jsonType].Schema, "", 0)
		}
		for status, response := range op.Responses {
			if status < "300" && response.Content[jsonType] != nil {
				o.Answer, o.Status = fieldsOf(schemas, response.Content[jsonType].Schema, "", 0), status
			} else if status >= "400" {
				for _, code := range strings.Split(response.Description, ", ") {
					o.Codes = append(o.Codes, docsCode{status, code})
				}
			}
		}
		slices.SortFunc(o.Codes, func(a, b docsCode) int { return strings.Compare(a.Status+a.Code, b.Status+b.Code) })
		d.Tags[i].Operations = append(d.Tags[i].Operations, o)
	}
	d.Operation = fieldsOf(schemas, &huma.Schema{Ref: "#/components/schemas/Operation"}, "", 0)
	var b bytes.Buffer
	if err := docsTemplate.Execute(&b, d); err != nil {
		panic(fmt.Sprintf("api: the page of the documentation: %v", err))
	}
	return b.Bytes()
}

// operationOf is the route's operation in the OpenAPI document.
func (s *Server) operationOf(r *route) *huma.Operation {
	item := s.api.OpenAPI().Paths[r.Path]
	if item == nil {
		panic("api: " + r.ID + " was allowed, but not registered")
	}
	return map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete}[r.Method]
}

type (
	docs struct {
		Version   string
		Tags      []docsTag
		Errors    []Explanation
		Operation []docsField
	}
	docsTag struct {
		Name       string
		Operations []docsOperation
	}
	docsOperation struct {
		ID, Method, Path, Summary, About string
		Parameters, Body, Answer         []docsField
		Status                           string
		Codes                            []docsCode
	}
	docsField struct {
		Name, Where, Type, About string
		Required                 bool
	}
	docsCode struct{ Status, Code string }
)

// fieldsOf lists the members of an object, those of objects in it below them.
func fieldsOf(schemas huma.Registry, schema *huma.Schema, prefix string, depth int) (fields []docsField) {
	const deepest = 4
	if schema != nil && len(schema.AnyOf) > 0 {
		schema = schema.AnyOf[0]
	}
	for schema != nil && schema.Ref != "" {
		schema = schemas.SchemaFromRef(schema.Ref)
	}
	if schema == nil || depth > deepest {
		return nil
	}
	if schema.Type == huma.TypeArray {
		return fieldsOf(schemas, schema.Items, strings.TrimSuffix(prefix, ".")+"[].", depth)
	}
	names := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if ra, rb := slices.Contains(schema.Required, a), slices.Contains(schema.Required, b); ra != rb {
			return map[bool]int{true: -1, false: 1}[ra]
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		p := schema.Properties[name]
		fields = append(fields, docsField{Name: prefix + name, Type: typeOf(schemas, p), About: p.Description, Required: slices.Contains(schema.Required, name)})
		fields = append(fields, fieldsOf(schemas, p, prefix+name+".", depth+1)...)
	}
	return fields
}

// typeOf says in a few words what a value looks like.
func typeOf(schemas huma.Registry, s *huma.Schema) string {
	if s == nil {
		return "any"
	}
	if s.Ref != "" {
		return "object"
	}
	if len(s.AnyOf) > 0 {
		return typeOf(schemas, s.AnyOf[0]) + " or null"
	}
	words := []string{s.Type}
	switch {
	case s.Type == "":
		words = []string{"any"}
	case s.Type == huma.TypeArray:
		words = []string{"list of " + typeOf(schemas, s.Items)}
	case s.Format == "date-time":
		words = []string{"time"}
	}
	if s.Nullable && s.Type != huma.TypeArray {
		words = append(words, "or null")
	}
	if len(s.Enum) > 0 {
		b, err := json.Marshal(s.Enum)
		if err == nil {
			words = append(words, strings.ReplaceAll(strings.Trim(string(b), "[]"), ",", " "))
		}
	}
	for _, limit := range []struct {
		sign string
		at   *float64
	}{{"≥", s.Minimum}, {"≤", s.Maximum}} {
		if limit.at != nil {
			words = append(words, fmt.Sprintf("%s %.0f", limit.sign, *limit.at))
		}
	}
	if s.MaxLength != nil {
		words = append(words, fmt.Sprintf("≤ %d characters", *s.MaxLength))
	}
	return strings.Join(words, " ")
}
