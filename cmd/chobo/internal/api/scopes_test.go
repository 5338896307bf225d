package api

import (
	"fmt"
	"strings"
	"testing"
)

// Every route, tried with a key of each scope: only those that the ruling names come in. Source: ruling 29.
func TestScopesOfEveryRoute(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.call("PUT", "/v1/asmart", strings.ReplaceAll(sandbox, "samurai-mall", "asmart")))
	keys := map[Scope]string{}
	for i, name := range scopeNames {
		made := h.must(201, h.call("POST", "/v1/keys", fmt.Sprintf(`{"name":"test","program":"samurai-mall","scopes":[%q]}`, name)))
		keys[1<<i] = made.get("key")
	}
	want := map[string]Scope{
		"orders.cancel.resolve": Members, "returns.resolve": Members, "exchanges.fulfil": Members, "batch": Checkout | Members,
		"transfers.create": Checkout | Members, "cash_out.create": Checkout | Members,
		"returns.list": readers, "reviews.list": readers, "refunds.list": Checkout | Finance,
		"programs.put": Admin, "clock.move": Admin, "policies.put": Admin, "policies.list": Finance, "policies.get": Finance,
		"benefits.put": Admin, "benefits.list": anyone, "jobs.run": Jobs, "periods.close": Finance, "periods.list": Finance,
		"jobs.list": Jobs | Finance, "jobs.runs": Jobs | Finance, "events.list": Jobs | Finance,
		"webhook.get": Admin, "webhook.put": Admin, "webhook.delete": Admin,
	}
	for tag, scopes := range map[string]Scope{"orders": Checkout, "returns": Checkout, "reservations": Checkout, "exchanges": Checkout, "members": Members,
		"programs": anyone, "keys": Admin} {
		for _, r := range h.server.routes {
			if _, named := want[r.ID]; named || r.Tag != tag {
				continue
			}
			want[r.ID] = scopes
			if r.Method == "GET" && strings.Contains(r.Path, "{member_id}") {
				want[r.ID] = readers
			}
		}
	}
	for _, r := range h.server.routes {
		allowed, ok := want[r.ID]
		if !ok {
			t.Errorf("nobody says who may call %s", r.ID)
			continue
		}
		path := r.Path
		for name, value := range map[string]string{"program": "samurai-mall", "member_id": "M-1"} {
			path = strings.ReplaceAll(path, "{"+name+"}", value)
		}
		for i := strings.IndexByte(path, '{'); i >= 0; i = strings.IndexByte(path, '{') {
			path = path[:i] + "x" + path[i+strings.IndexByte(path[i:], '}')+1:]
		}
		body := ""
		if r.Method != "GET" {
			body = "[" // if it comes that far, it is no body
		}
		h.key = ""
		if a := h.call(r.Method, path, body, "Authorization"); a.status != 401 || a.get("code") != "unauthenticated" {
			t.Errorf("%s without a key: %d %s", r.ID, a.status, a.raw)
		}
		for scope, key := range keys {
			h.key = key
			a := h.call(r.Method, path, body)
			in := scope == Admin || allowed&scope != 0
			if !strings.Contains(r.Path, "{program}") && !r.Own {
				in = false // it is the installation's, and these keys are a program's
			}
			if refused := a.status == 403; refused == in {
				t.Errorf("%s %s with a key of %s: %d %s", r.Method, path, scope.Names(), a.status, a.raw)
			}
			other := strings.Replace(path, "samurai-mall", "asmart", 1)
			if r.Own {
				continue
			}
			if a := h.call(r.Method, other, body); a.status != 403 {
				t.Errorf("%s %s with a key of another program: %d", r.Method, other, a.status)
			}
		}
	}
}

func TestAKeyEndsWhenItIsRevoked(t *testing.T) {
	h := sandboxed(t)
	made := h.must(201, h.call("POST", "/v1/samurai-mall/keys", `{"name":"till 7","scopes":["checkout","members"]}`))
	h.expect(made, map[string]string{"program": "samurai-mall", "scopes": `["checkout","members"]`, "revoked_at": "<nil>"})
	if list := h.must(200, h.call("GET", "/v1/samurai-mall/keys", "")); strings.Contains(string(list.raw), made.get("key")) {
		t.Error("the list shows the secret")
	}
	h.key = made.get("key")
	h.must(201, h.post(m1+"/grants", `{"points":5}`))
	h.must(200, h.call("GET", m1, "", "Authorization: bearer "+h.key))
	for _, wrong := range []string{h.key + "x", h.key[:len(h.key)-1], "chobo__", "chobo_" + made.get("key_id") + "_", "x", "Bearer"} {
		h.expect(h.must(401, h.call("GET", m1, "", "Authorization: Bearer "+wrong)), map[string]string{"code": "unauthenticated"})
	}
	h.must(401, h.call("GET", m1, "", "Authorization: Basic "+h.key))
	h.must(403, h.call("DELETE", "/v1/samurai-mall/keys/"+made.get("key_id"), ""))
	h.key = ""
	h.must(404, h.call("DELETE", "/v1/samurai-mall/keys/nobody", ""))
	h.must(200, h.call("DELETE", "/v1/samurai-mall/keys/"+made.get("key_id"), ""))
	h.must(401, h.call("GET", m1, "", "Authorization: Bearer "+made.get("key")))
}
