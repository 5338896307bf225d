package private

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// serves says whether pid is a server of this folder, and not a process that got a dead server's number.
func serves(pid int, d dir) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	return err != nil || bytes.Contains(line, []byte(d.data()))
}
