package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jmoiron/sqlx"
	"github.com/rs/zerolog"

	"chobo/jobs"
	"chobo/points/engine"
	"chobo/points/registry"
	"chobo/schema/pgtest"
)

const adminKey = "the-admin-key"

// A house is the API on a database of its own, with a real engine.
type house struct {
	t      testing.TB
	server *Server
	url    string // of the database's owner
	db     *sqlx.DB
	store  *registry.Store
	key    string // what calls carry; empty: the admin's
	count  int    // of idempotency keys
}

func newHouse(t testing.TB, edits ...func(*Options)) *house {
	t.Helper()
	url := pgtest.NewURL(t)
	db := pgtest.Open(t, url)
	store := registry.New(db)
	if err := store.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	e, err := engine.New(t.Context(), db, engine.Options{Workers: 2, Render: Render, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(t.Context()) })
	opts := Options{DB: db, Engine: e, Registry: store, Jobs: jobs.New(db, e, jobs.Options{Log: log}), AdminKey: adminKey, Version: "test", Log: log}
	for _, edit := range edits {
		edit(&opts)
	}
	return &house{t: t, server: New(opts), url: url, db: db, store: store}
}

// An answered is what a call got.
type answered struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// call sends a request. Headers are "Name: value".
func (h *house) call(method, path, body string, headers ...string) answered {
	h.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, reader)
	key := h.key
	if key == "" {
		key = adminKey
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if value == "" {
			r.Header.Del(name)
			continue
		}
		r.Header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, r)
	a := answered{status: w.Code, header: w.Header(), raw: w.Body.Bytes()}
	if bytes.HasPrefix(bytes.TrimSpace(a.raw), []byte("{")) {
		d := json.NewDecoder(bytes.NewReader(a.raw))
		d.UseNumber()
		if err := d.Decode(&a.body); err != nil {
			h.t.Fatalf("%s %s: %v: %s", method, path, err, a.raw)
		}
	}
	h.documented(r, a)
	return a
}

// documented checks an answer against the OpenAPI document.
func (h *house) documented(r *http.Request, a answered) {
	h.t.Helper()
	_, pattern := h.server.mux.Handler(r)
	i := slices.IndexFunc(h.server.routes, func(route *route) bool { return route.Method+" "+route.Path == pattern })
	if i < 0 || a.body == nil || r.URL.Query().Has("dry_run") {
		return
	}
	response := h.server.operationOf(h.server.routes[i]).Responses[fmt.Sprint(a.status)]
	if response == nil {
		h.t.Errorf("%s is not documented to answer %d", pattern, a.status)
		return
	}
	contentType, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	media := response.Content[contentType]
	if media == nil {
		h.t.Errorf("%s is not documented to answer %d with %s", pattern, a.status, contentType)
		return
	}
	var v any
	if err := json.Unmarshal(a.raw, &v); err != nil {
		h.t.Fatal(err)
	}
	result := &huma.ValidateResult{}
	huma.Validate(h.server.api.OpenAPI().Components.Schemas, media.Schema, huma.NewPathBuffer([]byte{}, 0), huma.ModeReadFromServer, v, result)
	for _, err := range result.Errors {
		h.t.Errorf("%s %d: the answer is not as documented: %v", pattern, a.status, err)
	}
	if code := a.get("code"); a.status >= 400 && !slices.Contains(strings.Split(response.Description, ", "), code) {
		h.t.Errorf("%s is not documented to answer %s", pattern, code)
	}
}

// post sends a call that posts, with a key of its own.
func (h *house) post(path, body string, headers ...string) answered {
	h.t.Helper()
	h.count++
	return h.call("POST", path, body, append([]string{fmt.Sprintf("Idempotency-Key: k-%d", h.count)}, headers...)...)
}

// must stops the test unless the status is the one wanted.
func (h *house) must(status int, a answered) answered {
	h.t.Helper()
	if a.status != status {
		h.t.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
	return a
}

// get reads a value of an answer by its path: "points.available", "lines[0].points".
func (a answered) get(path string) string {
	var v any = a.body
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(at) {
				return "<none>"
			}
			v = at[i]
		default:
			return "<none>"
		}
	}
	switch v.(type) {
	case map[string]any, []any:
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	return fmt.Sprint(v)
}

// expect compares values of an answer.
func (h *house) expect(a answered, want map[string]string) {
	h.t.Helper()
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if got := a.get(path); got != want[path] {
			h.t.Errorf("%s is %s, want %s\n%s", path, got, want[path], a.raw)
		}
	}
}

const sandbox = `{"program":"samurai-mall","sandbox":true,"effective_from":"2026-04-01T00:00:00+09:00","returns_policy":"samurai-mall",
"earn":{"rate":"0.01","hold":{"days":30}},"expiry":{"mode":"fixed","months":12}}`

// sandboxed is a house with a sandbox whose clock stands at 2026-04-01 10:00 in Tokyo.
func sandboxed(t testing.TB, edits ...func(*Options)) *house {
	h := newHouse(t, edits...)
	h.must(201, h.call("PUT", "/v1/samurai-mall", sandbox))
	h.clock("2026-04-01T10:00:00+09:00")
	return h
}

func (h *house) clock(to string) {
	h.t.Helper()
	h.must(200, h.call("POST", "/v1/samurai-mall/clock", fmt.Sprintf(`{"now":%q}`, to)))
}

const (
	m1    = "/v1/samurai-mall/members/M-1"
	order = `{"order_id":"O-1","shop_id":"S-1","lines":[{"line_id":"1","sku":"BK-7","category":"books","quantity":2,"unit_price":1500,"attributes":{"magazine":false}}],
"shipping":500,"fees":{"cod":300},"destination":"domestic","preorder":false,"payment_method":"card","tenders":{"points":1000,"money":2800},"use_all_points":false}`
)

// The worked example of the contract, from the grant that pays it to the return of one of two.
func TestAnOrderFromGrantToReturn(t *testing.T) {
	h := sandboxed(t)
	h.expect(h.must(201, h.post(m1+"/grants", `{"points":1500,"reason":"welcome"}`)), map[string]string{"points": "1500", "balances.available": "1500"})

	placed := h.must(201, h.post(m1+"/orders", order))
	h.expect(placed, map[string]string{
		"order_id": "O-1", "status": "placed", "total": "3800", "redeemed.points": "1000", "redeemed.value": "1000",
		"pending.points": "22", "pending.matures_at": "2026-05-02T00:00:00+09:00",
		"transactions[0].kind": "redeem", "transactions[1].kind": "grant_pending",
	})

	again := h.must(201, h.call("POST", m1+"/orders", order, "Idempotency-Key: k-2"))
	if again.header.Get("Idempotency-Replayed") != "true" || !bytes.Equal(again.raw, placed.raw) {
		t.Errorf("the same key answers %s %s", again.header, again.raw)
	}
	h.expect(h.must(422, h.call("POST", m1+"/orders", strings.Replace(order, "2800", "2801", 1), "Idempotency-Key: k-2")), map[string]string{"code": "idempotency_key_reused"})
	h.expect(h.must(409, h.post(m1+"/orders", order)), map[string]string{"code": "conflict"})

	h.expect(h.must(200, h.call("GET", m1, "")), map[string]string{
		"member_id": "M-1", "status": "active", "points.available": "500", "points.pending": "22", "points.reserved": "0",
		"expiring[0].points": "500",
	})
	h.must(200, h.post(m1+"/orders/O-1/status", `{"status":"delivered"}`))
	h.expect(h.must(200, h.call("GET", m1+"/orders/O-1", "")), map[string]string{
		"status": "delivered", "total": "3800", "earned.pending": "22", "lines[0].line_id": "1", "lines[0].points": "789",
	})

	returned := h.must(201, h.post(m1+"/orders/O-1/returns", `{"return_id":"R-1","lines":[{"line_id":"1","quantity":1}],"reason":"defect","condition":{"opened":false}}`))
	h.expect(returned, map[string]string{"state": "approved", "decision.outcome": "accept", "decision.clause": "SM-R23.1", "quote.points": "499", "quote.money": "1401"})
	settled := h.must(200, h.post(m1+"/orders/O-1/returns/R-1/receive", `{"inspection":"confirmed"}`))
	h.expect(settled, map[string]string{"state": "settled", "refund.points": "499", "refund.money": "1401", "earned.pending_voided": "11"})
	h.expect(h.must(200, h.call("GET", m1+"/orders/O-1/returns/R-1", "")), map[string]string{"state": "settled"})
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/refunds", "")), map[string]string{"refunds[0].money": "1401", "refunds[0].cause": "return", "refunds[0].member_id": "M-1"})
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/returns?state=settled", "")), map[string]string{"returns[0].return_id": "R-1"})

	h.clock("2026-05-02T00:00:00+09:00")
	h.expect(h.must(200, h.call("GET", m1, "")), map[string]string{"points.available": "1010", "points.pending": "0"})
	h.expect(h.must(200, h.call("POST", "/v1/samurai-mall/jobs/mature/run", `{}`)), map[string]string{"processed": "1", "points": "11"})
	h.expect(h.must(200, h.call("POST", "/v1/samurai-mall/jobs/mature/run", "")), map[string]string{"processed": "0"})
	h.must(200, h.call("GET", "/v1/samurai-mall/jobs", ""))
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/jobs/mature/runs?limit=1", "")), map[string]string{"runs[0].processed": "0"})
}

var _ = time.Second
