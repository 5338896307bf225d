package outbox_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"chobo/jobs"
	"chobo/jobs/outbox"
	"chobo/jobs/reconcile/trade"
	"chobo/points"
	"chobo/schema/pgtest"
)

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// small is a mall whose clock stands at a morning in April; job deliver is there.
func small(t testing.TB) *trade.Mall {
	t.Helper()
	m := trade.Open(t, pgtest.NewURL(t)).At("2026-04-01 10:00")
	m.Runner.Register(outbox.Job(m.DB))
	return m
}

func grants(m *trade.Mall, member string, n int) {
	for range n {
		m.Do(member, points.GrantPoints{Points: 10, Reason: "welcome"})
	}
}

// everything reads on from a place to the end, in pages of at most so many, and returns the events and where they end.
func everything(t testing.TB, m *trade.Mall, at outbox.Place, limit int) (events []outbox.Event, end outbox.Place) {
	t.Helper()
	for more := true; more; {
		page, err := outbox.Read(t.Context(), m.DB, m.Info(), at, limit)
		fatal(t, err)
		if len(page.Events) > limit {
			t.Fatalf("a page of %d holds %d events", limit, len(page.Events))
		}
		events, at, more = append(events, page.Events...), page.End, page.More
	}
	return events, at
}

// first reads one page.
func first(t testing.TB, m *trade.Mall, at outbox.Place, limit int) ([]outbox.Event, outbox.Place) {
	t.Helper()
	page, err := outbox.Read(t.Context(), m.DB, m.Info(), at, limit)
	fatal(t, err)
	return page.Events, page.End
}

func ids(events []outbox.Event) []string {
	out := make([]string, 0, len(events))
	for _, e := range events {
		out = append(out, e.ID)
	}
	return out
}

// A taken is a message as it came.
type taken struct {
	id, body string
	events   []outbox.Event
}

// secret is what every receiver of these tests knows.
var secret = bytes.Repeat([]byte{7}, 24)

// A receiver is another system: a real HTTP server that keeps what it acknowledged.
type receiver struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex
	messages []taken
	answer   func(n int, m taken) int // to the nth message that came, from 1: the status; nil: 200 to all
	came     int
}

func receive(t testing.TB) *receiver {
	r := &receiver{t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.t.Error(err)
	}
	h := hmac.New(sha256.New, secret)
	fmt.Fprintf(h, "%s.%s.%s", req.Header.Get("webhook-id"), req.Header.Get("webhook-timestamp"), body)
	if want := "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)); req.Header.Get("webhook-signature") != want {
		r.t.Errorf("the signature is %s, want %s", req.Header.Get("webhook-signature"), want)
	}
	if sent, err := strconv.ParseInt(req.Header.Get("webhook-timestamp"), 10, 64); err != nil || time.Since(time.Unix(sent, 0)).Abs() > time.Minute {
		r.t.Errorf("sent at %q", req.Header.Get("webhook-timestamp"))
	}
	var m outbox.Message
	if err := json.Unmarshal(body, &m); err != nil || m.Program != trade.Code || req.Method != http.MethodPost {
		r.t.Errorf("%s %s: %v", req.Method, body, err)
	}
	one := taken{req.Header.Get("webhook-id"), string(body), m.Events}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.came++
	status := http.StatusOK
	if r.answer != nil {
		status = r.answer(r.came, one)
	}
	if status/100 == 2 {
		r.messages = append(r.messages, one)
	}
	w.WriteHeader(status)
	fmt.Fprint(w, "thanks")
}

// answers sets what the receiver answers from now on.
func (r *receiver) answers(fn func(n int, m taken) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.came, r.answer = 0, fn
}

// has is the ids of the events that were acknowledged, in order.
func (r *receiver) has() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.messages {
		out = append(out, ids(m.events)...)
	}
	return out
}

// hook sends the mall's events to the receiver, from the first.
func (r *receiver) hook(m *trade.Mall) {
	r.t.Helper()
	_, _, err := outbox.Put(r.t.Context(), m.DB, m.Info().ID, outbox.Setting{URL: r.URL, Secret: secret, After: &outbox.Place{}}, time.Now())
	fatal(r.t, err)
}

// deliver runs the job, asked for.
func deliver(t testing.TB, m *trade.Mall) (jobs.Run, error) {
	t.Helper()
	m.Settle()
	return m.Runner.Run(t.Context(), trade.Code, jobs.Deliver, time.Time{})
}

// complete checks that the receiver has all there is, in order and once.
func (r *receiver) complete(m *trade.Mall) {
	r.t.Helper()
	all, _ := everything(r.t, m, outbox.Place{}, 500)
	if want := ids(all); !slices.Equal(r.has(), want) {
		r.t.Errorf("delivered are %v\nwant %v", r.has(), want)
	}
}
