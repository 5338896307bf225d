package report

import "chobo/ledger"

// words says what each kind of transaction is, for people.
var words = map[ledger.Kind]string{
	ledger.GrantPending: "Points to come", ledger.Grant: "Points granted", ledger.RepricePending: "Points to come, new price",
	ledger.VoidPending: "Points to come, withdrawn", ledger.Mature: "Points available", ledger.Reserve: "Points set aside",
	ledger.Release: "Points no longer set aside", ledger.Redeem: "Points used", ledger.Capture: "Points used", ledger.Sweep: "Points used as asked in advance",
	ledger.Restore: "Points given back", ledger.CashFallback: "Paid back in money", ledger.ReverseGrant: "Points taken back",
	ledger.DebtPaid: "Debt paid", ledger.DebtWriteOff: "Debt written off", ledger.DebtNetted: "Debt paid with points",
	ledger.Expire: "Points expired", ledger.Lapse: "Points lapsed", ledger.Revoke: "Points revoked", ledger.Forfeit: "Points forfeited",
	ledger.Adjust: "Adjustment", ledger.Exchange: "Exchanged for a benefit", ledger.ExchangeCancel: "Exchange cancelled",
	ledger.Opening: "Opening balance", ledger.Correct: "Correction",
}

// Describe says what a line of a statement is: the kind in words, with the note of who did it, or what it was for.
func Describe(kind ledger.Kind, subject, note string) string {
	text := words[kind]
	if text == "" {
		text = kind.String()
	}
	if note != "" {
		return text + ": " + note
	}
	if subject != "" {
		return text + ", " + subject
	}
	return text
}

// SubjectOf tells what a transaction's subject is: an order, a reservation or an exchange.
func SubjectOf(kind ledger.Kind, subject string) (order, reservation, exchange string) {
	switch kind {
	case ledger.Reserve, ledger.Release:
		return "", subject, ""
	case ledger.Exchange, ledger.ExchangeCancel:
		return "", "", subject
	default:
		return subject, "", ""
	}
}
