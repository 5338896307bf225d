package api

import (
	"context"
	"sync"
	"time"

	"chobo/points"
	"chobo/points/engine"
)

const (
	absence   = 200 * time.Millisecond // how long a code that is no program's is not looked for again
	maxAbsent = 1000                   // how many such codes are remembered
	lookLimit = 10 * time.Second       // for one look into the database
)

// A lookup finds programs that this server does not know yet. One look into the database answers all who wait for one,
// if it began after they came, so that nobody is told that there is no program when another server had made it before.
type lookup struct {
	reload func(context.Context) (*engine.Config, error)

	mu     sync.Mutex
	under  *look                // under way; nil: none
	absent map[string]time.Time // when a code was found to be no program's
}

type look struct {
	began  time.Time
	done   chan struct{} // closed at its end
	config *engine.Config
	err    error
}

// find is the program of that code. It fails with NotFound.
func (l *lookup) find(ctx context.Context, code string) (*engine.Program, error) {
	came := time.Now()
	for {
		f := l.join(code, came)
		if f == nil {
			return nil, noProgram(code)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		switch {
		case f.err == nil && f.config.Programs[code] != nil:
			return f.config.Programs[code], nil
		case f.began.Before(came): // it may have looked too early
			continue
		case f.err != nil:
			return nil, f.err
		}
		l.note(code, f.began)
		return nil, noProgram(code)
	}
}

func noProgram(code string) *Problem { return problem(points.NotFound, "there is no program %s", code) }

// join is the look under way, or a new one; nil: the code was looked for just now.
func (l *lookup) join(code string, now time.Time) *look {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.absent[code]; ok && now.Sub(at) < absence {
		return nil
	}
	if l.under != nil {
		return l.under
	}
	f := &look{began: time.Now(), done: make(chan struct{})}
	l.under = f
	go func() { // whoever began it may go away; others wait too
		ctx, cancel := context.WithTimeout(context.Background(), lookLimit)
		defer cancel()
		f.config, f.err = l.reload(ctx)
		l.mu.Lock()
		l.under = nil
		l.mu.Unlock()
		close(f.done)
	}()
	return f
}

// note remembers that a code is no program's.
func (l *lookup) note(code string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.absent == nil || len(l.absent) >= maxAbsent {
		l.absent = map[string]time.Time{}
	}
	l.absent[code] = at
}
