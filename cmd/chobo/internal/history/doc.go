// Package history brings members, points and orders over from another system.
//
//	file ─ rows ─▶ record ─ columns ─▶ entry ─ commands ─▶ engine.SubmitMany, some thousand at once
//	 CSV, JSON lines  │                  │                        │
//	                  └── cannot be read └── breaks a rule         └── refused by the ledger ──▶ Bad, by line and column
//
// Everything is posted by the same commands and under keys that are made of what a row is, not of where it stands: the
// other system's id, or all that the row says. So importing a file again, or another file with the same rows, posts
// nothing twice, and whoever was interrupted simply begins again.
package history
