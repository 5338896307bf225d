package points

import (
	"slices"
	"time"

	"chobo/ledger"
	"chobo/points/program"
)

// A Status says what a member may do.
type Status int16

// The states of a membership.
const (
	Active    Status = 1
	Suspended Status = 2 // may not buy, reserve, exchange or be granted; holds, expiry and returns go on
	Closed    Status = 3
)

// String is the status in the API.
func (s Status) String() string {
	switch s {
	case Suspended:
		return "suspended"
	case Closed:
		return "closed"
	default:
		return "active"
	}
}

// A Lot is points that became available together and expire together.
type Lot struct {
	ID        ledger.LotID
	Remaining ledger.Points // available
	Reserved  ledger.Points
	ExpiresAt time.Time // first instant without them; zero: they never expire by themselves
	GrantedAt time.Time // when they became available
}

// A Hold is a pending grant: points that become a lot of the same number when the hold ends.
type Hold struct {
	Lot       ledger.LotID
	Points    ledger.Points
	Due       time.Time // when it matures; zero: the hold has not started or was stopped
	ExpiresAt time.Time // what the lot will be stamped with
	Order     string    // whose grant it is; empty for a grant by hand
}

// PackedLots is how many live lots, the first in spending order, stand in the member's row. The others are spilled.
const PackedLots = 32

// A Due is a kind of event that falls due by itself.
type Due int

// The kinds of events that fall due, in the order in which they are posted at one instant.
const (
	DueRelease Due = iota // a reservation ends
	DueMature             // a hold ends
	DueExpire             // a lot expires
	DueLapse              // inactivity takes all available points
	dues
)

// DueKinds is how many kinds of events fall due by themselves.
const DueKinds = int(dues)

// String is the name of the job that visits accounts with such an event.
func (d Due) String() string {
	return [...]string{"release", "mature", "expire", "inactivity"}[d]
}

// State is what the member's row keeps: all that most commands need.
type State struct {
	Status    Status
	Available ledger.Points // in lots, packed and spilled
	Pending   ledger.Points // in holds
	Reserved  ledger.Points // in lots, for reservations
	Debt      ledger.Points // open receivables

	LastAt          time.Time // occurred_at of the last transaction; within a member it never runs backward
	LastTransaction ledger.TransactionID
	LastLot         ledger.LotID
	QualifiedAt     time.Time // last order placed or points redeemed
	ActiveAt        time.Time // what inactivity counts from: the latest qualifying transaction, grant by hand or restoration
	LapsedAt        time.Time // last lapse; lots taken before it count as expired

	Lots  []Lot  // in spending order; what the row packs, or more once spilled lots are loaded
	Holds []Hold // in order of their lots

	Spilled       int           // live lots in rows of their own that are not loaded, all of them after Lots in spending order
	SpilledPoints ledger.Points // their remaining points
	SpillExpires  time.Time     // not after the first of the spilled lots to expire; zero: none does

	Watch []Watched           // documents that advance may touch: open reservations, receivables, use-all orders
	Hints [DueKinds]time.Time // the earliest note, by kind, in the jobs' list of members to visit; zero: none
}

// A Loss is points of a lot that were lost without being spent, by the house account that they went to.
type Loss struct {
	Account ledger.Account
	Points  ledger.Points
}

// A Refund is money that somebody outside has to pay back.
type Refund struct {
	Order        string
	Return       string
	Cause        string // cancel, return, reprice or sweep
	Money        ledger.Money
	CashFallback ledger.Money // of points that could not come back; PaidBy pays it
	PaidBy       string       // the shop
	OccurredAt   time.Time
}

// An Account is one member's books as a command sees them: the state, the documents that it names, and what the
// command yields. The zero value of its State is a member who is not enrolled yet.
type Account struct {
	State
	Member   ledger.Member
	Name     string // the id that the caller chose
	Programs program.Versions
	Benefits map[string]Benefit // the program's catalogue
	Stock    map[string]*int64  // what is left of benefits with stock; shared by the members of a batch

	Now    time.Time            // the program's clock
	NextID ledger.TransactionID // of the next transaction posted

	Effects

	found     int                  // where among Lots the last was that was looked for
	spill     []Lot                // live lots to be spilled that were never packed
	spillRows map[ledger.LotID]Lot // spilled lots that were loaded, as their rows have them

	documents  map[Key]*Document
	opened     []opened // documents that the command under way looks at
	losses     map[ledger.LotID][]Loss
	lossy      map[ledger.LotID]bool // lots whose losses were loaded
	parent     *Account              // what this is a copy of
	visited    [DueKinds]time.Time   // up to when the jobs' list was worked off
	own        int                   // transactions of Effects that were due before the command under way
	moved      Moved                 // by the advance of the command under way
	due        time.Time             // when what advance is posting fell due
	moment     Moment                // when the command under way happens
	stockTaken map[string]int64      // by the command under way; negative: given back
}

// Effects is what commands yielded and the engine has to store.
type Effects struct {
	Transactions []ledger.Transaction
	Refunds      []Refund
}

// Enrolled tells whether the member has a transaction or a document; one who has not is unknown to the API.
func (a *Account) Enrolled() bool { return a.Status != 0 }

// LiveLots is how many lots hold points, packed and spilled.
func (a *Account) LiveLots() int { return len(a.Lots) + a.Spilled }

// Zone is the program's time zone.
func (a *Account) Zone() *time.Location { return a.Programs.Zone() }

// clone is a copy that a command may change and drop.
func (a *Account) clone() *Account {
	c := *a
	c.Lots = slices.Clone(a.Lots)
	c.spill = slices.Clone(a.spill)
	c.Holds = slices.Clone(a.Holds)
	c.Watch = slices.Clone(a.Watch)
	c.Effects, c.own, c.stockTaken = Effects{}, 0, nil
	c.parent = a
	c.opened = nil
	return &c
}

// unsaved are the transactions that the database does not have yet: of this batch, oldest first.
func (a *Account) unsaved() []ledger.Transaction {
	if a.parent == nil {
		return a.Transactions
	}
	return slices.Concat(a.parent.unsaved(), a.Transactions)
}
