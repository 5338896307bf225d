//go:build !linux

package private

import (
	"os/exec"
	"syscall"
)

// tie does nothing: without it a server may be orphaned, and the next Start takes it over.
func tie(*syscall.SysProcAttr) {}

// startTied starts cmd and waits for it. started gets one value, and, if that is nil, ended gets one.
func startTied(cmd *exec.Cmd) (started, ended <-chan error) {
	first, last := make(chan error, 1), make(chan error, 1)
	err := cmd.Start()
	first <- err
	if err == nil {
		go func() { last <- cmd.Wait() }()
	}
	return first, last
}
