package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/schema"
	"chobo/schema/pgtest"
	"chobo/schema/private"
)

// A fake is a command made of a function.
type fake struct {
	name  string
	needs points.Need
	apply func(a *points.Account, m points.Moment) (points.Reply, error)
}

func (f fake) Name() string { return "fake." + f.name }

func (f fake) Needs() points.Need { return f.needs }

func (f fake) When() time.Time { return time.Time{} }

func (f fake) Apply(a *points.Account, m points.Moment) (points.Reply, error) { return f.apply(a, m) }

// ok does nothing and answers.
var ok = fake{name: "ok", apply: func(*points.Account, points.Moment) (points.Reply, error) {
	return points.Reply{Status: 200, Body: "ok"}, nil
}}

// broken posts a transaction that does not add up, which only the database refuses.
var broken = fake{name: "broken", apply: func(a *points.Account, m points.Moment) (points.Reply, error) {
	a.Transactions = append(a.Transactions, ledger.Transaction{ID: a.NextID, Kind: ledger.Adjust, OccurredAt: m.At, PostedAt: a.Now, Version: 1,
		Lines: []ledger.Line{{Account: ledger.Adjusted, Points: 1}}})
	a.NextID += ledger.IDStep
	return points.Reply{Status: 200}, nil
}}

// held makes one engine's worker wait inside a command until it is released.
func held() (c fake, inside <-chan struct{}, release func()) {
	in, out := make(chan struct{}), make(chan struct{})
	var once sync.Once
	return fake{name: "held", apply: func(*points.Account, points.Moment) (points.Reply, error) {
		once.Do(func() { close(in) })
		<-out
		return points.Reply{Status: 200, Body: "held"}, nil
	}}, in, sync.OnceFunc(func() { close(out) })
}

// A bad operation among many fails alone.
func TestPoisonIsIsolated(t *testing.T) {
	for name, bad := range map[string]fake{
		"refused by the database": broken,
		"panics":                  {name: "panic", apply: func(*points.Account, points.Moment) (points.Reply, error) { panic("a bug") }},
		"never has enough": {name: "greedy", apply: func(a *points.Account, _ points.Moment) (points.Reply, error) {
			points.Open[int](a, points.Key{ID: fmt.Sprint(time.Now().UnixNano())})
			return points.Reply{}, nil
		}},
		"answers what is no JSON": {name: "mute", apply: func(*points.Account, points.Moment) (points.Reply, error) { return points.Reply{Body: func() {}}, nil }},
		"fails without a refusal": {name: "fails", apply: func(*points.Account, points.Moment) (points.Reply, error) {
			return points.Reply{}, errors.New("no refusal")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			e, db := open(t, func(o *Options) { o.Workers = 1 })
			var requests []Request
			for i := range 50 {
				c := points.Command(points.GrantPoints{Points: 5, Reason: "x"})
				if i == 17 || i == 30 {
					c = bad
				}
				requests = append(requests, request(fmt.Sprint("M-", i%20), fmt.Sprint("k", i), c))
			}
			for i, out := range e.SubmitMany(t.Context(), requests) {
				if isBad := i == 17 || i == 30; isBad != errors.Is(out.Err, ErrFailed) {
					t.Errorf("operation %d: %v", i, out.Err)
				}
			}
			audit(t, db)
			var keys int
			fatal(t, db.Get(&keys, `SELECT count(*) FROM operations`))
			if keys != 48 {
				t.Errorf("%d keys", keys)
			}
		})
	}
}

// A commit whose answer is lost is posted once, whether it reached the server or not.
func TestCommitOfUnknownOutcome(t *testing.T) {
	for _, kept := range []bool{true, false} {
		t.Run(fmt.Sprintf("reached=%v", kept), func(t *testing.T) {
			url := pgtest.NewURL(t)
			offer(t, pgtest.Open(t, url))
			p, proxied := through(t, url)
			db := pgtest.Open(t, proxied)
			e := start(t, db, func(o *Options) { o.Workers = 1 })
			granted(t, e, "M-1", 1000)
			p.keep.Store(kept)
			p.commits.Store(1)
			var requests []Request
			for i := range 20 {
				r := request("M-1", fmt.Sprint("k", i), spend(fmt.Sprint("O-", i), 10))
				if i == 7 { // a job's command has no key, and must not be done twice either
					r.Key, r.Command = "", points.AdjustPoints{Points: -10, Reason: "r", Actor: "a"}
				}
				requests = append(requests, r)
			}
			for i, out := range e.SubmitMany(t.Context(), requests) {
				if out.Err != nil || out.Status/100 != 2 || out.Replayed {
					t.Errorf("%d: %+v %s", i, out, out.Body)
				}
			}
			if n := available(t, e, "M-1"); n != 800 {
				t.Errorf("%d are left", n)
			}
			audit(t, db)
		})
	}
}

// While the database is away callers hear so at once; when it is back, posting goes on by itself.
func TestDatabaseAway(t *testing.T) {
	url := pgtest.NewURL(t)
	offer(t, pgtest.Open(t, url))
	p, proxied := through(t, url)
	db := pgtest.Open(t, proxied)
	e := start(t, db, func(o *Options) { o.Patience = 200 * time.Millisecond })
	granted(t, e, "M-1", 1000)
	p.leave()
	if _, err := e.Submit(t.Context(), request("M-1", "k1", spend("O-1", 10))); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("first: %v", err)
	}
	begun := time.Now()
	if _, err := e.Submit(t.Context(), request("M-1", "k2", spend("O-2", 10))); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("second: %v", err)
	}
	if took := time.Since(begun); took > 150*time.Millisecond {
		t.Errorf("a caller waited %v for a database that is known to be away", took)
	}
	if err := e.Read(t.Context(), mall, "M-1", points.Need{}, time.Time{}, func(*points.Account) error { return nil }); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("read: %v", err)
	}
	p.back()
	for _, key := range []string{"k1", "k2"} {
		r, err := e.Submit(t.Context(), request("M-1", key, spend("O-"+key[1:], 10)))
		if err != nil || r.Status != 201 {
			t.Errorf("%s: %v %+v %s", key, err, r, r.Body)
		}
	}
	if n := available(t, e, "M-1"); n != 980 {
		t.Errorf("%d are left", n)
	}
}

// Connections that the server ends under load cost nobody an operation.
func TestConnectionsEnded(t *testing.T) {
	url := pgtest.NewURL(t)
	owner := pgtest.OpenOwner(t, url)
	db := pgtest.Open(t, url)
	offer(t, db)
	e := start(t, db, func(o *Options) { o.Patience = 20 * time.Second })
	granted(t, e, "M-1", 100_000)
	granted(t, e, "M-2", 100_000)
	ctx, stop := context.WithCancel(t.Context())
	var killer sync.WaitGroup
	killer.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(100 * time.Millisecond)
			_, _ = owner.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		}
	})
	var all sync.WaitGroup
	var n atomic.Int64
	for range 20 {
		all.Go(func() {
			for range 25 {
				i := n.Add(1)
				r, err := e.Submit(t.Context(), request(fmt.Sprint("M-", 1+i%2), fmt.Sprint("k", i), spend(fmt.Sprint("O-", i), 1)))
				if err != nil || r.Status != 201 || r.Replayed {
					t.Errorf("%d: %v %+v", i, err, r)
				}
			}
		})
	}
	all.Wait()
	stop()
	killer.Wait()
	if a, b := available(t, e, "M-1"), available(t, e, "M-2"); a+b != 199_500 {
		t.Errorf("%d and %d are left", a, b)
	}
	audit(t, db)
}

// A caller who stops waiting loses nothing: the operation is posted once.
func TestCancelledCaller(t *testing.T) {
	e, db := open(t, func(o *Options) { o.Workers = 1 })
	granted(t, e, "M-1", 100)
	hold, inside, release := held()
	go e.Submit(t.Context(), request("M-2", "held", hold)) //nolint:errcheck // it is not what is tested
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Submit(ctx, request("M-1", "k1", spend("O-1", 10))); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if out := e.SubmitMany(ctx, []Request{request("M-1", "k2", spend("O-2", 10))}); !errors.Is(out[0].Err, context.Canceled) {
		t.Fatal(out[0].Err)
	}
	release()
	for i := 1; i <= 2; i++ {
		r, err := e.Submit(t.Context(), request("M-1", fmt.Sprint("k", i), spend(fmt.Sprint("O-", i), 10)))
		if err != nil || !r.Replayed || r.Status != 201 {
			t.Errorf("%v %+v", err, r)
		}
	}
	if n := available(t, e, "M-1"); n != 80 {
		t.Errorf("%d are left", n)
	}
	audit(t, db)
}

func TestQueueFull(t *testing.T) {
	e, _ := open(t, func(o *Options) { o.Workers, o.Queue = 1, 3 })
	hold, inside, release := held()
	defer release()
	var all sync.WaitGroup
	all.Go(func() { _, _ = e.Submit(t.Context(), request("M-1", "held", hold)) })
	<-inside
	for i := range 3 {
		all.Go(func() {
			if _, err := e.Submit(t.Context(), request("M-1", fmt.Sprint("k", i), ok)); err != nil {
				t.Error(err)
			}
		})
	}
	for e.depth() < 3 {
		time.Sleep(time.Millisecond)
	}
	if _, err := e.Submit(t.Context(), request("M-1", "k9", ok)); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
	var many []Request
	for i := range 40 { // they wait for room
		many = append(many, request("M-1", fmt.Sprint("m", i), ok))
	}
	all.Go(func() {
		for _, out := range e.SubmitMany(t.Context(), many) {
			if out.Err != nil {
				t.Error(out.Err)
			}
		}
	})
	time.Sleep(5 * time.Millisecond)
	release()
	all.Wait()
}

// What was accepted before Close is posted and answered; later requests are not taken.
func TestCloseIsGraceful(t *testing.T) {
	e, db := open(t, func(o *Options) { o.Workers = 1 })
	granted(t, e, "M-1", 100)
	hold, inside, release := held()
	var all sync.WaitGroup
	all.Go(func() { _, _ = e.Submit(t.Context(), request("M-2", "held", hold)) })
	<-inside
	all.Go(func() {
		if r, err := e.Submit(t.Context(), request("M-1", "k1", spend("O-1", 10))); err != nil || r.Status != 201 {
			t.Errorf("%v %+v", err, r)
		}
	})
	for e.depth() < 1 {
		time.Sleep(time.Millisecond)
	}
	all.Go(func() { fatal(t, e.Close(context.WithoutCancel(t.Context()))) })
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := e.Submit(ctx, request("M-1", "late", ok))
		cancel()
		if errors.Is(err, ErrClosing) {
			break
		}
	}
	release()
	all.Wait()
	var n int
	fatal(t, db.Get(&n, `SELECT available FROM accounts JOIN members USING (member) WHERE member_id = 'M-1'`))
	if n != 90 {
		t.Errorf("%d are left", n)
	}
}

// A close that may not wait gives up what is in flight.
func TestCloseGivesUp(t *testing.T) {
	url := pgtest.NewURL(t)
	offer(t, pgtest.Open(t, url))
	owner := pgtest.OpenOwner(t, url)
	db, err := schema.Open(t.Context(), url, schema.Pool{MaxOpen: 4})
	fatal(t, err)
	defer db.Close()
	e, err := New(t.Context(), db, Options{Workers: 1, Render: render})
	fatal(t, err)
	granted(t, e, "M-1", 100)
	tx := owner.MustBegin()
	tx.MustExec(`SELECT FROM accounts FOR UPDATE`)
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := e.Submit(t.Context(), request("M-1", "k1", spend("O-1", 10))); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%v", err)
		}
	})
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if err := e.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("after %v: the server's own timeout ended the statement", took)
	}
	all.Wait()
	fatal(t, tx.Rollback())
}

// A database that restarts in the middle of the trade costs nobody an operation.
func TestRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("a server of its own takes seconds")
	}
	room, err := os.MkdirTemp("", "chobo-engine")
	fatal(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(room) })
	fatal(t, os.Chmod(room, 0o755))
	config := private.Config{Dir: filepath.Join(room, "server")}
	s, err := private.Start(t.Context(), config)
	fatal(t, err)
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	fatal(t, schema.Migrate(t.Context(), s.URL()))
	db := pgtest.Open(t, s.URL())
	offer(t, db)
	e := start(t, db, func(o *Options) { o.Patience = time.Minute })
	granted(t, e, "M-1", 1000)
	ctx, stop := context.WithCancel(t.Context())
	var posted atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := fmt.Sprintf("%d-%d", i, n)
				r, err := e.Submit(t.Context(), request("M-1", id, spend("O-"+id, 1)))
				if err != nil || r.Replayed || r.Status != 201 && r.Refusal == nil {
					t.Errorf("%s: %v %+v", id, err, r)
				}
				if r.Status == 201 {
					posted.Add(1)
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	fatal(t, s.Stop(t.Context()))
	time.Sleep(200 * time.Millisecond)
	s, err = private.Start(t.Context(), config)
	fatal(t, err)
	before := posted.Load()
	for deadline := time.Now().Add(30 * time.Second); posted.Load() < before+20 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	all.Wait()
	if n := available(t, e, "M-1"); posted.Load() < before+20 || int64(n) != 1000-posted.Load() {
		t.Errorf("%d posted, %d of them before the restart, %d points are left", posted.Load(), before, n)
	}
	audit(t, db)
}
