package points

import (
	"time"

	"chobo/ledger"
)

// A Command is one wish of a caller for one member: a value that either changes an account or refuses.
type Command interface {
	// Name is the operation's name in logs, metrics and batches, such as "orders.create".
	Name() string
	// Needs are the documents and stocks that the command is known to look at. What it asks for besides is
	// loaded when it does.
	Needs() Need
	// When is the time that the caller gave; zero: now.
	When() time.Time
	// Apply decides first and changes the account only after the last refusal. The account stands advanced to m.At.
	Apply(a *Account, m Moment) (Reply, error)
}

// A Moment is when a command happens.
type Moment struct {
	Fact time.Time // what the caller says: rules, holds and policy periods count from it
	At   time.Time // occurred_at of its postings: never before the member's last
}

// A Reply is a command's answer.
type Reply struct {
	Status int // 201 for something made, else 200
	Body   any // JSON
	Posted int // transactions, with those that were due before; set by Run
}

// Skew is how far ahead of the program's clock a caller's time may be; it then counts as now.
const Skew = 5 * time.Minute

// Run advances the account to the command's time and applies the command. On a refusal, or when need is not nil,
// the account is as it was; with a need, load it and run again.
//
// It refuses with TimeInFuture before anything else. Source: rulings of time, "advance first".
func Run(a *Account, c Command) (reply Reply, need *Need, err error) {
	given := c.When()
	if given.After(a.Now.Add(Skew)) {
		return Reply{}, nil, Refuse(TimeInFuture, "the time %s is more than %d minutes ahead of the program's clock, %s",
			given.In(a.Zone()).Format(time.RFC3339), int(Skew.Minutes()), a.Now.In(a.Zone()).Format(time.RFC3339))
	}
	m := Moment{Fact: given.Truncate(time.Microsecond)}
	if given.IsZero() || given.After(a.Now) {
		m.Fact = a.Now
	}
	m.At = later(m.Fact, a.LastAt)

	c2 := a.clone()
	c2.moment = m
	defer func() {
		if r := recover(); r != nil {
			lacking, ok := r.(missing)
			if !ok {
				panic(r)
			}
			reply, need, err = Reply{}, &lacking.need, nil
		}
	}()
	through := dues
	if v, ok := c.(Visit); ok {
		through = v.Kind
	}
	c2.moved = c2.advance(m.At, through)
	c2.own = len(c2.Transactions)
	reply, err = c.Apply(c2, m)
	if err != nil {
		return Reply{}, nil, err
	}
	reply.Posted = len(c2.Transactions)
	a.adopt(c2)
	return reply, nil, nil
}

// RunAll runs the commands as one: all, or on the first refusal none. It tells which one was refused.
func RunAll(a *Account, commands []Command) (replies []Reply, refused int, need *Need, err error) {
	whole := a.clone()
	whole.documents = cloneMap(a.documents)
	whole.Stock = make(map[string]*int64, len(a.Stock))
	for id, left := range a.Stock {
		n := *left
		whole.Stock[id] = &n
	}
	for i, c := range commands {
		reply, need, err := Run(whole, c)
		if need != nil || err != nil {
			return nil, i, need, err
		}
		replies = append(replies, reply)
	}
	a.documents = whole.documents
	for id, left := range whole.Stock {
		*a.Stock[id] = *left
	}
	a.take(whole)
	return replies, -1, nil, nil
}

// Glance is the account as it stands at a time, everything due posted on a copy that is to be read and dropped.
func Glance(a *Account, at time.Time) (view *Account, need *Need) {
	view = a.clone()
	view.documents = cloneMap(a.documents)
	defer func() {
		if r := recover(); r != nil {
			lacking, ok := r.(missing)
			if !ok {
				panic(r)
			}
			view, need = nil, &lacking.need
		}
	}()
	view.moment = Moment{Fact: at, At: later(at, a.LastAt)}
	view.advance(view.moment.At, dues)
	view.settle()
	return view, nil
}

// adopt makes the outcome of a command the account's own.
func (a *Account) adopt(c *Account) {
	c.documents = a.documents
	c.settle()
	a.documents = c.documents
	for id, n := range c.stockTaken {
		*a.Stock[id] -= n
	}
	a.take(c)
}

func (a *Account) take(c *Account) {
	a.State = c.State
	a.spill = c.spill
	a.visited = c.visited
	a.NextID = c.NextID
	if a.Transactions == nil {
		a.Transactions = c.Transactions
	} else {
		a.Transactions = append(a.Transactions, c.Transactions...)
	}
	a.Refunds = append(a.Refunds, c.Refunds...)
}

func cloneMap[K comparable, V any](m map[K]V) map[K]V {
	out := make(map[K]V, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func later(t, u time.Time) time.Time {
	if u.After(t) {
		return u
	}
	return t
}

// A Posted names a transaction in an answer.
type Posted struct {
	ID   ledger.TransactionID `json:"id"`
	Kind ledger.Kind          `json:"kind"`
}

// Posted names the postings of the command under way, without what was due before it.
func (a *Account) Posted() []Posted {
	out := make([]Posted, 0, len(a.Transactions)-a.own)
	for _, t := range a.Transactions[a.own:] {
		out = append(out, Posted{t.ID, t.Kind})
	}
	return out
}

// Reading calls a function that looks at an account, and tells what it lacked; it may have to be called again.
func Reading(a *Account, read func(*Account)) (need *Need) {
	defer func() {
		if r := recover(); r != nil {
			lacking, ok := r.(missing)
			if !ok {
				panic(r)
			}
			need = &lacking.need
		}
	}()
	read(a)
	return nil
}

// Trial is a copy of the account on which a decision may be carried out to see what it would do, and dropped.
func (a *Account) Trial() *Account {
	c := a.clone()
	c.documents = cloneMap(a.documents)
	c.opened = a.opened
	c.settle()
	return c
}
