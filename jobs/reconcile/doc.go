// Package reconcile proves the books: it computes everything that the ledger stores a second time, from the journal,
// and names each difference as a break.
//
//	one snapshot ─▶ fingerprints of the journal and of what is stored ─▶ equal: proved
//	             │                                                       └ differ: the check's own query names who
//	             └▶ checks without a fingerprint
//	                       │
//	                       ▼
//	             table breaks: found again, it is the same break; not found again, it closes by itself
//
// A complete run looks at all members. An incremental one looks at those whom a transaction touched since the last
// run without a break, and at those with an open break. What "since" means is decided by the batches' transaction
// numbers, never by ids or clocks, so that a batch which commits late is not missed.
//
// Feeds from outside, the checkout's orders and the payment provider's refunds, are matched the same way: see MatchOrders
// and MatchRefunds.
package reconcile
