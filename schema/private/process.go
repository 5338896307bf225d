package private

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// A process is a running postmaster: our child, or one that we found.
type process struct {
	pid   int
	ended <-chan struct{}
}

func (p process) done() <-chan struct{} { return p.ended }

func (p process) signal(sig syscall.Signal) error {
	select {
	case <-p.ended:
		return nil
	default:
	}
	return syscall.Kill(p.pid, sig)
}

// child follows a command that was started.
func child(cmd *exec.Cmd, ended <-chan error, log func(string)) process {
	gone := make(chan struct{})
	go func() {
		if err := <-ended; err != nil {
			log(fmt.Sprintf("PostgreSQL ended: %v", err))
		}
		close(gone)
	}()
	return process{pid: cmd.Process.Pid, ended: gone}
}

// found follows a process that is not our child, by looking.
func found(pid int) process {
	gone := make(chan struct{})
	go func() {
		for alive(pid) {
			time.Sleep(100 * time.Millisecond)
		}
		close(gone)
	}()
	return process{pid: pid, ended: gone}
}

// alive says whether pid still runs: a zombie does not.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return (err == nil || errors.Is(err, syscall.EPERM)) && !zombie(pid)
}
