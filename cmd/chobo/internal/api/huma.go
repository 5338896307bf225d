package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/engine"
)

// config is huma's: JSON only, no links to schemas, and no pages of its own, which would load scripts from elsewhere.
func (s *Server) config() huma.Config {
	format := huma.Format{Marshal: writeJSON, Unmarshal: json.Unmarshal}
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
	schemas.RegisterTypeAlias(reflect.TypeFor[points.Fees](), reflect.TypeFor[map[string]ledger.Money]())
	schemas.RegisterTypeAlias(reflect.TypeFor[ledger.TransactionID](), reflect.TypeFor[string]())
	schemas.RegisterTypeAlias(reflect.TypeFor[ledger.Kind](), reflect.TypeFor[string]())
	schemas.RegisterTypeAlias(reflect.TypeFor[operationAny](), reflect.TypeFor[Operation]())
	schemas.RegisterTypeAlias(reflect.TypeFor[operand](), reflect.TypeFor[map[string]any]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "Chobo", Version: s.opts.Version,
				Description: "A double-entry ledger of loyalty points. Points and money are whole numbers, money in the currency's minor unit; times have their offset."},
			Components: &huma.Components{
				Schemas: schemas,
				SecuritySchemes: map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer",
					Description: "A key with the scopes checkout, members, finance, jobs or admin, of one program or of all."}},
			},
		},
		Formats:       map[string]huma.Format{jsonType: format, "json": format},
		DefaultFormat: jsonType,
	}
}

// schemaName names a type's schema: by the type, and by its package too where that is not one of the ledger's own words.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	room := path.Base(t.PkgPath())
	if t.Name() == "" || t.PkgPath() == "" || slices.Contains(ownRooms, room) || strings.HasPrefix(strings.ToLower(name), room) {
		return name
	}
	return strings.ToUpper(room[:1]) + room[1:] + name
}

// ownRooms are packages whose names of types stand alone.
var ownRooms = []string{"api", "points", "refunds", "ledger"}

// writeJSON writes an answer as commands' answers are written: no HTML escapes, no newline.
func writeJSON(w io.Writer, v any) error {
	b, err := encode(v)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// speakProblems makes huma's own refusals ours. huma keeps this in a variable of its package.
var speakProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return humaProblem(status, msg, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		p := humaProblem(status, msg, errs)
		if c, ok := ctx.Context().Value(callKey{}).(*call); ok {
			if status >= 500 && len(errs) > 0 { // what a handler failed with
				p = c.known(c.w, errs[0])
			}
			c.w.problem = p
		}
		return p
	}
})

// humaProblem turns what huma refuses into a problem.
func humaProblem(status int, msg string, errs []error) *Problem {
	switch {
	case status == 0 || status >= 500:
		return problem(codeInternal, "the operator has been told")
	case status == http.StatusNotFound:
		return problem(points.NotFound, "%s", msg)
	case status == http.StatusRequestEntityTooLarge:
		return problem(codeTooLarge, "%s", msg)
	case status == http.StatusUnsupportedMediaType:
		return problem(codeMediaType, "%s", msg)
	case status == http.StatusForbidden:
		return problem(codeForbidden, "%s", msg)
	case status == http.StatusConflict:
		return problem(points.Conflict, "%s", msg)
	}
	var faults []Fault
	for _, err := range errs {
		f := Fault{"request", msg}
		if d, ok := err.(huma.ErrorDetailer); ok {
			f = Fault{d.ErrorDetail().Location, d.ErrorDetail().Message}
		} else if err != nil {
			f.Message = err.Error()
		}
		faults = append(faults, f)
	}
	if len(faults) == 0 {
		return problem(points.ValidationFailed, "%s", msg)
	}
	return invalid(faults...)
}

// A Mounting lets other packages add operations of their own.
type Mounting struct{ s *Server }

// ProgramOf is the program of the path, in a handler of an operation that was allowed; nil where the path has none.
func ProgramOf(ctx context.Context) *engine.Program {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c.program
	}
	return nil
}

// API is where operations are registered, with huma.Register. A handler may return a *points.Refusal, or any error:
// what the table of errors does not know is internal, and told to the operator only.
func (m *Mounting) API() huma.API { return m.s.api }

// Allow completes an operation that others register: one of the scopes is needed, the program of the path must exist,
// and the codes are documented beside those of every call.
func (m *Mounting) Allow(op huma.Operation, scopes Scope, codes ...points.Code) huma.Operation {
	r := &route{ID: op.OperationID, Method: op.Method, Path: op.Path, Tag: "reports", Summary: op.Summary, About: op.Description,
		Scopes: scopes, Status: op.DefaultStatus, Codes: codes}
	if len(op.Tags) > 0 {
		r.Tag = op.Tags[0]
	}
	m.s.describe(r)
	ours := m.s.operation(r)
	op.Tags, op.Security, op.Description = ours.Tags, ours.Security, ours.Description
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	for status, response := range ours.Responses {
		if op.Responses[status] == nil && status != "200" && status != "201" {
			op.Responses[status] = response
		}
	}
	op.Middlewares = append(huma.Middlewares{m.s.guard(r)}, op.Middlewares...)
	return op
}
