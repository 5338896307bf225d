package engine

import "sync"

// A queue is what waits for a worker: bounded, in order of arrival. It is taken all at once, so that a batch is as
// large as what came in while the last one was in flight, and a lone request never waits for company.
type queue struct {
	mu      sync.Mutex
	limit   int
	ops     int // of the units that wait
	waiting []*unit
	closed  bool
	wake    chan struct{}
}

func newQueue(limit int) *queue { return &queue{limit: limit, wake: make(chan struct{}, 1)} }

// put adds a unit. It fails with ErrClosing or ErrBusy; a unit larger than the whole queue gets in when it is empty.
func (q *queue) put(u *unit) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosing
	case q.ops > 0 && q.ops+len(u.ops) > q.limit:
		return ErrBusy
	}
	q.ops += len(u.ops)
	q.waiting = append(q.waiting, u)
	q.signal()
	return nil
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take waits for units and returns the first of them, together at most so many requests, but at least one unit.
// nil: the queue is closed and empty.
func (q *queue) take(most int) []*unit {
	for {
		q.mu.Lock()
		if len(q.waiting) > 0 {
			units := q.cut(most)
			q.mu.Unlock()
			return units
		}
		closed := q.closed
		q.mu.Unlock()
		if closed {
			return nil
		}
		<-q.wake
	}
}

func (q *queue) cut(most int) []*unit {
	if q.ops <= most {
		units := q.waiting
		q.waiting, q.ops = nil, 0
		return units
	}
	n, ops := 1, len(q.waiting[0].ops)
	for n < len(q.waiting) && ops+len(q.waiting[n].ops) <= most {
		ops += len(q.waiting[n].ops)
		n++
	}
	units := q.waiting[:n:n]
	q.waiting = append([]*unit(nil), q.waiting[n:]...)
	q.ops -= ops
	return units
}

// close lets the queue take nothing more.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

// depth is how many requests wait.
func (q *queue) depth() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ops
}
