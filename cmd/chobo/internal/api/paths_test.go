package api

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// Ids may hold what paths are made of. Each names one thing, and a key belongs to the very path that it was used for.
func TestIdsWithSlashes(t *testing.T) {
	h := sandboxed(t)
	const members = "/v1/samurai-mall/members/"
	named := func(id string) string { // as an order's body has it
		return strings.NewReplacer("O-1", id, `"points":1000,"money":2800`, `"points":0,"money":3800`).Replace(order)
	}
	for path, id := range map[string]string{"A": "A", "A%2FB": "A/B", "A%252FB": "A%2FB", "A%2FB%2Forders": "A/B/orders"} {
		a := h.must(201, h.call("POST", members+path+"/orders", named("O/1"), "Idempotency-Key: k"))
		if a.header.Get(headerReplayed) != "" {
			t.Errorf("the key of %s is taken for another member's", id)
		}
		h.expect(h.must(200, h.call("GET", members+path, "")), map[string]string{"member_id": id, "points.pending": "30"})
		h.expect(h.must(200, h.call("GET", members+path+"/orders", "")), map[string]string{"orders[0].order_id": "O/1", "orders[1]": "<none>"})
		again := h.must(200, h.call("POST", batchPath, fmt.Sprintf(`{"operations":[{"op":"orders.create","member_id":%q,"idempotency_key":"k","body":%s}]}`, id, named("O/1"))))
		h.expect(again, map[string]string{"results[0].status": "201", "results[0].replayed": "true"})
	}
	ab := members + "A%2FB"
	h.must(201, h.post(ab+"/orders", named("O%2F1")))
	h.must(200, h.call("POST", ab+"/orders/O%2F1/status", `{"status":"shipped"}`, "Idempotency-Key: s"))
	if a := h.must(200, h.call("POST", ab+"/orders/O%2f1/status", `{"status":"shipped"}`, "Idempotency-Key: s")); a.header.Get(headerReplayed) != "true" {
		t.Error("the same path, written in another way, is another request")
	}
	h.expect(h.must(422, h.call("POST", ab+"/orders/O%252F1/status", `{"status":"shipped"}`, "Idempotency-Key: s")), map[string]string{"code": "idempotency_key_reused"})
	h.expect(h.must(200, h.call("GET", ab+"/orders/O%2F1", "")), map[string]string{"order_id": "O/1", "status": "shipped"})
	h.expect(h.must(200, h.call("GET", ab+"/orders/O%252F1", "")), map[string]string{"order_id": "O%2F1", "status": "placed"})
	h.must(404, h.call("GET", members+"A/B", ""))
}

// pages reads a list entry by entry and returns the entries; more asks for the next page.
func (h *house) pages(path, list string) (entries []string) {
	h.t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	for next := ""; ; {
		a := h.must(200, h.call("GET", path+sep+"limit=1"+next, ""))
		if a.get(list+"[0]") != "<none>" {
			entries = append(entries, a.get(list+"[0]"))
		}
		if a.get("next_cursor") == "<nil>" {
			return entries
		}
		if next = "&cursor=" + a.get("next_cursor"); len(entries) > 50 {
			h.t.Fatal("the list has no end")
		}
	}
}

// Every list that pages takes the cursor it gave, and read page by page it is the list that one page holds.
func TestEveryListPages(t *testing.T) {
	h := sandboxed(t)
	for i := range 3 {
		m := fmt.Sprintf("/v1/samurai-mall/members/M-%d", i+1)
		for k := range 3 {
			h.must(201, h.post(m+"/grants", `{"points":2000}`))
			h.must(201, h.post(m+"/orders", strings.Replace(order, "O-1", fmt.Sprintf("O-%d", k+1), 1)))
		}
		h.must(200, h.post(m+"/orders/O-1/status", `{"status":"delivered"}`))
		h.must(201, h.post(m+"/orders/O-1/returns", `{"return_id":"R-1","lines":[{"line_id":"1","quantity":1}],"reason":"defect"}`))
		h.must(200, h.post(m+"/orders/O-2/cancel", `{"reason":"changed_mind","initiated_by":"member"}`))
		h.must(200, h.post(m+"/orders/O-3/cancel", `{"reason":"out_of_stock","initiated_by":"shop"}`))
		h.must(200, h.call("POST", "/v1/samurai-mall/jobs/mature/run", ""))
	}
	paths := strings.NewReplacer("{program}", "samurai-mall", "{member_id}", "M-1", "{job}", "mature")
	lists := 0
	for _, r := range h.server.routes {
		if r.Method != "GET" || r.Answer == nil || r.Answer.Kind() != reflect.Struct {
			continue
		}
		if _, pages := r.Answer.FieldByName("NextCursor"); !pages {
			continue
		}
		lists++
		path := paths.Replace(r.Path)
		name, _, _ := strings.Cut(r.Answer.Field(0).Tag.Get("json"), ",")
		whole := h.must(200, h.call("GET", path+"?limit=500", ""))
		got := h.pages(path, name)
		if len(got) < 3 {
			t.Errorf("%s has %d entries", r.ID, len(got))
		}
		if all := "[" + strings.Join(got, ",") + "]"; all != whole.get(name) || whole.get("next_cursor") != "<nil>" {
			t.Errorf("%s: page by page\n%s\nat once\n%s", r.ID, all, whole.get(name))
		}
		h.expect(h.must(422, h.call("GET", path+"?cursor=x", "")), map[string]string{"code": "validation_failed", "errors[0].location": "query.cursor"})
	}
	if lists < 7 {
		t.Errorf("only %d lists page", lists)
	}
	refunds := h.must(200, h.call("GET", "/v1/samurai-mall/refunds", ""))
	for _, place := range []string{"refund_id", "cursor"} {
		if got := h.pages("/v1/samurai-mall/refunds?after="+refunds.get("refunds[0]."+place), "refunds"); len(got) != 2 {
			t.Errorf("behind the %s of the first of three refunds lie %d", place, len(got))
		}
	}
}

// A statement as it was known at a time pages to its end, whatever is posted meanwhile, and its cursors are its own.
func TestAStatementAsKnownPages(t *testing.T) {
	h := sandboxed(t)
	for day := 1; day <= 4; day++ {
		h.clock(fmt.Sprintf("2026-04-%02dT12:00:00+09:00", day))
		h.must(201, h.post(m1+"/grants", fmt.Sprintf(`{"points":%d,"occurred_at":"2026-04-01T11:00:00+09:00"}`, day)))
	}
	const known = "?known_at=2026-04-03T12:00:00%2B09:00"
	a := h.must(200, h.call("GET", m1+"/entries"+known+"&limit=2", ""))
	h.expect(a, map[string]string{"entries[0].points": "3", "entries[0].balance_after": "6", "entries[1].points": "2", "entries[1].balance_after": "3"})
	h.must(201, h.post(m1+"/grants", `{"points":5}`))
	h.expect(h.must(200, h.call("GET", m1+"/entries"+known+"&limit=2&cursor="+a.get("next_cursor"), "")),
		map[string]string{"entries[0].points": "1", "entries[0].balance_after": "1", "entries[1]": "<none>", "next_cursor": "<nil>"})
	for _, other := range []string{"?known_at=2026-04-02T12:00:00%2B09:00", "?as_of=2026-04-03T12:00:00%2B09:00", "?"} {
		h.must(422, h.call("GET", m1+"/entries"+other+"&cursor="+a.get("next_cursor"), ""))
	}
}
