package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"chobo/cmd/chobo/internal/api/body"
	"chobo/points"
	"chobo/points/engine"
)

// maxOperations is how many operations a batch has at most.
const maxOperations = 5000

// A Batch is many operations in one request.
type Batch struct {
	Atomic     bool           `json:"atomic,omitempty" doc:"All or nothing; then all operations name one member."`
	Operations []operationAny `json:"operations" minItems:"1" maxItems:"5000"`
}

// operationAny is an operation that is read by itself, so that one that is not valid stops no other.
type operationAny body.Value

// An Operation is one operation of a batch. It is served as its own endpoint would.
type Operation struct {
	Op            string  `json:"op" minLength:"1" maxLength:"64" doc:"orders.create, orders.status, orders.cancel, returns.create, grants.create, …"`
	MemberID      string  `json:"member_id" minLength:"1" maxLength:"128"`
	Key           string  `json:"idempotency_key,omitempty" maxLength:"255" doc:"Required, except with dry_run."`
	OrderID       string  `json:"order_id,omitempty" maxLength:"128" doc:"Where the endpoint has it in its path; it may stand in the body instead. So may the other ids."`
	ReturnID      string  `json:"return_id,omitempty" maxLength:"128"`
	ReservationID string  `json:"reservation_id,omitempty" maxLength:"128"`
	ExchangeID    string  `json:"exchange_id,omitempty" maxLength:"128"`
	ReceivableID  string  `json:"receivable_id,omitempty" maxLength:"128"`
	Body          operand `json:"body,omitempty" doc:"The body of the endpoint."`
}

// operand is the body of an operation, read once it is known which.
type operand body.Value

// BatchResults has one result an operation, in order.
type BatchResults struct {
	Results []BatchResult `json:"results"`
}

// A BatchResult is what the operation's own endpoint would have answered.
type BatchResult struct {
	Status   int             `json:"status"`
	Replayed bool            `json:"replayed,omitempty" doc:"It was answered before."`
	Body     json.RawMessage `json:"body"`
}

var operationPlan = body.PlanFor(reflect.TypeFor[Operation]())

// id is the operation's id of that name.
func (o *Operation) id(name string) string {
	switch name {
	case "order_id":
		return o.OrderID
	case "return_id":
		return o.ReturnID
	case "reservation_id":
		return o.ReservationID
	case "exchange_id":
		return o.ExchangeID
	case "receivable_id":
		return o.ReceivableID
	default:
		panic("api: operations have no " + name)
	}
}

// batches adds the batch.
func (s *Server) batches() {
	s.serveBody(&route{ID: "batch", Method: http.MethodPost, Path: "/v1/{program}/batch", Tag: "batch", Summary: "Do many things in one request",
		About: "One result an operation, in order, each with its own status and body. One that fails stops no other; with `atomic` all or nothing of one member is done. " +
			"Each operation needs its own scope and its own idempotency_key. The operations are the names of the calls that post below a member: " +
			strings.Join(s.commandNames(), ", ") + ".",
		Scopes: Checkout | Members, Codes: []points.Code{points.BatchRefused}, Body: reflect.TypeFor[Batch](), Answer: reflect.TypeFor[BatchResults]()},
		(*call).batch)
}

func (s *Server) commandNames() (names []string) {
	for name := range s.commands {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// batch reads the operations, submits those that are valid and answers all.
func (c *call) batch() error {
	dry, err := c.dryRun()
	if err != nil {
		return err
	}
	in, err := c.input(maxBatch)
	if err != nil {
		return err
	}
	defer in.close()
	var b Batch
	if err := in.bind(c.route, &b); err != nil {
		return err
	}
	results := make([]BatchResult, len(b.Operations))
	requests := make([]engine.Request, 0, len(b.Operations))
	places := make([]int, 0, len(b.Operations)) // of each request among the operations
	members := map[string]bool{}
	for i, o := range b.Operations {
		request, member, err := c.operation(i, body.Value(o), dry)
		members[member] = true
		if err != nil {
			results[i] = c.refusal(err)
			continue
		}
		requests, places = append(requests, request), append(places, i)
	}
	b.Operations = nil
	in.close() // what others may have waited for while these are posted
	if b.Atomic && len(members) > 1 {
		return invalid(Fault{"body.operations", "must all name one member where the batch is atomic"})
	}
	switch {
	case b.Atomic && len(requests) < len(results):
		for _, i := range places {
			results[i] = c.refusal(problem(points.BatchRefused, "another operation of the batch was refused"))
		}
	case dry:
		c.rehearse(requests, b.Atomic, places, results)
	case b.Atomic:
		c.outcomes(c.opts.Engine.SubmitAtomic(c.r.Context(), requests), places, results)
	default:
		c.outcomes(c.opts.Engine.SubmitMany(c.r.Context(), requests), places, results)
	}
	return c.answer(http.StatusOK, BatchResults{results})
}

// operation reads one operation and makes its request. What is wrong is what its own endpoint would say.
func (c *call) operation(i int, v body.Value, dry bool) (r engine.Request, member string, err error) {
	var o Operation
	if found := v.Bind(operationPlan, &o); len(found) > 0 {
		for k := range found {
			found[k].Location = fmt.Sprintf("body.operations[%d]%s", i, strings.TrimPrefix(found[k].Location, "body"))
		}
		return r, o.MemberID, faulty(found)
	}
	at := func(name string) string { return fmt.Sprintf("body.operations[%d].%s", i, name) }
	cmd := c.commands[o.Op]
	switch {
	case cmd == nil:
		return r, o.MemberID, invalid(Fault{at("op"), "is no operation; known are " + strings.Join(c.commandNames(), ", ")})
	case !c.by.may(cmd.Scopes):
		return r, o.MemberID, c.by.permit(cmd.Scopes, c.by.program)
	case o.Key == "" && !dry:
		return r, o.MemberID, problem(codeKeyMissing, "every operation needs its own idempotency_key")
	}
	t := &target{Server: c.Server, program: c.program, member: o.MemberID, ids: make([]string, len(cmd.ids))}
	inBody := map[string]*string{} // ids that the body gives
	for k, name := range cmd.ids {
		if t.ids[k] = o.id(name); t.ids[k] == "" {
			inBody[name] = &t.ids[k]
		}
	}
	to, made := cmd.make(t)
	operand := body.Value(o.Body)
	if found := operand.BindWith(cmd.plan, to, inBody); len(found) > 0 {
		return r, o.MemberID, faulty(found)
	}
	for k, name := range cmd.ids {
		if t.ids[k] == "" {
			return r, o.MemberID, invalid(Fault{at(name), "is missing"})
		}
	}
	r = engine.Request{Program: c.code(), Member: o.MemberID, Key: o.Key, Command: made(), Enrol: cmd.Enrols}
	if err := c.by.permitTime(r.Command.When(), c.program.Now(c.opts.Now())); err != nil {
		return r, o.MemberID, err
	}
	r.Hash = hashOf(cmd.Method, cmd.path(r.Program, r.Member, t.ids), bodyWithout{operand, inBody})
	return r, o.MemberID, nil
}

// bodyWithout is an operation's body as its endpoint would get it: without the ids that stand in the path there.
type bodyWithout struct {
	body.Value
	ids map[string]*string
}

func (b bodyWithout) AppendCanonical(to []byte) []byte { return b.AppendCanonicalWithout(to, b.ids) }

// rehearse writes down what the requests would be answered, those of one member one after the other.
func (c *call) rehearse(requests []engine.Request, atomic bool, places []int, results []BatchResult) {
	of := map[string][]int{} // the requests of each member
	for i, r := range requests {
		of[r.Member] = append(of[r.Member], i)
	}
	for _, own := range of {
		these := make([]engine.Request, len(own))
		for k, i := range own {
			these[k] = requests[i]
		}
		previews, err := c.opts.Engine.DryRunAll(c.r.Context(), these, atomic)
		for k, i := range own {
			result := &results[places[i]]
			wrong := err
			if wrong == nil {
				result.Status, result.Body, wrong = c.previewed(these[k], previews[k])
			}
			if wrong != nil {
				*result = c.refusal(wrong)
			}
		}
	}
}

// outcomes writes down what became of the requests.
func (c *call) outcomes(outcomes []engine.Outcome, places []int, results []BatchResult) {
	for i, o := range outcomes {
		if o.Err != nil {
			results[places[i]] = c.refusal(o.Err)
			continue
		}
		results[places[i]] = BatchResult{Status: o.Status, Replayed: o.Replayed, Body: o.Body}
	}
}

// refusal is the result of an operation that did not get as far as an answer of its own.
func (c *call) refusal(err error) BatchResult {
	p := c.known(c.w, err)
	return BatchResult{Status: p.Status, Body: p.bytes()}
}
