//go:build !linux

package schema

import "syscall"

// noticeSilence is left to probes where the system has no bound for what was sent.
var noticeSilence func(network, address string, conn syscall.RawConn) error
