package report_test

import (
	"iter"
	"testing"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points"
	"chobo/schema/pgtest"
)

const othersSQL = `
SELECT l.transaction, coalesce(l.shop, '') AS shop, coalesce(string_agg(DISTINCT c.name, ' '), '') AS others
  FROM lines l LEFT JOIN lines o ON o.member = l.member AND o.transaction = l.transaction AND o.account <> l.account LEFT JOIN chart c ON c.account = o.account
 WHERE l.account = $1
 GROUP BY l.member, l.transaction, l.line, l.shop
 ORDER BY max(l.book_date), l.transaction, l.line`

// An entry names the shop that its own line is of, and the other account if there is one other only.
func TestEntriesNameTheOtherSide(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	m.Do("zoe", points.GrantPoints{Points: 300, Reason: "sorry", Actor: "eva"})
	m.Buy("zoe", trade.Order{ID: "O-90", Shop: "S-1", Price: 4000})
	m.Do("zoe", points.ChangeMembership{To: points.Closed, Reason: "asked for it", Actor: "eva"}) // forfeits what is available and what is pending
	contras := map[string]bool{}
	for _, account := range ledger.Chart {
		var lines []struct {
			Transaction  ledger.TransactionID
			Shop, Others string
		}
		fatal(t, m.DB.Select(&lines, othersSQL, account.Account))
		fatal(t, m.Reader().GeneralLedger(t.Context(), account.Account, both, func(_ report.GeneralLedger, entries iter.Seq2[report.Entry, error]) error {
			for e, err := range entries {
				fatal(t, err)
				want := lines[0]
				lines = lines[1:]
				if _, err := ledger.ParseAccount(want.Others); err != nil {
					want.Others = "several"
				}
				contras[e.Contra] = true
				if e.TransactionID != want.Transaction || e.ShopID != want.Shop || e.Contra != want.Others {
					t.Errorf("%s: %+v, want %+v", account.Name, e, want)
				}
			}
			return nil
		}))
		if len(lines) != 0 {
			t.Errorf("%s lacks %+v", account.Name, lines)
		}
	}
	if !contras["several"] {
		t.Error("every transaction has two accounts")
	}
}
