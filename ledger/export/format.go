package export

import "fmt"

// A Format says how the journal is written.
type Format string

// The formats.
const (
	CSV       Format = "csv"
	JSONL     Format = "jsonl"
	HLedger   Format = "hledger"
	Ledger    Format = "ledger"
	Beancount Format = "beancount"

	Freee        Format = "freee"
	MoneyForward Format = "moneyforward"
	Yayoi        Format = "yayoi"
	QuickBooks   Format = "quickbooks"
)

// Journals are the formats that hold every transaction, Summaries those that hold a day's sums.
var (
	Journals  = []Format{CSV, JSONL, HLedger, Ledger, Beancount}
	Summaries = []Format{Freee, MoneyForward, Yayoi, QuickBooks}
)

// Summary tells whether the format holds sums by day, account and shop.
func (f Format) Summary() bool {
	switch f {
	case Freee, MoneyForward, Yayoi, QuickBooks:
		return true
	default:
		return false
	}
}

// ContentType is what the format is called in an answer's header.
func (f Format) ContentType() string {
	switch f {
	case CSV, Freee, MoneyForward, QuickBooks:
		return "text/csv; charset=utf-8"
	case Yayoi:
		return "text/csv; charset=Shift_JIS"
	case JSONL:
		return "application/jsonl"
	default:
		return "text/plain; charset=utf-8"
	}
}

// Extension is what files of the format end with.
func (f Format) Extension() string {
	switch f {
	case JSONL:
		return "jsonl"
	case HLedger:
		return "journal"
	case Ledger:
		return "ledger"
	case Beancount:
		return "beancount"
	default:
		return "csv"
	}
}

// ParseFormat is the format of that name.
func ParseFormat(name string) (Format, error) {
	for _, f := range append(append([]Format(nil), Journals...), Summaries...) {
		if string(f) == name {
			return f, nil
		}
	}
	return "", fmt.Errorf("%q is no format: there are %v and %v", name, Journals, Summaries)
}
