package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"chobo/cmd/chobo/internal/api/body"
)

// How much of a body is read.
const (
	maxBody  = 1 << 20
	maxBatch = 16 << 20

	bodyTimeout = 30 * time.Second
)

var buffers = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// An input is the body of a request. close gives its memory back; nothing may refer to it any more.
type input struct {
	doc  *body.Document
	raw  *bytes.Buffer
	done func() // gives back the room of a big one
}

var noBody = &body.Document{}

func (in *input) close() {
	if in.doc != nil && in.doc != noBody {
		in.doc.Free()
	}
	if in.raw != nil && in.raw.Cap() <= 1<<17 {
		in.raw.Reset()
		buffers.Put(in.raw)
	}
	if in.done != nil {
		in.done()
	}
	*in = input{}
}

// A body beyond bigBody takes its size of the room that all such bodies have while they are in memory taken apart.
const (
	bigBody  = 1 << 20
	bigRoom  = 2 * maxBatch
	roomWait = 2 * time.Second
)

type bigBodies struct{ room *semaphore.Weighted }

func newBigBodies() bigBodies { return bigBodies{semaphore.NewWeighted(bigRoom)} }

// take waits for room, though not for long.
func (b bigBodies) take(ctx context.Context, size int64) error {
	patience, cancel := context.WithTimeout(ctx, roomWait)
	defer cancel()
	if b.room.Acquire(patience, size) == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return problem(codeUnavailable, "too many big bodies at once; nothing was posted")
}

// readBody reads a body of at most so many bytes. It refuses a type that the route does not take, and what is too large.
func (c *call) readBody(most int64, types ...string) (raw *bytes.Buffer, err error) {
	if c.r.ContentLength > most {
		return nil, problem(codeTooLarge, "the body has %d bytes, %d are taken", c.r.ContentLength, most)
	}
	raw, _ = buffers.Get().(*bytes.Buffer) // the pool has nothing else
	if c.r.ContentLength != 0 {            // a body that never ends must not hold a connection for ever
		conn := http.NewResponseController(c.w.ResponseWriter)
		if conn.SetReadDeadline(time.Now().Add(bodyTimeout)) == nil {
			defer conn.SetReadDeadline(time.Time{}) //nolint:errcheck // it could be set
		}
	}
	_, err = raw.ReadFrom(http.MaxBytesReader(c.w, c.r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, problem(codeTooLarge, "the body has more than %d bytes", most)
	case errors.Is(err, io.ErrUnexpectedEOF) || err != nil:
		return nil, invalid(Fault{"body", "did not arrive in full"})
	}
	if raw.Len() > 0 {
		if err := c.mayBe(types); err != nil {
			return nil, err
		}
	}
	return raw, nil
}

// mayBe refuses a body of another type. A body without a type is taken for the first.
func (c *call) mayBe(types []string) error {
	given := c.r.Header.Get("Content-Type")
	if given == "" || given == types[0] {
		return nil
	}
	name, _, err := mime.ParseMediaType(given)
	if err == nil && (slices.Contains(types, name) || types[0] == jsonType && strings.HasSuffix(name, "+json")) {
		return nil
	}
	return problem(codeMediaType, "the body is %s; %s is taken", given, strings.Join(types, " or "))
}

// input reads the body as JSON. An empty one is as good as an empty object where the route allows it.
func (c *call) input(most int64) (*input, error) {
	raw, err := c.readBody(most, jsonType)
	if err != nil {
		return nil, err
	}
	in := &input{doc: noBody, raw: raw}
	if len(bytes.TrimSpace(raw.Bytes())) == 0 {
		if !c.empty {
			in.close()
			return nil, invalid(Fault{"body", "is missing"})
		}
		return in, nil
	}
	if size := int64(raw.Len()); size > bigBody {
		if err := c.bigBodies.take(c.r.Context(), size); err != nil {
			in.close()
			return nil, err
		}
		in.done = func() { c.bigBodies.room.Release(size) }
	}
	if in.doc, err = body.Parse(raw.Bytes()); err != nil {
		in.close()
		if errors.Is(err, body.ErrTooMany) {
			return nil, problem(codeTooLarge, "the body has more than %d values", body.MaxValues)
		}
		return nil, invalid(Fault{"body", "is not JSON: " + err.Error()})
	}
	return in, nil
}

// bind reads the body into to, a pointer to a value of the route's type.
func (in *input) bind(r *route, to any) error {
	var found body.Problems
	if in.doc == noBody {
		found = r.plan.Empty(to)
	} else {
		found = in.doc.Bind(r.plan, to)
	}
	if len(found) > 0 {
		return faulty(found)
	}
	return nil
}

// take reads the body of a call that does not post for a member.
func take[B any](c *call) (*B, error) {
	in, err := c.input(maxBody)
	if err != nil {
		return nil, err
	}
	defer in.close()
	to := new(B)
	if reflect.TypeFor[B]() != c.Body {
		panic("api: " + c.ID + " reads another body")
	}
	return to, in.bind(c.route, to)
}

// answer writes a success.
func (c *call) answer(status int, v any) error {
	b, err := encode(v)
	if err != nil {
		return err
	}
	c.write(status, b)
	return nil
}

// parseQueryTime reads a time of the query.
func parseQueryTime(name, given string) (time.Time, error) {
	t, wrong := body.ParseTime(given)
	if wrong != "" {
		return t, invalid(Fault{"query." + name, wrong})
	}
	return t, nil
}
