//go:build !linux

package private

// serves cannot be told here; a stranger with a dead server's number makes PostgreSQL refuse, with a clear message.
func serves(int, dir) bool { return true }
