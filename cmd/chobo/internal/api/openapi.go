package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// A document is the OpenAPI document as it is served.
type document struct {
	json []byte
	yaml []byte
}

// publish writes the OpenAPI document and the page that shows it, once all operations are there.
func (s *Server) publish() {
	s.schemaOf(reflect.TypeFor[Operation]())
	s.schemaOf(reflect.TypeFor[Preview]())
	s.closed()
	s.nulls()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s.api.OpenAPI()); err != nil {
		panic(fmt.Sprintf("api: the OpenAPI document: %v", err))
	}
	s.openapi.json = b.Bytes()
	var err error
	if s.openapi.yaml, err = s.api.OpenAPI().YAML(); err != nil {
		panic(fmt.Sprintf("api: the OpenAPI document: %v", err))
	}
	page := s.docsPage()
	s.plain("GET /openapi.json", serveBytes(jsonType, s.openapi.json))
	s.plain("GET /openapi.yaml", serveBytes(yamlType, s.openapi.yaml))
	s.plain("GET /docs", serveBytes("text/html; charset=utf-8", page))
}

// closed makes sure that no operation is open to everybody because somebody forgot Mounting.Allow, and that all see
// their parameters: huma looks into no embedded type that is not exported.
func (s *Server) closed() {
	for path, item := range s.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete, item.Patch} {
			if op != nil && !slices.ContainsFunc(s.routes, func(r *route) bool { return r.Path == path && r.Method == op.Method }) {
				panic("api: nobody says who may call " + op.Method + " " + path)
			}
			for _, segment := range strings.Split(path, "/") {
				name := strings.Trim(segment, "{}")
				if op != nil && name != segment && !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "path" && p.Name == name }) {
					panic("api: " + op.Method + " " + path + " does not declare {" + name + "}")
				}
			}
		}
	}
}

// nulls documents which members of answers may be null: those that are pointers and are always there. huma knows it of
// plain values only, and not where a type stands in for another.
func (s *Server) nulls() {
	schemas := s.api.OpenAPI().Components.Schemas
	for name, schema := range schemas.Map() {
		t := schemas.TypeFromRef("#/components/schemas/" + name)
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, f := range reflect.VisibleFields(t) {
			member, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := schema.Properties[member]
			if p == nil || p.Nullable || f.Type.Kind() != reflect.Pointer || strings.Contains(options, "omit") {
				continue
			}
			null := *p
			if p.Ref != "" {
				null = huma.Schema{Description: p.Description, AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
			} else {
				null.Nullable = true
			}
			schema.Properties[member] = &null
		}
	}
}

// schemaOf puts a type into the document that no operation names.
func (s *Server) schemaOf(t reflect.Type) *huma.Schema {
	return s.api.OpenAPI().Components.Schemas.Schema(t, true, "")
}

func serveBytes(contentType string, b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		_, _ = w.Write(b)
	}
}
