package pointstest

import (
	"fmt"
	"slices"
	"strings"

	"chobo/ledger"
)

// T draws the journal from a transaction on as T-accounts, in the order of the chart: debits left, credits right, each
// with what posted it. Points that are worth another number of units of money have it in brackets; so have lines that
// move money only.
//
//	member:available    1000 redeem | 499 restore
//	redeemed:orders     499 restore | 1000 redeem
func (b *Book) T(from int) string {
	type sides struct{ debits, credits []string }
	accounts := map[ledger.Account]*sides{}
	for _, t := range b.Journal[from:] {
		for _, l := range t.Lines {
			s := accounts[l.Account]
			if s == nil {
				s = &sides{}
				accounts[l.Account] = s
			}
			if l.Points > 0 || l.Points == 0 && l.Money > 0 {
				s.debits = append(s.debits, entry(t.Kind, l.Points, l.Money))
			} else {
				s.credits = append(s.credits, entry(t.Kind, -l.Points, -l.Money))
			}
		}
	}
	name, left := 0, 0
	for account, s := range accounts {
		name = max(name, len(account.String()))
		left = max(left, len(strings.Join(s.debits, ", ")))
	}
	var out strings.Builder
	for _, e := range ledger.Chart {
		if s := accounts[e.Account]; s != nil {
			line := fmt.Sprintf("%-*s  %*s | %s", name, e.Name, left, strings.Join(s.debits, ", "), strings.Join(s.credits, ", "))
			out.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	return out.String()
}

func entry(kind ledger.Kind, n ledger.Points, money ledger.Money) string {
	if int64(n) == int64(money) {
		return fmt.Sprintf("%d %s", n, kind)
	}
	return fmt.Sprintf("%d %s (%d)", n, kind, money)
}

// Same tells whether two drawings are the same but for their spaces.
func Same(drawn, want string) bool { return slices.Equal(strings.Fields(drawn), strings.Fields(want)) }

// Kinds are the kinds of the transactions from one on.
func (b *Book) Kinds(from int) string {
	var out []string
	for _, t := range b.Journal[from:] {
		out = append(out, t.Kind.String())
	}
	return strings.Join(out, " ")
}

// Balances are the member's points in words, as tests write them; what is zero is left out.
func (b *Book) Balances() string {
	var out []string
	for _, x := range []struct {
		what string
		n    ledger.Points
	}{{"available", b.Available}, {"pending", b.Pending}, {"reserved", b.Reserved}, {"debt", b.Debt}} {
		if x.n != 0 {
			out = append(out, fmt.Sprintf("%s %d", x.what, x.n))
		}
	}
	return strings.Join(out, ", ")
}
