package program

import (
	"chobo/ledger"

	"github.com/shopspring/decimal"
)

// Default is what a key means that a file leaves out. Only `program` and `effective_from` have to be there: name and
// returns_policy default to the program's code. A sweep moves money unasked, so it is off unless the file asks for it.
func Default() Program {
	return Program{
		Currency:   "JPY",
		Zone:       mustZone("Asia/Tokyo"),
		PointValue: decimal.NewFromInt(1),
		Earn: Earn{Terms: Terms{
			Rate:     decimal.New(1, -2),
			Rounding: ledger.Floor,
			Hold:     Hold{Days: 30, From: OnOrder, Latest: 60},
			Expiry:   Expiry{Mode: Inactivity, Months: 12},
			FundedBy: Mall,
		}},
		Redeem:   Redeem{Min: 1, Step: 1, MaxShare: decimal.NewFromInt(1), LotOrder: EarliestExpiry},
		Expiry:   Expiry{Mode: Inactivity, Months: 12},
		Restore:  Restore{ExpiredLot: Cash, ClosedMember: Cash, GraceDays: 30},
		Reprice:  Reprice{RefundOrder: OtherTenderFirst},
		Clawback: Clawback{Take: []Take{TakeLot, TakeOtherLots, TakeReceivable}},
		Sweep:    Sweep{Days: 0},
		Abuse:    Abuse{WindowDays: 180, MaxReturns: 10},
	}
}
