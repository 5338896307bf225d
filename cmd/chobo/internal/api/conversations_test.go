package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestAReservationIsCapturedOrVoided(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":1500}`))
	h.expect(h.must(201, h.post(m1+"/reservations", `{"reservation_id":"V-1","points":1200}`)), map[string]string{"state": "reserved", "expires_at": "2026-04-01T10:30:00+09:00"})
	h.expect(h.must(422, h.post(m1+"/orders", order)), map[string]string{"code": "insufficient_points"})
	h.expect(h.must(409, h.post(m1+"/reservations", `{"reservation_id":"V-1","points":1}`)), map[string]string{"code": "conflict"})
	h.expect(h.must(201, h.post(m1+"/reservations/V-1/capture", `{"order":`+order+`}`)), map[string]string{"order_id": "O-1", "redeemed.points": "1000", "released": "200"})
	h.expect(h.must(200, h.call("GET", m1+"/reservations/V-1", "")), map[string]string{"state": "captured", "captured": "1000"})
	h.expect(h.must(200, h.call("GET", m1, "")), map[string]string{"points.available": "500", "points.reserved": "0"})
	h.must(201, h.post(m1+"/reservations", `{"reservation_id":"V-2","points":500,"expires_at":"2026-04-01T11:00:00+09:00"}`))
	h.expect(h.must(200, h.post(m1+"/reservations/V-2/void", "")), map[string]string{"state": "voided"})
	h.must(409, h.post(m1+"/reservations/V-2/void", "{}"))
	h.must(404, h.post(m1+"/reservations/V-9/void", ""))
	h.must(422, h.post(m1+"/reservations/V-2/void", `{"why":"x"}`))
}

func TestBenefitsAndExchanges(t *testing.T) {
	h := sandboxed(t)
	const mug = "/v1/samurai-mall/benefits/mug"
	h.expect(h.must(201, h.call("PUT", mug, `{"name":"Mug","points":400,"valid_from":"2026-01-01T00:00:00+09:00","stock":2}`)), map[string]string{"stock": "2", "valid_to": "<nil>"})
	h.must(200, h.call("PUT", mug, `{"name":"Mug","points":400,"stock":2}`))
	h.must(200, h.call("PUT", "/v1/samurai-mall/benefits/mug", `{"name":"Mug","points":400,"valid_from":null,"valid_to":null,"stock":2}`))
	h.must(201, h.call("PUT", "/v1/samurai-mall/benefits/pen", `{"name":"Pen","points":100}`))
	h.must(201, h.post(m1+"/grants", `{"points":1500}`))
	exchange := func(id, more string) answered {
		return h.post(m1+"/exchanges", `{"exchange_id":"`+id+`","benefit_id":"mug","ship_to":{"country":"JP","po_box":false,"is_member":true}`+more+`}`)
	}
	h.expect(h.must(201, exchange("X-1", `,"quantity":2`)), map[string]string{"points": "800", "state": "requested"})
	h.expect(h.must(409, exchange("X-2", "")), map[string]string{"code": "out_of_stock"})
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/benefits", "")), map[string]string{"benefits[0].stock": "0", "benefits[1].stock": "<nil>"})
	h.expect(h.must(200, h.post(m1+"/exchanges/X-1/substitute", `{"benefit_id":"pen"}`)), map[string]string{"points": "200", "benefit_id": "pen"})
	h.expect(h.must(201, exchange("X-3", "")), map[string]string{"points": "400", "quantity": "1"})
	h.must(200, h.post(m1+"/exchanges/X-3/fulfil", ""))
	h.expect(h.must(409, h.post(m1+"/exchanges/X-3/cancel", `{"reason":"late"}`)), map[string]string{"code": "conflict"})
	h.expect(h.must(200, h.post(m1+"/exchanges/X-1/cancel", `{"reason":"lost"}`)), map[string]string{"state": "cancelled"})
	h.expect(h.must(200, h.call("GET", m1, "")), map[string]string{"points.available": "1100"})
	h.expect(h.must(200, h.call("GET", m1+"/exchanges/X-3", "")), map[string]string{"state": "fulfilled"})
	h.must(404, h.post(m1+"/exchanges", `{"exchange_id":"X-4","benefit_id":"car","ship_to":{"country":"JP","is_member":true}}`))
	h.must(422, h.call("PUT", mug, `{"name":"Mug","points":400,"valid_from":"2026-01-02T00:00:00Z","valid_to":"2026-01-01T00:00:00Z"}`))
}

// A dry run answers as the call would, with the journal's lines, and posts nothing; it needs no key.
func TestADryRunPostsNothing(t *testing.T) {
	h := sandboxed(t)
	dry := func(path, body string) answered { return h.call("POST", path+"?dry_run=true", body) }
	h.expect(h.must(201, dry(m1+"/grants", `{"points":1500}`)), map[string]string{"points": "1500", "dry_run": "true", "journal[0].kind": "grant"})
	h.must(404, h.call("GET", m1, ""))
	h.must(201, h.post(m1+"/grants", `{"points":1500}`))
	before := h.posted()
	a := h.must(201, dry(m1+"/orders", order))
	h.expect(a, map[string]string{
		"order_id": "O-1", "redeemed.points": "1000", "dry_run": "true", "journal[0].kind": "redeem", "journal[0].occurred_at": "2026-04-01T10:00:00+09:00",
		"journal[0].lines": `[{"account":"member:available","lot":1,"money":1000,"points":1000},{"account":"redeemed:orders","money":-1000,"points":-1000,"shop":"S-1"}]`,
		"journal[1].kind":  "grant_pending",
	})
	if !strings.HasPrefix(string(a.raw), `{"order_id":"O-1",`) {
		t.Errorf("the answer is %s", a.raw)
	}
	h.expect(h.must(422, dry(m1+"/orders", strings.Replace(order, "2800", "2801", 1))), map[string]string{"code": "tenders_do_not_cover_total"})
	h.must(422, dry(m1+"/orders", strings.Replace(order, `"quantity":2`, `"quantity":2.5`, 1)))
	h.expect(h.must(200, dry(batchPath, `{"operations":[{"op":"orders.create","member_id":"M-1","body":`+order+`},{"op":"grants.create","member_id":"M-2","body":{"points":3}}]}`)),
		map[string]string{"results[0].body.dry_run": "true", "results[1].body.journal[0].kind": "grant"})
	if after := h.posted(); after != before {
		t.Errorf("%d rows were posted", after-before)
	}
	h.must(201, h.post(m1+"/orders", order))
}

func TestProgramsAndTheirVersions(t *testing.T) {
	h := newHouse(t)
	const path = "/v1/samurai-mall"
	live := strings.Replace(sandbox, `"sandbox":true,`, "", 1)
	h.expect(h.must(404, h.call("GET", path, "")), map[string]string{"code": "not_found"})
	h.expect(h.must(201, h.call("PUT", path, live)), map[string]string{"program": "samurai-mall", "version": "1", "point_value": "1", "currency": "JPY", "earn.rate": "0.01"})
	h.expect(h.must(200, h.call("PUT", path, live)), map[string]string{"version": "1"})
	got := h.must(200, h.call("GET", path, ""))
	h.expect(h.must(200, h.call("PUT", path, string(got.raw))), map[string]string{"version": "1"}) // what was got can be put back
	later := strings.Replace(strings.Replace(live, "2026-04-01", "2100-01-01", 1), "0.01", "0.02", 1)
	h.expect(h.must(201, h.call("PUT", path, later)), map[string]string{"version": "2", "effective_from": "2100-01-01"})
	h.expect(h.must(200, h.call("GET", path, "")), map[string]string{"version": "1", "versions": "2", "earn.rate": "0.01"})
	h.expect(h.must(409, h.call("PUT", path, strings.Replace(later, "2100", "2020", 1))), map[string]string{"code": "conflict"})
	h.expect(h.must(409, h.call("PUT", path, strings.Replace(later, `{`, `{"currency":"USD",`, 1))), map[string]string{"code": "conflict"})
	h.expect(h.must(422, h.call("PUT", path, `{"program":"samurai-mall","effective_from":"2100-01-01","earn":{"rate":"x"},"colour":1}`)), map[string]string{"code": "validation_failed"})
	h.expect(h.must(422, h.call("PUT", "/v1/other", live)), map[string]string{"errors[0].location": "body.program"})
	h.must(422, h.call("PUT", "/v1/keys", strings.Replace(live, "samurai-mall", "keys", 1)))
	h.must(201, h.call("PUT", "/v1/asmart", "program: asmart\neffective_from: 2020-01-01\nreturns_policy: asmart\n", "Content-Type: application/yaml"))
	h.expect(h.must(200, h.call("GET", path+"/versions", "")), map[string]string{"versions[0].version": "1", "versions[0].in_force": "true", "versions[1].in_force": "false"})
	h.expect(h.must(200, h.call("GET", "/v1", "")), map[string]string{"programs[0].program": "asmart", "programs[1].program": "samurai-mall"})
	h.expect(h.must(409, h.call("POST", path+"/clock", `{"now":"2030-01-01T00:00:00Z"}`)), map[string]string{"code": "not_a_sandbox"})
}

func TestPoliciesAreHandedIn(t *testing.T) {
	h := sandboxed(t)
	const path = "/v1/samurai-mall/policies/samurai-mall"
	const own = `policy: samurai-mall
shop: S-1
version: 1
effective_from: 2026-03-01
rules:
  - rule: never
    action: return
    when: "true"
    clause: OWN-1
    outcome: reject
    explanation: This shop takes nothing back.
examples:
  - example: a defect
    given: { action: return, reason: defect }
    expect: { outcome: reject, clause: OWN-1 }
`
	h.expect(h.must(200, h.call("GET", path, "")), map[string]string{"versions[0].shipped": "true", "versions[0].in_force": "true"})
	h.must(201, h.post(m1+"/grants", `{"points":1000}`))
	h.must(201, h.post(m1+"/orders", order))
	broken := h.must(422, h.call("PUT", path, strings.Replace(own, `"true"`, "colour == 1", 1), "Content-Type: application/yaml"))
	if !strings.HasPrefix(broken.get("errors[0].location"), "body:") {
		t.Errorf("a broken policy: %s", broken.raw)
	}
	put := h.call("PUT", path, own, "Content-Type: application/yaml")
	if put.status != 201 {
		t.Fatalf("the shop's own policy: %s", put.raw)
	}
	h.expect(put, map[string]string{"shop": "S-1", "shipped": "false"})
	h.must(200, h.call("PUT", path, own, "Content-Type: application/yaml"))
	h.expect(h.must(409, h.call("PUT", path, own+"# again\n", "Content-Type: application/yaml")), map[string]string{"code": "conflict"})
	h.expect(h.must(201, h.post(m1+"/orders/O-1/returns", `{"return_id":"R-1","lines":[{"line_id":"1","quantity":1}],"reason":"defect"}`)),
		map[string]string{"state": "rejected", "decision.clause": "OWN-1"})
	h.must(200, h.call("GET", "/v1/samurai-mall/policies", ""))
	h.must(404, h.call("GET", "/v1/samurai-mall/policies/nothing", ""))
	h.must(422, h.call("PUT", "/v1/samurai-mall/policies/other", own, "Content-Type: application/yaml"))
}

// A review waits in the work list until a person resolves it.
func TestAReviewIsResolved(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":1000}`))
	h.must(201, h.post(m1+"/orders", order))
	h.expect(h.must(200, h.post(m1+"/orders/O-1/cancel", `{"reason":"changed_mind","initiated_by":"member"}`)), map[string]string{"decision.outcome": "review", "transactions": "[]", "receivable": "<nil>"})
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/reviews", "")), map[string]string{"reviews[0].what": "cancellation", "reviews[0].order_id": "O-1", "reviews[0].member_id": "M-1"})
	h.expect(h.must(200, h.post(m1+"/orders/O-1/cancel/resolve", `{"outcome":"accept","actor":"ann"}`)), map[string]string{
		"decision.outcome": "accept", "refund.points": "1000", "refund.money": "2800", "earned.pending_voided": "22", "status": "cancelled"})
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/reviews", "")), map[string]string{"reviews": "[]"})
	h.must(409, h.post(m1+"/orders/O-1/cancel/resolve", `{"outcome":"accept","actor":"ann"}`))
	first := h.must(200, h.call("GET", "/v1/samurai-mall/refunds", ""))
	h.expect(first, map[string]string{"refunds[0].cause": "cancel", "refunds[0].money": "2800", "refunds[1]": "<none>"})
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/refunds?after="+first.get("refunds[0].refund_id"), "")), map[string]string{"next_cursor": "<nil>"})
	h.must(422, h.call("GET", "/v1/samurai-mall/refunds?after=x", ""))
}

// A kettle that nobody wants is settled, and its sending is charged; a dress that was worn is denied, and listed as such.
func TestReturnsAreReceived(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/orders", `{"order_id":"O-1","shop_id":"S-1","lines":[{"line_id":"1","category":"fashion","quantity":1,"unit_price":5000},
		{"line_id":"2","category":"electronics","quantity":1,"unit_price":3000}],"tenders":{"points":0,"money":8000}}`))
	h.must(200, h.post(m1+"/orders/O-1/status", `{"status":"delivered"}`))
	const costs = `"costs":{"return_shipping":700,"handling":100}`
	for id, line := range map[string]string{"R-1": "1", "R-2": "2"} {
		h.expect(h.must(201, h.post(m1+"/orders/O-1/returns", `{"return_id":"`+id+`","lines":[{"line_id":"`+line+`","quantity":1}],
			"reason":"customer_convenience","condition":{"tried_on":true}}`)), map[string]string{"state": "approved"})
	}
	h.expect(h.must(200, h.post(m1+"/orders/O-1/returns/R-1/receive", `{"inspection":"confirmed","condition":{"used":true},`+costs+`}`)),
		map[string]string{"state": "denied", "decision.denied": "true", "decision.clause": "SM-T.fashion", "charges": "<nil>", "transactions": "[]"})
	h.expect(h.must(200, h.post(m1+"/orders/O-1/returns/R-2/receive", `{"inspection":"confirmed",`+costs+`}`)),
		map[string]string{"state": "settled", "decision.return_shipping": "member", "charges": `{"return_shipping":700}`, "refund.money": "3000"})
	h.expect(h.must(200, h.call("GET", m1+"/orders/O-1/returns/R-2", "")), map[string]string{"charges": `{"return_shipping":700}`})
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/returns?state=denied", "")), map[string]string{"returns[0].return_id": "R-1", "returns[1]": "<none>"})
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/returns?state=rejected", "")), map[string]string{"returns": "[]"})
}

func TestAMonthIsClosed(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":10,"hold_days":20}`))
	const april = "/v1/samurai-mall/periods/2026-04/close"
	h.expect(h.must(409, h.call("POST", april, "")), map[string]string{"code": "conflict"})
	h.must(422, h.call("POST", "/v1/samurai-mall/periods/april/close", ""))
	h.clock("2026-05-10T00:00:00+09:00")
	for range 2 {
		h.expect(h.must(200, h.call("POST", april, `{"actor":"fay"}`)), map[string]string{"period": "2026-04", "state": "closed", "actor": "fay"})
	}
	var dates string
	if err := h.db.GetContext(t.Context(), &dates, `SELECT string_agg(book_date::text, ' ' ORDER BY id) FROM transactions`); err != nil || dates != "2026-04-01 2026-04-22" {
		t.Errorf("what fell due in April is booked on %s (%v)", dates, err)
	}
	h.must(201, h.post(m1+"/grants", `{"points":1,"occurred_at":"2026-04-30T00:00:00+09:00"}`))
	if err := h.db.GetContext(t.Context(), &dates, `SELECT max(book_date)::text FROM transactions`); err != nil || dates != "2026-05-01" {
		t.Errorf("what came too late is booked on %s (%v)", dates, err)
	}
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/periods", "")), map[string]string{"periods[0].period": "2026-04"})
}

func TestWhatOperatorsLookAt(t *testing.T) {
	h := sandboxed(t, func(o *Options) {
		o.Console = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("console " + r.URL.Path)) })
	})
	const nobody = "Authorization"
	h.expect(h.must(200, h.call("GET", "/healthz", "", nobody)), map[string]string{"status": "ok"})
	h.expect(h.must(200, h.call("GET", "/readyz", "", nobody)), map[string]string{"status": "ready"})
	h.must(201, h.post(m1+"/grants", `{"points":10}`))
	if a := h.must(200, h.call("GET", "/metrics", "", nobody)); !strings.Contains(string(a.raw), `chobo_http_requests_total{operation="grants.create",status="201"} 1`) {
		t.Errorf("metrics: %.500s", a.raw)
	}
	h.must(401, h.call("GET", "/debug/pprof/", "", nobody))
	h.must(200, h.call("GET", "/debug/pprof/", ""))
	if a := h.must(200, h.call("GET", "/console/x", "", nobody)); string(a.raw) != "console /console/x" {
		t.Errorf("console: %s", a.raw)
	}
	h.must(302, h.call("GET", "/", "", nobody))
	h.must(200, h.call("HEAD", "/healthz", "", nobody))
	if a := h.must(405, h.call("DELETE", m1, "")); a.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow: %s", a.header.Get("Allow"))
	}
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	if a := h.must(503, h.call("GET", "/readyz", "", nobody)); a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	h.must(200, h.call("GET", "/healthz", "", nobody))
}
