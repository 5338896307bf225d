package report

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// By says how a roll-forward is divided.
type By string

// The divisions of a roll-forward.
const (
	ByNothing By = ""
	ByShop    By = "shop"  // whose funding, redemption or refund moved the liability; empty: none did
	ByMonth   By = "month" // of the book date
	ByKind    By = "kind"
)

// A RollForward says how what the program owes its members came about: opening + movements = closing. Owed points are
// positive. They are the balances of member:available, member:pending and member:reserved.
type RollForward struct {
	Program  string  `json:"program"`
	From     string  `json:"from"`
	To       string  `json:"to"`
	By       By      `json:"by,omitempty"`
	Currency string  `json:"currency"`
	Points   Roll    `json:"points"`
	Money    Roll    `json:"money"`
	Groups   []Group `json:"groups,omitempty"`
	book     Book
}

// A Roll is one column of a roll-forward.
type Roll struct {
	Opening   int64            `json:"opening"`
	Movements map[string]int64 `json:"movements" doc:"By kind of transaction."`
	Closing   int64            `json:"closing"`
}

// A Group is one shop, month or kind of a roll-forward.
type Group struct {
	Key    string `json:"key"`
	Points Roll   `json:"points"`
	Money  Roll   `json:"money"`
}

const (
	// rollSQL: credits of the liability accounts are what is owed. Opening balances come with month 0001-01.
	rollSQL = `
SELECT CASE WHEN book_date < $2 THEN '' ELSE to_char(book_date, 'YYYY-MM') END AS month, CASE WHEN book_date < $2 THEN 0 ELSE kind END AS kind,
       -sum(points), -sum(money)
  FROM movements
 WHERE program = $1 AND book_date <= $3 AND account IN (11, 12, 13)
 GROUP BY 1, 2`

	// rollByShopSQL: members' lines name no shop, but what balances them does. A transaction adds up to zero, so the
	// debits of all other accounts are the credits of the liability.
	rollByShopSQL = `
SELECT shop, CASE WHEN book_date < $2 THEN 0 ELSE kind END AS kind, sum(points), sum(money)
  FROM movements
 WHERE program = $1 AND book_date <= $3 AND account NOT IN (11, 12, 13)
 GROUP BY 1, 2`

	knownRollSQL = `
SELECT CASE WHEN book_date < $2 THEN '' ELSE to_char(book_date, 'YYYY-MM') END AS month, CASE WHEN book_date < $2 THEN 0 ELSE kind END AS kind,
       -sum(points), -sum(money)
  FROM lines
 WHERE program = $1 AND book_date <= $3 AND account IN (11, 12, 13) AND posted_at <= $4
 GROUP BY 1, 2`

	knownRollByShopSQL = `
SELECT coalesce(shop, ''), CASE WHEN book_date < $2 THEN 0 ELSE kind END AS kind, sum(points), sum(money)
  FROM lines
 WHERE program = $1 AND book_date <= $3 AND account NOT IN (11, 12, 13) AND posted_at <= $4
 GROUP BY 1, 2`
)

// RollForward explains the liability over the span.
func (r Reader) RollForward(ctx context.Context, s Span, by By) (*RollForward, error) {
	out := &RollForward{Program: r.Code, From: date(s.From), To: date(s.To), By: by, Currency: r.Currency, book: r.Book}
	query, args := rollSQL, []any{r.Program, s.From, s.To}
	switch {
	case by == ByShop && r.KnownAt.IsZero():
		query = rollByShopSQL
	case by == ByShop:
		query, args = knownRollByShopSQL, append(args, r.knownAt())
	case !r.KnownAt.IsZero():
		query, args = knownRollSQL, append(args, r.knownAt())
	}
	groups := map[string]*Group{}
	group := func(key string) *Group {
		if groups[key] == nil {
			groups[key] = &Group{Key: key}
		}
		return groups[key]
	}
	whole := Group{}
	err := r.snapshot(ctx, func(tx *sqlx.Tx) error {
		return rows.Scan(ctx, tx, query, args, func(rows *sql.Rows) error {
			var key string
			var kind ledger.Kind
			var points, money int64
			if err := rows.Scan(&key, &kind, &points, &money); err != nil {
				return err
			}
			whole.move(kind, points, money)
			switch {
			case by == ByShop, by == ByMonth && kind != 0:
				group(key).move(kind, points, money)
			case by == ByKind && kind != 0:
				group(kind.String()).move(kind, points, money)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("roll-forward: %w", err)
	}
	whole.close()
	out.Points, out.Money = whole.Points, whole.Money
	if by == ByMonth {
		if s.From.Equal(Beginning) && len(groups) > 0 { // since ever: since there is anything
			first, err := time.Parse(monthLayout, slices.Min(slices.Collect(maps.Keys(groups))))
			if err != nil {
				return nil, fmt.Errorf("roll-forward: %w", err)
			}
			s.From = first
		}
		if !s.From.Equal(Beginning) {
			for _, m := range s.months() {
				group(m.Format(monthLayout))
			}
		}
	}
	before := [2]int64{whole.Points.Opening, whole.Money.Opening}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		g := groups[key]
		if by == ByMonth {
			g.Points.Opening, g.Money.Opening = before[0], before[1]
		}
		g.close()
		before = [2]int64{g.Points.Closing, g.Money.Closing}
		out.Groups = append(out.Groups, *g)
	}
	return out, nil
}

// move adds a movement; kind 0 is what stood before the span.
func (g *Group) move(kind ledger.Kind, points, money int64) {
	g.Points.move(kind, points)
	g.Money.move(kind, money)
}

func (g *Group) close() {
	g.Points.close()
	g.Money.close()
}

func (r *Roll) move(kind ledger.Kind, n int64) {
	if r.Movements == nil {
		r.Movements = map[string]int64{}
	}
	switch {
	case kind == 0:
		r.Opening += n
	case n != 0:
		r.Movements[kind.String()] += n
	}
}

func (r *Roll) close() {
	r.Closing = r.Opening
	if r.Movements == nil {
		r.Movements = map[string]int64{}
	}
	for kind, n := range r.Movements {
		if n == 0 {
			delete(r.Movements, kind)
		}
		r.Closing += n
	}
}

// Sheet has a row for each opening, movement and closing; in groups, of each group and then of the whole.
func (f *RollForward) Sheet() Sheet {
	type row struct {
		group, what   string
		points, money int64
	}
	var rows []row
	add := func(g Group) {
		rows = append(rows, row{g.Key, "opening", g.Points.Opening, g.Money.Opening})
		kinds := maps.Clone(g.Points.Movements)
		maps.Copy(kinds, g.Money.Movements)
		for _, k := range slices.Sorted(maps.Keys(kinds)) {
			rows = append(rows, row{g.Key, k, g.Points.Movements[k], g.Money.Movements[k]})
		}
		rows = append(rows, row{g.Key, "closing", g.Points.Closing, g.Money.Closing})
	}
	for _, g := range f.Groups {
		add(g)
	}
	s := Sheet{
		Title: "Liability roll-forward", About: f.book.about([2]string{"from", f.From}, [2]string{"to", f.To}),
		Columns: []Column{text("movement"), number("points"), number("money")},
	}
	if f.By == ByNothing {
		add(Group{Points: f.Points, Money: f.Money})
		s.Rows = rowsOf(rows, func(r row) []any { return []any{r.what, r.points, r.money} })
		return s
	}
	add(Group{Key: "all", Points: f.Points, Money: f.Money})
	s.Columns = append([]Column{text(string(f.By))}, s.Columns...)
	s.Rows = rowsOf(rows, func(r row) []any { return []any{r.group, r.what, r.points, r.money} })
	return s
}
