package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// A client calls the API over the loopback, as a checkout does: connections are kept.
type client struct {
	b      *bench
	http   *http.Client
	base   string
	server *http.Server
}

// dial serves the API and readies a client for so many callers.
func (b *bench) dial(callers int) (*client, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &client{b: b, base: "http://" + listener.Addr().String() + "/v1/" + Program,
		server: &http.Server{Handler: b.subject.Handler, ReadHeaderTimeout: 10 * time.Second},
		http:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers, DisableCompression: true}}}
	go func() { _ = c.server.Serve(listener) }()
	return c, nil
}

func (c *client) close() {
	c.http.CloseIdleConnections()
	_ = c.server.Close()
}

// post sends a body and reads the whole answer.
func (c *client) post(ctx context.Context, path, key string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+c.b.subject.Key)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("answered %d: %s", answer.StatusCode, text)
	}
	return text, err
}

// order posts one order a call.
func (c *client) order(who choice, paid tenders) call {
	return func(ctx context.Context, caller, turn int) (int, error) {
		id := c.b.id(caller, turn)
		_, err := c.post(ctx, "/members/"+who()+"/orders", id, body(id, paid()))
		return 1, err
	}
}

// operation is one of a batch.
type operation struct {
	Op             string          `json:"op"`
	MemberID       string          `json:"member_id"`
	IdempotencyKey string          `json:"idempotency_key"`
	Body           json.RawMessage `json:"body"`
}

// batch posts so many orders a call, and looks at each answer.
func (c *client) batch(who choice, paid tenders, size int) call {
	return func(ctx context.Context, caller, turn int) (int, error) {
		operations := make([]operation, size)
		for i := range operations {
			id := fmt.Sprintf("%s-%d", c.b.id(caller, turn), i)
			operations[i] = operation{"orders.create", who(), id, body(id, paid())}
		}
		sent, err := json.Marshal(map[string]any{"operations": operations})
		if err != nil {
			return 0, err
		}
		text, err := c.post(ctx, "/batch", "", sent)
		if err != nil {
			return 0, err
		}
		var answer struct {
			Results []struct {
				Status int             `json:"status"`
				Body   json.RawMessage `json:"body"`
			} `json:"results"`
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			return 0, err
		}
		if len(answer.Results) != size {
			return 0, fmt.Errorf("%d results to %d operations", len(answer.Results), size)
		}
		for _, r := range answer.Results {
			if r.Status >= 300 {
				return 0, fmt.Errorf("answered %d: %s", r.Status, r.Body)
			}
		}
		return size, nil
	}
}
