package journal

import "chobo/ledger"

// Keyed says whether an idempotency key has a transaction. Only Must is a law; the rest is how it mostly is, for sums to
// be right without looking keys up.
type Keyed int

// Whether a key has a transaction.
const (
	Must    Keyed = iota // of a kind that is posted by request alone
	Likely               // it may fall due by itself, but was posted by request as it seems
	Follows              // it seems to have the key of the one before it: a request's transactions are numbered one behind the other
	Never                // it fell due by itself
)

// Keyed tells whether a key has the transaction.
func (t *Posted) Keyed() Keyed {
	switch t.Kind {
	case ledger.Mature:
		return Never
	case ledger.Release, ledger.VoidPending, ledger.Sweep, ledger.ReverseGrant, ledger.DebtPaid, ledger.DebtWriteOff, ledger.DebtNetted,
		ledger.Expire, ledger.Lapse:
		if t.OccurredAt.Equal(t.PostedAt) { // what falls due is posted later
			return Likely
		}
		return Follows
	}
	return Must
}
