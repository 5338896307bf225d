package api

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// together makes n calls at once.
func (h *house) together(n int, call func(i int) answered) []answered {
	h.t.Helper()
	out := make([]answered, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { out[i] = call(i) })
	}
	all.Wait()
	return out
}

// However often a request is sent, and all at once, it is done once, and everybody gets the same answer.
func TestARequestSentTwentyTimesIsDoneOnce(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":5000}`))
	answers := h.together(20, func(int) answered { return h.call("POST", m1+"/orders", order, "Idempotency-Key: the-one") })
	fresh := 0
	for _, a := range answers {
		if a.status != 201 || string(a.raw) != string(answers[0].raw) {
			t.Fatalf("%d %s, not %s", a.status, a.raw, answers[0].raw)
		}
		if a.header.Get(headerReplayed) == "" {
			fresh++
		}
	}
	if fresh != 1 {
		t.Errorf("%d answers say that they were the first", fresh)
	}
	h.expect(h.must(200, h.call("GET", m1, "")), map[string]string{"points.available": "4000", "points.pending": "22"})
}

// Twenty checkouts that spend the same points at once: as many succeed as there are points for.
// fuint#71: 20 parallel gifts from 100 points credited 2,000.
func TestTheSamePointsAreSpentOnce(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":3000}`))
	done := 0
	for _, a := range h.together(20, func(i int) answered {
		return h.call("POST", m1+"/orders", strings.Replace(order, "O-1", fmt.Sprintf("O-%d", i), 1), fmt.Sprintf("Idempotency-Key: k%d", i))
	}) {
		switch {
		case a.status == 201:
			done++
		case a.get("code") != "insufficient_points":
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
	if done != 3 {
		t.Errorf("%d orders of 1000 points were paid with 3000", done)
	}
	h.expect(h.must(200, h.call("GET", m1, "")), map[string]string{"points.available": "0"})
}

// Bulk "shipped" on two orders of one member at once loses neither. ec-cube#4958.
func TestOrdersShippedAtOnce(t *testing.T) {
	h := sandboxed(t)
	cash := strings.Replace(order, `"points":1000,"money":2800`, `"points":0,"money":3800`, 1)
	for i := range 10 {
		h.must(201, h.post(m1+"/orders", strings.Replace(cash, "O-1", fmt.Sprintf("O-%d", i), 1)))
	}
	for i, a := range h.together(10, func(i int) answered {
		return h.call("POST", fmt.Sprintf("%s/orders/O-%d/status", m1, i), `{"status":"shipped"}`, fmt.Sprintf("Idempotency-Key: s%d", i))
	}) {
		if a.status != 200 {
			t.Errorf("order %d: %d %s", i, a.status, a.raw)
		}
	}
	for i := range 10 {
		h.expect(h.must(200, h.call("GET", fmt.Sprintf("%s/orders/O-%d", m1, i), "")), map[string]string{"status": "shipped"})
	}
}

// Readers of a member who is posted to all the time see a statement that adds up.
func TestAStatementUnderFire(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":1}`))
	h.together(40, func(i int) answered {
		if i%2 == 0 {
			return h.must(201, h.call("POST", m1+"/grants", `{"points":1}`, fmt.Sprintf("Idempotency-Key: g%d", i)))
		}
		a := h.must(200, h.call("GET", m1+"/entries?limit=500", ""))
		entries, _ := a.body["entries"].([]any)
		if got := a.get("entries[0].balance_after"); got != fmt.Sprint(len(entries)) {
			t.Errorf("%d entries of one point make %s", len(entries), got)
		}
		return a
	})
}
