package pointstest

import (
	"fmt"
	"testing"
	"time"

	"chobo/ledger"
	"chobo/points"
)

// Check fails the test if the books break a law.
func (b *Book) Check(t testing.TB) {
	t.Helper()
	if err := b.Audit(); err != nil {
		t.Fatalf("%v\n%s", err, b.T(0))
	}
}

// Audit tells which law the books break: each transaction adds up, time never runs backward, a decision gives before it
// takes, the account is what its journal adds up to, no lot was ever below zero, orders, reservations and receivables
// agree with the journal, and no refused command changed anything.
func (b *Book) Audit() error {
	if b.fault != nil {
		return b.fault
	}
	sums, err := b.sumUp()
	if err != nil {
		return err
	}
	for _, law := range []func(*totals) error{b.auditBalances, b.auditLots, b.auditHolds, b.auditOrders, b.auditWatched, b.auditReceivables, b.auditRefunds} {
		if err := law(sums); err != nil {
			return err
		}
	}
	return nil
}

// totals is what the journal adds up to, credit positive.
type totals struct {
	accounts  map[ledger.Account]points.Worth
	lots      map[lotAccount]points.Worth
	orders    map[orderAccount]points.Worth
	withheld  map[string]ledger.Money  // by order: kept back from money refunds
	forfeited map[string]ledger.Points // by order: given back and lost at once
	took      map[decision]bool        // the decision has begun to take earnings back
}

type lotAccount struct {
	lot ledger.LotID
	ledger.Account
}

type orderAccount struct {
	order string
	ledger.Account
}

// A decision on an order, of those that are told apart in the journal: a return, or a cancellation of some pieces.
type decision struct{ order, part string }

func (b *Book) sumUp() (*totals, error) {
	s := &totals{map[ledger.Account]points.Worth{}, map[lotAccount]points.Worth{}, map[orderAccount]points.Worth{}, map[string]ledger.Money{},
		map[string]ledger.Points{}, map[decision]bool{}}
	var last time.Time
	for i := range b.Journal {
		t := &b.Journal[i]
		if err := t.Check(); err != nil {
			return nil, err
		}
		if t.OccurredAt.Before(last) || t.OccurredAt.After(t.PostedAt) {
			return nil, fmt.Errorf("%s occurred at %s, after %s, posted at %s", t.Kind, t.OccurredAt, last, t.PostedAt)
		}
		last = t.OccurredAt
		if err := s.follow(t); err != nil {
			return nil, err
		}
		for _, l := range t.Lines {
			add(s.accounts, l.Account, l)
			add(s.lots, lotAccount{l.Lot, l.Account}, l)
			add(s.orders, orderAccount{t.Subject, l.Account}, l)
			if l.Account == ledger.DebtCollected && t.Actor == "" { // who pays a receivable is named
				s.withheld[t.Subject] += l.Money
			}
			if at := s.lots[lotAccount{l.Lot, l.Account}]; l.Lot != 0 && l.Account.OfMember() && (at.Points < 0 || at.Money < 0) {
				return nil, fmt.Errorf("%s takes %s of lot %d to %+v", t.Kind, l.Account, l.Lot, at)
			}
		}
	}
	return s, nil
}

// follow notes what a transaction gives to whom it is about. Restorations come first, so that they can absorb a clawback.
func (s *totals) follow(t *ledger.Transaction) error {
	d := decision{t.Subject, t.Part}
	switch t.Kind {
	case ledger.Restore, ledger.CashFallback:
		if s.took[d] {
			return fmt.Errorf("%s of order %s, %s comes after its clawback", t.Kind, t.Subject, t.Part)
		}
	case ledger.VoidPending, ledger.ReverseGrant:
		s.took[d] = t.Part != ""
	case ledger.Expire, ledger.Lapse, ledger.Forfeit:
		if t.Subject != "" {
			for _, l := range t.Lines {
				s.forfeited[t.Subject] += max(0, l.Points)
			}
		}
	}
	return nil
}

func add[K comparable](sums map[K]points.Worth, key K, l ledger.Line) {
	w := sums[key]
	sums[key] = points.Worth{Points: w.Points - l.Points, Money: w.Money - l.Money}
}

func (b *Book) auditBalances(s *totals) error {
	for _, c := range []struct {
		account ledger.Account
		have    ledger.Points
	}{
		{ledger.MemberAvailable, b.Available},
		{ledger.MemberPending, b.Pending},
		{ledger.MemberReserved, b.Reserved},
		{ledger.MemberDebt, -b.Debt},
	} {
		if c.have != s.accounts[c.account].Points || c.have < 0 && c.account != ledger.MemberDebt || c.have > 0 && c.account == ledger.MemberDebt {
			return fmt.Errorf("%s: the account has %d, the journal %d", c.account, c.have, s.accounts[c.account].Points)
		}
	}
	return nil
}

// auditLots: lots are what the journal says, each worth the floor of its points' value.
func (b *Book) auditLots(s *totals) error {
	live := map[ledger.LotID]bool{}
	for _, l := range b.AllLots() {
		if l.Remaining < 0 || l.Reserved < 0 || l.Remaining+l.Reserved == 0 || live[l.ID] {
			return fmt.Errorf("lot %+v is spent, overdrawn or there twice", l)
		}
		live[l.ID] = true
		for account, n := range map[ledger.Account]ledger.Points{ledger.MemberAvailable: l.Remaining, ledger.MemberReserved: l.Reserved} {
			want := points.Worth{Points: n, Money: ledger.Value(b.Programs.PointValue(), n)}
			if have := s.lots[lotAccount{l.ID, account}]; have != want {
				return fmt.Errorf("lot %d, %s: the account has %+v, the journal %+v", l.ID, account, want, have)
			}
		}
	}
	for key, w := range s.lots {
		if (key.Account == ledger.MemberAvailable || key.Account == ledger.MemberReserved) && w != (points.Worth{}) && !live[key.lot] {
			return fmt.Errorf("lot %d: the journal has %+v %s, the account no such lot", key.lot, w, key.Account)
		}
	}
	if b.Spilled != len(b.rows) || len(b.Lots) > points.PackedLots && !b.Whole {
		return fmt.Errorf("%d lots are packed, %d spilled of %d", len(b.Lots), b.Spilled, len(b.rows))
	}
	return nil
}

func (b *Book) auditHolds(s *totals) error {
	live := map[ledger.LotID]bool{}
	for _, h := range b.Holds {
		want := points.Worth{Points: h.Points, Money: ledger.Value(b.Programs.PointValue(), h.Points)}
		if have := s.lots[lotAccount{h.Lot, ledger.MemberPending}]; have != want || h.Points <= 0 || live[h.Lot] {
			return fmt.Errorf("hold %d: the account has %+v, the journal %+v", h.Lot, want, have)
		}
		if h.Order != "" && b.Order(h.Order) == nil {
			return fmt.Errorf("hold %d is of order %s, which is not there", h.Lot, h.Order)
		}
		live[h.Lot] = true
	}
	for key, w := range s.lots {
		if key.Account == ledger.MemberPending && w != (points.Worth{}) && !live[key.lot] {
			return fmt.Errorf("hold %d: the journal has %+v, the account no such hold", key.lot, w)
		}
	}
	return nil
}

func (b *Book) auditOrders(s *totals) error {
	for key := range b.Documents {
		if key.Kind == points.OrderDocument {
			if err := b.auditOrder(s, b.Order(key.ID)); err != nil {
				return fmt.Errorf("order %s: %w", key.ID, err)
			}
		}
	}
	return nil
}

func (b *Book) auditOrder(s *totals, o *points.Order) error {
	standing, total := o.Standing(), o.Total()
	worth := total - standing.Money
	if err := auditParts(o); err != nil {
		return err
	}
	// What points pay is what was redeemed and neither restored nor given back in cash.
	redeemed := s.orders[orderAccount{o.ID, ledger.RedeemedOrders}]
	if redeemed != (points.Worth{Points: standing.Points, Money: worth}) {
		return fmt.Errorf("%d points worth %d stand, %+v were redeemed", standing.Points, worth, redeemed)
	}
	var out ledger.Points
	for _, t := range o.Takings {
		if t.Points <= 0 || t.Restored < 0 || t.Restored > t.Points {
			return fmt.Errorf("taking %+v", t)
		}
		out += t.Points - t.Restored
	}
	if out != standing.Points {
		return fmt.Errorf("%d points are out of lots, %d stand", out, standing.Points)
	}
	// Each tender is what went back of it and what stands; of points, some may have come back as cash or to nobody.
	fallback := s.orders[orderAccount{o.ID, ledger.RedeemedCashFallback}]
	gone := o.Refunded.Points + fallback.Points + s.forfeited[o.ID]
	if o.Tenders.Points+o.Charged.Points != gone+standing.Points || fallback.Money != o.Refunded.CashFallback {
		return fmt.Errorf("%+v and %+v were paid, %+v and %+v went back, %d points to nobody, %+v stand", o.Tenders, o.Charged, o.Refunded, fallback, s.forfeited[o.ID], standing)
	}
	if kept := o.Tenders.Money + o.Charged.Money - o.Refunded.Money - s.withheld[o.ID]; kept != standing.Money || o.Refunded.Money < 0 {
		return fmt.Errorf("%d money was kept of %+v and %+v, %d withheld; %d stand", kept, o.Tenders, o.Charged, s.withheld[o.ID], standing.Money)
	}
	return b.auditEarned(s, o)
}

// auditParts: what still stands of a part is not negative, and points do not pay what they may not.
func auditParts(o *points.Order) error {
	parts := []points.Part{o.Shipping}
	for _, f := range o.Fees {
		parts = append(parts, f.Part)
	}
	for _, l := range o.Lines {
		parts = append(parts, l.Part)
		if l.Excluded && (l.Points != 0 || l.Value != 0) {
			return fmt.Errorf("points pay the excluded line %+v", l)
		}
		if l.Returned < 0 || l.Opened < 0 || l.Exchanged < 0 || l.Returned+l.Opened+l.Exchanged > l.Quantity {
			return fmt.Errorf("pieces of line %+v", l)
		}
	}
	for _, p := range parts {
		amount, n, value := p.Amount-p.Back.Amount, p.Points-p.Back.Points, p.Value-p.Back.Value
		if amount < 0 || n < 0 || value < 0 || value > amount {
			return fmt.Errorf("of part %+v, %d stands, %d points worth %d", p, amount, n, value)
		}
	}
	return nil
}

// auditEarned: what the order earned and what was taken back is what the journal granted, account by account, and it is
// what the one function says or less: line by line, but where a cap has lines stand in for each other.
func (b *Book) auditEarned(s *totals, o *points.Order) error {
	var earned ledger.Points
	by := map[ledger.Account]ledger.Points{}
	v := b.Programs.Number(o.Version)
	for _, l := range o.Lines {
		if most := v.Named(l.Earned.Rule).Points(moneyOf(l)); l.Earned.Points < 0 || v.Earn.CapPerOrder == 0 && l.Earned.Points > most {
			return fmt.Errorf("line %s earned %d, as it stands it earns %d", l.ID, l.Earned.Points, most)
		}
		earned += l.Earned.Points
		by[l.Earned.By] += l.Earned.Points
	}
	for _, account := range []ledger.Account{ledger.IssuedPurchase, ledger.FundedShop} {
		if granted := -s.orders[orderAccount{o.ID, account}].Points; by[account] != granted {
			return fmt.Errorf("it earned %d by %s, the journal granted %d", by[account], account, granted)
		}
	}
	if most := b.Earns(o); earned > most {
		return fmt.Errorf("it earned %d, as it stands it earns %d", earned, most)
	}
	return nil
}

// Earns is what an order earns as it stands: a line's money times its rate, and no more than the cap.
func (b *Book) Earns(o *points.Order) (n ledger.Points) {
	v := b.Programs.Number(o.Version)
	for _, l := range o.Lines {
		n += v.Named(l.Earned.Rule).Points(moneyOf(l))
	}
	if limit := ledger.Points(v.Earn.CapPerOrder); limit > 0 {
		n = min(n, limit)
	}
	return n
}

// moneyOf is what money pays of a line as it stands.
func moneyOf(l points.OrderLine) ledger.Money {
	return l.Amount - l.Back.Amount - (l.Value - l.Back.Value)
}

// auditWatched: what is open and may be touched by what falls due is loaded with the account, and nothing else.
func (b *Book) auditWatched(*totals) error {
	watched := map[points.Key]bool{}
	for _, w := range b.Watch {
		if watched[w.Key] {
			return fmt.Errorf("%v is watched twice", w.Key)
		}
		watched[w.Key] = true
	}
	var reserved ledger.Points
	for key, d := range b.Documents {
		open := false
		switch key.Kind {
		case points.ReservationDocument:
			if open = d.State == "reserved"; open {
				reserved += Decode[points.Reservation](b, key).Points
			}
		case points.ReceivableDocument:
			open = d.State == "open"
		case points.ExchangeDocument:
			open = d.State == "requested"
		case points.OrderDocument:
			if o := b.Order(key.ID); watched[key] && (!o.UseAll || o.Standing().Money == 0) {
				return fmt.Errorf("order %s is watched", key.ID)
			}
			continue
		default:
			continue
		}
		if watched[key] != open {
			return fmt.Errorf("%v is %s; watched: %v", key, d.State, watched[key])
		}
	}
	if reserved != b.Reserved {
		return fmt.Errorf("%d points are reserved, reservations have %d", b.Reserved, reserved)
	}
	return nil
}

func (b *Book) auditReceivables(*totals) error {
	var open ledger.Points
	for key := range b.Documents {
		if key.Kind != points.ReceivableDocument {
			continue
		}
		r := Decode[points.Receivable](b, key)
		if r.Open < 0 || r.Original != r.Open+r.Paid+r.Netted+r.Written {
			return fmt.Errorf("receivable %+v", r)
		}
		open += r.Open
	}
	if open != b.Debt {
		return fmt.Errorf("the debt is %d, open receivables make %d", b.Debt, open)
	}
	return nil
}

// auditRefunds: what is to be paid back adds up to what the orders say.
func (b *Book) auditRefunds(*totals) error {
	paid := map[string]points.Refunded{}
	for _, r := range b.Paid {
		if r.Money < 0 || r.CashFallback < 0 || r.Money+r.CashFallback == 0 || r.CashFallback > 0 && r.PaidBy == "" || r.OccurredAt.IsZero() {
			return fmt.Errorf("refund %+v", r)
		}
		p := paid[r.Order]
		p.Money += r.Money
		p.CashFallback += r.CashFallback
		paid[r.Order] = p
	}
	for key := range b.Documents {
		if key.Kind != points.OrderDocument {
			continue
		}
		o, p := b.Order(key.ID), paid[key.ID]
		if o.Refunded.Money != p.Money || o.Refunded.CashFallback != p.CashFallback {
			return fmt.Errorf("order %s: refunded %+v, to pay back %+v", key.ID, o.Refunded, p)
		}
	}
	return nil
}
