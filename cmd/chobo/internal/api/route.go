package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"chobo/cmd/chobo/internal/api/body"
	"chobo/points"
	"chobo/points/engine"
)

// A route is one operation of the API as a table has it.
type route struct {
	ID      string // orders.create
	Method  string
	Path    string
	Tag     string
	Summary string
	About   string        // more words; may be empty
	Scopes  Scope         // one of which is needed; every route has some
	Status  int           // of success; 0: 200
	Again   bool          // 200 where what it makes is there already
	Codes   []points.Code // that it may answer besides those of every call
	Answer  reflect.Type  // of the body of success
	Body    reflect.Type  // of the request; nil: none is read
	Raw     []string      // content types of a body that is read as it is, beside JSON
	Keyed   bool          // it takes an Idempotency-Key
	Founds  bool          // the program of the path need not exist
	Own     bool          // it concerns the programs of the key, whichever they are

	plan   *body.Plan
	empty  bool     // the body may be left out
	params []string // of the path
}

// A call is one request under way.
type call struct {
	*Server
	*route
	w       *response
	r       *http.Request
	by      *principal
	program *engine.Program // of the path; nil: it has none, or Founds
}

// param is a segment of the path.
func (c *call) param(name string) string { return c.r.PathValue(name) }

// code is the program of the path.
func (c *call) code() string { return c.r.PathValue("program") }

// member is the member of the path.
func (c *call) member() string { return c.r.PathValue("member_id") }

// serveBody adds an operation that reads a body, or none, and writes its answer itself.
func (s *Server) serveBody(r *route, do func(c *call) error) {
	s.describe(r)
	s.api.OpenAPI().AddOperation(s.operation(r))
	s.mux.HandleFunc(r.Method+" "+r.Path, func(hw http.ResponseWriter, req *http.Request) {
		w := s.response(hw)
		c, err := s.admit(w, req, r)
		if err == nil {
			err = do(c)
		}
		if err != nil {
			s.failWith(w, err)
		}
	})
}

// describe completes a route.
func (s *Server) describe(r *route) {
	if r.Scopes == 0 {
		panic("api: everybody may call " + r.ID)
	}
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	if r.Body != nil {
		r.plan = body.PlanFor(r.Body)
		r.empty = len(r.plan.Empty(reflect.New(r.Body).Interface())) == 0
	}
	r.params = nil
	for _, segment := range strings.Split(r.Path, "/") {
		if strings.HasPrefix(segment, "{") {
			r.params = append(r.params, strings.Trim(segment, "{}"))
		}
	}
	s.routes = append(s.routes, r)
}

// read adds an operation that only reads: In has its parameters, Out is the body of its answer.
func read[In, Out any](s *Server, r route, do func(ctx context.Context, c *call, in *In) (*Out, error)) {
	r.Method = http.MethodGet
	r.Answer = reflect.TypeFor[Out]()
	route := &r
	s.describe(route)
	op := s.operation(route)
	op.Parameters = nil // huma makes them of In
	op.RequestBody = nil
	op.Middlewares = huma.Middlewares{s.guard(route)}
	type answer struct{ Body *Out }
	huma.Register(s.api, *op, func(ctx context.Context, in *In) (*answer, error) {
		c, _ := ctx.Value(callKey{}).(*call) // guard has put it there
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		out, err := do(ctx, c, in)
		if err != nil {
			p := s.known(c.w, err)
			c.w.problem = p
			return nil, p
		}
		return &answer{out}, nil
	})
}

type callKey struct{}

// readTimeout bounds a read; those that others mount have bounds of their own.
const readTimeout = 30 * time.Second

// guard admits a request before huma reads its parameters.
func (s *Server) guard(r *route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		req, hw := humago.Unwrap(ctx)
		w := s.response(hw)
		c, err := s.admit(w, req, r)
		if err != nil {
			s.failWith(w, err)
			return
		}
		next(huma.WithValue(ctx, callKey{}, c))
	}
}

// admit tells who calls, whether he may, and what program it is about. The order is part of the contract: 401, 403,
// 404 of the program, then what is wrong with the path.
func (s *Server) admit(w *response, req *http.Request, r *route) (*call, error) {
	w.route = r
	c := &call{Server: s, route: r, w: w, r: req}
	var err error
	if c.by, err = s.keys.who(req.Context(), req, s.opts.Engine.Config().Revision); err != nil {
		return nil, err
	}
	code := req.PathValue("program")
	of := code
	if r.Own {
		of = c.by.program
	}
	if err := c.by.permit(r.Scopes, of); err != nil {
		return nil, err
	}
	if code != "" && !r.Founds {
		if c.program, err = s.program(req.Context(), code); err != nil {
			return nil, err
		}
	}
	for _, name := range r.params {
		if !body.Printable(req.PathValue(name), 128) {
			return nil, invalid(Fault{"path." + name, "must be 1 to 128 printable characters"})
		}
	}
	return c, nil
}

// program is the program of that code, looked for in the database if it is not known.
func (s *Server) program(ctx context.Context, code string) (*engine.Program, error) {
	if p := s.opts.Engine.Config().Programs[code]; p != nil {
		return p, nil
	}
	return s.lookup.find(ctx, code)
}

// everyCode are the codes that every operation with a key may answer.
var everyCode = []points.Code{codeUnauthed, codeForbidden, codeInternal, codeUnavailable}

// codes are all that the route may answer.
func (r *route) codes() []points.Code {
	codes := slices.Clone(everyCode)
	if strings.Contains(r.Path, "{program}") && !r.Founds {
		codes = append(codes, points.NotFound)
	}
	codes = append(codes, points.ValidationFailed)
	if r.Body != nil || r.Raw != nil {
		codes = append(codes, codeTooLarge, codeMediaType)
	}
	if r.Body != nil {
		codes = append(codes, points.AmountOutOfRange)
	}
	if r.Keyed {
		codes = append(codes, codeKeyMissing, codeKeyReused)
	}
	for _, code := range r.Codes {
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// operation is the route in the OpenAPI document.
func (s *Server) operation(r *route) *huma.Operation {
	schemas := s.api.OpenAPI().Components.Schemas
	op := &huma.Operation{
		OperationID: r.ID, Method: r.Method, Path: r.Path, Tags: []string{r.Tag}, Summary: r.Summary,
		Description: strings.TrimSpace(r.About + "\n\nScopes: " + strings.Join((r.Scopes|Admin).Names(), ", ") + "."),
		Security:    []map[string][]string{{"key": {}}}, DefaultStatus: r.Status,
		Responses: map[string]*huma.Response{},
	}
	for _, name := range r.params {
		one, most := 1, 128
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString, MinLength: &one, MaxLength: &most}})
	}
	if r.Keyed {
		one, most := 1, maxKey
		op.Parameters = append(op.Parameters,
			&huma.Param{Name: headerKey, In: "header", Description: "New for each thing to be done, the same for each try. Required, except with dry_run.",
				Schema: &huma.Schema{Type: huma.TypeString, MinLength: &one, MaxLength: &most}},
			&huma.Param{Name: "dry_run", In: "query", Description: "Answer what would be posted, journal lines included, and post nothing.",
				Schema: &huma.Schema{Type: huma.TypeBoolean, Default: false}})
	}
	if r.Body != nil {
		op.RequestBody = &huma.RequestBody{Required: !r.empty, Content: map[string]*huma.MediaType{jsonType: {Schema: schemas.Schema(r.Body, true, "")}}}
		for _, raw := range r.Raw {
			op.RequestBody.Content[raw] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
		}
	}
	success := &huma.Response{Description: http.StatusText(r.Status)}
	if r.Answer != nil {
		success.Content = map[string]*huma.MediaType{jsonType: {Schema: schemas.Schema(r.Answer, true, "")}}
	}
	if r.Keyed {
		success.Headers = map[string]*huma.Param{headerReplayed: {Description: "true: this was answered before", Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	op.Responses[strconv.Itoa(r.Status)] = success
	if r.Again {
		op.Responses["200"] = &huma.Response{Description: "It was there already", Content: success.Content}
	}
	s.addErrors(op, r.codes())
	return op
}

// addErrors documents which codes an operation answers, by status.
func (s *Server) addErrors(op *huma.Operation, codes []points.Code) {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	byStatus := map[int][]string{}
	for _, code := range codes {
		e, ok := explained[code]
		if !ok {
			panic(fmt.Sprintf("api: %s answers %s, which is not in the table of errors", op.OperationID, code))
		}
		byStatus[e.Status] = append(byStatus[e.Status], string(code))
	}
	for status, names := range byStatus {
		slices.Sort(names)
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: strings.Join(slices.Compact(names), ", "),
			Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
	}
}
