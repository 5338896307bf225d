package private

import (
	"maps"
	"slices"
)

// ledgerSettings suit a ledger on a small machine: much is appended, little is read back. Durability stays as PostgreSQL has it.
var ledgerSettings = map[string]string{
	"shared_buffers":               "256MB",
	"max_wal_size":                 "2GB",   // checkpoints by time, not by volume, when much is imported
	"checkpoint_timeout":           "15min", // fewer full pages in the log, for a somewhat longer recovery
	"checkpoint_completion_target": "0.9",
	"max_connections":              "100",
	"log_timezone":                 "UTC",
	"log_min_error_statement":      "panic", // statements carry what members did: not into a log
	"log_error_verbosity":          "terse", // nor do the keys of a conflict
}

// throwawaySettings give durability up.
var throwawaySettings = map[string]string{
	"fsync":              "off",
	"synchronous_commit": "off",
	"full_page_writes":   "off",
}

// arguments are the server's command line: where it lives, then settings from the general to the particular.
func (s *Server) arguments() []string {
	all := maps.Clone(ledgerSettings)
	if s.cfg.Throwaway {
		maps.Copy(all, throwawaySettings)
	}
	maps.Copy(all, s.cfg.Settings)
	all["listen_addresses"] = "" // the socket only, whatever was asked
	all["unix_socket_directories"] = s.dir.socketDir()
	all["unix_socket_permissions"] = "0700"
	all["port"] = "5432"

	args := []string{"-D", s.dir.data()}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "-c", name+"="+all[name])
	}
	return args
}
