// Package pointstest keeps one member's books in memory, for tests of commands: it stores the account as the engine
// does, loads it anew for each command, and checks the laws of the journal.
package pointstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/program"
)

// A Book is one member's account with its whole journal. The account is as it was last stored.
type Book struct {
	*points.Account
	Journal   []ledger.Transaction
	Paid      []points.Refund // to pay back, in order
	Documents map[points.Key]Stored
	Whole     bool // all lots stay in the member's row, however many

	batch *reader                     // the account under way, of which nothing is stored yet
	kept  points.State                // the member's row
	rows  map[ledger.LotID]points.Lot // spilled lots
	stock map[string]int64
	fault error // a refused command that changed something
}

// Stored is a document as it stands in the database.
type Stored struct {
	State string
	At    time.Time
	Body  []byte
}

// New is the book of a member who is not enrolled yet.
func New(versions ...*program.Program) *Book {
	var vs program.Versions
	for _, p := range versions {
		vs = vs.With(p)
	}
	return &Book{
		Account: &points.Account{Name: "M-1", Member: ledger.Member{1}, Programs: vs, NextID: ledger.IDStep,
			Benefits: map[string]points.Benefit{}, Stock: map[string]*int64{}},
		Documents: map[points.Key]Stored{},
		rows:      map[ledger.LotID]points.Lot{},
		stock:     map[string]int64{},
	}
}

// Shipped is a shipped program, changed by edits.
func Shipped(code string, edits ...func(*program.Program)) *program.Program {
	for _, p := range program.Shipped() {
		if p.Code == code {
			q := *p
			for _, edit := range edits {
				edit(&q)
			}
			return &q
		}
	}
	panic("no program " + code)
}

// Offer puts a benefit into the catalogue; stock below zero: it is not counted.
func (b *Book) Offer(benefit points.Benefit, stock int64) {
	benefit.Counted = stock >= 0
	b.Benefits[benefit.ID] = benefit
	b.stock[benefit.ID] = stock
}

// Left is what is left of a benefit's stock.
func (b *Book) Left(benefit string) int64 { return b.stock[benefit] }

// Beside is the book of another member of the same program, who is not enrolled yet. Both take from one stock.
func (b *Book) Beside(name string) *Book {
	c := New()
	c.Name, c.Programs, c.Benefits, c.stock = name, b.Programs, b.Benefits, b.stock
	return c
}

// Fork is a book that stands as this one does and goes on by itself.
func (b *Book) Fork() *Book {
	c := *b
	c.Journal, c.Paid = slices.Clone(b.Journal), slices.Clone(b.Paid)
	c.Documents, c.rows, c.stock = maps.Clone(b.Documents), maps.Clone(b.rows), maps.Clone(b.stock)
	c.Account = b.load()
	return &c
}

// Do runs the command with the clock at now.
func (b *Book) Do(now time.Time, c points.Command) (points.Reply, error) {
	replies, _, err := b.do(now, []points.Command{c}, func(a *points.Account) ([]points.Reply, int, *points.Need, error) {
		reply, need, err := points.Run(a, c)
		return []points.Reply{reply}, 0, need, err
	})
	if err != nil {
		return points.Reply{}, err
	}
	return replies[0], nil
}

// DoAll runs the commands as one, with the clock at now; it tells which one was refused.
func (b *Book) DoAll(now time.Time, commands ...points.Command) ([]points.Reply, int, error) {
	return b.do(now, commands, func(a *points.Account) ([]points.Reply, int, *points.Need, error) {
		return points.RunAll(a, commands)
	})
}

func (b *Book) do(now time.Time, commands []points.Command, run func(*points.Account) ([]points.Reply, int, *points.Need, error)) ([]points.Reply, int, error) {
	b.Now = now
	r := b.batch
	if r == nil {
		r = &reader{book: b, account: b.Account}
	}
	for _, c := range commands {
		r.serve(c.Needs())
	}
	for range 100 {
		before, changed := snapshot(b.Account), len(b.Changed())
		replies, refused, need, err := run(b.Account)
		if need != nil || err != nil {
			if fault := differ(before, b.Account, changed); fault != nil && b.fault == nil {
				b.fault = fmt.Errorf("%s did not happen, yet %w", commands[refused].Name(), fault)
			}
		}
		if need != nil {
			r.serve(*need)
			continue
		}
		if b.batch == nil {
			if err == nil {
				b.store()
			}
			b.Account = b.load()
		}
		return replies, refused, err
	}
	panic("a command never has enough")
}

// Batch runs what it is given with one account, as the engine does the commands that came together, and then stores it.
func (b *Book) Batch(run func()) {
	b.batch = &reader{book: b, account: b.Account}
	run()
	b.batch = nil
	b.store()
	b.Account = b.load()
}

// snapshot copies what a refused command must leave alone.
func snapshot(a *points.Account) *points.Account {
	c := *a
	c.Lots, c.Holds, c.Watch = slices.Clone(a.Lots), slices.Clone(a.Holds), slices.Clone(a.Watch)
	c.Stock = map[string]*int64{}
	for id, n := range a.Stock {
		left := *n
		c.Stock[id] = &left
	}
	return &c
}

// differ tells what a command changed that should not have; so many documents were to be stored before.
func differ(before, after *points.Account, changed int) error {
	switch {
	case !reflect.DeepEqual(before.State, after.State):
		return fmt.Errorf("the state was\n%+v\nand is\n%+v", before.State, after.State)
	case !reflect.DeepEqual(before.Stock, after.Stock):
		return errors.New("stock moved")
	case before.NextID != after.NextID || len(after.Transactions) != len(before.Transactions) || len(after.Refunds) != len(before.Refunds) || len(after.Changed()) != changed:
		return errors.New("something is to be stored")
	}
	return nil
}

// store keeps what a command yielded, as the engine would.
func (b *Book) store() {
	for _, t := range b.Transactions {
		t.OccurredAt, t.PostedAt = stored(t.OccurredAt), stored(t.PostedAt)
		for i := range t.Lines {
			t.Lines[i].ExpiresAt = stored(t.Lines[i].ExpiresAt)
		}
		b.Journal = append(b.Journal, t)
	}
	b.Paid = append(b.Paid, b.Refunds...)
	for _, d := range b.Changed() {
		if _, stands := b.Documents[d.Key]; d.Stored != stands && b.fault == nil {
			b.fault = fmt.Errorf("document %v stands: %v, not %v", d.Key, stands, d.Stored)
		}
		b.Documents[d.Key] = Stored{d.State, d.At, d.Body}
	}
	for id, n := range b.Stock {
		b.stock[id] = *n
	}
	if !b.Whole {
		r := b.Repack()
		for _, id := range r.Delete {
			delete(b.rows, id)
		}
		for _, l := range slices.Concat(r.Insert, r.Update) {
			b.rows[l.ID] = storedLot(l)
		}
		b.Lots, b.Spilled, b.SpilledPoints, b.SpillExpires = r.Packed, r.Spilled, r.SpilledPoints, r.SpillExpires
	}
	b.kept = b.State
	for _, t := range []*time.Time{&b.kept.LastAt, &b.kept.QualifiedAt, &b.kept.ActiveAt, &b.kept.LapsedAt, &b.kept.SpillExpires} {
		*t = stored(*t)
	}
}

// load is the account as it was stored.
func (b *Book) load() *points.Account {
	a := &points.Account{State: b.kept, Member: b.Member, Name: b.Name, Programs: b.Programs, Benefits: b.Benefits,
		Stock: map[string]*int64{}, Now: b.Now, NextID: b.NextID}
	a.Lots, a.Holds, a.Watch = slices.Clone(a.Lots), slices.Clone(a.Holds), slices.Clone(a.Watch)
	for i, l := range a.Lots {
		a.Lots[i] = storedLot(l)
	}
	for i, h := range a.Holds {
		a.Holds[i].Due, a.Holds[i].ExpiresAt = stored(h.Due), stored(h.ExpiresAt)
	}
	for i, w := range a.Watch {
		read, err := points.ParseWatched(w.String())
		if err != nil {
			panic(err)
		}
		a.Watch[i] = read
	}
	return a
}

// stored is a time as the database gives it back.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}

func storedLot(l points.Lot) points.Lot {
	l.ExpiresAt, l.GrantedAt = stored(l.ExpiresAt), stored(l.GrantedAt)
	return l
}

// At is the account as it stands at a time, read only.
func (b *Book) At(at time.Time) *points.Account {
	r := reader{book: b, account: b.load()}
	for range 100 {
		view, need := points.Glance(r.account, at)
		if need == nil {
			return view
		}
		r.serve(*need)
	}
	panic("a view never has enough")
}

// View calls a reading function of a view until it has all it needs.
func View[T any](b *Book, at time.Time, read func(*points.Account) T) T {
	r := reader{book: b, account: b.load()}
	for range 100 {
		var out T
		view, need := points.Glance(r.account, at)
		if need == nil {
			need = points.Reading(view, func(a *points.Account) { out = read(a) })
		}
		if need == nil {
			return out
		}
		r.serve(*need)
	}
	panic("a view never has enough")
}

// A reader is an account that is given what it needs from the book.
type reader struct {
	book    *Book
	account *points.Account
	lots    int // how many spilled lots it was given
}

func (r *reader) serve(n points.Need) {
	for _, key := range n.Documents {
		if !r.account.Loaded(key) {
			d := r.book.Documents[key]
			r.account.Load(key, d.State, d.At, d.Body)
		}
	}
	for _, lot := range n.Losses {
		r.account.LoadLosses(lot, r.book.losses(lot))
	}
	if n.Lots != 0 {
		r.serveLots(n.Lots)
	}
	for _, id := range n.Stock {
		left := r.book.stock[id]
		r.account.Stock[id] = &left
	}
}

// losses sums up what the journal has lost of a lot.
func (b *Book) losses(lot ledger.LotID) (losses []points.Loss) {
	sums := map[ledger.Account]ledger.Points{}
	for _, t := range b.Journal {
		for _, l := range t.Lines {
			if l.Lot == lot {
				sums[l.Account] -= l.Points
			}
		}
	}
	for _, account := range ledger.LossAccounts {
		if sums[account] > 0 {
			losses = append(losses, points.Loss{Account: account, Points: sums[account]})
		}
	}
	return losses
}

// serveLots gives the next spilled lots in spending order, as the engine reads them.
func (r *reader) serveLots(n int) {
	a := r.account
	if n < 0 || n > a.Spilled {
		n = a.Spilled
	}
	byGrant := a.Programs.InForce(a.Now).Redeem.LotOrder == program.OldestGrant
	rows := slices.SortedFunc(maps.Values(r.book.rows), func(x, y points.Lot) int { return spendingOrder(x, y, byGrant) })
	next := rows[r.lots:]
	r.lots += n
	a.LoadLots(next[:n], n == len(next))
	if n < len(next) && !byGrant {
		a.SpillExpires = next[n].ExpiresAt
	}
}

// spendingOrder compares lots by which is spent first.
func spendingOrder(x, y points.Lot, byGrant bool) int {
	if !byGrant && !x.ExpiresAt.Equal(y.ExpiresAt) {
		switch {
		case x.ExpiresAt.IsZero():
			return 1
		case y.ExpiresAt.IsZero():
			return -1
		}
		return x.ExpiresAt.Compare(y.ExpiresAt)
	}
	if !x.GrantedAt.Equal(y.GrantedAt) {
		return x.GrantedAt.Compare(y.GrantedAt)
	}
	return int(x.ID - y.ID)
}

// AllLots are the live lots, those in the member's row and the spilled ones, in spending order.
func (b *Book) AllLots() []points.Lot {
	byGrant := b.Programs.InForce(b.Now).Redeem.LotOrder == program.OldestGrant
	lots := slices.Concat(b.Lots, slices.Collect(maps.Values(b.rows)))
	slices.SortFunc(lots, func(x, y points.Lot) int { return spendingOrder(x, y, byGrant) })
	return lots
}

// Decode is the stored document of that key; nil for none.
func Decode[T any](b *Book, key points.Key) *T {
	d, ok := b.Documents[key]
	if !ok {
		return nil
	}
	v := new(T)
	if err := json.Unmarshal(d.Body, v); err != nil {
		panic(err)
	}
	return v
}

// Order is the order of that id as it is stored; nil for none.
func (b *Book) Order(id string) *points.Order {
	d, ok := b.Documents[points.Key{Kind: points.OrderDocument, ID: id}]
	if !ok {
		return nil
	}
	o, err := points.ReadOrder(id, d.At, d.Body)
	if err != nil {
		panic(err)
	}
	return o
}

// Body is a reply's body as the API would show it.
func Body(reply points.Reply) string {
	b, err := json.Marshal(reply.Body)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// CodeOf is the code of a refusal, empty for none.
func CodeOf(err error) points.Code {
	var r *points.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}
