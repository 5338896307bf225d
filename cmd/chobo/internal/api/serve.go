package api

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// serve gives the request an id, answers it whatever happens, and tells of it once.
func (s *Server) serve(hw http.ResponseWriter, r *http.Request) {
	began := time.Now()
	w := &response{ResponseWriter: hw, r: r, id: s.ids.of(r), patience: s.opts.Patience}
	if r.ContentLength == 0 { // nothing more is to be read: the server's ReadTimeout must not end a long export
		_ = http.NewResponseController(hw).SetReadDeadline(time.Time{})
	}
	hw.Header().Set(headerRequestID, w.id)
	defer func() {
		if v := recover(); v != nil {
			s.recovered(w, v)
		}
		s.tell(w, time.Since(began))
		if w.cut {
			panic(http.ErrAbortHandler)
		}
	}()
	if strings.Contains(r.URL.RawQuery, "+") {
		r.URL.RawQuery = bareOffset.ReplaceAllString(r.URL.RawQuery, "$1%2B$2")
	}
	s.mux.ServeHTTP(w, r)
}

// bareOffset is a time in a query whose plus sign was not escaped: it would arrive as a blank.
var bareOffset = regexp.MustCompile(`(?i)(T\d\d(?::|%3A)\d\d(?:(?::|%3A)\d\d(?:\.\d+)?)?)\+(\d\d(?::|%3A)\d\d)`)

// statusGone is counted where the caller hung up before there was an answer.
const statusGone = 499

// recovered answers for a handler that did not come to its end: because of a bug, or because it breaks its answer off,
// with http.ErrAbortHandler and the reason.
func (s *Server) recovered(w *response, v any) {
	err, _ := v.(error)
	broken := errors.Is(err, http.ErrAbortHandler)
	switch {
	case !broken:
		s.opts.Log.Error().Str("request_id", w.id).Str("method", w.r.Method).Str("route", w.r.Pattern).Str("panic", fmt.Sprint(v)).
			Bytes("stack", debug.Stack()).Msg("failed")
	case !w.gone():
		s.opts.Log.Error().Str("request_id", w.id).Err(err).Msg("broken off")
	}
	if w.cut = broken || w.status != 0; w.cut { // too late to say so
		w.status = http.StatusInternalServerError
		return
	}
	s.fail(w, problem(codeInternal, "the operator has been told"))
}

// tell counts the request and writes its line.
func (s *Server) tell(w *response, took time.Duration) {
	e := s.opts.Log.Debug()
	if w.status >= 500 {
		e = s.opts.Log.Warn()
		if w.gone() { // nobody was there to read it
			w.status = statusGone
			e = s.opts.Log.Info()
		}
	}
	s.meters.request(w.route, w.status, took)
	if e == nil {
		return
	}
	// The path holds ids of members; the route does not.
	e = e.Str("request_id", w.id).Str("method", w.r.Method).Str("route", w.r.Pattern).Int("status", w.status)
	if w.problem != nil {
		e = e.Str("code", string(w.problem.Code))
	}
	e.Float64("took_ms", float64(took.Microseconds())/1000).Msg("answered")
}

// fail answers with a problem.
func (s *Server) fail(w *response, p *Problem) {
	if p.Status >= 500 && p.RequestID == "" {
		q := *p
		q.RequestID = w.id
		p = &q
	}
	w.problem = p
	p.header(w.Header())
	w.Header().Set("Content-Type", problemType)
	b := p.bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(b)
}

// failWith answers with what an error means, and keeps the words of an internal one for the operator.
func (s *Server) failWith(w *response, err error) {
	s.fail(w, s.known(w, err))
}

// known is the problem that an error means. What fails because the caller hung up is no failure of ours.
func (s *Server) known(w *response, err error) *Problem {
	p := problemOf(err)
	if p.Status >= 500 {
		if !w.gone() {
			s.opts.Log.Error().Str("request_id", w.id).Err(err).Msg("failed")
		}
		if p.RequestID == "" {
			q := *p
			q.RequestID = w.id
			p = &q
		}
	}
	return p
}

// requestIDs number requests: a prefix of this process and a count.
type requestIDs struct {
	prefix string
	count  *atomic.Int64
}

func newRequestIDs() requestIDs {
	return requestIDs{prefix: strings.ToLower(rand.Text()[:8]) + "-", count: &atomic.Int64{}}
}

// of is the id that the caller gave, if it is one to put into a log, or a new one.
func (ids requestIDs) of(r *http.Request) string {
	if id := r.Header.Get(headerRequestID); id != "" && len(id) <= 64 && strings.IndexFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) < 0 {
		return id
	}
	return ids.next()
}

func (ids requestIDs) next() string { return ids.prefix + strconv.FormatInt(ids.count.Add(1), 36) }

// meters count requests.
type meters struct {
	seconds *prometheus.HistogramVec
	answers *prometheus.CounterVec
}

func newMeters(reg prometheus.Registerer) *meters {
	m := &meters{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "chobo_http_request_seconds",
			Help: "From the request's head to the end of its answer.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15)}, []string{"operation"}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "chobo_http_requests_total",
			Help: "Requests by operation and status."}, []string{"operation", "status"}),
	}
	reg.MustRegister(m.seconds, m.answers)
	return m
}

func (m *meters) request(r *route, status int, took time.Duration) {
	operation := "other"
	if r != nil {
		operation = r.ID
	}
	m.seconds.WithLabelValues(operation).Observe(took.Seconds())
	m.answers.WithLabelValues(operation, strconv.Itoa(status)).Inc()
}
