package points_test

import (
	"testing"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
)

// The house posts money only, on house accounts, and only as itself. Source: ruling 8.
func TestTheHouse(t *testing.T) {
	settled := []ledger.Line{{Account: ledger.RedeemedOrders, Money: 100, Shop: "S-1"}, {Account: ledger.ShopSettled, Money: -100, Shop: "S-1"}}
	post := func(kind ledger.Kind, lines ...ledger.Line) points.Command {
		return points.PostHouse{Kind: kind, Lines: lines, Actor: "op"}
	}
	b := New(aProgram(t, ""))
	play(t, b, []event{refused("04-01", post(ledger.ShopSettlement, settled...), points.ValidationFailed)})
	b.Name = points.HouseMember
	play(t, b, []event{
		refused("04-01", post(ledger.Redeem, settled...), points.ValidationFailed),
		refused("04-01", post(ledger.ShopSettlement, settled[0]), points.ValidationFailed),
		refused("04-01", post(ledger.ShopSettlement, ledger.Line{Account: ledger.MemberDebt, Money: 1}, ledger.Line{Account: ledger.ShopSettled, Money: -1}), points.ValidationFailed),
		refused("04-01", post(ledger.Valuation, ledger.Line{Account: ledger.ValuationResult, Points: 1}, ledger.Line{Account: ledger.ValuationAllowance, Points: -1}), points.ValidationFailed),
		at("04-01", post(ledger.ShopSettlement, settled...)),
	})
	want := `
		redeemed:orders  0 shop_settlement (100) |
		shop:settled                             | 0 shop_settlement (100)`
	if got := b.T(0); !Same(got, want) {
		t.Errorf("the journal has\n%s", got)
	}
}

// Each operation has a name of its own, by which batches and logs know it.
func TestNamesOfOperations(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range []points.Command{
		points.PlaceOrder{}, points.SetStatus{}, points.Reprice{}, points.MakeReservation{}, points.CaptureReservation{}, points.VoidReservation{},
		points.GrantPoints{}, points.AdjustPoints{}, points.RevokePoints{}, points.OpenBalance{}, points.PayReceivable{}, points.WriteOffReceivable{},
		points.ExchangePoints{}, points.ChangeExchange{To: "fulfil"}, points.ChangeExchange{To: "cancel"}, points.ChangeExchange{To: "substitute"},
		points.ChangeMembership{To: points.Active}, points.ChangeMembership{To: points.Suspended}, points.ChangeMembership{To: points.Closed},
		points.Visit{Kind: points.DueRelease}, points.Visit{Kind: points.DueMature}, points.Visit{Kind: points.DueExpire}, points.Visit{Kind: points.DueLapse},
		points.PostHouse{Kind: ledger.ShopSettlement}, points.PostHouse{Kind: ledger.Valuation},
	} {
		if name := c.Name(); name == "" || seen[name] {
			t.Errorf("%T is named %q", c, name)
		} else {
			seen[name] = true
		}
	}
}
