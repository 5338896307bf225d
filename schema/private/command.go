package private

import (
	"bytes"
	"context"
	"os/exec"
	"syscall"
)

// command prepares a server program: as the account, in a process group of its own so that Ctrl-C reaches the service first, and tied to our life where the system can do that.
func (a account) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin", "HOME=/", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.other {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	tie(cmd.SysProcAttr)
	return cmd
}

// runTied runs a command to its end and returns what it wrote.
func runTied(cmd *exec.Cmd) (string, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	started, ended := startTied(cmd)
	if err := <-started; err != nil {
		return "", err
	}
	err := <-ended
	return out.String(), err
}
