package api

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// patience is how long a caller may leave a piece of an answer unread before the connection is cut, so that one who
// never reads holds no goroutine and no database connection for ever. A stream that goes on may take as long as it likes.
const (
	patience = 30 * time.Second
	piece    = 64 << 10 // bytes
)

// A response remembers what was answered.
type response struct {
	http.ResponseWriter
	r        *http.Request
	status   int
	problem  *Problem
	route    *route
	id       string
	patience time.Duration
	since    time.Time // when the patience with the caller began
	cut      bool      // the answer is broken off, and must not look whole
}

// WriteHeader notes the status.
func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write notes that the status is 200 if none was set.
func (w *response) Write(b []byte) (n int, err error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	for {
		part := b[n:min(n+piece, len(b))]
		w.bear()
		k, err := w.ResponseWriter.Write(part)
		if n += k; err != nil || n == len(b) {
			return n, err
		}
	}
}

// bear gives the caller time again to read, once he has used half of it.
func (w *response) bear() {
	if now := time.Now(); now.Sub(w.since) > w.patience/2 {
		w.since = now
		_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(now.Add(w.patience)) // a test's recorder has none
	}
}

// gone tells that the caller hung up, or was cut off because he did not read.
func (w *response) gone() bool {
	return errors.Is(context.Cause(w.r.Context()), context.Canceled)
}

// Unwrap lets http.ResponseController reach the connection, so that exports can stream.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush lets streamed answers out.
func (w *response) Flush() {
	w.bear()
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// response is the one that serve made.
func (s *Server) response(w http.ResponseWriter) *response {
	own, ok := w.(*response)
	if !ok {
		panic("api: a request came another way than through serve")
	}
	return own
}
