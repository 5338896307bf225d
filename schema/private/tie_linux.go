package private

import (
	"os/exec"
	"runtime"
	"syscall"
)

// tie makes the kernel send SIGINT, a fast shutdown, when the thread that started the command ends, which a killed service's does.
func tie(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGINT
}

// startTied starts and waits for cmd on a thread kept for it alone. started gets one value, and, if that is nil, ended gets one.
func startTied(cmd *exec.Cmd) (started, ended <-chan error) {
	first, last := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread must live as long as the command
		err := cmd.Start()
		first <- err
		if err == nil {
			last <- cmd.Wait()
		}
	}()
	return first, last
}
