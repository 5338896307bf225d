package private

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// serves says whether pid is a server of this folder, and not a process that got a dead server's number. A server works in its data folder.
func serves(pid int, d dir) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil || bytes.Contains(line, []byte(d.data())) {
		return true // when in doubt PostgreSQL decides
	}
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	return err == nil && cwd == d.data()
}
