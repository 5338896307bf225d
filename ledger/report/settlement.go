package report

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// A Settlement is what the program owes each shop and what it owes the program: opening + redeemed − restored −
// funded + funding_reversed − settled + other = closing. What is owed to the shop is positive, in money.
type Settlement struct {
	Program  string               `json:"program"`
	From     string               `json:"from"`
	To       string               `json:"to"`
	Currency string               `json:"currency"`
	Shops    []SettlementRow      `json:"shops"`
	Totals   SettlementSums       `json:"totals"`
	After    ledger.TransactionID `json:"-"` // the last of the program's own when it was read; zero: there is none
	book     Book
}

// A SettlementRow is one shop's statement.
type SettlementRow struct {
	ShopID string `json:"shop_id"`
	SettlementSums
	owed  map[ledger.Account]ledger.Money // what a settlement clears, by account
	moved bool                            // by the last day; else it was only settled later
}

// SettlementSums are the columns of a statement.
type SettlementSums struct {
	Opening         ledger.Money  `json:"opening" doc:"Brought forward."`
	PointsRedeemed  ledger.Points `json:"points_redeemed"`
	PointsRestored  ledger.Points `json:"points_restored"`
	Redeemed        ledger.Money  `json:"redeemed" doc:"Points that paid orders."`
	Restored        ledger.Money  `json:"restored" doc:"Points given back to members."`
	CashFallback    ledger.Money  `json:"cash_fallback" doc:"Of what was redeemed, what the shop paid back in cash. It is owed all the same."`
	Funded          ledger.Money  `json:"funded" doc:"Grants that the shop pays for."`
	FundingReversed ledger.Money  `json:"funding_reversed"`
	Settled         ledger.Money  `json:"settled" doc:"Settlements posted in these days."`
	Other           ledger.Money  `json:"other" doc:"Corrections."`
	Closing         ledger.Money  `json:"closing"`
}

const (
	// settlementSQL: settlements count whenever they were posted, everything else up to the last day.
	settlementSQL = `
SELECT shop, account, kind, CASE WHEN book_date < $2 THEN 0 WHEN book_date <= $3 THEN 1 ELSE 2 END AS part, -sum(points), -sum(money), sum(worth)
  FROM movements
 WHERE program = $1 AND shop <> '' AND account IN (25, 31, 32, 61) AND (book_date <= $3 OR kind = 61) AND ($4 = '' OR shop = $4)
 GROUP BY 1, 2, 3, 4
 ORDER BY 1`

	// knownSettlementSQL sums the journal itself: daily sums do not say when their lines were posted.
	knownSettlementSQL = `
SELECT shop, account, kind, CASE WHEN book_date < $2 THEN 0 WHEN book_date <= $3 THEN 1 ELSE 2 END AS part, -sum(points), -sum(money), sum(greatest(money, 0))
  FROM lines
 WHERE program = $1 AND shop <> '' AND account IN (25, 31, 32, 61) AND (book_date <= $3 OR kind = 61) AND ($4 = '' OR shop = $4) AND posted_at <= $5
 GROUP BY 1, 2, 3, 4
 ORDER BY 1`

	// settledLaterSQL finds the shops of which a settlement up to a later day than $2, its subject, has paid all this.
	settledLaterSQL = `
SELECT DISTINCT shop FROM lines WHERE member = $1 AND kind = 61 AND shop IS NOT NULL AND subject > $2`

	lastOfHouseSQL = `SELECT coalesce(max(id), 0) FROM transactions WHERE member = $1`
)

// Settlement states every shop's account over the span; with a shop, only that one's.
func (r Reader) Settlement(ctx context.Context, s Span, shop string) (*Settlement, error) {
	out := &Settlement{Program: r.Code, From: date(s.From), To: date(s.To), Currency: r.Currency, Shops: []SettlementRow{}, book: r.Book}
	query, args := settlementSQL, []any{r.Program, s.From, s.To, shop}
	if !r.KnownAt.IsZero() {
		query, args = knownSettlementSQL, append(args, r.knownAt())
	}
	err := r.snapshot(ctx, func(tx *sqlx.Tx) error {
		err := rows.Scan(ctx, tx, query, args, func(rows *sql.Rows) error {
			var id string
			var account ledger.Account
			var kind ledger.Kind
			var part int
			var owed Amount
			var debits ledger.Money
			if err := rows.Scan(&id, &account, &kind, &part, &owed.Points, &owed.Money, &debits); err != nil {
				return err
			}
			if n := len(out.Shops); n == 0 || out.Shops[n-1].ShopID != id {
				out.Shops = append(out.Shops, SettlementRow{ShopID: id, owed: map[ledger.Account]ledger.Money{}})
			}
			out.Shops[len(out.Shops)-1].add(account, kind, part, owed, debits)
			return nil
		})
		if err != nil {
			return err
		}
		err = rows.Scan(ctx, tx, settledLaterSQL, []any{r.House.String(), date(s.To)}, func(rows *sql.Rows) error {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			for i := range out.Shops {
				if out.Shops[i].ShopID == id {
					out.Shops[i].owed = nil
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return tx.GetContext(ctx, &out.After, lastOfHouseSQL, r.House.String())
	})
	if err != nil {
		return nil, fmt.Errorf("shop settlement: %w", err)
	}
	out.Shops = slices.DeleteFunc(out.Shops, func(r SettlementRow) bool { return !r.moved })
	for i := range out.Shops {
		row := &out.Shops[i]
		row.Closing = row.Opening + row.Redeemed - row.Restored - row.Funded + row.FundingReversed - row.Settled + row.Other
		out.Totals.add(row.SettlementSums)
	}
	return out, nil
}

// The parts of time that a settlement tells apart.
const (
	before = iota
	within
	behind
)

// add counts what the program came to owe the shop on the account; debits are what of it the shop came to owe.
func (r *SettlementRow) add(account ledger.Account, kind ledger.Kind, part int, owed Amount, debits ledger.Money) {
	if account != ledger.ShopSettled {
		r.owed[account] += owed.Money
	}
	r.moved = r.moved || part != behind
	switch {
	case part == before:
		if account != ledger.ShopSettled {
			r.Opening += owed.Money
		}
	case part == behind || account == ledger.ShopSettled:
	case kind == ledger.ShopSettlement:
		r.Settled -= owed.Money
	case kind == ledger.CashFallback:
		if account == ledger.RedeemedCashFallback {
			r.CashFallback += owed.Money
		}
	case account == ledger.RedeemedOrders && kind == ledger.Restore:
		r.PointsRestored -= owed.Points
		r.Restored -= owed.Money
	case account == ledger.RedeemedOrders && (kind == ledger.Redeem || kind == ledger.Capture || kind == ledger.Sweep):
		r.PointsRedeemed += owed.Points
		r.Redeemed += owed.Money
	case account == ledger.FundedShop && (kind == ledger.GrantPending || kind == ledger.Grant):
		r.Funded -= owed.Money
	case account == ledger.FundedShop && (kind == ledger.VoidPending || kind == ledger.ReverseGrant):
		r.FundingReversed += owed.Money
	case account == ledger.FundedShop && kind == ledger.RepricePending: // new prices go up and down
		r.Funded += debits
		r.FundingReversed += owed.Money + debits
	default:
		r.Other += owed.Money
	}
}

func (s *SettlementSums) add(t SettlementSums) {
	s.Opening += t.Opening
	s.PointsRedeemed += t.PointsRedeemed
	s.PointsRestored += t.PointsRestored
	s.Redeemed += t.Redeemed
	s.Restored += t.Restored
	s.CashFallback += t.CashFallback
	s.Funded += t.Funded
	s.FundingReversed += t.FundingReversed
	s.Settled += t.Settled
	s.Other += t.Other
	s.Closing += t.Closing
}

// Clearing is the lines of the transaction that settles the shop: what is owed on each account is cleared and paid
// out of shop:settled, whenever it was settled. None when nothing is due.
func (r *SettlementRow) Clearing() (lines []ledger.Line) {
	var paid ledger.Money
	for _, a := range []ledger.Account{ledger.RedeemedOrders, ledger.RedeemedCashFallback, ledger.FundedShop} {
		if owed := r.owed[a]; owed != 0 {
			lines = append(lines, ledger.Line{Account: a, Money: owed, Shop: r.ShopID})
			paid += owed
		}
	}
	if paid != 0 {
		lines = append(lines, ledger.Line{Account: ledger.ShopSettled, Money: -paid, Shop: r.ShopID})
	}
	return lines
}

// Sheet shows a row a shop.
func (s *Settlement) Sheet() Sheet {
	cells := func(id string, t SettlementSums) []any {
		return []any{id, t.Opening, t.PointsRedeemed, t.PointsRestored, t.Redeemed, t.Restored, t.CashFallback, t.Funded, t.FundingReversed,
			t.Settled, t.Other, t.Closing}
	}
	return Sheet{
		Title: "Shop settlement", About: s.book.about([2]string{"from", s.From}, [2]string{"to", s.To}),
		Columns: []Column{text("shop_id"), number("opening"), number("points_redeemed"), number("points_restored"), number("redeemed"), number("restored"),
			number("cash_fallback"), number("funded"), number("funding_reversed"), number("settled"), number("other"), number("closing")},
		Rows:   rowsOf(s.Shops, func(r SettlementRow) []any { return cells(r.ShopID, r.SettlementSums) }),
		Totals: cells("total", s.Totals),
	}
}
