package api

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// narrow is a listener whose connections hold little that the caller has not read.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		err = tcp.SetWriteBuffer(4 << 10)
	}
	return conn, err
}

// heard is the house on a network, its connections narrow.
func heard(t *testing.T, h *house) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h.server)
	s.Listener = narrow{s.Listener}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// dial connects with a window of so many bytes, or as few as may be.
func dial(t *testing.T, s *httptest.Server, window int) net.Conn {
	t.Helper()
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		err2 := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, window) })
		if err2 != nil {
			return err2
		}
		return err
	}}
	conn, err := d.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func ask(t *testing.T, conn net.Conn, path string) {
	t.Helper()
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: chobo\r\nAuthorization: Bearer "+adminKey+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

// counted is how many requests of an operation ended with a status.
func (h *house) counted(operation, status string) (n int) {
	h.t.Helper()
	families, err := h.server.opts.Metrics.Gather()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := m.GetLabel()
			if f.GetName() == "chobo_http_requests_total" && labels[0].GetValue() == operation && labels[1].GetValue() == status {
				n = int(m.GetCounter().GetValue())
			}
		}
	}
	return n
}

// soon waits until it is so.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: " + what)
		}
	}
}

// slowly rests before it reads.
type slowly struct {
	net.Conn
	rest time.Duration
}

func (s slowly) Read(b []byte) (int, error) {
	time.Sleep(s.rest)
	return s.Conn.Read(b)
}

// A caller who does not read his answer is cut off; one who reads slowly gets all of it, however long that takes.
func TestUnreadAnswer(t *testing.T) {
	const patience = 500 * time.Millisecond
	whole := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	h := newHouse(t, func(o *Options) {
		o.Patience = patience
		o.Mount = func(m *Mounting) {
			op := huma.Operation{OperationID: "test.large", Method: http.MethodGet, Path: "/v1/large"}
			huma.Register(m.API(), m.Allow(op, Finance), func(context.Context, *struct{}) (*huma.StreamResponse, error) {
				return &huma.StreamResponse{Body: func(c huma.Context) { _, _ = c.BodyWriter().Write(whole) }}, nil
			})
		}
	})
	s := heard(t, h)

	deaf := dial(t, s, 2<<10)
	ask(t, deaf, "/v1/large")
	soon(t, "the handler ends", func() bool { return h.counted("test.large", "200") == 1 })
	if got, err := io.ReadAll(deaf); len(got) >= len(whole) {
		t.Errorf("who did not read got %d bytes of %d, and then %v", len(got), len(whole), err)
	}

	slow := dial(t, s, 64<<10)
	began := time.Now()
	ask(t, slow, "/v1/large")
	answer, err := http.ReadResponse(bufio.NewReaderSize(slowly{slow, patience / 20}, 64<<10), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // of a test
	if got, err := io.ReadAll(answer.Body); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("who read slowly got %d bytes of %d, and then %v", len(got), len(whole), err)
	}
	if took := time.Since(began); took < patience {
		t.Errorf("who read slowly took no more than %s", took)
	}
}
