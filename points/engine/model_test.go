package engine_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chobo/points"
	"chobo/points/engine"
	"chobo/points/pointstest"
	. "chobo/refunds/refundstest"
)

// A model that is a book in memory a member, and a list of what keys were answered, predicts every answer of the engine:
// to commands of every kind, alone, many at once and as one, to keys that come again, with the same request and with
// another, and to jobs, while time passes. So does a dry run. Each draw has a program and members of its own; all of them
// stand in one database, and in the end the journal bears out everything that is stored in it.
func TestAModelPredictsEveryAnswer(t *testing.T) {
	h := openHouse(t)
	agrees := t.Run("answers", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			w := h.newWorld(t)
			for range Between(t, "steps", 1, 60) {
				w.pass(t)
				w.step(t)
			}
			w.compareAccounts(t)
		})
	})
	if !agrees {
		return // what it made of smaller and smaller draws is no use
	}
	t.Run("books", func(t *testing.T) {
		_, err := h.owner.Exec(`ANALYZE`) // the planner knows nothing yet of a database that is seconds old
		fatal(t, err)
		h.verify(t)
		h.runJobs(t)
		h.verify(t)
		h.reconcile(t)
	})
}

// A member is the model of one: a book, and what each key was answered.
type member struct {
	*pointstest.Book
	trade   *Trade
	asked   []engine.Request
	answers map[string]kept
}

// A kept is the answer to a key.
type kept struct {
	hash engine.Hash
	said
}

// A said is what one side answers.
type said struct {
	status   int
	body     string
	replayed bool
	posted   int // transactions
	err      error
}

func (s said) String() string {
	return fmt.Sprintf("%d %s (replayed: %v, transactions: %d, error: %v)", s.status, s.body, s.replayed, s.posted, s.err)
}

// again is the answer when its key comes again.
func (s said) again() said {
	s.replayed, s.posted = true, 0
	return s
}

// compare tells where the engine's answers to requests that were sent as one are not the model's.
func (m *member) compare(t *rapid.T, now time.Time, requests []engine.Request, got []engine.Outcome) {
	for i, want := range m.answer(now, requests, got) {
		g := got[i]
		if have := (said{g.Status, string(g.Body), g.Replayed, g.Transactions, g.Err}); have != want {
			t.Fatalf("%s, %d of %d as one: %#v\nthe engine answers\n%v\nthe model\n%v", requests[i].Key, i+1, len(requests), requests[i].Command, have, want)
		}
	}
	fatal(t, m.Audit())
}

// A unit is requests that were sent as one, and what the model says to them.
type unit struct {
	requests []engine.Request
	said     []said
	fresh    []int          // that have to be decided: nothing was said to them before
	first    map[string]int // of each key
	taken    bool           // a key was used for another request, or refused before
}

// answer is what the model answers. It is shown the engine's outcomes for the ids alone, which are made of the time.
func (m *member) answer(now time.Time, requests []engine.Request, got []engine.Outcome) []said {
	u := &unit{requests: requests, said: make([]said, len(requests)), first: map[string]int{}}
	m.recall(u)
	switch {
	case len(u.fresh) == 0:
	case u.taken:
		m.refuse(u, 0, batchRefused())
	case !m.Enrolled() && !slices.ContainsFunc(u.fresh, func(i int) bool { return requests[i].Enrol }):
		m.refuse(u, 0, points.Refuse(points.NotFound, "there is no member %s", m.Name))
	default:
		m.decide(now, u, got)
	}
	for i, r := range requests {
		if j, ok := u.first[r.Key]; ok && j != i && u.said[i].err == nil {
			u.said[i] = u.said[j]
			u.said[i].replayed, u.said[i].posted = m.answers[r.Key].status != 0, 0
		}
	}
	return u.said
}

// recall says again what was said to a key before.
func (m *member) recall(u *unit) {
	for i, r := range u.requests {
		before, answered := m.answers[r.Key]
		j, twice := u.first[r.Key]
		switch {
		case answered && before.hash != r.Hash || twice && u.requests[j].Hash != r.Hash:
			u.said[i], u.taken = said{err: engine.ErrKeyReused}, true
		case answered:
			u.said[i] = before.again()
			u.taken = u.taken || before.status >= 400
		case !twice:
			u.fresh = append(u.fresh, i)
			if r.Key != "" {
				u.first[r.Key] = i
			}
		}
	}
}

// decide runs commands, all or none.
func (m *member) decide(now time.Time, u *unit, got []engine.Outcome) {
	var commands []points.Command
	m.NextID = 0
	for _, i := range u.fresh {
		commands = append(commands, u.requests[i].Command)
		if m.NextID == 0 {
			m.NextID = got[i].Transaction
		}
	}
	replies, which, err := m.DoAll(now, commands...)
	if err != nil {
		m.refuse(u, which, err)
		return
	}
	for k, i := range u.fresh {
		u.said[i] = said{status: replies[k].Status, body: pointstest.Body(replies[k]), posted: replies[k].Posted}
		m.keep(u.requests[i], u.said[i])
	}
}

// refuse says to one of the fresh requests why, and to the others that the batch was refused. Where a request itself
// was not valid, or a key was used for another, the keys stay free.
func (m *member) refuse(u *unit, which int, why error) {
	code := pointstest.CodeOf(why)
	for k, i := range u.fresh {
		refusal := why
		if k != which {
			refusal = batchRefused()
		}
		status, body := render(refusal)
		u.said[i] = said{status: status, body: string(body)}
		if code != points.ValidationFailed && code != points.BatchRefused {
			m.keep(u.requests[i], u.said[i])
		}
	}
}

func batchRefused() error {
	return points.Refuse(points.BatchRefused, "another operation of the batch was refused")
}

func (m *member) keep(r engine.Request, s said) {
	if r.Key != "" {
		m.answers[r.Key] = kept{r.Hash, s}
	}
}
