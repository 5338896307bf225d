package ledger

import "fmt"

// A Kind says what a transaction is. Its number is what the database stores; it never changes its meaning.
type Kind int16

// The kinds of transactions.
const (
	GrantPending   Kind = 1
	Grant          Kind = 2
	RepricePending Kind = 3
	VoidPending    Kind = 4
	Mature         Kind = 5
	Reserve        Kind = 10
	Release        Kind = 11
	Redeem         Kind = 12
	Capture        Kind = 13
	Sweep          Kind = 14
	Restore        Kind = 20
	CashFallback   Kind = 21
	ReverseGrant   Kind = 22
	DebtPaid       Kind = 30
	DebtWriteOff   Kind = 31
	DebtNetted     Kind = 32
	Expire         Kind = 40
	Lapse          Kind = 41
	Revoke         Kind = 42
	Forfeit        Kind = 43
	Adjust         Kind = 44
	Exchange       Kind = 50
	ExchangeCancel Kind = 51
	Opening        Kind = 60
	ShopSettlement Kind = 61
	Valuation      Kind = 62
	Correct        Kind = 63
	Suspend        Kind = 70 // no lines: a mark in the journal, with actor and reason
	Reinstate      Kind = 71 // no lines
	Close          Kind = 72 // no lines; what is lost stands in the forfeit before it
)

var kindNames = map[Kind]string{
	GrantPending: "grant_pending", Grant: "grant", RepricePending: "reprice_pending", VoidPending: "void_pending", Mature: "mature",
	Reserve: "reserve", Release: "release", Redeem: "redeem", Capture: "capture", Sweep: "sweep",
	Restore: "restore", CashFallback: "cash_fallback", ReverseGrant: "reverse_grant",
	DebtPaid: "debt_paid", DebtWriteOff: "debt_written_off", DebtNetted: "debt_netted",
	Expire: "expire", Lapse: "lapse", Revoke: "revoke", Forfeit: "forfeit", Adjust: "adjust",
	Exchange: "exchange", ExchangeCancel: "exchange_cancel",
	Opening: "opening", ShopSettlement: "shop_settlement", Valuation: "valuation", Correct: "correct",
	Suspend: "suspend", Reinstate: "reinstate", Close: "close",
}

// String is the kind's name in the API, such as "grant_pending".
func (k Kind) String() string {
	if n, ok := kindNames[k]; ok {
		return n
	}
	return fmt.Sprintf("kind(%d)", int16(k))
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the kind of that name.
func (k *Kind) UnmarshalText(name []byte) error {
	for kind, n := range kindNames {
		if n == string(name) {
			*k = kind
			return nil
		}
	}
	return fmt.Errorf("%q is no kind of transaction", name)
}

// Kinds lists every kind with its name.
func Kinds() map[Kind]string { return kindNames }
