// Chobo keeps the books of loyalty points: a double-entry ledger with an HTTP API on PostgreSQL.
//
//	main ─▶ parse ─▶ one subcommand a file ─▶ database ─▶ house: engine, registry, jobs, API
//	                                            │
//	                                            └─ a private PostgreSQL, where no URL is given
//
// Exit codes: 0 done, 1 failed, 2 wrong usage. Results go to standard output, all else to standard error.
package main
