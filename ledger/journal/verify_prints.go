package journal

import (
	"hash/maphash"

	"chobo/ledger"
)

// prints are sums over the journal, made while it is walked through, that must equal sums over what is kept beside it:
// then the statement that would find who differs need not run. Each amount counts with 64 bits drawn by lot from what it
// belongs to (balance, day, order), anew for each verification, so that amounts in the wrong place do not cancel.
type prints struct {
	seed         maphash.Seed
	program      int // only this one's; 0: all
	transactions int64
	balances     uint64
	lots         uint64 // available and reserved
	holds        uint64
	keys         uint64 // of transactions that a key must have
	likely       uint64 // of those that need none, and seem to have one
	days         daySums
	orders       orderSums
	papers       paperSums
	notes        uint64                            // hashes of notes
	before       map[ledger.TransactionID]follower // the last of each node
}

func newPrints(program int) *prints {
	return &prints{seed: maphash.MakeSeed(), program: program, before: map[ledger.TransactionID]follower{}}
}

// A follower is a transaction with what it tells of the next one's key.
type follower struct {
	id     ledger.TransactionID
	member ledger.Member
	keyed  bool
}

// paperSums are what receivables, exchanges and reservations say of points.
type paperSums struct{ open, exchanged, reserved uint64 }

// daySums are points, money, debits of each, and lines.
type daySums [5]uint64

// orderSums are an order's points that pay it, their value, points granted, taken back and standing, and cash fallback.
type orderSums [6]uint64

type balanceKey struct {
	member  ledger.Member
	account ledger.Account
}

type noteKey struct {
	member ledger.Member
	id     ledger.TransactionID
	hash   string
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
func (p *prints) add(t *Posted) {
	if p.program != 0 && t.Program != p.program {
		return
	}
	p.transactions++
	p.key(t)
	if t.NoteHash != nil {
		p.notes += numberOf(p, noteKey{t.Member, t.ID, string(t.NoteHash)})
	}
	date := t.BookDate.Unix() / 86400
	var order uint64 // its number, once it is needed
	for i := range t.Lines {
		l := &t.Lines[i]
		if l.Account.OfMember() {
			p.balances -= bits(l.Points) * numberOf(p, balanceKey{t.Member, l.Account})
		}
		p.holdings(t, l)
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

// key takes in what key a transaction must have, or seems to have.
func (p *prints) key(t *Posted) {
	n := numberOf(p, transactionKey{t.Member, t.ID})
	node := nodeOf(t.ID)
	last := p.before[node]
	now := follower{t.ID, t.Member, true}
	switch keyed := t.Keyed(); {
	case keyed == Must:
		p.keys += n
	case keyed == Likely, keyed == Follows && last.keyed && last.member == t.Member && last.id+ledger.IDStep == t.ID:
		p.likely += n
	default:
		now.keyed = false
	}
	p.before[node] = now
}

// holdings takes in what a line changes in what the member has: lots, holds, and what documents tell.
func (p *prints) holdings(t *Posted, l *ledger.Line) {
	switch l.Account {
	case ledger.MemberAvailable, ledger.MemberReserved:
		p.lots -= bits(l.Points) * numberOf(p, lotKey{t.Member, l.Account, l.Lot})
		if l.Account == ledger.MemberReserved {
			p.papers.reserved -= bits(l.Points) * numberOf(p, balanceKey{t.Member, l.Account})
		}
	case ledger.MemberPending:
		p.holds -= bits(l.Points) * numberOf(p, lotKey{t.Member, l.Account, l.Lot})
	case ledger.MemberDebt:
		if t.Subject != "" {
			p.papers.open += bits(l.Points) * numberOf(p, orderKey{t.Member, t.Subject})
		}
	case ledger.RedeemedBenefits:
		if t.Subject != "" {
			p.papers.exchanged -= bits(l.Points) * numberOf(p, orderKey{t.Member, t.Subject})
		}
	}
}

func (d *daySums) add(number uint64, amounts [5]uint64) {
	for i, n := range amounts {
		d[i] += n * number
	}
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
