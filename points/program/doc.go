// Package program reads program files: what a loyalty program's operator decides about how points are earned, held,
// spent, restored and lost.
//
// A file (YAML) and the body of a request (JSON) have the same keys and become the same [Program]:
//
//	file ── Parse ──┐                       ┌─ Terms(line, order)   what a line earns, held and living how long
//	                ├─→ *Program ─→ Versions┤
//	body ── Decode ─┘        │              └─ Hold.End, Expiry.ExpiresAt, …   when that happens
//	                         └─→ MarshalJSON, Hash: the canonical form, for storing and for telling two apart
//
// Reading refuses what it does not know: an unknown key, a value of the wrong type or out of range, an earning rule
// that does not compile. It names every problem of the file at once, each with its line, its column and its key
// ([InvalidError]). A Program is complete and never changes afterwards: a key left out has its [Default] already.
//
// # Earning rules
//
// earn.rules are tried in order and the first that matches a line gives that line its terms; what the rule leaves out
// is as in the rest of earn. `when` is a CEL expression over the facts of the line and of its order:
//
//	line   sku, category: text; quantity, unit_price, line_total: whole numbers (money in minor units, the discount
//	       taken off line_total); attributes: what the caller sent with the line
//	order  shop_id, member_id, payment_method, destination: text; preorder: true or false; order_total: whole number;
//	       ordered_at: a time in the program's zone
//
// Comparisons, && || !, in, has(attributes.x), matches() and the string functions of CEL are there, and
// under(category, "books"), true for books and books/comics but not for booksellers. Loops (all, exists, map) are not.
// A rule that asks for an attribute which the line does not have, or compares what cannot be compared, does not match.
//
// `valid: { from, to }` limits a rule to orders placed from the first instant of `from` until before the first instant
// of `to`: { from: 2026-04-01, to: 2026-04-08 } is the week of 1 to 7 April. Both are dates in the program's zone or
// times with an offset; either may be left out.
//
// # Days
//
// All days are days of the program's zone; one that has no midnight there begins when the clock first shows its date.
//
// The package is pure: no database, no clock, no log.
package program
