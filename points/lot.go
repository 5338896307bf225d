package points

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"time"

	"chobo/ledger"
	"chobo/points/program"
)

// before tells whether lot l is spent before lot m: the first to expire first (or the first granted, as the program
// says), then by grant time, then by number.
func (a *Account) before(l, m Lot) bool {
	if a.lotOrder() != program.OldestGrant && !l.ExpiresAt.Equal(m.ExpiresAt) {
		return expiresBefore(l.ExpiresAt, m.ExpiresAt)
	}
	if !l.GrantedAt.Equal(m.GrantedAt) {
		return l.GrantedAt.Before(m.GrantedAt)
	}
	return l.ID < m.ID
}

// lotOrder is the order of the version in force. Source: ruling 7.
func (a *Account) lotOrder() program.LotOrder { return a.Programs.InForce(a.instant()).Redeem.LotOrder }

// arrange puts the lots into the spending order that is in force. They mostly stand in it; but where versions of the
// program differ in it they may have been packed and spilled by another.
func (a *Account) arrange() {
	if !a.reordered() {
		return
	}
	if a.Spilled > 0 {
		lack(Need{Lots: -1})
	}
	sort.Slice(a.Lots, func(i, j int) bool { return a.before(a.Lots[i], a.Lots[j]) })
}

// reordered tells whether versions of the program differ in the order of spending.
func (a *Account) reordered() bool {
	return slices.ContainsFunc(a.Programs, func(v program.Version) bool { return v.Redeem.LotOrder != a.Programs.First().Redeem.LotOrder })
}

// expiresBefore orders expiries; a lot that never expires comes last.
func expiresBefore(t, u time.Time) bool {
	if t.IsZero() || u.IsZero() {
		return !t.IsZero() && u.IsZero()
	}
	return t.Before(u)
}

// lot is the live lot of that number; nil when none of that number is live. Whoever goes through lots goes in their order,
// so it looks on from the last one.
func (a *Account) lot(id ledger.LotID) *Lot {
	same := func(l Lot) bool { return l.ID == id }
	last := min(a.found, len(a.Lots))
	if i := slices.IndexFunc(a.Lots[last:], same); i >= 0 {
		a.found = last + i
		return &a.Lots[a.found]
	}
	if i := slices.IndexFunc(a.Lots[:last], same); i >= 0 {
		a.found = i
		return &a.Lots[i]
	}
	if i := slices.IndexFunc(a.spill, same); i >= 0 {
		return &a.spill[i]
	}
	if a.Spilled > 0 {
		lack(Need{Lots: -1})
	}
	return nil
}

// admit makes a lot live, still empty, so that a line may bring points to it. Its number must not be live yet.
func (a *Account) admit(l Lot) {
	if a.Spilled > 0 && (len(a.Lots) == 0 || a.before(a.Lots[len(a.Lots)-1], l)) {
		a.spill = append(a.spill, l)
		return
	}
	i := sort.Search(len(a.Lots), func(i int) bool { return a.before(l, a.Lots[i]) })
	a.Lots = slices.Insert(a.Lots, i, l)
}

// prune drops of the lots that a transaction emptied those in which nothing is left. It puts them in order.
func (a *Account) prune(emptied []ledger.LotID) {
	if len(emptied) == 0 {
		return
	}
	slices.Sort(emptied)
	spent := func(l Lot) bool {
		_, is := slices.BinarySearch(emptied, l.ID)
		return is && l.Remaining == 0 && l.Reserved == 0
	}
	a.Lots = slices.DeleteFunc(a.Lots, spent)
	a.spill = slices.DeleteFunc(a.spill, spent)
}

// A Taking is points taken from one lot, and what is needed to give them back to it.
type Taking struct {
	Lot       ledger.LotID
	Points    ledger.Points
	Restored  ledger.Points // of Points, what was given back or fell back to cash
	ExpiresAt time.Time
	GrantedAt time.Time
	At        time.Time
}

// MarshalJSON writes the taking as a list of numbers, times in microseconds since 1970: there is one in every order that
// points paid. All of it are lot, points, what was restored, expiry, grant and time. A fresh one, of which nothing was
// restored and whose time is not told, is short: lot, points, grant, and expiry if there is one.
func (t Taking) MarshalJSON() ([]byte, error) {
	numbers := []int64{int64(t.Lot), int64(t.Points), int64(t.Restored), micros(t.ExpiresAt), micros(t.GrantedAt), micros(t.At)}
	switch {
	case !t.At.IsZero():
	case t.Restored != 0:
		numbers = numbers[:5]
	case t.ExpiresAt.IsZero():
		numbers = append(numbers[:2], micros(t.GrantedAt))
	default:
		numbers = append(numbers[:2], micros(t.GrantedAt), micros(t.ExpiresAt))
	}
	b := make([]byte, 0, 96)
	for i, n := range numbers {
		b = strconv.AppendInt(append(b, "[,"[min(i, 1)]), n, 10)
	}
	return append(b, ']'), nil
}

// How many numbers a taking has.
const leastOfTaking, mostOfTaking = 3, 6

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Taking) UnmarshalJSON(b []byte) error {
	n := make([]int64, 0, mostOfTaking)
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("taking %s: %w", b, err)
	}
	switch len(n) {
	case leastOfTaking:
		n = []int64{n[0], n[1], 0, 0, n[2], 0}
	case 4:
		n = []int64{n[0], n[1], 0, n[3], n[2], 0}
	case 5:
		n = append(n, 0)
	case mostOfTaking:
	default:
		return fmt.Errorf("taking %s has %d numbers", b, len(n))
	}
	*t = Taking{ledger.LotID(n[0]), ledger.Points(n[1]), ledger.Points(n[2]), fromMicros(n[3]), fromMicros(n[4]), fromMicros(n[5])}
	return nil
}

// pick chooses n available points lot by lot in spending order, leaving out some lots. The account must hold them.
func (a *Account) pick(n ledger.Points, except func(ledger.LotID) bool) []Taking {
	var out []Taking
	if n > 0 {
		a.arrange()
	}
	for _, l := range a.Lots {
		if n == 0 {
			break
		}
		if l.Remaining == 0 || except != nil && except(l.ID) {
			continue
		}
		k := min(n, l.Remaining)
		out = append(out, Taking{Lot: l.ID, Points: k, ExpiresAt: l.ExpiresAt, GrantedAt: l.GrantedAt})
		n -= k
	}
	if n > 0 && a.Spilled+len(a.spill) > 0 {
		lack(Need{Lots: max(1000, len(a.Lots))})
	}
	return out
}

func sum(takings []Taking) (n ledger.Points) {
	for _, t := range takings {
		n += t.Points
	}
	return n
}

// stamp sets when the takings happened.
func stamp(takings []Taking, at time.Time) []Taking {
	for i := range takings {
		takings[i].At = at
	}
	return takings
}

// LoadLots adds spilled lots, the next in spending order, to those that commands see. all: none is left behind.
func (a *Account) LoadLots(lots []Lot, all bool) {
	if a.spillRows == nil {
		a.spillRows = map[ledger.LotID]Lot{}
	}
	for _, l := range lots {
		a.spillRows[l.ID] = l
		a.Lots = append(a.Lots, l)
		a.Spilled--
		a.SpilledPoints -= l.Remaining
	}
	if all {
		a.Spilled, a.SpilledPoints = 0, 0
	}
	kept := a.spill
	a.spill = nil
	for _, l := range kept {
		a.admit(l)
	}
}

// A Repacking is what of the lots goes where when the account is stored.
type Repacking struct {
	Packed        []Lot
	Insert        []Lot // spilled for the first time
	Update        []Lot
	Delete        []ledger.LotID // packed or spent
	Spilled       int
	SpilledPoints ledger.Points
	SpillExpires  time.Time
}

// Repack says which lots the member's row packs and what changes among the spilled ones.
func (a *Account) Repack() Repacking {
	packed := min(len(a.Lots), PackedLots)
	if a.Spilled == 0 && len(a.spill) > 0 {
		for _, l := range a.spill {
			i := sort.Search(len(a.Lots), func(i int) bool { return a.before(l, a.Lots[i]) })
			a.Lots = slices.Insert(a.Lots, i, l)
		}
		a.spill = nil
		packed = min(len(a.Lots), PackedLots)
	}
	r := Repacking{Packed: a.Lots[:packed], Spilled: a.Spilled, SpilledPoints: a.SpilledPoints}
	if a.Spilled > 0 {
		r.SpillExpires = a.SpillExpires
	}
	out := map[ledger.LotID]bool{}
	for _, l := range slices.Concat(a.Lots[packed:], a.spill) {
		out[l.ID] = true
		r.Spilled++
		r.SpilledPoints += l.Remaining
		if l.Remaining > 0 && expiresBefore(l.ExpiresAt, r.SpillExpires) {
			r.SpillExpires = l.ExpiresAt
		}
		if row, ok := a.spillRows[l.ID]; !ok {
			r.Insert = append(r.Insert, l)
		} else if row != l {
			r.Update = append(r.Update, l)
		}
	}
	for id := range a.spillRows {
		if !out[id] {
			r.Delete = append(r.Delete, id)
		}
	}
	slices.Sort(r.Delete)
	return r
}
