package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// posted counts what the books hold.
func (h *house) posted() (n int) {
	h.t.Helper()
	err := h.db.GetContext(h.t.Context(), &n, `SELECT (SELECT count(*) FROM transactions) + (SELECT count(*) FROM lines) + (SELECT count(*) FROM operations)
		+ (SELECT count(*) FROM documents) + (SELECT count(*) FROM members)`)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// Whatever is wrong with a request, the answer says so with a code, and nothing is posted; and the key stays free.
func TestBadInputPostsNothing(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":5000}`))
	with := func(old, new string) string {
		if !strings.Contains(order, old) {
			t.Fatalf("the order has no %s", old)
		}
		return strings.Replace(order, old, new, 1)
	}
	const orders = m1 + "/orders"
	before := h.posted()
	for _, c := range []struct {
		name, path, body string
		status           int
		code, location   string
		headers          []string
	}{
		{"not JSON", orders, `{"order_id":`, 422, "validation_failed", "body", nil},
		{"more behind it", orders, order + "x", 422, "validation_failed", "body", nil},
		{"no body", orders, "", 422, "validation_failed", "body", nil},
		{"a list", orders, "[]", 422, "validation_failed", "body", nil},
		{"null", orders, "null", 422, "validation_failed", "body", nil},
		{"an unknown member", orders, with(`"order_id"`, `"colour":"red","order_id"`), 422, "validation_failed", "body.colour", nil},
		{"an unknown member within", orders, with(`"sku"`, `"SKU":"x","sku"`), 422, "validation_failed", "body.lines[0].SKU", nil},
		{"a member twice", orders, with(`"order_id"`, `"order_id":"O-0","order_id"`), 422, "validation_failed", "body.order_id", nil},
		{"a missing member", orders, with(`"shop_id":"S-1",`, ``), 422, "validation_failed", "body.shop_id", nil},
		{"a wrong type", orders, with(`"quantity":2`, `"quantity":"2"`), 422, "validation_failed", "body.lines[0].quantity", nil},
		{"a fraction of money", orders, with(`"unit_price":1500`, `"unit_price":1500.5`), 422, "validation_failed", "body.lines[0].unit_price", nil},
		{"a fraction of points", orders, with(`"points":1000`, `"points":0.1`), 422, "validation_failed", "body.tenders.points", nil},
		{"negative points", orders, with(`"points":1000`, `"points":-1000`), 422, "amount_out_of_range", "body.tenders.points", nil},
		{"negative money", orders, with(`"shipping":500`, `"shipping":-1`), 422, "amount_out_of_range", "body.shipping", nil},
		{"a negative fee", orders, with(`"cod":300`, `"cod":-300`), 422, "amount_out_of_range", "body.fees.cod", nil},
		{"beyond 2^53-1", orders, with(`"unit_price":1500`, `"unit_price":9007199254740992`), 422, "amount_out_of_range", "body.lines[0].unit_price", nil},
		{"beyond int64", orders, with(`"unit_price":1500`, `"unit_price":99999999999999999999`), 422, "amount_out_of_range", "body.lines[0].unit_price", nil},
		{"beyond float64", orders, with(`"unit_price":1500`, `"unit_price":1e999`), 422, "amount_out_of_range", "body.lines[0].unit_price", nil},
		{"a quantity of 0", orders, with(`"quantity":2`, `"quantity":0`), 422, "validation_failed", "body.lines[0].quantity", nil},
		{"no lines", orders, with(order[strings.Index(order, `[{`):strings.Index(order, `}],`)+2], `[]`), 422, "validation_failed", "body.lines", nil},
		{"an empty id", orders, with(`"O-1"`, `""`), 422, "validation_failed", "body.order_id", nil},
		{"a long id", orders, with(`"O-1"`, `"`+strings.Repeat("x", 129)+`"`), 422, "validation_failed", "body.order_id", nil},
		{"a control character", orders, with(`"O-1"`, `"O\u001f1"`), 422, "validation_failed", "body.order_id", nil},
		{"a zero byte", orders, with(`"O-1"`, `"O\u00001"`), 422, "validation_failed", "body.order_id", nil},
		{"no UTF-8", orders, with(`O-1`, "O\xff1"), 422, "validation_failed", "body", nil},
		{"a wrong word", orders, with(`"domestic"`, `"moon"`), 422, "validation_failed", "body.destination", nil},
		{"a time without offset", orders, with(`"order_id"`, `"ordered_at":"2026-04-01T10:00:00","order_id"`), 422, "validation_failed", "body.ordered_at", nil},
		{"a time in the future", orders, with(`"order_id"`, `"ordered_at":"2026-04-01T10:05:01+09:00","order_id"`), 422, "time_in_future", "", nil},
		{"two mistakes", orders, with(`"points":1000,"money":2800`, `"points":-1,"money":"x"`), 422, "validation_failed", "body.tenders.points", nil},
		{"no key", orders, order, 400, "idempotency_key_missing", "", []string{"Idempotency-Key: "}},
		{"a long key", orders, order, 422, "validation_failed", "header.Idempotency-Key", []string{"Idempotency-Key: " + strings.Repeat("k", 256)}},
		{"an unprintable key", orders, order, 422, "validation_failed", "header.Idempotency-Key", []string{"Idempotency-Key: a\x01"}},
		{"another type", orders, order, 415, "unsupported_media_type", "", []string{"Content-Type: application/x-www-form-urlencoded"}},
		{"a huge body", orders, `{"order_id":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "payload_too_large", "", nil},
		{"no way to dry-run", orders + "?dry_run=perhaps", order, 422, "validation_failed", "query.dry_run", nil},
		{"an unknown program", "/v1/nobody/members/M-1/orders", order, 404, "not_found", "", nil},
		{"an unknown path", m1 + "/nothing", order, 404, "not_found", "", nil},
		{"an unknown path of the API", "/v2", order, 404, "not_found", "", nil},
		{"a method that it does not take", m1 + "/entries", order, 405, "method_not_allowed", "", nil},
		{"a long member", "/v1/samurai-mall/members/" + strings.Repeat("m", 129) + "/orders", order, 422, "validation_failed", "path.member_id", nil},
		{"an unprintable member", "/v1/samurai-mall/members/a%00b/orders", order, 422, "validation_failed", "path.member_id", nil},
		{"a member that is no text", "/v1/samurai-mall/members/a%ff/orders", order, 422, "validation_failed", "path.member_id", nil},
		{"a line twice", orders, with(`"lines":[`, `"lines":[{"line_id":"1","quantity":1,"unit_price":0},`), 422, "validation_failed", "body.lines[1].line_id", nil},
		{"a grant of 0", m1 + "/grants", `{"points":0}`, 422, "amount_out_of_range", "body.points", nil},
		{"a revocation of nothing", m1 + "/revocations", `{"reason":"r","actor":"a"}`, 422, "validation_failed", "body.points", nil},
		{"a transfer", m1 + "/transfers", `{"to":"M-2","points":1}`, 422, "transfer_prohibited", "", nil},
		{"a cash-out", m1 + "/cash_out", `{}`, 422, "cash_out_prohibited", "", nil},
		{"an unknown job", "/v1/samurai-mall/jobs/dance/run", `{}`, 404, "not_found", "", nil},
		{"a job in the future", "/v1/samurai-mall/jobs/mature/run", `{"as_of":"2027-01-01T00:00:00Z"}`, 422, "time_in_future", "body.as_of", nil},
		{"a clock backward", "/v1/samurai-mall/clock", `{"now":"2026-03-01T00:00:00Z"}`, 409, "conflict", "", nil},
		{"a clock without a time", "/v1/samurai-mall/clock", `{}`, 422, "validation_failed", "body.now", nil},
	} {
		a := h.post(c.path, c.body, c.headers...)
		if a.status != c.status || a.get("code") != c.code || a.header.Get("Content-Type") != problemType {
			t.Errorf("%s: %d %s, want %d %s: %.300s", c.name, a.status, a.get("code"), c.status, c.code, a.raw)
			continue
		}
		if c.location != "" && a.get("errors[0].location") != c.location {
			t.Errorf("%s: location %s, want %s", c.name, a.get("errors[0].location"), c.location)
		}
		if a.get("status") != fmt.Sprint(c.status) || a.get("title") == "<nil>" || a.get("type") != "/docs#"+c.code || a.get("detail") == "" {
			t.Errorf("%s: %s", c.name, a.raw)
		}
	}
	// time_in_future depends on the clock and is kept under its key; nothing else was.
	if after := h.posted(); after > before+1 {
		t.Errorf("%d rows were posted by requests that were refused", after-before)
	}
}

// A refusal that depended on the ledger is kept and answered again; one that did not leaves the key free.
func TestWhichRefusalsAreKept(t *testing.T) {
	h := sandboxed(t)
	again := func(body string) answered { return h.call("POST", m1+"/orders", body, "Idempotency-Key: one") }
	h.expect(h.must(422, again(strings.Replace(order, `"quantity":2`, `"quantity":"2"`, 1))), map[string]string{"code": "validation_failed"})
	h.expect(h.must(422, again(order)), map[string]string{"code": "insufficient_points"})
	h.must(404, h.call("GET", m1, "")) // a refused order enrols nobody
	h.must(201, h.post(m1+"/grants", `{"points":5000}`))
	kept := h.must(422, again(order))
	h.expect(kept, map[string]string{"code": "insufficient_points"})
	if kept.header.Get(headerReplayed) != "true" {
		t.Error("the answer that was kept is not marked as replayed")
	}
	h.must(201, h.post(m1+"/orders", order))
}

// Times long past need admin; a week back does not.
func TestPastTimes(t *testing.T) {
	h := sandboxed(t)
	h.clock("2026-05-01T00:00:00+09:00")
	h.key = h.must(201, h.call("POST", "/v1/keys", `{"name":"n","scopes":["checkout","members"]}`)).get("key")
	at := func(when string) string { return fmt.Sprintf(`{"points":1,"occurred_at":%q}`, when) }
	h.must(201, h.post(m1+"/grants", at("2026-04-24T00:00:00+09:00")))
	h.expect(h.must(403, h.post(m1+"/grants", at("2026-04-23T23:59:59+09:00"))), map[string]string{"code": "forbidden"})
	h.key = ""
	h.must(201, h.post(m1+"/grants", at("2026-04-01T00:00:00+09:00")))
	h.expect(h.must(200, h.call("GET", m1+"/entries", "")), map[string]string{"entries[0].occurred_at": "2026-04-24T00:00:00+09:00"})
}

// What is wrong inside is not told outside.
func TestInternalsDoNotLeak(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":1}`))
	if _, err := h.db.ExecContext(t.Context(), `ALTER TABLE refunds RENAME TO elsewhere`); err == nil {
		t.Fatal("the service may rename tables")
	}
	h.server.mux.HandleFunc("GET /panic", func(_ http.ResponseWriter, _ *http.Request) { panic("secret") })
	a := h.must(500, h.call("GET", "/panic", ""))
	h.expect(a, map[string]string{"code": "internal"})
	if strings.Contains(string(a.raw), "secret") || a.get("request_id") == "<nil>" || a.get("request_id") != a.header.Get("X-Request-Id") {
		t.Errorf("answered %s", a.raw)
	}
}
