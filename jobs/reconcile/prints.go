package reconcile

import (
	"context"
	"hash/maphash"

	"chobo/ledger"
	"chobo/ledger/journal"
)

// A fingerprint is a sum over the journal that must equal a sum over what is stored, or zero. Each amount counts with a
// number of 64 bits drawn by lot from what it belongs to (its lot, order or day), so that amounts in the wrong place do not
// cancel, and nothing has to be grouped. Each run draws anew. Sums are modulo 2^64.
//
// prints are those of the journal of one program, made in one walk through it, the latest transaction first, with what of
// single transactions needs no sum.
type prints struct {
	seed    maphash.Seed
	program int
	worth   ledger.Money // what a point is worth; 0: no whole number

	broken     bool // a row is no transaction, so that sums over it prove nothing
	unbalanced bool // a transaction does not add up
	unworthy   bool // available points are not worth what they should be
	pointless  bool // a line of an order has no points
	unbounded  bool // a transaction that takes adds to a lot, or one that moves points leaves some behind
	moved      uint64
	held       uint64 // in lots, holds and debts
	days       daySums
	orders     orderSums
	keys       keyPrints
	restored   restored
}

// daySums are points, money and lines, each by day, kind, account and shop.
type daySums [3]uint64

// orderSums are points that stand as paid, points ever paid, points earned, and points ever granted.
type orderSums [4]uint64

func newPrints(program int, worth ledger.Money) *prints {
	return &prints{seed: maphash.MakeSeed(), program: program, worth: worth, keys: keyPrints{last: map[ledger.TransactionID]followers{}}, restored: restored{}}
}

type lotKey struct {
	member  ledger.Member
	account ledger.Account
	lot     ledger.LotID
}

type dayKey struct {
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

// bits of an amount.
func bits[N ~int64](n N) uint64 { return uint64(n) } //nolint:gosec // the bits

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

// add takes in a transaction.
func (p *prints) add(t *journal.Posted) {
	p.keys.add(p, t)
	if t.Program != p.program {
		return
	}
	does := doing(t.Kind)
	var points ledger.Points
	var money ledger.Money
	for i := range t.Lines {
		l := &t.Lines[i]
		points += l.Points
		money += l.Money
		p.day(t, l)
		p.holding(t, l, does)
		p.order(t, l)
	}
	p.unbalanced = p.unbalanced || points != 0 || money != 0
	p.broken = p.broken || t.Broken != nil
}

func (p *prints) day(t *journal.Posted, l *ledger.Line) {
	p.days.add(numberOf(p, dayKey{t.BookDate.Unix() / 86400, t.Kind, l.Account, l.Shop}), [3]uint64{bits(l.Points), bits(l.Money), 1})
}

func (d *daySums) add(number uint64, amounts [3]uint64) {
	for i, n := range amounts {
		d[i] += n * number
	}
}

// holding takes in what a line does to what a member has.
func (p *prints) holding(t *journal.Posted, l *ledger.Line, does int) {
	if l.Account.OfMember() {
		p.held -= bits(l.Points) * numberOf(p, lotKey{t.Member, l.Account, l.Lot})
	}
	p.unworthy = p.unworthy || l.Account == ledger.MemberAvailable && l.Money != p.worth*ledger.Money(l.Points)
	inLot := l.Account == ledger.MemberAvailable || l.Account == ledger.MemberPending || l.Account == ledger.MemberReserved
	switch {
	case does == takes && inLot && l.Points < 0, does == moves && !inLot && l.Lot != 0 && l.Points > 0:
		p.unbounded = true
	case does == moves && l.Lot != 0:
		p.moved += bits(l.Points) * numberOf(p, lotKey{member: t.Member, lot: l.Lot})
	}
	if inLot {
		p.restored.add(t, l, does)
	}
}

// order takes in a line that pays an order, or what it earns.
func (p *prints) order(t *journal.Posted, l *ledger.Line) {
	if t.Subject == "" || l.Account != ledger.RedeemedOrders && l.Account != ledger.IssuedPurchase && l.Account != ledger.FundedShop {
		return
	}
	p.pointless = p.pointless || l.Points == 0
	if t.Kind == ledger.ShopSettlement {
		return
	}
	number := numberOf(p, orderKey{t.Member, t.Subject})
	n := bits(l.Points) * number
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
type restored map[lotKey]restoredLot

type restoredLot struct {
	left    ledger.Points
	granted bool
}

// mostRestored bounds them, for memory shall not grow with the books. Beyond, lotBoundsSQL looks at them.
const mostRestored = 200_000

func (r *restored) add(t *journal.Posted, l *ledger.Line, does int) {
	lots := *r
	if lots == nil || does == moves {
		return
	}
	key := lotKey{member: t.Member, lot: l.Lot}
	lot, ok := lots[key]
	switch {
	case does == restores:
		lot.left += l.Points
	case !ok:
		return
	case does == gives:
		lot.granted = lot.granted || l.Points < 0
	case t.Kind == ledger.Redeem, t.Kind == ledger.Capture, t.Kind == ledger.Sweep, t.Kind == ledger.Exchange:
		lot.left += l.Points
	}
	lots[key] = lot
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

func (k *keyPrints) add(p *prints, t *journal.Posted) {
	node := t.ID & (ledger.IDStep - 1)
	n := numberOf(p, transactionKey{t.Member, t.ID})
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

type transactionKey struct {
	member ledger.Member
	id     ledger.TransactionID
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
	known, err := s.known(ctx)
	if err != nil {
		return proof{}, err
	}
	strange := known == nil
	err = journal.Backward(ctx, s.tx, s.beside, stored.sumUp, func(t *journal.Posted) {
		p.add(t)
		strange = strange || known[t.Member] != int32(t.Program) //nolint:gosec // as it is stored
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
		"rollups":      !s.noDays && p.days == s.days,
	}}
}
