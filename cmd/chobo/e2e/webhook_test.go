package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chobo/schema/pgtest"
)

// A webhookMessage is what another system got.
type webhookMessage struct {
	id   string
	body string
}

// members are those whom the message's events concern, in order.
func (m webhookMessage) members(t *testing.T) (out []string) {
	t.Helper()
	var body struct {
		Events []struct {
			MemberID string `json:"member_id"`
		} `json:"events"`
	}
	if err := json.Unmarshal([]byte(m.body), &body); err != nil {
		t.Error(err)
	}
	for _, e := range body.Events {
		out = append(out, e.MemberID)
	}
	return out
}

// A server is killed between sending a message and noting that it was taken. Another one sends the same message again,
// under the same id, and then what was posted meanwhile. The doctor tells of a receiver that takes nothing.
func TestWebhookSurvivesAKill(t *testing.T) {
	url := pgtest.NewURL(t)
	first := start(t, "--database-url", url, "--no-jobs")
	var mu sync.Mutex
	var got []webhookMessage
	take := func() int { first.kill(); return http.StatusOK }
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, webhookMessage{r.Header.Get("webhook-id"), string(body)})
		w.WriteHeader(take())
	}))
	t.Cleanup(receiver.Close)

	c := first.client()
	c.must(201, "PUT", "/v1/samurai-mall/events/webhook", "", object{"url": receiver.URL, "after": ""}, nil)
	c.must(201, "POST", "/v1/samurai-mall/members/M-1/grants", "k", object{"points": 5}, nil)
	if a, err := c.call(t.Context(), "POST", "/v1/samurai-mall/jobs/deliver/run", "", object{}); err == nil {
		t.Fatalf("a server that was killed answers %d %s", a.status, a.body)
	}

	take = func() int { return http.StatusServiceUnavailable }
	c = start(t, "--database-url", url, "--no-jobs").client()
	c.must(201, "POST", "/v1/samurai-mall/members/M-2/grants", "k", object{"points": 7}, nil)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) { // the killed one's lock ends with its connection
		if a, err := c.call(t.Context(), "POST", "/v1/samurai-mall/jobs/deliver/run", "", object{}); err != nil || a.status == 502 {
			break
		} else if time.Now().After(end) {
			t.Fatalf("a receiver that refuses is answered %d %s", a.status, a.body)
		}
	}
	told, _ := exec.CommandContext(t.Context(), binary, "doctor", "--database-url", url).Output() // it fails: durability is off
	if !strings.Contains(string(told), "after 1 failures: it answered 503") {
		t.Errorf("the doctor says\n%s", told)
	}

	take = func() int { return http.StatusOK }
	run := exec.CommandContext(t.Context(), binary, "jobs", "run", "deliver", "--program", "samurai-mall", "--database-url", url)
	run.Env = cleanEnv()
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(got) != 4 || got[0] != got[1] || got[1] != got[2] || got[3].id == got[2].id {
		t.Fatalf("messages %+v", got)
	}
	if first, last := got[0].members(t), got[3].members(t); !slices.Equal(first, []string{"M-1"}) || !slices.Equal(last, []string{"M-2"}) {
		t.Errorf("first come %v, last %v", first, last)
	}
}
