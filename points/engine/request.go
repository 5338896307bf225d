package engine

import (
	"time"

	"chobo/ledger"
	"chobo/points"
)

// A Hash tells requests under one key apart: of method, path and decoded body. One is kept with every answer, and one
// caller's requests under one of his keys are few: 64 bits are enough.
type Hash [8]byte

// A Request is one command for one member, and the key under which its answer is kept.
type Request struct {
	Program string        // its code
	Member  string        // the id that the caller chose
	Books   ledger.Member // the member's internal key, where it stands in the books already; zero: that of Member
	Key     string        // empty: a job's own command; its answer is not kept, so it must do no harm when it is sent again
	Hash    Hash
	Command points.Command
	Enrol   bool // the member may be new; else an unknown member is answered NotFound
}

// A Result is the answer to a request: what the caller is told, byte for byte the same whenever the key comes again.
type Result struct {
	Status       int
	Body         []byte
	Replayed     bool                 // it was answered before
	Refusal      *points.Refusal      // why it was refused; nil when it was not, or was answered before
	Transaction  ledger.TransactionID // the first that was posted; zero: none was, or the key was answered before
	Transactions int                  // how many were
}

// An Outcome is a request's result, or why there is none.
type Outcome struct {
	Result
	Err error
}

// A unit is what is posted as one: the requests of one call to Submit or SubmitAtomic, all of one member.
type unit struct {
	program  *Program
	member   ledger.Member
	name     string // of the member, as the caller chose it
	ops      []op
	arrived  time.Time
	done     chan<- struct{} // has room for every unit that shares it
	position int             // of its first request in a call to SubmitMany
}

// An op is a request under way and what became of it.
type op struct {
	*Request
	Outcome
	store bool // its answer has to be kept under its key
}

// finish tells the caller. Nobody changes the unit afterwards.
func (u *unit) finish() { u.done <- struct{}{} }

// fail lets every request of the unit end without an answer.
func (u *unit) fail(err error) {
	for i := range u.ops {
		u.ops[i].Outcome, u.ops[i].store = Outcome{Err: err}, false
	}
}
