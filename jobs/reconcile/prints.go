package reconcile

import (
	"context"

	"chobo/ledger"
	"chobo/ledger/draw"
	"chobo/ledger/journal"
	"chobo/ledger/rows"
)

// A fingerprint is a sum over the journal that must equal a sum over what is stored, or zero. Each amount counts with the
// number that is drawn for its lot, order or day, so that amounts in the wrong place do not cancel, and nothing has to be
// grouped. Each run draws anew.
//
// prints are those of the journal of one program, made in one walk through it, the latest transaction first, with what of
// single transactions needs no sum.
type prints struct {
	*draw.Draw
	program int
	worth   ledger.Money // what a point is worth; 0: no whole number

	transactions int64 // of all programs
	broken       bool  // a row is no transaction, so that sums over it prove nothing
	unbalanced   bool  // a transaction does not add up
	unworthy     bool  // available points are not worth what they should be
	pointless    bool  // a line of an order has no points
	unbounded    bool  // a transaction that takes adds to a lot, or one that moves points leaves some behind
	moved        uint64
	held         uint64 // in lots, holds and debts
	days         daySums
	orders       orderSums
	keys         keyPrints
	restored     restored
}

// daySums are points, money and lines, each by day, kind, account and shop.
type daySums [3]uint64

// orderSums are points that stand as paid, points ever paid, points earned, and points ever granted.
type orderSums [4]uint64

func newPrints(program int, worth ledger.Money) *prints {
	return &prints{Draw: draw.New(), program: program, worth: worth, keys: keyPrints{last: map[ledger.TransactionID]followers{}}, restored: restored{}}
}

// What a transaction does with lots.
const (
	gives    = iota + 1
	moves    // between a lot's accounts
	restores // what was taken
	takes
)

func doing(k ledger.Kind) int {
	switch k {
	case ledger.GrantPending, ledger.Grant, ledger.RepricePending, ledger.Adjust, ledger.Opening, ledger.Correct:
		return gives
	case ledger.Mature, ledger.Reserve, ledger.Release:
		return moves
	case ledger.Restore, ledger.ExchangeCancel:
		return restores
	}
	return takes
}

// add takes in a transaction, of the member of that number.
func (p *prints) add(t *journal.Posted, member uint64) {
	p.transactions++
	p.keys.add(t, p.Transaction(member, t.ID))
	if t.Program != p.program {
		return
	}
	does := doing(t.Kind)
	day := p.Day(t.Program, t.Kind, t.BookDate.Unix()/86400)
	var points ledger.Points
	var money ledger.Money
	for i := range t.Lines {
		l := &t.Lines[i]
		points += l.Points
		money += l.Money
		p.days.add(p.Sum(day, l.Account, l.Shop), [3]uint64{draw.Bits(l.Points), draw.Bits(l.Money), 1})
		p.holding(t, l, does, member)
		p.order(t, l, member)
	}
	p.unbalanced = p.unbalanced || points != 0 || money != 0
	p.broken = p.broken || t.Broken != nil
}

func (d *daySums) add(number uint64, amounts [3]uint64) {
	for i, n := range amounts {
		d[i] += n * number
	}
}

// holding takes in what a line does to what a member has.
func (p *prints) holding(t *journal.Posted, l *ledger.Line, does int, member uint64) {
	if l.Account.OfMember() {
		p.held -= draw.Bits(l.Points) * p.Lot(member, l.Account, l.Lot)
	}
	p.unworthy = p.unworthy || l.Account == ledger.MemberAvailable && l.Money != p.worth*ledger.Money(l.Points)
	inLot := l.Account == ledger.MemberAvailable || l.Account == ledger.MemberPending || l.Account == ledger.MemberReserved
	switch {
	case does == takes && inLot && l.Points < 0, does == moves && !inLot && l.Lot != 0 && l.Points > 0:
		p.unbounded = true
	case does == moves && l.Lot != 0:
		p.moved += draw.Bits(l.Points) * p.Lot(member, 0, l.Lot)
	case inLot && does != moves:
		p.restored.add(t.Kind, l, does, p.Lot(member, 0, l.Lot))
	}
}

// order takes in a line that pays an order, or what it earns.
func (p *prints) order(t *journal.Posted, l *ledger.Line, member uint64) {
	if t.Subject == "" || l.Account != ledger.RedeemedOrders && l.Account != ledger.IssuedPurchase && l.Account != ledger.FundedShop {
		return
	}
	p.pointless = p.pointless || l.Points == 0
	if t.Kind == ledger.ShopSettlement {
		return
	}
	n := draw.Bits(l.Points) * p.Order(member, t.Subject)
	switch {
	case l.Account == ledger.RedeemedOrders && l.Points < 0:
		p.orders[0] -= n
		p.orders[1] -= n
	case l.Account == ledger.RedeemedOrders:
		p.orders[0] -= n
	case l.Points > 0:
		p.orders[2] += n
		p.orders[3] += n
	default:
		p.orders[2] += n
	}
}

// restored are the lots to which something was given back: what was taken from them before, less that, and whether they
// were granted. Since the walk goes backward, each is known by what came back before what was taken is met.
type restored map[uint64]restoredLot // by the lots' numbers

type restoredLot struct {
	left    ledger.Points
	granted bool
}

// mostRestored bounds them, for memory shall not grow with the books. Beyond, lotBoundsSQL looks at them.
const mostRestored = 200_000

// add takes in a line of what a transaction of that kind does with a lot.
func (r *restored) add(k ledger.Kind, l *ledger.Line, does int, number uint64) {
	lots := *r
	if lots == nil {
		return
	}
	lot, ok := lots[number]
	switch {
	case does == restores:
		lot.left += l.Points
	case !ok:
		return
	case does == gives:
		lot.granted = lot.granted || l.Points < 0
	case k == ledger.Redeem, k == ledger.Capture, k == ledger.Sweep, k == ledger.Exchange:
		lot.left += l.Points
	}
	lots[number] = lot
	if len(lots) > mostRestored {
		*r = nil
	}
}

// within tells whether no more came back to any lot than was taken from it before. A lot that was never granted was made by
// a restoration.
func (r restored) within() bool {
	for _, lot := range r {
		if lot.granted && lot.left < 0 {
			return false
		}
	}
	return r != nil
}

// keyPrints sum the transactions of the whole installation that a key must have, and those that seem to have one.
type keyPrints struct {
	sum  uint64
	last map[ledger.TransactionID]followers // by node
}

// followers are a member's transactions, from id on, that seem to follow from the one before it.
type followers struct {
	id     ledger.TransactionID
	member ledger.Member
	sum    uint64
}

// add takes in a transaction, which has the number n.
func (k *keyPrints) add(t *journal.Posted, n uint64) {
	node := t.ID & (ledger.IDStep - 1)
	now, last := followers{t.ID, t.Member, 0}, k.last[node]
	if last.id == t.ID+ledger.IDStep && last.member == t.Member {
		now.sum = last.sum
	}
	switch t.Keyed() {
	case journal.Must, journal.Likely:
		k.sum += n + now.sum
		now.sum = 0
	case journal.Follows:
		now.sum += n
	case journal.Never:
		now.sum = 0
	}
	k.last[node] = now
}

// A proof is what fingerprints have shown: the checks that hold for all members.
type proof struct {
	holds    map[string]bool
	restored bool // lot_bounds holds but for lots to which points were given back
}

// proved finds what holds for all members. It looks at all of them.
func (s *scope) proved(ctx context.Context) (proof, error) {
	value := s.program.Versions.PointValue()
	whole := value.IsInteger()
	var worth ledger.Money
	if whole {
		worth = ledger.Money(value.IntPart())
	}
	p := newPrints(s.program.ID, worth)
	stored := &storedPrints{scope: s, prints: p}
	var known draw.Table
	var strange bool
	know := func(ctx context.Context, q rows.Preparer) (err error) {
		known, strange, err = knownMembers(ctx, q, p.Draw)
		return err
	}
	err := journal.Backward(ctx, s.tx, s.beside, know, stored.sumUp, func(t *journal.Posted) {
		member := p.Member(t.Member)
		p.add(t, member)
		if !strange {
			_, there := known.Find(ofProgram(p.Draw, member, t.Program))
			strange = !there
		}
	})
	if err != nil {
		return proof{}, err
	}
	return judge(p, stored, whole, strange), nil
}

// judge says which checks hold.
func judge(p *prints, s *storedPrints, whole, strange bool) proof {
	if p.broken {
		return proof{}
	}
	lots := !s.odd && p.held == s.held
	bounded := lots && !p.unbounded && p.moved == 0 && !s.below
	return proof{restored: bounded, holds: map[string]bool{
		"lines_add_up": !p.unbalanced,
		"balances":     lots && !s.unbalanced,
		"lots":         lots && !s.miscounted,
		"holds":        lots,
		"lot_bounds":   bounded && p.restored.within(),
		"lot_values":   whole && !p.unworthy,
		"orders":       !p.pointless && !s.broken && p.orders == s.orders,
		"keys":         s.keys == p.keys.sum,
		"members":      !strange,
		"batches":      p.transactions == s.batched,
		"rollups":      !s.noDays && p.days == s.days,
	}}
}
