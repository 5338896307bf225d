package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/rs/zerolog"

	"chobo/points"
	"chobo/points/engine"
	"chobo/points/pointstest"
	"chobo/points/program"
)

// instant stands in for the engine and answers at once, so that what is left is the cost of HTTP.
type instant struct {
	Engine
	config *engine.Config
	answer []byte
}

func newInstant() *instant {
	vs := program.Versions{}.With(pointstest.Shipped("samurai-mall"))
	return &instant{
		config: &engine.Config{Revision: 1, Programs: map[string]*engine.Program{"samurai-mall": {ID: 1, Code: "samurai-mall", Versions: vs}}},
		answer: []byte(`{"order_id":"O-1","status":"placed","total":3800,"redeemed":{"points":1000,"value":1000},"pending":{"points":22,"matures_at":"2026-05-02T00:00:00+09:00"},"transactions":[{"id":"806040576000000000","kind":"redeem"},{"id":"806040576000004096","kind":"grant_pending"}]}`),
	}
}

func (e *instant) Config() *engine.Config { return e.config }

func (e *instant) Submit(context.Context, engine.Request) (engine.Result, error) {
	return engine.Result{Status: 201, Body: e.answer}, nil
}

// A sink takes an answer and forgets it.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

func orderRequest(key string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), "POST", m1+"/orders", bytes.NewReader([]byte(order)))
	r.Header.Set("Authorization", "Bearer "+adminKey)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	return r
}

// BenchmarkOrderHandler is orders.create without network and database.
func BenchmarkOrderHandler(b *testing.B) {
	s := New(Options{Engine: newInstant(), AdminKey: adminKey, Log: zerolog.Nop()})
	request := orderRequest("k")
	b.ReportAllocs()
	for b.Loop() {
		r := *request
		r.Body = readCloser{bytes.NewReader([]byte(order))}
		w := &sink{header: http.Header{}}
		s.ServeHTTP(w, &r)
		if w.status != 201 {
			b.Fatal(w.status)
		}
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// BenchmarkOrderHuma is what huma's own pipeline costs for the same body and answer, to compare with.
func BenchmarkOrderHuma(b *testing.B) {
	mux := http.NewServeMux()
	s := &Server{}
	api := humago.New(mux, s.config())
	type in struct {
		Program string `path:"program"`
		Member  string `path:"member_id"`
		Key     string `header:"Idempotency-Key" minLength:"1" maxLength:"255"`
		DryRun  bool   `query:"dry_run"`
		Body    points.OrderRequest
	}
	type out struct {
		Status int
		Body   points.OrderPlaced
	}
	at := time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)
	huma.Register(api, huma.Operation{OperationID: "orders.create", Method: "POST", Path: membersPath + "/orders", DefaultStatus: 201},
		func(context.Context, *in) (*out, error) {
			return &out{Status: 201, Body: points.OrderPlaced{OrderID: "O-1", Pending: points.PendingGrant{MaturesAt: &at}, Transactions: []points.Posted{{ID: 1, Kind: 12}, {ID: 2, Kind: 1}}}}, nil
		})
	request := orderRequest("k")
	b.ReportAllocs()
	for b.Loop() {
		r := *request
		r.Body = readCloser{bytes.NewReader([]byte(order))}
		w := &sink{header: http.Header{}}
		mux.ServeHTTP(w, &r)
		if w.status != 201 {
			b.Fatal(w.status)
		}
	}
}

// BenchmarkOrderLoopback is orders.create over a real connection, client included, without a database.
func BenchmarkOrderLoopback(b *testing.B) {
	server := httptest.NewServer(New(Options{Engine: newInstant(), AdminKey: adminKey, Log: zerolog.Nop()}))
	defer server.Close()
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
		for i := 0; pb.Next(); i++ {
			r := orderRequest(strconv.Itoa(i))
			r.RequestURI = ""
			r.URL.Scheme, r.URL.Host = "http", server.Listener.Addr().String()
			answer, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			if answer.StatusCode != 201 {
				b.Error(answer.Status)
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body) // else the connection is not used again
			_ = answer.Body.Close()
		}
	})
}
