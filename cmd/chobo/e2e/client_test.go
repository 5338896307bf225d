package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

// A client calls a server as admin. Its connections are its own.
type client struct {
	t    testing.TB
	base string
	http *http.Client
}

func (s *server) client() *client {
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &client{t: s.t, base: s.base, http: &http.Client{Transport: transport, Timeout: time.Minute}}
}

// An answer is what a server said.
type answer struct {
	status   int
	replayed bool
	body     []byte
}

// call asks once. An error means that no whole answer came: what was asked may have been done.
func (c *client) call(ctx context.Context, method, path, key string, body any) (answer, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			c.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+adminKey)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	got, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close() //nolint:errcheck // it was read
	text, err = io.ReadAll(got.Body)
	return answer{got.StatusCode, got.Header.Get("Idempotency-Replayed") == "true", text}, err
}

// must asks and decodes the answer, which must have that status.
func (c *client) must(status int, method, path, key string, body, into any) {
	c.t.Helper()
	a, err := c.call(c.t.Context(), method, path, key, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if a.status != status {
		c.t.Fatalf("%s %s: %d, want %d\n%s", method, path, a.status, status, a.body)
	}
	if into != nil {
		if err := json.Unmarshal(a.body, into); err != nil {
			c.t.Fatalf("%s %s: %v\n%s", method, path, err, a.body)
		}
	}
}

type object = map[string]any

// order is an order of one thing, paid like that.
func order(id string, points, money int) object {
	return object{"order_id": id, "shop_id": "S-1", "lines": []object{{"line_id": "1", "quantity": 1, "unit_price": points + money}},
		"tenders": object{"points": points, "money": money}}
}

// A member is what GET M answers.
type member struct {
	Status string `json:"status"`
	Points struct {
		Available int `json:"available"`
		Pending   int `json:"pending"`
		Reserved  int `json:"reserved"`
	} `json:"points"`
}
