package export

import (
	"bufio"
	"fmt"
	"strings"
	"time"

	"chobo/ledger"
	"chobo/ledger/report"
)

// points is the commodity of points; that of money is the currency's code, its amounts in minor units.
const pointsCommodity = "POINT"

// A posting is one line of a plain-text transaction.
type posting struct {
	account string
	amount  int64
	line    *ledger.Line
}

// split divides a transaction by commodity; a part in which nothing moves is left out.
func (x *run) split(e *entry, fn func(commodity string, postings []posting)) {
	parts := [2][]posting{}
	for i := range e.Lines {
		l := &e.Lines[i]
		account, _ := l.Account.Entry()
		for j, amount := range []int64{int64(l.Points), int64(l.Money)} {
			if amount != 0 {
				parts[j] = append(parts[j], posting{account.Export, amount, l})
			}
		}
	}
	for j, commodity := range []string{pointsCommodity, x.Currency} {
		if len(parts[j]) > 0 {
			fn(commodity, parts[j])
		}
	}
}

// plainText writes what hledger and ledger both read: declarations, the balances brought forward, the transactions,
// and assertions of the balances at the end.
func (x *run) plainText(w *bufio.Writer) error {
	brought, at, err := x.bounds()
	if err != nil {
		return err
	}
	if x.After == 0 {
		fmt.Fprintf(w, "; %s from %s to %s, money in minor units\n", clean(x.Code), x.Span.From.Format(time.DateOnly), x.Span.To.Format(time.DateOnly))
		fmt.Fprintf(w, "commodity %s\ncommodity %s\n\n", x.Currency, pointsCommodity)
		for _, tag := range []string{"expires", "kind", "lot", "member", "part", "shop", "subject"} {
			fmt.Fprintf(w, "tag %s\n", tag)
		}
		fmt.Fprintln(w)
		for _, a := range ledger.Chart {
			fmt.Fprintf(w, "account %s\n", a.Export)
		}
		x.bring(brought, func(commodity string, postings []posting) {
			fmt.Fprintf(w, "\n%s * (opening) balances brought forward\n", x.Span.From.Format(time.DateOnly))
			for _, p := range postings {
				fmt.Fprintf(w, "    %s  %d %s\n", p.account, p.amount, commodity)
			}
		})
	}
	err = x.each(func(e *entry) error {
		x.split(e, func(commodity string, postings []posting) {
			fmt.Fprintf(w, "\n%s * (%s) %s\n", e.BookDate.Format(time.DateOnly), e.ID, describe(e))
			tag(w, "kind", e.Kind.String())
			tag(w, "member", e.MemberID)
			tag(w, "subject", e.Subject)
			tag(w, "part", e.Part)
			for _, p := range postings {
				fmt.Fprintf(w, "    %s  %d %s\n", p.account, p.amount, commodity)
				if p.line.Lot != 0 {
					tag(w, "lot", fmt.Sprint(p.line.Lot))
				}
				tag(w, "shop", p.line.Shop)
				if !p.line.ExpiresAt.IsZero() {
					tag(w, "expires", x.lastDay(p.line.ExpiresAt))
				}
			}
		})
		return nil
	})
	if err != nil {
		return err
	}
	for _, commodity := range []string{pointsCommodity, x.Currency} {
		fmt.Fprintf(w, "\n%s * (closing) balances\n", x.Span.To.Format(time.DateOnly))
		for _, a := range ledger.Chart {
			fmt.Fprintf(w, "    %s  0 %s = %d %s\n", a.Export, commodity, of(at[a.Account], commodity), commodity)
		}
	}
	return nil
}

// bounds are the balances before the span and at its end.
func (x *run) bounds() (brought, at map[ledger.Account]report.Amount, err error) {
	if brought, err = x.balances(x.Span.From.AddDate(0, 0, -1)); err != nil {
		return nil, nil, err
	}
	at, err = x.balances(x.Span.To)
	return brought, at, err
}

// bring turns balances into postings, one transaction a commodity.
func (x *run) bring(balances map[ledger.Account]report.Amount, fn func(commodity string, postings []posting)) {
	for _, commodity := range []string{pointsCommodity, x.Currency} {
		var postings []posting
		for _, a := range ledger.Chart {
			if n := of(balances[a.Account], commodity); n != 0 {
				postings = append(postings, posting{account: a.Export, amount: n})
			}
		}
		if len(postings) > 0 {
			fn(commodity, postings)
		}
	}
}

func of(a report.Amount, commodity string) int64 {
	if commodity == pointsCommodity {
		return int64(a.Points)
	}
	return int64(a.Money)
}

// lastDay is the last day on which points that expire then can be used.
func (x *run) lastDay(expires time.Time) string {
	return x.DayOf(expires.Add(-time.Microsecond)).Format(time.DateOnly)
}

// describe is the transaction in words.
func describe(e *entry) string {
	words := []string{e.Kind.String()}
	if e.Subject != "" {
		words = append(words, e.Subject)
	}
	return clean(strings.Join(words, " "))
}

// clean makes text safe as a description: what would begin a comment, a note or a code there is taken out.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == ';' || r == '|' || r == '\u2028' || r == '\u2029':
			return ' '
		case r < ' ' || r == 0x7f || r == '\ufeff':
			return ' '
		default:
			return r
		}
	}, s)
	return strings.TrimLeft(strings.Join(strings.Fields(s), " "), "(*! ")
}

// tag writes a comment that is a tag; a comma would end its value.
func tag(w *bufio.Writer, key, value string) {
	if value = strings.ReplaceAll(clean(value), ",", " "); value != "" {
		fmt.Fprintf(w, "    ; %s: %s\n", key, value)
	}
}
