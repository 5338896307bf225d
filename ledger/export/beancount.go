package export

import (
	"bufio"
	"fmt"
	"strings"
	"time"

	"chobo/ledger"
)

// beancount writes the same in beancount's words. A balance there is asserted at the start of its day, so that of the
// last day stands on the next.
func (x *run) beancount(w *bufio.Writer) error {
	brought, at, err := x.bounds()
	if err != nil {
		return err
	}
	from := x.Span.From.Format(time.DateOnly)
	if x.After == 0 {
		fmt.Fprintf(w, "; money in minor units\noption \"title\" \"%s from %s to %s\"\noption \"operating_currency\" \"%s\"\n\n",
			quoted(x.Code), from, x.Span.To.Format(time.DateOnly), x.Currency)
		fmt.Fprintf(w, "%s commodity %s\n%s commodity %s\n\n", from, x.Currency, from, pointsCommodity)
		for _, a := range ledger.Chart {
			fmt.Fprintf(w, "%s open %s %s,%s\n", from, a.Export, x.Currency, pointsCommodity)
		}
		x.bring(brought, func(commodity string, postings []posting) {
			fmt.Fprintf(w, "\n%s * \"balances brought forward\"\n", from)
			for _, p := range postings {
				fmt.Fprintf(w, "  %s  %d %s\n", p.account, p.amount, commodity)
			}
		})
	}
	err = x.each(func(e *entry) error {
		x.split(e, func(commodity string, postings []posting) {
			fmt.Fprintf(w, "\n%s * \"%s\" #%s ^%s\n", e.BookDate.Format(time.DateOnly), quoted(describe(e)), e.Kind, e.ID)
			datum(w, "  ", "member", e.MemberID)
			datum(w, "  ", "subject", e.Subject)
			datum(w, "  ", "part", e.Part)
			for _, p := range postings {
				fmt.Fprintf(w, "  %s  %d %s\n", p.account, p.amount, commodity)
				if p.line.Lot != 0 {
					datum(w, "    ", "lot", fmt.Sprint(p.line.Lot))
				}
				datum(w, "    ", "shop", p.line.Shop)
				if !p.line.ExpiresAt.IsZero() {
					fmt.Fprintf(w, "    expires: %s\n", x.lastDay(p.line.ExpiresAt))
				}
			}
		})
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(w)
	next := x.Span.To.AddDate(0, 0, 1).Format(time.DateOnly)
	for _, commodity := range []string{pointsCommodity, x.Currency} {
		for _, a := range ledger.Chart {
			fmt.Fprintf(w, "%s balance %s  %d %s\n", next, a.Export, of(at[a.Account], commodity), commodity)
		}
	}
	return nil
}

// datum writes a posting's or a transaction's metadata.
func datum(w *bufio.Writer, indent, key, value string) {
	if value = clean(value); value != "" {
		fmt.Fprintf(w, "%s%s: \"%s\"\n", indent, key, quoted(value))
	}
}

// quoted escapes text for beancount's strings.
func quoted(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}
