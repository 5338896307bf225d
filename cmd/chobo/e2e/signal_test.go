package e2e

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"chobo/schema/pgtest"
)

// A first signal lets calls under way end, however long that takes; a second one ends the server at once.
func TestSecondSignalForces(t *testing.T) {
	t.Parallel()
	s := start(t, "--database-url", pgtest.NewURL(t), "--drain", "10m")
	slow, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close() //nolint:errcheck // of a test
	// Its body never comes.
	_, err = fmt.Fprintf(slow, "POST /v1/samurai-mall/members/M-1/grants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: slow\r\n"+
		"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{", adminKey)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-s.end:
		s.end <- e
		t.Fatalf("it did not wait: %v\n%s", e.err, tail(s.log.String()))
	case <-time.After(2 * time.Second):
	}
	began := time.Now()
	if code := s.stop(); code != 1 {
		t.Errorf("it ends with %d", code)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s to end", took)
	}
}
