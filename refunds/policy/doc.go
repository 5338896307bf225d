// Package policy decides cancellations and returns by the shop's own written terms.
//
// The terms are a YAML file that a shop's staff can read. It is a list of rules, read from top to bottom; the first rule
// whose condition holds decides:
//
//   - rule: told-late
//     action: return
//     when: reason == "customer_convenience" && days_since_delivery > 5
//     clause: SM-R23.5
//     outcome: reject
//     explanation: Returns for convenience are possible within five days after the goods arrived.
//
// Conditions are CEL over the facts of one order line:
//
//	Facts ──► rule 1 ── false ──► rule 2 ── unknown ──► rule 3 ── true ──► Decision
//	                                                    (no rule: review, clause empty)
//
// A fact that nobody told is unknown, which is neither true nor false: a rule that hangs on it does not match.
//
// [Load] reads a file and proves it before anyone depends on it: names and types, rules that can never be reached, and the
// file's own examples. [Policy.Decide] answers, [Policy.Explain] says why, and a [Book] keeps the versions and finds the one
// in force when an order was placed. The five policies of [Shipped] come with the program.
//
// The package is pure: no database, no clock, no log. It counts no money either; a decision only names the parts of the
// payment that go back.
package policy
