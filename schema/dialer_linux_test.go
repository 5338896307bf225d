package schema_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"chobo/schema"
)

// A connection to a server on a network has the options by which silence is noticed in half a minute: probes when
// nothing is on its way, and a bound for what is.
func TestSilenceIsNoticed(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(t, err)
	defer server.Close() //nolint:errcheck // of a test
	opened := make(chan error, 1)
	go func() {
		_, err := schema.Open(t.Context(), "postgres://chobo@"+server.Addr().String()+"/chobo?sslmode=disable", schema.Pool{})
		opened <- err
	}()
	conn, err := server.Accept() // it never speaks
	fatal(t, err)

	fd := connected(t, conn.RemoteAddr().(*net.TCPAddr).Port)
	option := func(level, name int) int {
		n, err := syscall.GetsockoptInt(fd, level, name)
		fatal(t, err)
		return n
	}
	const userTimeout = 18
	noticed := func() int {
		if option(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE) != 1 {
			return -1
		}
		return option(syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE) + option(syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL)*option(syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT)
	}
	probes := noticed()
	for end := time.Now().Add(10 * time.Second); probes != 25 && time.Now().Before(end); probes = noticed() {
		time.Sleep(time.Millisecond) // probes are asked for when the connection stands: a moment after the server has it
	}
	if probes != 25 {
		t.Errorf("silence is noticed by probes after %d s", probes)
	}
	if ms := option(syscall.IPPROTO_TCP, userTimeout); ms == 0 || ms > 30_000 {
		t.Errorf("what was sent may go without an answer for %d ms", ms)
	}
	fatal(t, conn.Close())
	if err := <-opened; err == nil {
		t.Error("a server that never speaks was reached")
	}
}

// connected is our socket that has the port.
func connected(t *testing.T, port int) int {
	t.Helper()
	for fd := 3; fd < 1024; fd++ {
		own, err := syscall.Getsockname(fd)
		if err != nil {
			continue
		}
		if at, ok := own.(*syscall.SockaddrInet4); ok && at.Port == port {
			return fd
		}
	}
	t.Fatal("there is no such connection")
	return -1
}
