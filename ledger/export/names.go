package export

import "chobo/ledger"

// A Name is what an account is called in another accounting program.
type Name struct{ Account, Sub string }

// Names are the accounts' names there. Those left out keep their own.
type Names map[ledger.Account]Name

// japanese are names as Japanese accounting programs have them; a company's own are given with the request.
var japaneseNames = Names{
	ledger.MemberAvailable:      {"契約負債", "有効ポイント"},
	ledger.MemberPending:        {"契約負債", "未確定ポイント"},
	ledger.MemberReserved:       {"契約負債", "予約ポイント"},
	ledger.MemberDebt:           {"未収入金", "ポイント不足"},
	ledger.IssuedPurchase:       {"販売促進費", "購入ポイント"},
	ledger.IssuedCampaign:       {"販売促進費", "販促ポイント"},
	ledger.IssuedGoodwill:       {"販売促進費", "お詫びポイント"},
	ledger.IssuedOpening:        {"元入金", "移行ポイント"},
	ledger.FundedShop:           {"未収入金", "店舗原資"},
	ledger.RedeemedOrders:       {"未払金", "ポイント精算"},
	ledger.RedeemedCashFallback: {"未払金", "現金返金"},
	ledger.RedeemedBenefits:     {"ポイント使用収益", "特典交換"},
	ledger.ExpiredLots:          {"ポイント失効収益", "期限失効"},
	ledger.ExpiredInactivity:    {"ポイント失効収益", "不使用失効"},
	ledger.ForfeitedMisconduct:  {"ポイント失効収益", "不正没収"},
	ledger.ForfeitedClosure:     {"ポイント失効収益", "退会没収"},
	ledger.Adjusted:             {"販売促進費", "手動減算"},
	ledger.DebtCollected:        {"普通預金", "ポイント不足回収"},
	ledger.DebtWrittenOff:       {"貸倒損失", "ポイント不足"},
	ledger.ShopSettled:          {"普通預金", "店舗精算"},
	ledger.ValuationAllowance:   {"契約負債", "評価調整"},
	ledger.ValuationResult:      {"ポイント評価損益", ""},
	ledger.RoundingDifference:   {"雑損失", "端数"},
}

func (x *run) name(a ledger.Account) Name {
	if n, ok := x.Names[a]; ok {
		return n
	}
	if n, ok := japaneseNames[a]; ok {
		return n
	}
	return Name{Account: a.String()}
}

// englishName is the account's name as a program has it that parts names with colons.
func (x *run) englishName(a ledger.Account) string {
	if n, ok := x.Names[a]; ok {
		if n.Sub != "" {
			return n.Account + ":" + n.Sub
		}
		return n.Account
	}
	e, _ := a.Entry()
	return e.Export
}
