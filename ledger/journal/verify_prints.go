package journal

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/big"

	"chobo/ledger"
)

// prints are sums over the journal, made while it is walked through, that must equal sums over what is kept beside it:
// then the statement that would find who differs need not run. Each amount counts with 64 bits drawn by lot from what it
// belongs to (balance, day, order), anew for each verification, so that amounts in the wrong place do not cancel.
type prints struct {
	seed     maphash.Seed
	program  int // only this one's; 0: all
	balances uint64
	keys     uint64 // of transactions that a key must have
	days     daySums
	orders   orderSums
}

// daySums are points, money, debits of each, and lines.
type daySums [5]uint64

// orderSums are an order's points that pay it, their value, points granted, taken back and standing, and cash fallback.
type orderSums [6]uint64

type balanceKey struct {
	member  ledger.Member
	account ledger.Account
}

type transactionKey struct {
	member ledger.Member
	id     ledger.TransactionID
}

type dayKey struct {
	program int
	date    int64 // days since 1970
	kind    ledger.Kind
	account ledger.Account
	shop    string
}

type orderKey struct {
	member ledger.Member
	id     string
}

func numberOf[K comparable](p *prints, key K) uint64 { return maphash.Comparable(p.seed, key) }

// bits of an amount: sums are modulo 2^64.
func bits[N ~int64](n N) uint64 { return uint64(n) } //nolint:gosec // the bits

// add takes in a transaction of the journal.
func (p *prints) add(t *posted) {
	if p.program != 0 && t.Program != p.program {
		return
	}
	if !followed(t.Kind) {
		p.keys += numberOf(p, transactionKey{t.Member, t.ID})
	}
	date := t.BookDate.Unix() / 86400
	var order uint64 // its number, once it is needed
	for i := range t.Lines {
		l := &t.Lines[i]
		if l.Account.OfMember() {
			p.balances -= bits(l.Points) * numberOf(p, balanceKey{t.Member, l.Account})
		}
		p.days.add(numberOf(p, dayKey{t.Program, date, t.Kind, l.Account, l.Shop}), [5]uint64{bits(l.Points), bits(l.Money), bits(max(l.Points, 0)), bits(max(l.Money, 0)), 1})
		if t.Subject == "" || t.Kind == ledger.ShopSettlement || !ofOrder(l.Account) {
			continue
		}
		if order == 0 {
			order = numberOf(p, orderKey{t.Member, t.Subject})
		}
		p.orders.line(order, l)
	}
}

func (d *daySums) add(number uint64, amounts [5]uint64) {
	for i, n := range amounts {
		d[i] += n * number
	}
}

// followed tells of kinds that fall due by themselves or follow from others: they may stand without a key.
func followed(k ledger.Kind) bool {
	switch k {
	case ledger.VoidPending, ledger.Mature, ledger.Release, ledger.Sweep, ledger.ReverseGrant, ledger.DebtPaid, ledger.DebtWriteOff, ledger.DebtNetted, ledger.Expire, ledger.Lapse:
		return true
	}
	return false
}

func ofOrder(a ledger.Account) bool {
	switch a {
	case ledger.IssuedPurchase, ledger.FundedShop, ledger.RedeemedOrders, ledger.RedeemedCashFallback:
		return true
	}
	return false
}

// line takes in a line of the order of that number.
func (s *orderSums) line(number uint64, l *ledger.Line) {
	switch {
	case l.Account == ledger.RedeemedOrders:
		s[0] -= bits(l.Points) * number
		s[1] -= bits(l.Money) * number
	case l.Account == ledger.RedeemedCashFallback:
		s[5] -= bits(l.Money) * number
	case l.Points > 0:
		s[2] += bits(l.Points) * number
		s[4] += bits(l.Points) * number
	default:
		s[3] -= bits(l.Points) * number
		s[4] += bits(l.Points) * number
	}
}

// figures takes in what the order of that number says.
func (s *orderSums) figures(number uint64, f figures) {
	for i, n := range [...]uint64{bits(f.paid), bits(f.value), bits(f.granted), bits(f.taken), bits(f.standing), bits(f.fallback)} {
		s[i] += n * number
	}
}

const heldSQL = `SELECT record_send(ROW(member, available, pending, reserved, debt)) FROM accounts WHERE $1::int IN (0, program)`

// balancesAgree tells whether members' rows say what the journal says.
func (p *proof) balancesAgree(ctx context.Context) (bool, error) {
	var stored uint64
	err := eachRow(ctx, p.tx, func(r *row) error {
		member := r.member()
		for _, a := range []ledger.Account{ledger.MemberAvailable, ledger.MemberPending, ledger.MemberReserved} {
			stored += bits(r.int64()) * numberOf(p.prints, balanceKey{member, a})
		}
		stored -= bits(r.int64()) * numberOf(p.prints, balanceKey{member, ledger.MemberDebt})
		return nil
	}, heldSQL, p.Program)
	if err != nil {
		return false, fmt.Errorf("sum up balances: %w", err)
	}
	return stored == p.prints.balances, nil
}

// summedSQL reads sums as text, since a sum may be larger than any amount, or nonsense.
const summedSQL = `
SELECT record_send(ROW(program, book_date, kind, account, shop, sum(points)::text, sum(money)::text, sum(debits)::text, sum(worth)::text, sum(lines)::text))
  FROM movements WHERE $1::int IN (0, program)
 GROUP BY program, book_date, kind, account, shop`

var errNoAmount = errors.New("not a whole number")

// daysAgree tells whether the sums by day are those of the journal.
func (p *proof) daysAgree(ctx context.Context) (bool, error) {
	var stored daySums
	err := eachRow(ctx, p.tx, func(r *row) error {
		k := dayKey{program: r.int32(), date: r.date().Unix() / 86400, kind: ledger.Kind(r.int16()), account: ledger.Account(r.int16()), shop: r.text()} //nolint:gosec // smallints
		var amounts [5]uint64
		for i := range amounts {
			n, ok := new(big.Int).SetString(r.text(), 10)
			if !ok {
				return errNoAmount
			}
			amounts[i] = n.And(n, allBits).Uint64()
		}
		stored.add(numberOf(p.prints, k), amounts)
		return nil
	}, summedSQL, p.Program)
	if errors.Is(err, errNoAmount) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("sum up the sums by day: %w", err)
	}
	return stored == p.prints.days, nil
}

// allBits cut a number of any size and sign to its value modulo 2^64.
var allBits = new(big.Int).SetUint64(1<<64 - 1)

const (
	claimsSQL = `SELECT record_send(ROW(member, first_transaction, transactions)) FROM operations WHERE transactions > 0 AND first_transaction IS NOT NULL`

	// followedSQL reads transactions that have a key and need not: those of kinds that follow from others. What matures,
	// kind 5, has none.
	followedSQL = `
SELECT record_send(ROW(member, id))
  FROM (SELECT DISTINCT t.member, t.id
          FROM transactions t
          JOIN operations o ON o.member = t.member AND t.id BETWEEN o.first_transaction AND o.first_transaction + (o.transactions - 1) * 4096::bigint AND (t.id - o.first_transaction) % 4096 = 0
         WHERE t.kind IN (4, 11, 14, 22, 30, 31, 32, 40, 41)) AS claimed`
)

// keysAgree tells whether keys have just the transactions that need one, and those that may have one, each once.
func (p *proof) keysAgree(ctx context.Context) (bool, error) {
	if p.Program != 0 { // a key does not say whose program it is of
		return false, nil
	}
	number := func(m ledger.Member, id ledger.TransactionID) uint64 {
		return numberOf(p.prints, transactionKey{m, id})
	}
	var claimed uint64
	err := eachRow(ctx, p.tx, func(r *row) error {
		member, first := r.member(), ledger.TransactionID(r.int64())
		for i := range r.int16() {
			claimed += number(member, first+ledger.TransactionID(i)*ledger.IDStep)
		}
		return nil
	}, claimsSQL)
	if err != nil {
		return false, fmt.Errorf("sum up keys: %w", err)
	}
	err = eachRow(ctx, p.tx, func(r *row) error {
		claimed -= number(r.member(), ledger.TransactionID(r.int64()))
		return nil
	}, followedSQL)
	if err != nil {
		return false, fmt.Errorf("sum up what follows: %w", err)
	}
	return claimed == p.prints.keys, nil
}

const (
	orderBodiesSQL = `SELECT record_send(ROW(member, id, body)) FROM documents WHERE kind = 1 AND $1::int IN (0, program)`
	listedSQL      = `SELECT record_send(ROW(member, order_id, money, cash_fallback)) FROM refunds WHERE $1::int IN (0, program)`
)

// ordersAgree tells whether all orders say what the journal and the list of refunds say.
func (p *proof) ordersAgree(ctx context.Context, read func()) (bool, error) {
	var said orderSums
	var money, listed, fallback uint64
	readable := true
	err := eachRow(ctx, p.tx, func(r *row) error {
		read()
		number := numberOf(p.prints, orderKey{r.member(), r.text()})
		var b orderBook
		if readable = readable && b.says(r.field()) == nil; readable {
			said.figures(number, b.stored)
			money += bits(b.stored.money) * number
		}
		return nil
	}, orderBodiesSQL, p.Program)
	if err != nil {
		return false, fmt.Errorf("sum up orders: %w", err)
	}
	err = eachRow(ctx, p.tx, func(r *row) error {
		number := numberOf(p.prints, orderKey{r.member(), r.text()})
		listed += bits(r.int64()) * number
		fallback += bits(r.int64()) * number
		return nil
	}, listedSQL, p.Program)
	if err != nil {
		return false, fmt.Errorf("sum up refunds: %w", err)
	}
	return readable && said == p.prints.orders && money == listed && said[5] == fallback, nil
}
