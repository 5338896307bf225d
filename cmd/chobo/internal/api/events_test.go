package api

import (
	"strings"
	"testing"

	"chobo/jobs/outbox"
)

const eventsPath = "/v1/samurai-mall/events"

// A reader who keeps the cursor of each answer has every event once, and goes on from the last when more comes.
func TestEventsPage(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":1500,"reason":"welcome"}`))
	h.must(201, h.post(m1+"/orders", order))
	first := h.must(200, h.call("GET", eventsPath+"?limit=2", ""))
	h.expect(first, map[string]string{
		"events[0].type": "points.grant", "events[0].member_id": "M-1", "events[0].points": `{"available":1500}`, "events[0].money": "1500",
		"events[0].posted_at": "2026-04-01T10:00:00+09:00", "events[1].type": "points.redeem", "events[1].order_id": "O-1", "events[1].points": `{"available":-1000}`,
		"events[2]": "<none>",
	})
	if first.get("next_cursor") != first.get("cursor") {
		t.Errorf("there is more, and the cursors are %s", first.raw)
	}
	second := h.must(200, h.call("GET", eventsPath+"?after="+first.get("cursor"), ""))
	h.expect(second, map[string]string{"events[0].type": "points.grant_pending", "events[0].points": `{"pending":22}`, "events[1]": "<none>", "next_cursor": "<nil>"})
	h.expect(h.must(200, h.call("GET", eventsPath+"?cursor="+second.get("cursor"), "")), map[string]string{"events": "[]", "next_cursor": "<nil>"})
	h.must(200, h.post(m1+"/suspend", `{"reason":"a question","actor":"eva"}`))
	third := h.must(200, h.call("GET", eventsPath+"?after="+second.get("cursor"), ""))
	h.expect(third, map[string]string{"events[0].type": "member.suspend", "events[0].points": "<nil>", "events[1]": "<none>"})
}

// A cursor of another list, of another program or of nothing is refused.
func TestCursorsOfEvents(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.call("PUT", "/v1/asmart", strings.ReplaceAll(sandbox, "samurai-mall", "asmart")))
	other := h.must(200, h.call("GET", "/v1/asmart/events", "")).get("cursor")
	for _, text := range []string{other, "x", cursor("1", "2"), cursor(eventMark, "samurai-mall", "1.2"), cursor("refunds", "samurai-mall", "1.2.3")} {
		h.expect(h.must(422, h.call("GET", eventsPath+"?after="+text, "")), map[string]string{"errors[0].location": "query.after"})
		h.expect(h.must(422, h.call("GET", eventsPath+"?cursor="+text, "")), map[string]string{"errors[0].location": "query.cursor"})
		h.expect(h.must(422, h.call("PUT", eventsPath+"/webhook", `{"url":"https://example.com","after":"`+text+`"}`)), map[string]string{"errors[0].location": "body.after"})
	}
}

// A webhook is made, shown without its secret, changed, and removed.
func TestWebhook(t *testing.T) {
	h := sandboxed(t)
	const path = eventsPath + "/webhook"
	h.expect(h.must(404, h.call("GET", path, "")), map[string]string{"code": "not_found"})
	h.must(404, h.call("DELETE", path, ""))
	made := h.must(201, h.call("PUT", path, `{"url":"https://example.com/a"}`))
	h.expect(made, map[string]string{"url": "https://example.com/a", "failures": "0", "delivered_at": "<nil>", "undelivered_since": "<nil>"})
	secret, err := outbox.ParseSecret(made.get("secret"))
	if err != nil || made.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the secret is %s: %v", made.get("secret"), err)
	}
	kept := func() (b []byte) {
		if err := h.db.Get(&b, `SELECT secret FROM webhooks`); err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, body := range []string{`{"url":"https://example.com/b"}`, `{"url":"http://localhost/c","after":""}`} {
		if again := h.must(200, h.call("PUT", path, body)); again.get("secret") != "<nil>" || string(kept()) != string(secret) {
			t.Errorf("%s: %s", body, again.raw)
		}
	}
	h.expect(h.must(200, h.call("GET", path, "")), map[string]string{"url": "http://localhost/c", "secret": "<nil>"})
	own := outbox.SecretText([]byte("thirty-two bytes of their own ...."))
	if mine := h.must(200, h.call("PUT", path, `{"url":"https://example.com/b","secret":"`+own+`"}`)); mine.get("secret") != "<nil>" || outbox.SecretText(kept()) != own {
		t.Errorf("their own secret: %s", mine.raw)
	}
	for body, location := range map[string]string{`{"url":"http://example.com"}`: "body.url", `{"url":""}`: "body.url", `{}`: "body.url",
		`{"url":"https://example.com","secret":"hunter2"}`: "body.secret"} {
		h.expect(h.must(422, h.call("PUT", path, body)), map[string]string{"errors[0].location": location})
	}
	h.must(200, h.call("DELETE", path, ""))
	h.must(404, h.call("GET", path, ""))
}

// A webhook set behind a cursor has what came behind it; what was posted before shows as not delivered.
func TestAWebhookBehindACursor(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":1}`))
	at := h.must(200, h.call("GET", eventsPath, "")).get("cursor")
	h.must(201, h.post(m1+"/grants", `{"points":2}`))
	late := h.must(200, h.call("GET", eventsPath, "")).get("cursor")
	for after, lacks := range map[string]bool{at: true, "": true, late: false} {
		put := h.call("PUT", eventsPath+"/webhook", `{"url":"https://example.com","after":"`+after+`"}`)
		if got := put.get("undelivered_since") != "<nil>"; put.status >= 300 || got != lacks {
			t.Errorf("behind %q: %s", after, put.raw)
		}
	}
}
