package points

import "time"

// Visit is what the jobs send to an account that nobody else visits: it posts what is due up to AsOf, and behind the
// last event of its kind leaves the rest to the other jobs. Its answer is a Count of what it moved of its kind.
type Visit struct {
	Kind Due
	AsOf time.Time
}

// Name is the job's name.
func (v Visit) Name() string { return "jobs." + v.Kind.String() }

// Needs nothing but the account.
func (v Visit) Needs() Need { return Need{} }

// When is the time up to which the job works.
func (v Visit) When() time.Time { return v.AsOf }

// Apply marks the member's notes in the jobs' list as worked off; Run has advanced the account already.
func (v Visit) Apply(a *Account, m Moment) (Reply, error) {
	a.visited[v.Kind] = m.At
	a.Hints[v.Kind] = time.Time{}
	return Reply{Status: 200, Body: a.moved[v.Kind]}, nil
}

// Visited is up to when notes of that kind in the jobs' list are done with; zero: they were not visited.
func (a *Account) Visited(kind Due) time.Time { return a.visited[kind] }
