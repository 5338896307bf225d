package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// A client calls the API over the loopback, as a checkout does: every caller keeps its connection. It writes its requests
// by hand, since callers take their CPU from what they measure, and net/http's client takes as much as the server.
type client struct {
	b      *bench
	server *http.Server
	host   string
	conns  []*conn // by caller
}

// A conn is a caller's connection.
type conn struct {
	net.Conn
	answers *bufio.Reader
	request []byte
}

// dial serves the API and connects so many callers. When ctx ends, they are cut off.
func (b *bench) dial(ctx context.Context, callers int) (*client, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &client{b: b, host: listener.Addr().String(), server: &http.Server{Handler: b.subject.Handler, ReadHeaderTimeout: 10 * time.Second}}
	go func() { _ = c.server.Serve(listener) }()
	for range callers {
		made, err := net.Dial("tcp", c.host)
		if err != nil {
			c.close()
			return nil, err
		}
		c.conns = append(c.conns, &conn{Conn: made, answers: bufio.NewReader(made)})
	}
	context.AfterFunc(ctx, c.close)
	return c, nil
}

func (c *client) close() {
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	_ = c.server.Close()
}

// post sends a body over the caller's connection and reads the whole answer.
func (c *client) post(caller int, path, key string, body []byte) ([]byte, error) {
	conn := c.conns[caller]
	r := fmt.Appendf(conn.request[:0], "POST /v1/%s%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n",
		Program, path, c.host, c.b.subject.Key, len(body))
	if key != "" {
		r = fmt.Appendf(r, "Idempotency-Key: %s\r\n", key)
	}
	r = append(append(r, "\r\n"...), body...)
	conn.request = r
	if _, err := conn.Write(r); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(conn.answers, nil)
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
	return func(_ context.Context, caller, turn int) (int, error) {
		id := c.b.id(caller, turn)
		_, err := c.post(caller, "/members/"+who()+"/orders", id, body(id, paid()))
		return 1, err
	}
}

// batch posts so many orders a call, and looks how many were.
func (c *client) batch(who choice, paid tenders, size int) call {
	return func(_ context.Context, caller, turn int) (int, error) {
		sent := []byte(`{"operations":[`)
		for i := range size {
			id := fmt.Sprintf("%s-%d", c.b.id(caller, turn), i)
			sent = fmt.Appendf(sent, `{"op":"orders.create","member_id":%q,"idempotency_key":%q,"body":%s},`, who(), id, body(id, paid()))
		}
		sent = append(sent[:len(sent)-1], "]}"...)
		text, err := c.post(caller, "/batch", "", sent)
		if posted := bytes.Count(text, []byte(`"status":201`)); err == nil && posted != size {
			err = fmt.Errorf("%d of %d operations were posted: %.500s", posted, size, text)
		}
		return size, err
	}
}
