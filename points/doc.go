// Package points is what a member's points can live through: the account, its lots, holds, orders and reservations, and
// the commands that change them.
//
//	command ── Run ──┬─ Refusal: nothing changed
//	                 ├─ Need: load it and run again
//	                 └─ transactions, documents, refunds; and the State that is a fold of the transactions
//
// Run advances the account first: what fell due before the command's time (reservations that ended, holds that ended,
// lots that expired, inactivity) is posted with its own time, so that no answer depends on a job having run. Then the
// command decides, and after its last refusal nothing may fail.
//
// Balances and lots change in post and nowhere else: every line moves the state, so the journal can always rebuild it.
// An Order keeps what paid each of its parts and what each of its lines earned; what it has earned is one function of the
// order as it stands, and every change posts the difference.
//
// The package is pure: no database, no clock, no log, no randomness. A bug is a panic.
package points
