package engine

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"chobo/ledger"
	"chobo/ledger/rows"
	"chobo/points"
	"chobo/points/program"
)

// A want is what an account lacks.
type want struct {
	*loaded
	need points.Need
}

// load gives accounts what they lack, all of one kind in one query. What is not there is loaded as such. stock is the
// query for stock, with locks or without.
func load(ctx context.Context, q ask, stock string, wants []want) error {
	if err := loadDocuments(ctx, q, wants); err != nil {
		return fmt.Errorf("load documents: %w", err)
	}
	if err := loadLosses(ctx, q, wants); err != nil {
		return fmt.Errorf("load losses: %w", err)
	}
	for _, w := range wants {
		if w.need.Lots != 0 {
			if err := loadLots(ctx, q, w); err != nil {
				return fmt.Errorf("load lots: %w", err)
			}
		}
	}
	if err := loadStock(ctx, q, stock, wants); err != nil {
		return fmt.Errorf("load stock: %w", err)
	}
	return nil
}

// documentsSQL finds rows by their whole key: no member = ANY, as in recallSQL.
const documentsSQL = `
SELECT record_send(ROW(d.member, d.kind, d.id, d.state, d.at, d.body))
  FROM unnest($1::uuid[], $2::smallint[], $3::text[]) AS u(member, kind, id)
  JOIN documents d ON d.member = u.member AND d.kind = u.kind AND d.id = u.id`

const documentFields = 6

func loadDocuments(ctx context.Context, q ask, wants []want) error {
	d := unloaded(wants)
	if len(d.asked) == 0 {
		return nil
	}
	result, err := q(ctx, documentsSQL, d.keys()...)
	if err = each(result, err, documentFields, d.read); err != nil {
		return err
	}
	d.end()
	return nil
}

// A documentPlace is where a document stands.
type documentPlace struct {
	member ledger.Member
	points.Key
}

// documentsAsked are documents that accounts lack, and the accounts.
type documentsAsked struct {
	asked                 map[documentPlace]*loaded
	members, kinds, names array
}

// unloaded are the documents asked for that are not loaded.
func unloaded(wants []want) *documentsAsked {
	d := &documentsAsked{asked: map[documentPlace]*loaded{}, members: uuids(), kinds: int2s(), names: texts()}
	for _, w := range wants {
		for _, key := range w.need.Documents {
			at := documentPlace{w.Member, key}
			if w.Loaded(key) || d.asked[at] != nil {
				continue
			}
			d.asked[at] = w.loaded
			d.members.member(w.Member)
			d.kinds.int16(int16(key.Kind))
			d.names.text(key.ID)
		}
	}
	return d
}

// keys are the arguments of a query that finds the documents.
func (d *documentsAsked) keys() []any { return []any{&d.members, &d.kinds, &d.names} }

// read loads the document of a row.
func (d *documentsAsked) read(r *rows.Row) {
	at := documentPlace{r.Member(), points.Key{Kind: points.DocumentKind(r.Int16()), ID: r.Text()}}
	state, made, body := r.Text(), r.Time(), r.Bytes()
	if l := d.asked[at]; l != nil && r.Err == nil {
		l.Load(at.Key, state, made, body)
		delete(d.asked, at)
	}
}

// end notes of those that were not read that they are not there.
func (d *documentsAsked) end() {
	for at, l := range d.asked {
		l.Load(at.Key, "", time.Time{}, nil)
	}
}

// lossesSQL sums what of lots was lost without being spent. A loss is a credit of a house account, and a debit is plus. The
// accounts stand in the statement as they do in the index transactions_of_losses: a member with many orders has few losses.
var lossesSQL = fmt.Sprintf(`
SELECT record_send(ROW(t.member, l.lot, l.account, -sum(l.points)::bigint))
  FROM unnest($1::uuid[], $2::bigint[]) AS u(member, lot)
  JOIN transactions t ON t.member = u.member AND t.accounts && '%[1]s'::smallint[]
 CROSS JOIN LATERAL (SELECT a.account, t.moves[3 * a.line - 2] AS points, t.moves[3 * a.line] AS lot
                       FROM unnest(t.accounts) WITH ORDINALITY AS a (account, line)) l
 WHERE l.lot = u.lot AND l.account = ANY('%[1]s'::smallint[])
 GROUP BY t.member, l.lot, l.account
 ORDER BY t.member, l.lot, l.account`, lossAccounts())

// lossAccounts are the numbers of ledger.LossAccounts as an array in SQL.
func lossAccounts() string {
	var numbers []string
	for _, account := range ledger.LossAccounts {
		numbers = append(numbers, strconv.Itoa(int(account)))
	}
	return "{" + strings.Join(numbers, ",") + "}"
}

func loadLosses(ctx context.Context, q ask, wants []want) error {
	type place struct {
		member ledger.Member
		lot    ledger.LotID
	}
	asked := map[place]*loaded{}
	members, lots := uuids(), int8s()
	for _, w := range wants {
		for _, lot := range w.need.Losses {
			at := place{w.Member, lot}
			if asked[at] != nil {
				continue
			}
			asked[at] = w.loaded
			members.member(w.Member)
			lots.int64(int64(lot))
		}
	}
	if len(asked) == 0 {
		return nil
	}
	found := map[place][]points.Loss{}
	result, err := q(ctx, lossesSQL, &members, &lots)
	err = each(result, err, 4, func(r *rows.Row) {
		at := place{r.Member(), ledger.LotID(r.Int64())}
		found[at] = append(found[at], points.Loss{Account: ledger.Account(r.Int16()), Points: ledger.Points(r.Int64())})
	})
	for at, l := range asked {
		l.LoadLosses(at.lot, found[at])
	}
	return err
}

// The spilled lots of a member in the two spending orders, behind those that were loaded.
const (
	lotColumns   = `SELECT record_send(ROW(lot, remaining, reserved, expires_at, granted_at)) FROM spilled_lots WHERE member = $1 `
	expiryLotSQL = lotColumns + `ORDER BY expires_at, granted_at, lot OFFSET $2 LIMIT $3`
	grantLotSQL  = lotColumns + `ORDER BY granted_at, lot OFFSET $2 LIMIT $3`
)

func loadLots(ctx context.Context, q ask, w want) error {
	n := w.need.Lots
	if n < 0 || n > w.Spilled {
		n = w.Spilled
	}
	if n <= 0 {
		return nil
	}
	query, byExpiry := expiryLotSQL, true
	if w.Programs.InForce(w.Now).Redeem.LotOrder == program.OldestGrant {
		query, byExpiry = grantLotSQL, false
	}
	lots := make([]points.Lot, 0, n+1)
	result, err := q(ctx, query, w.Member.String(), w.spilled, n+1)
	err = each(result, err, 5, func(r *rows.Row) {
		lots = append(lots, points.Lot{ID: ledger.LotID(r.Int64()), Remaining: ledger.Points(r.Int64()), Reserved: ledger.Points(r.Int64()),
			ExpiresAt: r.Time(), GrantedAt: r.Time()})
	})
	if err != nil {
		return err
	}
	all := n == w.Spilled
	if len(lots) < n || all != (len(lots) == n) {
		return fmt.Errorf("member %s has %d spilled lots behind %d, and %d are in its row", w.Member, len(lots), w.spilled, w.Spilled)
	}
	w.spilled += n
	w.LoadLots(lots[:n], all)
	if !all && byExpiry {
		w.SpillExpires = lots[n].ExpiresAt
	}
	return nil
}

// A stock is what is left of a program's benefits, and was when it was read. The accounts of a batch share it.
type stock struct {
	left map[string]*int64
	was  map[string]int64
}

func newStock() *stock { return &stock{map[string]*int64{}, map[string]int64{}} }

const stockColumns = `
SELECT record_send(ROW(s.program, s.benefit, s.remaining))
  FROM unnest($1::int[], $2::text[]) AS u(program, benefit)
  JOIN benefit_stock s ON s.program = u.program AND s.benefit = u.benefit`

// stockSQL reads what is left of benefits; lockStockSQL locks it too, in one order, behind the members.
const (
	stockSQL     = stockColumns
	lockStockSQL = stockColumns + ` ORDER BY s.program, s.benefit FOR UPDATE OF s`
)

func loadStock(ctx context.Context, q ask, query string, wants []want) error {
	programs, benefits := int4s(), texts()
	stocks := map[int]*stock{}
	for _, w := range wants {
		for _, benefit := range w.need.Stock {
			if _, ok := w.Stock[benefit]; ok {
				continue
			}
			w.Stock[benefit] = new(int64)
			stocks[w.program.ID] = w.stock
			programs.int32(w.program.ID)
			benefits.text(benefit)
		}
	}
	if programs.n == 0 {
		return nil
	}
	result, err := q(ctx, query, &programs, &benefits)
	return each(result, err, 3, func(r *rows.Row) {
		program, benefit, left := r.Int32(), r.Text(), r.Int64()
		*stocks[program].left[benefit], stocks[program].was[benefit] = left, left
	})
}
