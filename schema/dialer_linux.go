package schema

import (
	"strings"
	"syscall"
)

// tcpUserTimeout is the option TCP_USER_TIMEOUT of linux/tcp.h, which package syscall does not name. Without it, probes
// are not sent while something is on its way, and that is sent again for a quarter of an hour.
const tcpUserTimeout = 18

// noticeSilence bounds how long what was sent may go without an answer.
func noticeSilence(network, _ string, conn syscall.RawConn) (err error) {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	if err := conn.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(silence.Milliseconds())) //nolint:gosec // a file's number
	}); err != nil {
		return err
	}
	return err
}
