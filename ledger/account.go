package ledger

import "fmt"

// An Account is one account of the chart. Its number is what the database stores; it never changes its meaning.
type Account int16

// The chart. member:* accounts are kept per member; all others are house accounts, which have no running
// balance: they are summed, so that no posting waits for another member's.
const (
	MemberAvailable Account = 11 // points a member can spend
	MemberPending   Account = 12 // granted, still held
	MemberReserved  Account = 13 // set aside for a checkout under way
	MemberDebt      Account = 14 // owed by the member after a clawback beyond what was left

	IssuedPurchase Account = 21 // grants for orders, funded by the mall
	IssuedCampaign Account = 22 // grants by hand or campaign, funded by the mall
	IssuedGoodwill Account = 23 // adjustments in the member's favour
	IssuedOpening  Account = 24 // balances brought over from another system
	FundedShop     Account = 25 // grants funded by a shop

	RedeemedOrders       Account = 31 // points that paid orders; the shop is owed their value
	RedeemedCashFallback Account = 32 // points of an order that came back as the shop's cash
	RedeemedBenefits     Account = 33 // points exchanged for benefits

	ExpiredLots         Account = 41 // lots past their date
	ExpiredInactivity   Account = 42 // lapsed without a qualifying transaction
	ForfeitedMisconduct Account = 43 // revoked
	ForfeitedClosure    Account = 44 // lost with the membership
	Adjusted            Account = 45 // taken by hand

	DebtCollected  Account = 51
	DebtWrittenOff Account = 52

	ShopSettled        Account = 61
	ValuationAllowance Account = 71
	ValuationResult    Account = 72
	RoundingDifference Account = 81 // money only: fractions of a unit where the value of a point is no whole number
)

// A Class says what an account's balance means in a balance sheet or an income statement.
type Class string

// The classes of the points book and of the money book.
const (
	Asset     Class = "asset"
	Liability Class = "liability"
	Equity    Class = "equity"
	Income    Class = "income"
	Expense   Class = "expense"
)

// A ChartEntry describes one account of the chart.
type ChartEntry struct {
	Account Account
	Name    string // as it stands in the API and the documents: "member:available"
	Class   Class  // in the points book
	Money   Class  // in the money book
	Export  string // the account's name in plain-text accounting exports
}

// Chart lists every account, in the order in which reports show them.
var Chart = []ChartEntry{
	{MemberAvailable, "member:available", Liability, Liability, "Liabilities:Points:Available"},
	{MemberPending, "member:pending", Liability, Liability, "Liabilities:Points:Pending"},
	{MemberReserved, "member:reserved", Liability, Liability, "Liabilities:Points:Reserved"},
	{MemberDebt, "member:debt", Asset, Asset, "Assets:Points:Debt"},
	{IssuedPurchase, "issued:purchase", Equity, Expense, "Expenses:Issued:Purchase"},
	{IssuedCampaign, "issued:campaign", Equity, Expense, "Expenses:Issued:Campaign"},
	{IssuedGoodwill, "issued:goodwill", Equity, Expense, "Expenses:Issued:Goodwill"},
	{IssuedOpening, "issued:opening", Equity, Equity, "Equity:Issued:Opening"},
	{FundedShop, "funded:shop", Equity, Asset, "Assets:Funded:Shop"},
	{RedeemedOrders, "redeemed:orders", Equity, Liability, "Liabilities:Redeemed:Orders"},
	{RedeemedCashFallback, "redeemed:cash_fallback", Equity, Liability, "Liabilities:Redeemed:CashFallback"},
	{RedeemedBenefits, "redeemed:benefits", Equity, Income, "Income:Redeemed:Benefits"},
	{ExpiredLots, "expired:lots", Equity, Income, "Income:Expired:Lots"},
	{ExpiredInactivity, "expired:inactivity", Equity, Income, "Income:Expired:Inactivity"},
	{ForfeitedMisconduct, "forfeited:misconduct", Equity, Income, "Income:Forfeited:Misconduct"},
	{ForfeitedClosure, "forfeited:closure", Equity, Income, "Income:Forfeited:Closure"},
	{Adjusted, "adjusted", Equity, Expense, "Expenses:Adjusted"},
	{DebtCollected, "debt:collected", Equity, Asset, "Assets:Debt:Collected"},
	{DebtWrittenOff, "debt:written_off", Equity, Expense, "Expenses:Debt:WrittenOff"},
	{ShopSettled, "shop:settled", Equity, Asset, "Assets:Shop:Settled"},
	{ValuationAllowance, "valuation:allowance", Equity, Liability, "Liabilities:Valuation:Allowance"},
	{ValuationResult, "valuation:result", Equity, Income, "Income:Valuation:Result"},
	{RoundingDifference, "rounding", Equity, Expense, "Expenses:Rounding"},
}

var chartByAccount = func() map[Account]ChartEntry {
	m := make(map[Account]ChartEntry, len(Chart))
	for _, e := range Chart {
		m[e.Account] = e
	}
	return m
}()

// String is the account's name in the chart, such as "member:available".
func (a Account) String() string {
	if e, ok := chartByAccount[a]; ok {
		return e.Name
	}
	return fmt.Sprintf("account(%d)", int16(a))
}

// Entry is the account's place in the chart; ok is false for a number that is no account.
func (a Account) Entry() (e ChartEntry, ok bool) {
	e, ok = chartByAccount[a]
	return e, ok
}

// OfMember tells whether the account is kept per member.
func (a Account) OfMember() bool { return a >= MemberAvailable && a <= MemberDebt }

// OfShop tells whether the account is kept per shop.
func (a Account) OfShop() bool {
	return a == FundedShop || a == RedeemedOrders || a == RedeemedCashFallback || a == ShopSettled
}

// ParseAccount is the account of that name in the chart.
func ParseAccount(name string) (Account, error) {
	for _, e := range Chart {
		if e.Name == name {
			return e.Account, nil
		}
	}
	return 0, fmt.Errorf("%q is no account of the chart", name)
}

// LossAccounts are where points of a lot end that were lost without being spent. A clawback counts them as
// already taken back.
var LossAccounts = []Account{ExpiredLots, ExpiredInactivity, ForfeitedMisconduct, ForfeitedClosure, Adjusted}
