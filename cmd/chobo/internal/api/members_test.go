package api

import (
	"fmt"
	"strings"
	"testing"
)

// The statement shows what is due but not posted first, and its newest balance is the member's.
func TestTheStatementAgreesWithTheMember(t *testing.T) {
	h := sandboxed(t)
	h.must(404, h.call("GET", m1, ""))
	h.must(404, h.call("GET", m1+"/entries", ""))
	h.must(201, h.post(m1+"/grants", `{"points":1500,"reason":"welcome"}`))
	h.must(201, h.post(m1+"/orders", order))
	h.clock("2026-05-03T00:00:00+09:00") // the order's hold has ended; nobody has posted it
	statement := h.must(200, h.call("GET", m1+"/entries", ""))
	h.expect(statement, map[string]string{
		"entries[0].kind": "mature", "entries[0].transaction_id": "<nil>", "entries[0].points": "22", "entries[0].balance_after": "522",
		"entries[0].occurred_at": "2026-05-02T00:00:00+09:00", "entries[0].posted_at": "<nil>",
		"entries[1].kind": "redeem", "entries[1].points": "-1000", "entries[1].balance_after": "500", "entries[1].order_id": "O-1",
		"entries[2].kind": "grant", "entries[2].points": "1500", "entries[2].balance_after": "1500", "entries[2].description": "Points granted: welcome",
	})
	h.expect(h.must(200, h.call("GET", m1, "")), map[string]string{"points.available": "522", "points.pending": "0"})
	h.expect(h.must(200, h.call("GET", m1+"/entries?account=pending", "")), map[string]string{"entries[0].points": "-22", "entries[0].balance_after": "0", "entries[1].points": "22"})
	h.must(200, h.call("POST", "/v1/samurai-mall/jobs/mature/run", ""))
	posted := h.must(200, h.call("GET", m1+"/entries", ""))
	h.expect(posted, map[string]string{"entries[0].kind": "mature", "entries[0].balance_after": "522"})
	if posted.get("entries[0].transaction_id") == "<nil>" {
		t.Error("what the job has posted has no transaction")
	}

	// Page by page it is the same statement, whatever is posted meanwhile.
	var pages []string
	next := ""
	for range 5 {
		a := h.must(200, h.call("GET", m1+"/entries?limit=1"+next, ""))
		pages = append(pages, a.get("entries[0].kind")+" "+a.get("entries[0].balance_after"))
		h.must(201, h.post(m1+"/grants", `{"points":1}`))
		if a.get("next_cursor") == "<nil>" {
			break
		}
		next = "&cursor=" + a.get("next_cursor")
	}
	if got := strings.Join(pages, ", "); got != "mature 522, redeem 500, grant 1500" {
		t.Errorf("pages: %s", got)
	}
	for _, bad := range []string{"limit=0", "limit=501", "limit=x", "cursor=x", "account=house", "account=pending" + next} {
		a := h.call("GET", m1+"/entries?"+bad, "")
		if a.status != 422 || a.get("code") != "validation_failed" || !strings.HasPrefix(a.get("errors[0].location"), "query.") {
			t.Errorf("%s: %d %s", bad, a.status, a.raw)
		}
	}
}

// What inactivity would take is told as expiring, now and as of a time, by the last deed until then.
func TestExpiringByInactivity(t *testing.T) {
	h := newHouse(t)
	h.must(201, h.call("PUT", "/v1/samurai-mall", strings.Replace(sandbox, `"mode":"fixed"`, `"mode":"inactivity"`, 1)))
	h.clock("2026-04-01T10:00:00+09:00")
	step := func(to string, do func()) {
		t.Helper()
		h.clock(to)
		do()
	}
	h.must(201, h.post(m1+"/grants", `{"points":1500}`))
	step("2026-04-10T00:00:00+09:00", func() { h.must(201, h.post(m1+"/orders", order)) }) // 22 points, held until 11 May
	step("2026-06-01T00:00:00+09:00", func() { h.must(201, h.post(m1+"/adjustments", `{"points":-10,"reason":"r","actor":"a"}`)) })
	step("2026-06-15T00:00:00+09:00", func() {
		h.must(201, h.post(m1+"/orders", strings.NewReplacer("O-1", "O-2", `"points":1000,"money":2800`, `"points":0,"money":3800`).Replace(order)))
	})
	step("2026-06-20T00:00:00+09:00", func() { h.must(201, h.post(m1+"/grants", `{"points":5,"expires_at":"2026-07-05T00:00:00+09:00"}`)) })
	step("2026-06-25T00:00:00+09:00", func() {
		h.must(200, h.post(m1+"/orders/O-1/cancel", `{"initiated_by":"shop","reason":"out_of_stock"}`))
	})
	h.clock("2026-07-10T00:00:00+09:00")
	for _, c := range []struct{ at, expiring string }{
		{"2026-04-05T00:00:00", "1500 2027-04-02"},
		{"2026-04-10T00:00:00", "500 2027-04-11"},
		{"2026-05-20T00:00:00", "522 2027-04-11"},
		{"2026-06-01T00:00:00", "512 2027-06-02"},
		{"2026-06-15T00:00:00", "512 2027-06-16"},
		{"2026-06-20T00:00:00", "5 2026-07-05, 512 2027-06-21"},
		{"2026-06-25T00:00:00", "5 2026-07-05, 1490 2027-06-26"},
		{"2026-07-10T00:00:00", "1490 2027-06-26"},
		{"", "1490 2027-06-26"},
	} {
		query := ""
		if c.at != "" {
			query = "?as_of=" + c.at + "%2B09:00"
		}
		var got []string
		a := h.must(200, h.call("GET", m1+query, ""))
		for i := range 3 {
			if at := a.get(fmt.Sprintf("expiring[%d].expires_at", i)); at != "<none>" {
				got = append(got, a.get(fmt.Sprintf("expiring[%d].points", i))+" "+strings.TrimSuffix(at, "T00:00:00+09:00"))
			}
		}
		if strings.Join(got, ", ") != c.expiring {
			t.Errorf("as of %s expires %s, want %s", c.at, strings.Join(got, ", "), c.expiring)
		}
	}
}

// As of a time, a member stood as he stood: what fell due by then counts, though it was posted later or not at all.
func TestAMemberAsOfATime(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":1500,"expires_at":"2026-06-01T00:00:00+09:00"}`))
	h.clock("2026-04-10T00:00:00+09:00")
	h.must(201, h.post(m1+"/orders", order))
	h.clock("2026-07-01T00:00:00+09:00")
	h.must(200, h.post(m1+"/suspend", `{"reason":"r","actor":"a"}`))
	for _, c := range []struct {
		at                         string
		available, pending, status string
		expiring                   string
	}{
		{"2026-04-01T09:59:59+09:00", "0", "0", "active", "<none>"},
		{"2026-04-01T10:00:00%2B09:00", "1500", "0", "active", "1500"},
		{"2026-04-09T23:59:59Z", "500", "22", "active", "500"},
		{"2026-04-10T00:00:00+09:00", "500", "22", "active", "500"},
		{"2026-05-11T00:00:00+09:00", "522", "0", "active", "500"},
		{"2026-06-01T00:00:00+09:00", "22", "0", "active", "22"},
		{"2026-07-01T00:00:00+09:00", "22", "0", "suspended", "22"},
	} {
		a := h.must(200, h.call("GET", m1+"?as_of="+c.at, ""))
		h.expect(a, map[string]string{"points.available": c.available, "points.pending": c.pending, "status": c.status, "expiring[0].points": c.expiring})
	}
	h.expect(h.must(422, h.call("GET", m1+"?as_of=2026-07-01T00:05:01%2B09:00", "")), map[string]string{"code": "time_in_future"})
	h.must(422, h.call("GET", m1+"?as_of=yesterday", ""))
	// On 20 April nobody knew of the grant's end, and it was not posted.
	h.expect(h.must(200, h.call("GET", m1+"?known_at=2026-04-20T00:00:00%2B09:00", "")), map[string]string{"points.available": "500", "points.pending": "22", "status": "active"})
	h.must(404, h.call("GET", "/v1/samurai-mall/members/nobody?as_of=2026-04-01T10:00:00%2B09:00", ""))
}

func TestLotsTellWhereTheirPointsWent(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":600,"expires_at":"2026-06-01T00:00:00+09:00"}`))
	h.must(201, h.post(m1+"/grants", `{"points":900}`))
	h.must(201, h.post(m1+"/orders", order))
	h.must(201, h.post(m1+"/reservations", `{"reservation_id":"V-1","points":100}`))
	a := h.must(200, h.call("GET", m1+"/lots", ""))
	h.expect(a, map[string]string{
		"lots[0].lot_id": "3", "lots[0].state": "pending", "lots[0].granted": "22", "lots[0].pending": "22", "lots[0].order_id": "O-1", "lots[0].line_id": "1",
		"lots[0].matures_at": "2026-05-02T00:00:00+09:00",
		"lots[1].lot_id":     "2", "lots[1].state": "available", "lots[1].granted": "900", "lots[1].remaining": "400", "lots[1].reserved": "100",
		"lots[1].went[0].kind": "redeem", "lots[1].went[0].points": "-400", "lots[1].went[0].order_id": "O-1", "lots[1].went[1]": "<none>",
		"lots[2].lot_id": "1", "lots[2].state": "spent", "lots[2].went[0].points": "-600", "lots[2].expires_at": "2026-06-01T00:00:00+09:00",
	})
	h.must(200, h.post(m1+"/orders/O-1/cancel", `{"initiated_by":"shop","reason":"out_of_stock"}`))
	h.clock("2026-06-02T00:00:00+09:00") // the first lot has expired, though no job has said so; the reservation is over
	a = h.must(200, h.call("GET", m1+"/lots?limit=2", ""))
	h.expect(a, map[string]string{"lots[0].state": "voided", "lots[0].granted": "0", "lots[1].remaining": "900", "lots[1].reserved": "0", "lots[2]": "<none>"})
	h.expect(h.must(200, h.call("GET", m1+"/lots?limit=2&cursor="+a.get("next_cursor"), "")), map[string]string{
		"lots[0].lot_id": "1", "lots[0].state": "expired", "lots[0].remaining": "0", "lots[0].went[2].kind": "expire", "lots[0].went[2].transaction_id": "<nil>",
		"lots[0].went[1].kind": "restore", "lots[0].went[1].points": "600", "next_cursor": "<nil>",
	})
	h.expect(h.must(200, h.call("GET", m1, "")), map[string]string{"points.available": "900"})
}

func TestAMembersOrders(t *testing.T) {
	h := sandboxed(t)
	cash := strings.Replace(order, `"points":1000,"money":2800`, `"points":0,"money":3800`, 1)
	for i := range 3 {
		h.must(201, h.post(m1+"/orders", strings.Replace(cash, "O-1", fmt.Sprintf("O-%d", i), 1)))
	}
	a := h.must(200, h.call("GET", m1+"/orders?limit=2", ""))
	h.expect(a, map[string]string{"orders[0].order_id": "O-2", "orders[0].total": "3800", "orders[1].order_id": "O-1", "orders[2]": "<none>"})
	h.expect(h.must(200, h.call("GET", m1+"/orders?limit=2&cursor="+a.get("next_cursor"), "")), map[string]string{"orders[0].order_id": "O-0", "next_cursor": "<nil>"})
	h.must(404, h.call("GET", "/v1/samurai-mall/members/M-2/orders", ""))
	h.must(404, h.call("GET", m1+"/orders/O-9", ""))
}

// The same id of a member in two programs, and ids with every kind of character, are members of their own.
func TestMembersOfAnyName(t *testing.T) {
	h := sandboxed(t)
	for i, name := range []string{"a%2Fb", "a%20b", "%E4%BC%9A%E5%93%A1", "a%3Fb%23c", "%25", "A", "a", "..%2f"} {
		path := "/v1/samurai-mall/members/" + name
		h.must(201, h.post(path+"/grants", fmt.Sprintf(`{"points":%d}`, i+1)))
		h.expect(h.must(200, h.call("GET", path, "")), map[string]string{"points.available": fmt.Sprint(i + 1)})
	}
}

func TestAMembershipsLife(t *testing.T) {
	h := sandboxed(t)
	h.must(404, h.post(m1+"/adjustments", `{"points":5,"reason":"r","actor":"a"}`))
	h.must(201, h.post(m1+"/grants", `{"points":100}`))
	h.expect(h.must(201, h.post(m1+"/adjustments", `{"points":-30,"reason":"typo","actor":"ann"}`)), map[string]string{"balances.available": "70"})
	h.expect(h.must(422, h.post(m1+"/adjustments", `{"points":-71,"reason":"typo","actor":"ann"}`)), map[string]string{"code": "insufficient_points"})
	h.expect(h.must(201, h.post(m1+"/revocations", `{"points":20,"reason":"fraud","actor":"ann"}`)), map[string]string{"balances.available": "50"})
	h.expect(h.must(200, h.post(m1+"/suspend", `{"reason":"look","actor":"ann"}`)), map[string]string{"status": "suspended"})
	h.expect(h.must(409, h.post(m1+"/suspend", `{"reason":"look","actor":"ann"}`)), map[string]string{"code": "conflict"})
	h.expect(h.must(409, h.post(m1+"/orders", order)), map[string]string{"code": "member_suspended"})
	h.must(200, h.post(m1+"/reinstate", `{"reason":"fine","actor":"ann"}`))
	h.expect(h.must(200, h.post(m1+"/close", `{"reason":"wish","actor":"ann"}`)), map[string]string{"status": "closed", "forfeited": "50", "points.available": "0"})
	h.expect(h.must(409, h.post(m1+"/orders", order)), map[string]string{"code": "member_closed"})
	h.expect(h.must(200, h.call("GET", m1, "")), map[string]string{"status": "closed"})
}

// A cursor leads on in the list that it comes from, and a statement can be read as of a time.
func TestAStatementHasItsOwnCursors(t *testing.T) {
	h := sandboxed(t)
	const m2 = "/v1/samurai-mall/members/M-2"
	for range 2 {
		h.must(201, h.post(m1+"/grants", `{"points":10}`))
		h.must(201, h.post(m2+"/grants", `{"points":10}`))
	}
	a := h.must(200, h.call("GET", m1+"/entries?limit=1", ""))
	h.must(200, h.call("GET", m1+"/entries?limit=1&cursor="+a.get("next_cursor"), ""))
	h.must(422, h.call("GET", m2+"/entries?limit=1&cursor="+a.get("next_cursor"), ""))
	h.must(422, h.call("GET", m1+"/lots?limit=1&cursor="+a.get("next_cursor"), ""))
	h.expect(h.must(200, h.call("GET", m1+"/entries?as_of=2000-01-01T00:00:00Z", "")), map[string]string{"entries": "[]"})
	h.expect(h.must(200, h.call("GET", m1+"/entries?as_of="+a.get("entries[0].occurred_at"), "")), map[string]string{"entries[0].balance_after": "20"})
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/returns?state=received", "")), map[string]string{"returns": "[]"})
	h.must(422, h.post("/v1/samurai-mall/clock", `{"now":"3000-01-01T00:00:00Z"}`))
}
