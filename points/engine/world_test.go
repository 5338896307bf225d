package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"chobo/jobs"
	"chobo/jobs/reconcile"
	"chobo/ledger"
	"chobo/ledger/journal"
	"chobo/points"
	"chobo/points/engine"
	"chobo/points/pointstest"
	"chobo/points/program"
	"chobo/points/registry"
	. "chobo/refunds/refundstest"
	"chobo/schema/pgtest"
)

// A house is an engine on a database, and the clock on its wall.
type house struct {
	db       *sqlx.DB
	owner    *sqlx.DB // the same database, as who may do everything
	registry *registry.Store
	engine   *engine.Engine
	clock    atomic.Pointer[time.Time]
	latest   time.Time // that the clock ever showed
	worlds   int
}

func openHouse(t *testing.T) *house {
	url := pgtest.NewURL(t)
	db := pgtest.Open(t, url)
	h := &house{db: db, owner: pgtest.OpenOwner(t, url), registry: registry.New(db)}
	h.set(Begin)
	fatal(t, h.registry.Prepare(t.Context()))
	var err error
	h.engine, err = engine.New(t.Context(), db, engine.Options{Workers: 2, Render: render, Now: h.now})
	fatal(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		fatal(t, h.engine.Close(ctx))
	})
	return h
}

func (h *house) now() time.Time { return *h.clock.Load() }

func (h *house) set(now time.Time) {
	h.clock.Store(&now)
	if now.After(h.latest) {
		h.latest = now
	}
}

// render writes a refusal as both sides answer it.
func render(err error) (int, []byte) {
	var r *points.Refusal
	if !errors.As(err, &r) {
		panic(err)
	}
	return 422, fmt.Appendf(nil, "%s: %s: %s", r.Code, r.Field, r.Detail)
}

type failer interface {
	Helper()
	Fatal(args ...any)
}

func fatal(t failer, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A world is a program and its members, in the engine and in the model.
type world struct {
	*house
	code    string
	members []*member
	keys    int
}

// newWorld draws a program and hands it in, with two benefits in its catalogue. The clock goes back to the beginning.
func (h *house) newWorld(t *rapid.T) *world {
	h.worlds++
	w := &world{house: h, code: fmt.Sprintf("world-%d", h.worlds)}
	h.set(Begin)
	ctx := context.Background()
	var versions []*program.Program
	for _, p := range AHistory(t) {
		p.Code = w.code
		_, _, isNew, err := h.registry.PutProgram(ctx, p, h.now())
		fatal(t, err)
		if isNew {
			versions = append(versions, p)
		}
	}
	first := ABook(versions)
	for _, b := range first.Benefits {
		kept := registry.Benefit{ID: b.ID, Points: b.Points}
		if b.Counted {
			kept.Stock = new(first.Left(b.ID))
		}
		_, err := h.registry.PutBenefit(ctx, w.code, kept)
		fatal(t, err)
	}
	for i := range Between(t, "members", 1, 3) {
		m := &member{Book: first.Beside(fmt.Sprint("M-", i)), trade: NewTrade(versions), answers: map[string]kept{}}
		m.trade.Past = true
		w.members = append(w.members, m)
	}
	if rapid.Bool().Draw(t, "more lots than a row packs") {
		w.crowd(t)
	}
	return w
}

// crowd gives the first member more lots than stand in a row.
func (w *world) crowd(t *rapid.T) {
	m := w.members[0]
	var requests []asked
	for range Between(t, "lots", 33, 60) {
		g := points.GrantPoints{Points: ledger.Points(Between(t, "points", 1, 5))}
		if Below(t, "expires", 4) > 0 {
			g.ExpiresAt = w.now().AddDate(0, 0, Between(t, "days", 1, 40))
		}
		requests = append(requests, w.ask(m, g))
	}
	w.many(t, requests)
}

// pass lets some time pass, mostly less than a day.
func (w *world) pass(t *rapid.T) {
	w.set(w.now().Add(time.Duration(OneOf(t, "hours", 0, 0, 1, 5, 24, 100, 400)) * time.Hour))
}

// step sends one request, or some as one, or some at once.
func (w *world) step(t *rapid.T) {
	switch Below(t, "how", 4) {
	case 0:
		m := OneOf(t, "member", w.members...)
		w.asOne(t, w.draw(t, Between(t, "requests", 2, 3), func() *member { return m }))
	case 1:
		w.many(t, w.draw(t, Between(t, "requests", 2, 8), func() *member { return OneOf(t, "member", w.members...) }))
	default:
		w.alone(t, w.draw(t, 1, func() *member { return OneOf(t, "member", w.members...) })[0])
	}
}

// draw draws requests. One that takes from stock or gives back to it is the last: nobody promises whose turn it is
// among members who come at once.
func (w *world) draw(t *rapid.T, most int, whose func() *member) (requests []asked) {
	for range most {
		a := w.request(t, whose())
		requests = append(requests, a)
		if movesStock(a.Command) {
			break
		}
	}
	return requests
}

func movesStock(c points.Command) bool {
	switch c := c.(type) {
	case points.ExchangePoints, points.ChangeExchange:
		return true
	case points.ChangeMembership:
		return c.To == points.Closed
	default:
		return false
	}
}

// request draws a member's next request: mostly a new one, else one that was sent before, or its key with another.
func (w *world) request(t *rapid.T, m *member) asked {
	how := Below(t, "key", 10)
	if how == 0 && len(m.asked) > 0 {
		return asked{OneOf(t, "again", m.asked...), m}
	}
	a := w.ask(m, m.trade.Command(t, m.Book, w.now()))
	if how == 1 && len(m.asked) > 0 && a.Key != "" {
		a.Key = OneOf(t, "key of", m.asked...).Key
	}
	return a
}

// An asked is a request with who sends it.
type asked struct {
	engine.Request
	*member
}

// ask makes a request of a command as the API does; a job's has no key.
func (w *world) ask(m *member, c points.Command) asked {
	w.keys++
	r := engine.Request{Program: w.code, Member: m.Name, Key: fmt.Sprint("k", w.keys), Command: c}
	r.Hash[0], r.Hash[1] = byte(w.keys), byte(w.keys>>8)
	switch c.(type) {
	case points.PlaceOrder, points.GrantPoints:
		r.Enrol = true
	case points.Visit:
		r.Key = ""
	}
	if r.Key != "" {
		m.asked = append(m.asked, r)
	}
	return asked{r, m}
}

// patience is how long the engine may take to answer: much longer than it does, and shorter than a test.
const patience = 30 * time.Second

func (w *world) alone(t *rapid.T, a asked) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p, err := w.engine.DryRun(ctx, a.Request)
	fatal(t, err)
	result, err := w.engine.Submit(ctx, a.Request)
	got := []engine.Outcome{{Result: result, Err: err}}
	a.compare(t, w.now(), []engine.Request{a.Request}, got)
	rehearsed(t, []asked{a}, []engine.Preview{p}, got)
}

func (w *world) many(t *rapid.T, all []asked) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	requests := requestsOf(all)
	for i, out := range w.engine.SubmitMany(ctx, requests) {
		all[i].compare(t, w.now(), requests[i:i+1], []engine.Outcome{out})
	}
}

func (w *world) asOne(t *rapid.T, all []asked) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	requests := requestsOf(all)
	previews, err := w.engine.DryRunAll(ctx, requests, true)
	fatal(t, err)
	got := w.engine.SubmitAtomic(ctx, requests)
	all[0].compare(t, w.now(), requests, got)
	rehearsed(t, all, previews, got)
}

// rehearsed tells where a dry run did not answer what was then answered, but for ids, which nothing is given before it
// is posted. A dry run looks at no keys.
func rehearsed(t *rapid.T, all []asked, previews []engine.Preview, got []engine.Outcome) {
	keys := map[string]bool{}
	for i, a := range all {
		if got[i].Replayed || got[i].Err != nil || keys[a.Key] {
			return
		}
		keys[a.Key] = a.Key != ""
	}
	for i, p := range previews {
		var ids []string
		for k, posted := range p.Posted {
			ids = append(ids, posted.ID.String(), (got[i].Transaction + ledger.TransactionID(k)*ledger.IDStep).String())
		}
		foreseen := strings.NewReplacer(ids...).Replace(string(p.Body))
		if p.Status != got[i].Status || p.Transactions != got[i].Transactions || foreseen != string(got[i].Body) {
			t.Fatalf("a dry run answers\n%d %s\nand then\n%d %s", p.Status, foreseen, got[i].Status, got[i].Body)
		}
	}
}

func requestsOf(all []asked) (requests []engine.Request) {
	for _, a := range all {
		requests = append(requests, a.Request)
	}
	return requests
}

// compareAccounts compares what is stored of each member with the model, to the last lot.
func (w *world) compareAccounts(t *rapid.T) {
	for _, m := range w.members {
		var stored string
		fatal(t, w.engine.Read(context.Background(), w.code, m.Name, points.Need{}, time.Time{}, func(a *points.Account) error {
			stored = everything(a)
			return nil
		}))
		m.NextID = 0 // as readers have it
		if want := pointstest.View(m.Book, w.now(), everything); stored != want {
			t.Fatalf("member %s is stored as\n%s\nand in the model\n%s", m.Name, stored, want)
		}
	}
}

// everything is all of an account, but for where its lots stand, which depends on what came together, and the notes of
// whom the jobs have to visit, of which a book has none.
func everything(a *points.Account) string {
	view := a.View() // which has all lots loaded
	s := a.State
	s.SpillExpires, s.Hints = time.Time{}, [points.DueKinds]time.Time{}
	return fmt.Sprintf("%+v %+v", view, s)
}

// verify rebuilds everything that is stored from the journal.
func (h *house) verify(t *testing.T) {
	t.Helper()
	v, err := journal.Verify(t.Context(), h.db, journal.VerifyOptions{})
	fatal(t, err)
	for _, c := range v.Checks {
		for _, d := range c.First {
			t.Errorf("%s: %s", c.Name, d)
		}
	}
	if v.Transactions == 0 {
		t.Error("there is nothing to verify")
	}
}

// reconcile proves the books of every program.
func (h *house) reconcile(t *testing.T) {
	t.Helper()
	r := reconcile.Reconciler{DB: h.db}
	for _, p := range h.engine.Config().Programs {
		run, err := r.Complete(t.Context(), p, h.latest)
		fatal(t, err)
		if run.Breaks == 0 {
			continue
		}
		breaks, err := r.Breaks(t.Context(), p.ID, "open", "", 1<<62, 20)
		fatal(t, err)
		for _, b := range breaks {
			t.Errorf("%s: %s: %s: %d, not %d: %s", p.Code, b.Check, b.Key, b.Left, b.Right, b.Reason)
		}
	}
}

// runJobs lets the jobs do in every program all that has fallen due by the latest time of all, sums up and seals.
func (h *house) runJobs(t *testing.T) {
	t.Helper()
	h.set(h.latest)
	r := jobs.New(h.db, h.engine, jobs.Options{Now: h.now})
	for code := range h.engine.Config().Programs {
		for kind := range points.DueKinds {
			_, err := r.Run(t.Context(), code, points.Due(kind).String(), h.latest)
			fatal(t, err)
		}
	}
	_, err := journal.Fold(t.Context(), h.db)
	fatal(t, err)
	_, err = journal.SealAll(t.Context(), h.db, h.latest)
	fatal(t, err)
}
