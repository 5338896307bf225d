package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"chobo/cmd/chobo/internal/api/body"
	"chobo/jobs/outbox"
	"chobo/points"
	"chobo/points/engine"
	"chobo/points/program"
	"chobo/points/registry"
)

// The refusals of the edge; those of commands stand in package points.
const (
	codeKeyMissing  points.Code = "idempotency_key_missing"
	codeKeyReused   points.Code = "idempotency_key_reused"
	codeUnauthed    points.Code = "unauthenticated"
	codeForbidden   points.Code = "forbidden"
	codeMethod      points.Code = "method_not_allowed"
	codeTooLarge    points.Code = "payload_too_large"
	codeMediaType   points.Code = "unsupported_media_type"
	codeNotASandbox points.Code = "not_a_sandbox"
	codeUnavailable points.Code = "unavailable"
	codeInternal    points.Code = "internal"
	codeNotTaken    points.Code = "webhook_failed"
	retryAfter                  = "1" // seconds
	problemType                 = "application/problem+json"
	jsonType                    = "application/json"
	errorsPage                  = "/docs#" // where a code is explained
	headerReplayed              = "Idempotency-Replayed"
	headerRequestID             = "X-Request-Id"
)

// An Explanation is what a code means: one row of the table of docs/errors.md.
type Explanation struct {
	Code   points.Code
	Status int
	Title  string
	Help   string // what the caller may do
}

// Explanations is the one table that turns a refusal into an answer. A test compares it with the OpenAPI document and
// with docs/errors.md.
var Explanations = []Explanation{
	{codeKeyMissing, 400, "The Idempotency-Key header is missing", "Send a key of 1 to 255 characters that is new for each thing to be done, and the same when you try again."},
	{codeUnauthed, 401, "The key is missing or not valid", "Send `Authorization: Bearer KEY` with a key that was not revoked."},
	{codeForbidden, 403, "The key may not do this", "Use a key of this program with the scope that the call asks for; times more than 7 days past need `admin`."},
	{points.NotFound, 404, "There is nothing of that name", "Look at the path, and at the ids in the body."},
	{codeMethod, 405, "The path does not take this method", "The header `Allow` lists those that it takes."},
	{points.Conflict, 409, "The state does not allow this", "Read the state; what was asked for is done already, came too late, or its id is taken."},
	{points.MemberClosed, 409, "The membership is closed", "A closed membership is never opened again."},
	{points.MemberSuspended, 409, "The membership is suspended", "Reinstate it first."},
	{points.OutOfStock, 409, "The benefit is out of stock", "Take fewer, or another benefit."},
	{points.BatchRefused, 409, "Another operation of the batch was refused", "Nothing of an atomic batch was posted; mend the one that has another code, and send all of it under new keys."},
	{codeNotASandbox, 409, "The program is no sandbox", "Only a program with `sandbox: true` has a clock of its own."},
	{codeTooLarge, 413, "The body is too large", "A body has at most 1 MiB, a batch 16 MiB."},
	{codeMediaType, 415, "The body is not of a type that this call takes", "Send `Content-Type: application/json`."},
	{points.ValidationFailed, 422, "The request is not valid", "`errors` names each field at fault."},
	{points.AmountOutOfRange, 422, "An amount is out of range", "Amounts are whole, not negative, and at most 9007199254740991."},
	{points.TimeInFuture, 422, "The time lies in the future", "A time may be at most five minutes ahead of the program's clock."},
	{codeKeyReused, 422, "The key was used for another request", "A key belongs to one method, path and body; take a new one."},
	{points.TendersDoNotCoverTotal, 422, "The tenders do not cover the total", "Points at their value and money together are exactly lines, shipping and fees."},
	{points.RedeemRule, 422, "The points may not be used like this", "The program sets minimum, step and share, and which goods are excluded."},
	{points.InsufficientPoints, 422, "There are not enough points", "Ask for the member's balance."},
	{points.TransferProhibited, 422, "Points are not transferable", "Points never change hands."},
	{points.CashOutProhibited, 422, "Points are not paid out", "Points never turn into money."},
	{codeInternal, 500, "Something went wrong here", "Nothing was posted. Tell the operator the request id."},
	{codeNotTaken, 502, "The webhook did not take the events", "Mend the receiver. Nothing is lost: the same message is sent again."},
	{codeUnavailable, 503, "The ledger does not answer", "Try again after `Retry-After` seconds, with the same key."},
}

var explained = func() map[points.Code]Explanation {
	m := make(map[points.Code]Explanation, len(Explanations))
	for _, e := range Explanations {
		m[e.Code] = e
	}
	return m
}()

// A Problem is the body of every answer that is no success, as RFC 9457 has it.
type Problem struct {
	Type      string      `json:"type" doc:"Where the code is explained."`
	Title     string      `json:"title" doc:"The code in words, always the same."`
	Status    int         `json:"status"`
	Detail    string      `json:"detail" doc:"What happened this time, for people."`
	Code      points.Code `json:"code" doc:"Which rule; stable."`
	Errors    []Fault     `json:"errors,omitempty" doc:"Each field at fault."`
	RequestID string      `json:"request_id,omitempty" doc:"Of an internal error: what to tell the operator."`

	allow string // methods that a path takes
}

// A Fault is one thing wrong with a request.
type Fault struct {
	Location string `json:"location" doc:"body.lines[0].quantity, path.member_id, query.limit, header.Idempotency-Key"`
	Message  string `json:"message"`
}

// Error is the problem in words.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus is the status of the answer. It lets huma answer with a Problem, as the next two do.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of problems.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders are the headers that belong to the code.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	p.header(h)
	return h
}

func (p *Problem) header(h http.Header) {
	switch p.Code {
	case codeUnavailable:
		h.Set("Retry-After", retryAfter)
	case codeUnauthed:
		h.Set("WWW-Authenticate", `Bearer realm="chobo"`)
	case codeMethod:
		h.Set("Allow", p.allow)
	default: // has none
	}
}

// problem is a problem of that code.
func problem(code points.Code, format string, args ...any) *Problem {
	e, ok := explained[code]
	if !ok {
		panic("api: " + code + " is not in the table of errors")
	}
	return &Problem{Type: errorsPage + string(code), Title: e.Title, Status: e.Status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// invalid is a problem with fields of the request.
func invalid(faults ...Fault) *Problem {
	p := problem(points.ValidationFailed, "%s %s", faults[0].Location, faults[0].Message)
	if len(faults) > 1 {
		p.Detail = fmt.Sprintf("%d things are wrong with the request", len(faults))
	}
	p.Errors = faults
	return p
}

// faulty is what is wrong with a body.
func faulty(found body.Problems) *Problem {
	faults := make([]Fault, len(found))
	for i, f := range found {
		faults[i] = Fault{f.Location, f.Message}
	}
	p := invalid(faults...)
	if found.OutOfRange() {
		p2 := problem(points.AmountOutOfRange, "%s", p.Detail)
		p2.Errors = faults
		return p2
	}
	return p
}

// refused is a command's refusal as a problem.
func refused(r *points.Refusal) *Problem {
	p := problem(r.Code, "%s", r.Detail)
	if r.Field != "" {
		p.Errors = []Fault{{"body." + r.Field, r.Detail}}
	}
	return p
}

// bytes is the problem as it is answered and stored.
func (p *Problem) bytes() []byte {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // of texts and numbers
	}
	return b
}

// Render turns a command's refusal into the answer that is kept under its key: for engine.Options.
func Render(refusal error) (status int, body []byte) {
	p := problemOf(refusal)
	return p.Status, p.bytes()
}

// problemOf turns an error into what the caller is told. What it does not know is internal: its words stay here.
func problemOf(err error) *Problem {
	var p *Problem
	var refusal *points.Refusal
	var fixed *program.FixedSettingError
	var file *program.InvalidError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &refusal):
		return refused(refusal)
	case errors.Is(err, engine.ErrKeyReused):
		return problem(codeKeyReused, "this Idempotency-Key was used for another request of this member")
	case errors.Is(err, engine.ErrUnknownProgram):
		return problem(points.NotFound, "there is no such program")
	case errors.Is(err, engine.ErrBusy), errors.Is(err, engine.ErrClosing):
		return problem(codeUnavailable, "the server is busy or stopping; nothing was posted")
	case errors.Is(err, engine.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), away(err),
		errors.Is(err, registry.ErrStillPosting):
		return problem(codeUnavailable, "the database does not answer; ask again with the same key")
	case errors.Is(err, registry.ErrNotFound):
		return problem(points.NotFound, "there is no such thing")
	case errors.Is(err, outbox.ErrNoWebhook):
		return problem(points.NotFound, "the program has no webhook")
	case errors.Is(err, outbox.ErrNotTaken):
		return problem(codeNotTaken, "%s", err)
	case errors.Is(err, registry.ErrNotSandbox):
		return problem(codeNotASandbox, "the program has no clock of its own")
	case errors.Is(err, registry.ErrBackward):
		return problem(points.Conflict, "a clock only moves forward")
	case errors.Is(err, registry.ErrNotOver):
		return problem(points.Conflict, "the period has not ended")
	case errors.Is(err, program.ErrNotInFuture), errors.Is(err, registry.ErrNotInFuture):
		return problem(points.Conflict, "effective_from must lie in the future")
	case errors.As(err, &fixed):
		return problem(points.Conflict, "%s", fixed.Error())
	case errors.As(err, &file):
		faults := make([]Fault, len(file.Problems))
		for i, f := range file.Problems {
			faults[i] = Fault{strings.TrimSuffix("body."+f.Location, "."), f.Message}
		}
		return invalid(faults...)
	default:
		return problem(codeInternal, "the operator has been told")
	}
}
