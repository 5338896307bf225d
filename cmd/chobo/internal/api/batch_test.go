package api

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

const batchPath = "/v1/samurai-mall/batch"

// Each operation is answered as its own endpoint would, in order, and one that fails stops no other.
func TestABatchAnswersEachOperation(t *testing.T) {
	h := sandboxed(t)
	op := func(op, member, key, body string) string {
		return fmt.Sprintf(`{"op":%q,"member_id":%q,"idempotency_key":%q,"body":%s}`, op, member, key, body)
	}
	ops := []string{
		op("grants.create", "M-1", "a", `{"points":1000}`),
		op("orders.create", "M-1", "b", order),
		op("orders.create", "M-2", "b", order),
		op("orders.status", "M-1", "c", `{"order_id":"O-1","status":"shipped"}`),
		`{"op":"orders.cancel","member_id":"M-1","idempotency_key":"d","order_id":"O-1","body":{"initiated_by":"operator"}}`,
		op("orders.create", "M-1", "e", `{"order_id":1}`),
		op("dance", "M-1", "f", `{}`),
		`{"op":"grants.create","member_id":"M-1","body":{"points":1}}`,
		op("orders.status", "M-1", "g", `{"status":"shipped"}`),
		`7`,
		op("grants.create", "M-1", "a", `{"points":1000}`),
		op("grants.create", "M-1", "a", `{"points":1001}`),
		`{"op":"reservations.void","member_id":"M-1","idempotency_key":"h","reservation_id":"none"}`,
	}
	a := h.must(200, h.call("POST", batchPath, `{"operations":[`+strings.Join(ops, ",")+`]}`))
	for i, want := range []string{"201", "201", "422 insufficient_points", "200", "200", "422 validation_failed", "422 validation_failed", "400 idempotency_key_missing",
		"422 validation_failed", "422 validation_failed", "201", "422 idempotency_key_reused", "404 not_found"} {
		got := a.get(fmt.Sprintf("results[%d].status", i))
		if code := a.get(fmt.Sprintf("results[%d].body.code", i)); code != "<nil>" {
			got += " " + code
		}
		if got != want {
			t.Errorf("operation %d %s: %s, want %s", i, ops[i], got, want)
		}
	}
	h.expect(a, map[string]string{"results[4].body.decision.clause": "operator", "results[10].replayed": "true", "results[10].body.points": "1000",
		"results[8].body.errors[0].location": "body.operations[8].order_id", "results[5].body.errors[0].location": "body.order_id"})

	// The same key alone answers what the batch answered: the request is the same.
	alone := h.must(200, h.call("POST", m1+"/orders/O-1/status", `{"status":"shipped"}`, "Idempotency-Key: c"))
	if alone.header.Get(headerReplayed) != "true" {
		t.Error("alone, the operation is another one")
	}
}

func TestAnAtomicBatchIsAllOrNothing(t *testing.T) {
	h := sandboxed(t)
	second := strings.Replace(order, "O-1", "O-2", 1)
	batch := func(second string) answered {
		h.count++
		return h.call("POST", batchPath, fmt.Sprintf(`{"atomic":true,"operations":[
			{"op":"orders.create","member_id":"M-1","idempotency_key":"k%d-1","body":%s},
			{"op":"orders.create","member_id":"M-1","idempotency_key":"k%d-2","body":%s}]}`, h.count, order, h.count, second))
	}
	h.must(201, h.post(m1+"/grants", `{"points":1500}`))
	h.expect(h.must(200, batch(second)), map[string]string{"results[0].status": "409", "results[0].body.code": "batch_refused", "results[1].body.code": "insufficient_points"})
	h.expect(h.must(200, batch(`{}`)), map[string]string{"results[0].body.code": "batch_refused", "results[1].body.code": "validation_failed"})
	h.must(404, h.call("GET", m1+"/orders/O-1", ""))
	h.must(201, h.post(m1+"/grants", `{"points":500}`))
	h.expect(h.must(200, batch(second)), map[string]string{"results[0].status": "201", "results[1].status": "201"})
	h.expect(h.must(422, h.call("POST", batchPath, `{"atomic":true,"operations":[{"op":"grants.create","member_id":"M-1","idempotency_key":"x","body":{"points":1}},
		{"op":"grants.create","member_id":"M-2","idempotency_key":"x","body":{"points":1}}]}`)), map[string]string{"code": "validation_failed"})
}

func TestABatchHasBounds(t *testing.T) {
	h := sandboxed(t)
	grants := func(n int) string {
		var b bytes.Buffer
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"op":"grants.create","member_id":"M-%d","idempotency_key":"g-%d","body":{"points":1}}`, i%100, i)
		}
		return `{"operations":[` + b.String() + `]}`
	}
	h.expect(h.must(422, h.call("POST", batchPath, grants(maxOperations+1))), map[string]string{"errors[0].location": "body.operations"})
	h.must(422, h.call("POST", batchPath, grants(0)))
	h.must(413, h.call("POST", batchPath, `{"operations":["`+strings.Repeat("x", maxBatch)+`"]}`))
	a := h.must(200, h.call("POST", batchPath, grants(maxOperations)))
	if got := strings.Count(string(a.raw), `"status":201`); got != maxOperations {
		t.Errorf("%d of %d operations were done", got, maxOperations)
	}
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/members/M-7", "")), map[string]string{"points.available": "50"})
}

// Each operation needs its own scope.
func TestABatchAsksForTheScopeOfEach(t *testing.T) {
	h := sandboxed(t)
	h.key = h.must(201, h.call("POST", "/v1/keys", `{"name":"n","scopes":["checkout"]}`)).get("key")
	a := h.must(200, h.call("POST", batchPath, `{"operations":[{"op":"grants.create","member_id":"M-1","idempotency_key":"x","body":{"points":1}},
		{"op":"orders.create","member_id":"M-1","idempotency_key":"y","body":`+strings.Replace(order, `"points":1000,"money":2800`, `"points":0,"money":3800`, 1)+`}]}`))
	h.expect(a, map[string]string{"results[0].body.code": "forbidden", "results[1].status": "201"})
}

// A body of very many values is refused before they take much room, and few big bodies are read at once.
func TestBigBodiesHaveRoom(t *testing.T) {
	h := sandboxed(t)
	big := `{"operations":[1` + strings.Repeat(",1", 2_000_000) + `]}`
	h.must(413, h.call("POST", batchPath, big))
	if !h.server.bigBodies.room.TryAcquire(bigRoom) {
		t.Fatal("the room of a refused body was kept")
	}
	a := h.must(503, h.call("POST", batchPath, big))
	if a.header.Get("Retry-After") == "" {
		t.Error("nothing says when to come again")
	}
	h.must(200, h.call("POST", batchPath, `{"operations":[1]}`))
}

// PostgreSQL keeps no NUL.
func TestNULIsRefused(t *testing.T) {
	h := sandboxed(t)
	for attributes, location := range map[string]string{
		`{"a":{"b":["x","\u0000"]}}`: `body.lines[0].attributes.a.b[1]`,
		`{"a\u0000":1}`:              `body.lines[0].attributes.a\u0000`,
	} {
		body := strings.Replace(order, `"sku":`, `"attributes":`+attributes+`,"sku":`, 1)
		a := h.must(422, h.call("POST", m1+"/orders", body, "Idempotency-Key: n"))
		if !strings.Contains(string(a.raw), `{"location":"`+location+`","message":"must not hold the character NUL"}`) {
			t.Errorf("%s: %s", attributes, a.raw)
		}
		a = h.must(200, h.call("POST", batchPath, `{"operations":[{"op":"orders.create","member_id":"M-1","idempotency_key":"n","body":`+body+`},
			{"op":"grants.create","member_id":"M-1","idempotency_key":"o","body":{"points":1}}]}`))
		h.expect(a, map[string]string{"results[0].status": "422", "results[1].status": "201"})
	}
}

// A dry run answers as the real run would: each operation on what those before it left.
func TestADryRunOfABatchIsTheBatch(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":1500}`))
	batch := func(query, atomic, key string) []string {
		a := h.must(200, h.call("POST", batchPath+query, fmt.Sprintf(`{"atomic":%s,"operations":[
			{"op":"orders.create","member_id":"M-1","idempotency_key":"%s1","body":%s},
			{"op":"orders.status","member_id":"M-1","idempotency_key":"%s2","body":{"order_id":"O-1","status":"shipped"}},
			{"op":"orders.create","member_id":"M-1","idempotency_key":"%s3","body":%s}]}`, atomic, key, order, key, key, strings.Replace(order, "O-1", "O-2", 1))))
		var out []string
		for i := range 3 {
			out = append(out, a.get(fmt.Sprintf("results[%d].status", i))+" "+a.get(fmt.Sprintf("results[%d].body.code", i)))
		}
		return out
	}
	for _, atomic := range []string{"true", "false"} {
		before := h.posted()
		dry := batch("?dry_run=true", atomic, "d")
		if h.posted() != before {
			t.Error("a dry run posted")
		}
		if real := batch("", atomic, "r"+atomic); fmt.Sprint(dry) != fmt.Sprint(real) {
			t.Errorf("atomic %s: a dry run answers %v, the real one %v", atomic, dry, real)
		} else {
			t.Log(atomic, real)
		}
	}
}
