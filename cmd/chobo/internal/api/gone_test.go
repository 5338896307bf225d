package api

import (
	"bytes"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/rs/zerolog"

	"chobo/schema/pgtest"
)

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

// send writes a request to a connection of its own.
func send(t *testing.T, s *httptest.Server, method, path, body string) net.Conn {
	t.Helper()
	conn := dial(t, s, 2<<10)
	if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: chobo\r\nAuthorization: Bearer %s\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, path, adminKey, len(body), body); err != nil {
		t.Fatal(err)
	}
	return conn
}

// waits tells whether a connection to the database waits for a lock.
func waits(t *testing.T, owner *sqlx.DB) (yes bool) {
	t.Helper()
	const sql = `SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	if err := owner.Get(&yes, sql); err != nil {
		t.Fatal(err)
	}
	return yes
}

// Who hangs up before there is an answer did not meet a failure: it is counted as 499 and told as such. What he asked
// for is posted all the same, once, and its key answers.
func TestHangUp(t *testing.T) {
	d := &diary{}
	h := newHouse(t, func(o *Options) { o.Log = zerolog.New(d) })
	h.must(201, h.call("PUT", "/v1/samurai-mall", sandbox))
	h.must(201, h.call("POST", m1+"/grants", `{"points":10,"reason":"first"}`, "Idempotency-Key: first"))
	s := heard(t, h)

	owner := pgtest.OpenOwner(t, h.url)
	held := owner.MustBegin() // the member's row, so that the posting waits
	if _, err := held.Exec(`SELECT FROM accounts WHERE member = (SELECT member FROM members WHERE member_id = 'M-1') FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	const grant = `{"points":1500,"reason":"welcome"}`
	conn := send(t, s, "POST", m1+"/grants", grant)
	soon(t, "the posting waits", func() bool { return waits(t, owner) })
	_ = conn.Close()
	soon(t, "it is counted", func() bool { return h.counted("grants.create", "499") == 1 })
	if err := held.Rollback(); err != nil {
		t.Fatal(err)
	}
	soon(t, "it is posted", func() bool { return h.call("GET", m1, "").get("points.available") == "1510" })
	a := h.must(201, h.call("POST", m1+"/grants", grant, "Idempotency-Key: k"))
	if a.header.Get("Idempotency-Replayed") != "true" {
		t.Error("it is posted again")
	}

	held = owner.MustBegin()
	if _, err := held.Exec(`LOCK TABLE refunds`); err != nil {
		t.Fatal(err)
	}
	conn = send(t, s, "GET", "/v1/samurai-mall/refunds", "")
	soon(t, "the query waits", func() bool { return waits(t, owner) })
	_ = conn.Close()
	soon(t, "it is counted", func() bool { return h.counted("refunds.list", "499") == 1 })
	if err := held.Rollback(); err != nil {
		t.Fatal(err)
	}
	if log := d.String(); strings.Count(log, `"status":499`) != 2 || strings.Contains(log, `"level":"error"`) || strings.Contains(log, `"level":"warn"`) ||
		strings.Count(log, `"level":"info"`) != 2 {
		t.Errorf("the log says\n%s", log)
	}
}
