// Package report reads the books and shows them: what finance closes a month with, and what an auditor asks for.
//
//	daily sums + lines not summed up yet ──(view movements)──▶ balances, roll-forward, settlement, …
//	transactions + lines ─────────────────────────────────────▶ ledgers, logs, lots by expiry, cohorts
//	                                                                  │
//	                                                  typed answers ──┴──▶ Sheet ──▶ CSV, table
//
// Reports select by book date, the day that finance counts a transaction to: the later of the day it happened on in
// the program's zone and the first day of the earliest open period. So a report of a closed period never changes.
// KnownAt restricts any of them to what was posted by an instant.
//
// A report is of one instant: all its queries run in one snapshot. It never writes.
package report
