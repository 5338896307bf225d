// Package taccount draws T-accounts as a bookkeeper does: debits on the left, credits on the right, the balance below.
//
//	     member:available                redeemed:orders
//	─────────────┬─────────────    ─────────────┬─────────────
//	reverse   11 │ restore 499     restore  499 │ redeem 1,000
//	             │ grant 1,000                  │
//	─────────────┼─────────────    ─────────────┼─────────────
//	             │       1,488                  │         501
package taccount
