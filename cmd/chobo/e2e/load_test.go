package e2e

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A load is callers who place orders without pause, each under a key of its own, and remember what they were told.
type load struct {
	t        testing.TB
	answered atomic.Int64
	stop     context.CancelFunc
	done     sync.WaitGroup

	mu   sync.Mutex
	told map[string]answer // by key; what was answered
	open []string          // keys that were sent and not answered
}

// loadMembers share the orders, so that several of one member meet in a batch.
const loadMembers = 40

// begin grants points to the members and lets callers order, every second order paid with points. The clients take turns.
func begin(callers int, clients ...*client) *load {
	c := clients[0]
	c.t.Helper()
	for i := range loadMembers {
		c.must(201, "POST", fmt.Sprintf("/v1/samurai-mall/members/M-%d/grants", i), "grant", object{"points": 1_000_000}, nil)
	}
	ctx, stop := context.WithCancel(c.t.Context())
	l := &load{t: c.t, stop: stop, told: map[string]answer{}}
	for i := range callers {
		l.done.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				key := fmt.Sprintf("%d-%d", i, n)
				a, err := ask(ctx, clients[i%len(clients)], key)
				l.mu.Lock()
				if err == nil && a.status < 500 {
					l.told[key] = a
					l.answered.Add(1)
				} else {
					l.open = append(l.open, key)
				}
				l.mu.Unlock()
				if err != nil {
					return // the server is gone
				}
			}
		})
	}
	c.t.Cleanup(l.end)
	return l
}

// ask places the order of that key.
func ask(ctx context.Context, c *client, key string) (answer, error) {
	var caller, turn int
	if _, err := fmt.Sscanf(key, "%d-%d", &caller, &turn); err != nil {
		c.t.Fatal(err)
	}
	path := fmt.Sprintf("/v1/samurai-mall/members/M-%d/orders", (caller*7+turn)%loadMembers)
	return c.call(ctx, "POST", path, key, order("O-"+key, 5*(turn%2), 1000))
}

// await returns once so many orders were answered.
func (l *load) await(n int64) {
	l.t.Helper()
	for end := time.Now().Add(time.Minute); l.answered.Load() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatalf("only %d orders were answered", l.answered.Load())
		}
	}
}

// end stops the callers and waits for them.
func (l *load) end() {
	l.stop()
	l.done.Wait()
}

// check asks a server for every order again: what was answered is answered again, byte for byte; what was not is posted
// now if it was not posted then. It returns how many orders there are.
func (l *load) check(c *client) int {
	l.t.Helper()
	l.end()
	var wg sync.WaitGroup
	slots := make(chan struct{}, 64)
	again := func(key string, look func(answer)) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			a, err := ask(l.t.Context(), c, key)
			if err != nil {
				l.t.Errorf("order %s: %v", key, err)
				return
			}
			look(a)
		})
	}
	for key, first := range l.told {
		again(key, func(a answer) {
			if !a.replayed || a.status != first.status || !bytes.Equal(a.body, first.body) {
				l.t.Errorf("order %s was answered %d %s, and now %d %s", key, first.status, first.body, a.status, a.body)
			}
		})
	}
	for _, key := range l.open {
		again(key, func(a answer) {
			if a.status != 201 {
				l.t.Errorf("order %s, whose answer was lost, is answered %d %s", key, a.status, a.body)
			}
		})
	}
	wg.Wait()
	return len(l.told) + len(l.open)
}
