package journal

import (
	"chobo/ledger"
	"chobo/ledger/draw"
)

// prints are sums over the journal, made while it is walked through, that must equal sums over what is kept beside it:
// then the statement that would find who differs need not run. Each amount counts with a number that is drawn.
type prints struct {
	*draw.Draw
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
	return &prints{Draw: draw.New(), program: program, before: map[ledger.TransactionID]follower{}}
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

// note is the number of a transaction's note by its hash.
func (p *prints) note(member uint64, id ledger.TransactionID, hash []byte) uint64 {
	return p.Of(p.Transaction(member, id), 0, p.Text(string(hash)))
}

// add takes in a transaction of the journal, of the member of that number.
func (p *prints) add(t *Posted, member uint64) {
	if p.program != 0 && t.Program != p.program {
		return
	}
	p.transactions++
	p.key(t, member)
	if t.NoteHash != nil {
		p.notes += p.note(member, t.ID, t.NoteHash)
	}
	day := p.Day(t.Program, t.Kind, t.BookDate.Unix()/86400)
	var order uint64 // its number, once it is needed
	for i := range t.Lines {
		l := &t.Lines[i]
		p.days.add(p.Sum(day, l.Account, l.Shop), [5]uint64{draw.Bits(l.Points), draw.Bits(l.Money), draw.Bits(max(l.Points, 0)), draw.Bits(max(l.Money, 0)), 1})
		p.holdings(l, member)
		if t.Subject == "" || !ofSubject(l.Account) {
			continue
		}
		if order == 0 {
			order = p.Order(member, t.Subject)
		}
		p.papers.line(order, l)
		if t.Kind != ledger.ShopSettlement {
			p.orders.line(order, l)
		}
	}
}

// key takes in what key a transaction must have, or seems to have.
func (p *prints) key(t *Posted, member uint64) {
	n := p.Transaction(member, t.ID)
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

// holdings takes in what a line changes in what the member has.
func (p *prints) holdings(l *ledger.Line, member uint64) {
	if !l.Account.OfMember() {
		return
	}
	n := draw.Bits(l.Points)
	balance := p.Lot(member, l.Account, 0)
	p.balances -= n * balance
	switch l.Account {
	case ledger.MemberPending:
		p.holds -= n * p.Lot(member, l.Account, l.Lot)
	case ledger.MemberReserved:
		p.papers.reserved -= n * balance
		fallthrough
	case ledger.MemberAvailable:
		p.lots -= n * p.Lot(member, l.Account, l.Lot)
	}
}

func (d *daySums) add(number uint64, amounts [5]uint64) {
	for i, n := range amounts {
		d[i] += n * number
	}
}

// ofSubject tells whether documents say what stands on the account, by the order or exchange that a transaction names.
func ofSubject(a ledger.Account) bool {
	switch a {
	case ledger.IssuedPurchase, ledger.FundedShop, ledger.RedeemedOrders, ledger.RedeemedCashFallback, ledger.MemberDebt, ledger.RedeemedBenefits:
		return true
	}
	return false
}

// line takes in a line of the order or exchange of that number.
func (s *paperSums) line(number uint64, l *ledger.Line) {
	switch l.Account {
	case ledger.MemberDebt:
		s.open += draw.Bits(l.Points) * number
	case ledger.RedeemedBenefits:
		s.exchanged -= draw.Bits(l.Points) * number
	}
}

// line takes in a line of the order of that number.
func (s *orderSums) line(number uint64, l *ledger.Line) {
	points := draw.Bits(l.Points) * number
	switch l.Account {
	case ledger.RedeemedOrders:
		s[0] -= points
		s[1] -= draw.Bits(l.Money) * number
	case ledger.RedeemedCashFallback:
		s[5] -= draw.Bits(l.Money) * number
	case ledger.IssuedPurchase, ledger.FundedShop:
		s[4] += points
		if l.Points > 0 {
			s[2] += points
		} else {
			s[3] -= points
		}
	}
}

// figures takes in what the order of that number says.
func (s *orderSums) figures(number uint64, f figures) {
	for i, n := range [...]uint64{draw.Bits(f.paid), draw.Bits(f.value), draw.Bits(f.granted), draw.Bits(f.taken), draw.Bits(f.standing), draw.Bits(f.fallback)} {
		s[i] += n * number
	}
}
