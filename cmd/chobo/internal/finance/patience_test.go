package finance_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chobo/cmd/chobo/internal/api"
	"chobo/cmd/chobo/internal/finance"
	"chobo/jobs/reconcile/trade"
	"chobo/schema/pgtest"
)

// An export that nobody reads is cut off, and its transaction in the database ends. That is no failure of ours.
func TestUnreadExport(t *testing.T) {
	log := &diary{}
	m := trade.Open(t, pgtest.NewURL(t))
	m.Fill(20_000, 500)
	s := httptest.NewUnstartedServer(api.New(api.Options{DB: m.DB, Engine: m.Engine, Registry: m.Registry, Jobs: m.Runner, AdminKey: "secret",
		Patience: 300 * time.Millisecond, Mount: finance.Mount(m.DB, m.Engine, time.Now), Log: zerolog.New(log)}))
	s.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		if tcp, ok := conn.(*net.TCPConn); ok && state == http.StateNew {
			_ = tcp.SetWriteBuffer(4 << 10)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		if err := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 2<<10) }); err != nil {
			return err
		}
		return err
	}}
	conn, err := d.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	fatal(t, err)
	defer conn.Close() //nolint:errcheck // of a test
	_, err = fmt.Fprintf(conn, "GET /v1/%s/exports/journal?format=jsonl HTTP/1.1\r\nHost: chobo\r\nAuthorization: Bearer secret\r\n\r\n", trade.Code)
	fatal(t, err)

	open := func() (n int) {
		fatal(t, m.Owner.Get(&n, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`))
		return n
	}
	until := func(what string, so func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !so(); time.Sleep(2 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("not in time: " + what)
			}
		}
	}
	until("the export begins", func() bool { return open() > 0 })
	until("the export ends", func() bool { return open() == 0 })
	got, err := io.Copy(io.Discard, conn)
	if got > 1<<20 {
		t.Errorf("who did not read got %d bytes, and then %v", got, err)
	}
	until("it is told", func() bool { return log.String() != "" })
	if text := log.String(); !strings.Contains(text, `"status":499`) || strings.Contains(text, `"level":"error"`) {
		t.Errorf("the log says\n%s", text)
	}
}

// A diary keeps what is logged.
type diary struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.Write(p)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.String()
}
