package report

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// A TrialBalance is what every account of the chart stands at, at the end of a day. Debits are positive, so that both
// totals are 0.
type TrialBalance struct {
	Program  string       `json:"program"`
	AsOf     string       `json:"as_of"`
	Currency string       `json:"currency"`
	Rows     []BalanceRow `json:"rows"`
	Totals   Amount       `json:"totals"`
	book     Book
}

// A BalanceRow is one account's balance.
type BalanceRow struct {
	Account       string        `json:"account"`
	ExportAccount string        `json:"export_account" doc:"The account's name in plain-text exports; per-member accounts lie below it."`
	Class         ledger.Class  `json:"class" doc:"In the points book."`
	MoneyClass    ledger.Class  `json:"money_class" doc:"In the money book."`
	Points        ledger.Points `json:"points"`
	Money         ledger.Money  `json:"money"`
}

const (
	balancesSQL = `
SELECT account, sum(points), sum(money) FROM movements WHERE program = $1 AND book_date <= $2 GROUP BY account`

	// knownBalancesSQL sums the journal itself: daily sums do not say when their lines were posted.
	knownBalancesSQL = `
SELECT account, sum(points), sum(money) FROM lines WHERE program = $1 AND book_date <= $2 AND posted_at <= $3 GROUP BY account`
)

// TrialBalance sums every account up to and with the day.
func (r Reader) TrialBalance(ctx context.Context, asOf Day) (*TrialBalance, error) {
	b := &TrialBalance{Program: r.Code, AsOf: date(asOf), Currency: r.Currency, book: r.Book}
	err := r.snapshot(ctx, func(tx *sqlx.Tx) error {
		sums, err := r.balances(ctx, tx, asOf)
		for _, e := range ledger.Chart {
			s := sums[e.Account]
			b.Rows = append(b.Rows, BalanceRow{Account: e.Name, ExportAccount: e.Export, Class: e.Class, MoneyClass: e.Money, Points: s.Points, Money: s.Money})
			b.Totals = b.Totals.add(s)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("trial balance: %w", err)
	}
	return b, nil
}

// balances sums the accounts of the chart, debit positive.
func (r Reader) balances(ctx context.Context, tx *sqlx.Tx, asOf Day) (map[ledger.Account]Amount, error) {
	sums := map[ledger.Account]Amount{}
	query, args := balancesSQL, []any{r.Program, asOf}
	if !r.KnownAt.IsZero() {
		query, args = knownBalancesSQL, []any{r.Program, asOf, r.knownAt()}
	}
	return sums, rows.Scan(ctx, tx, query, args, func(rows *sql.Rows) error {
		var account ledger.Account
		var a Amount
		err := rows.Scan(&account, &a.Points, &a.Money)
		sums[account] = a
		return err
	})
}

// Of is the balance of an account.
func (b *TrialBalance) Of(a ledger.Account) Amount {
	for _, r := range b.Rows {
		if r.Account == a.String() {
			return Amount{r.Points, r.Money}
		}
	}
	return Amount{}
}

// Sheet shows the accounts in the order of the chart.
func (b *TrialBalance) Sheet() Sheet {
	return Sheet{
		Title: "Trial balance", About: b.book.about([2]string{"as_of", b.AsOf}),
		Columns: []Column{text("account"), text("export_account"), text("class"), text("money_class"), number("points"), number("money")},
		Rows: rowsOf(b.Rows, func(r BalanceRow) []any {
			return []any{r.Account, r.ExportAccount, string(r.Class), string(r.MoneyClass), r.Points, r.Money}
		}),
		Totals: []any{"total", "", "", "", b.Totals.Points, b.Totals.Money},
	}
}
