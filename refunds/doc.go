// Package refunds undoes orders: cancellations and returns, as commands on a member's account.
//
// A request is first decided, then carried out:
//
//	request ── facts of each line ── policy.Decide ──┬─ reject: kept, nothing posts
//	                                                 ├─ review: kept until a person resolves it
//	                                                 └─ accept ──┬─ goods or an inspection awaited: until Receive, which decides again
//	                                                             └─ settled: points.Account.Undo restores, claws back and refunds
//
// The decision is made by the policy that was in force when the order was placed, the shop's own before the mall's.
// Every decision and every change of state is kept with its time and, where a person acted, with who it was.
//
// The package is pure: no database, no clock, no log.
package refunds
