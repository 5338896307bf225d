package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/schema/pgtest"
)

// Two hundred callers, at two engines, want ten of the last thousand points: exactly one hundred get them.
func TestTheLastThousandPoints(t *testing.T) {
	for _, engines := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d engines", engines), func(t *testing.T) {
			e, db := open(t)
			all := []*Engine{e}
			if engines == 2 {
				all = append(all, start(t, db))
			}
			granted(t, e, "M-1", 1000)
			var won, lost atomic.Int32
			var callers sync.WaitGroup
			for i := range 200 {
				callers.Go(func() {
					r, err := all[i%engines].Submit(t.Context(), request("M-1", fmt.Sprint("k", i), spend(fmt.Sprint("O-", i), 10)))
					switch {
					case err != nil:
						t.Error(err)
					case r.Status == 201:
						won.Add(1)
					case r.Refusal != nil && r.Refusal.Code == points.InsufficientPoints:
						lost.Add(1)
					default:
						t.Errorf("%+v %s", r, r.Body)
					}
				})
			}
			callers.Wait()
			if won.Load() != 100 || lost.Load() != 100 || available(t, e, "M-1") != 0 {
				t.Errorf("%d won, %d lost", won.Load(), lost.Load())
			}
			audit(t, db)
		})
	}
}

// Two engines post for the same members, new ones among them, and repeat each other's keys.
func TestTwoEngines(t *testing.T) {
	e, db := open(t)
	engines := []*Engine{e, start(t, db)}
	var callers sync.WaitGroup
	for c := range 16 {
		callers.Go(func() {
			var requests []Request
			for i := range 60 { // callers 2n and 2n+1 send the same keys
				requests = append(requests, request(fmt.Sprint("M-", i%7), fmt.Sprintf("k%d-%d", c/2, i), points.GrantPoints{Points: 1, Reason: "x"}))
			}
			for _, out := range engines[c%2].SubmitMany(t.Context(), requests) {
				if out.Err != nil || out.Status != 201 {
					t.Errorf("%+v", out)
				}
			}
		})
	}
	callers.Wait()
	var n int
	fatal(t, db.Get(&n, `SELECT sum(available) FROM accounts`))
	if n != 8*60 {
		t.Errorf("%d points", n)
	}
	audit(t, db)
}

// Engines that meet new members at once make each only once.
func TestNewMembersRace(t *testing.T) {
	e, db := open(t)
	engines := []*Engine{e, start(t, db), start(t, db)}
	var callers sync.WaitGroup
	for i := range 60 {
		callers.Go(func() {
			r, err := engines[i%3].Submit(t.Context(), request(fmt.Sprint("M-", i%10), fmt.Sprint("k", i), points.GrantPoints{Points: 1, Reason: "x"}))
			if err != nil || r.Status != 201 {
				t.Errorf("%v %+v", err, r)
			}
		})
	}
	callers.Wait()
	audit(t, db)
}

// Hashes were of 16 bytes once, and keys are kept for ever.
func TestKeysOfBefore(t *testing.T) {
	e, db := open(t)
	granted(t, e, "M-1", 100)
	old := request("M-1", "new", spend("O-1", 10))
	first, err := e.Submit(t.Context(), old)
	fatal(t, err)
	_, err = db.Exec(`INSERT INTO operations (member, first_transaction, transactions, status, key, request, answer)
SELECT member, first_transaction, transactions, status, 'old', request || '\x0102030405060708', answer FROM operations WHERE key = 'new'`)
	fatal(t, err)
	old.Key = "old"
	again, err := e.Submit(t.Context(), old)
	fatal(t, err)
	if !again.Replayed || string(again.Body) != string(first.Body) {
		t.Errorf("%+v", again)
	}
	old.Hash[0]++
	if _, err := e.Submit(t.Context(), old); !errors.Is(err, ErrKeyReused) {
		t.Errorf("with another body: %v", err)
	}

	_, err = db.Exec(`INSERT INTO operations (member, first_transaction, transactions, status, key, request, answer)
SELECT member, first_transaction, transactions, status, 'damaged', substr(request, 1, 7), answer FROM operations WHERE key = 'new'`)
	fatal(t, err)
	old.Key = "damaged"
	if _, err := e.Submit(t.Context(), old); err == nil || errors.Is(err, ErrKeyReused) {
		t.Errorf("with a hash that is too short: %v", err)
	}
}

func TestKeys(t *testing.T) {
	e, db := open(t, func(o *Options) { o.Workers = 1 })
	granted(t, e, "M-1", 100)
	order := spend("O-1", 10)
	twice := request("M-1", "k1", order)
	other := twice
	other.Hash = Hash{99}
	// Formance #1633: the same key twice in one batch.
	out := e.SubmitMany(t.Context(), []Request{twice, twice, other, request("M-2", "k1", ok)})
	if out[0].Replayed || out[0].Status != 201 || !out[1].Replayed || string(out[1].Body) != string(out[0].Body) || out[1].Status != 201 {
		t.Errorf("twice in a batch: %+v, %+v", out[0], out[1])
	}
	// Formance #921: the key with another body.
	if !errors.Is(out[2].Err, ErrKeyReused) {
		t.Errorf("reused: %+v", out[2])
	}
	if out[3].Err != nil || out[3].Replayed {
		t.Errorf("the key of another member: %+v", out[3])
	}
	if _, err := e.Submit(t.Context(), other); !errors.Is(err, ErrKeyReused) {
		t.Errorf("reused later: %v", err)
	}

	// TigerBeetle 0.16.4: a refusal is remembered too, even when it would be accepted now.
	dear := request("M-1", "dear", spend("O-2", 1000))
	r, err := e.Submit(t.Context(), dear)
	fatal(t, err)
	if r.Refusal == nil || r.Refusal.Code != points.InsufficientPoints {
		t.Fatalf("%+v", r)
	}
	_, err = e.Submit(t.Context(), request("M-1", "more", points.GrantPoints{Points: 5000, Reason: "x"}))
	fatal(t, err)
	again, err := e.Submit(t.Context(), dear)
	fatal(t, err)
	if !again.Replayed || string(again.Body) != string(r.Body) || again.Status != r.Status {
		t.Errorf("refusal replayed: %+v %s", again, again.Body)
	}

	// What is not valid leaves the key free.
	bad := request("M-1", "free", points.AdjustPoints{Reason: "x", Actor: "a"})
	if r, err = e.Submit(t.Context(), bad); err != nil || r.Refusal == nil || r.Refusal.Code != points.ValidationFailed {
		t.Fatalf("%v %+v", err, r)
	}
	good := request("M-1", "free", points.GrantPoints{Points: 5, Reason: "x"})
	good.Hash = Hash{7}
	if r, err = e.Submit(t.Context(), good); err != nil || r.Status != 201 || r.Replayed {
		t.Errorf("%v %+v", err, r)
	}
	audit(t, db)
}

// A refusal changes nothing at all, whatever was done before it in the command and in the batch.
func TestRefusedIsInert(t *testing.T) {
	e, db := open(t)
	granted(t, e, "M-1", 100)
	state := func() (s string) {
		fatal(t, db.Get(&s, `SELECT concat((SELECT string_agg(a::text, ',') FROM accounts a), (SELECT count(*) FROM transactions), (SELECT count(*) FROM due), (SELECT count(*) FROM documents))`))
		return s
	}
	before := state()
	r, err := e.Submit(t.Context(), request("M-1", "dear", spend("O-2", 1000)))
	fatal(t, err)
	if r.Refusal == nil || state() != before {
		t.Errorf("%+v\n%s\n%s", r, before, state())
	}
}

func TestUnknown(t *testing.T) {
	e, _ := open(t)
	r := request("M-1", "k", ok)
	r.Program = "nowhere"
	if _, err := e.Submit(t.Context(), r); !errors.Is(err, ErrUnknownProgram) {
		t.Errorf("program: %v", err)
	}
	r = request("M-1", "k", points.AdjustPoints{Points: 1, Reason: "x", Actor: "a"})
	r.Enrol = false
	out, err := e.Submit(t.Context(), r)
	if err != nil || out.Refusal == nil || out.Refusal.Code != points.NotFound {
		t.Errorf("member: %v %+v", err, out)
	}
	fatal(t, e.Read(t.Context(), mall, "M-1", points.Need{}, time.Time{}, func(a *points.Account) error {
		if a.Enrolled() {
			t.Error("enrolled by a refusal")
		}
		return nil
	}))
}

func TestAtomic(t *testing.T) {
	e, db := open(t)
	granted(t, e, "M-1", 100)
	codes := func(out []Outcome) (s []string) {
		for _, o := range out {
			switch {
			case o.Err != nil:
				s = append(s, o.Err.Error())
			case o.Refusal != nil:
				s = append(s, string(o.Refusal.Code))
			default:
				s = append(s, fmt.Sprintf("%d%v%d", o.Status, o.Replayed, o.Transactions))
			}
		}
		return s
	}
	check := func(name string, out []Outcome, want ...string) {
		t.Helper()
		if got := strings.Join(codes(out), "|"); got != strings.Join(want, "|") {
			t.Errorf("%s: %s", name, got)
		}
		audit(t, db)
	}
	all := []Request{request("M-1", "a1", spend("A-1", 30)), request("M-1", "a2", spend("A-2", 40)), request("M-1", "a3", points.GrantPoints{Points: 1, Reason: "x"})}
	check("all", e.SubmitAtomic(t.Context(), all), "201false1", "201false1", "201false1")
	check("again", e.SubmitAtomic(t.Context(), all), "201true0", "201true0", "201true0")
	check("one more", e.SubmitAtomic(t.Context(), append(all[:2:2], request("M-1", "a4", spend("A-4", 1)))), "201true0", "201true0", "201false1")
	refused := []Request{request("M-1", "b1", spend("B-1", 10)), request("M-1", "b2", spend("B-2", 1000)), request("M-1", "b3", spend("B-3", 10))}
	check("refused", e.SubmitAtomic(t.Context(), refused), "batch_refused", "insufficient_points", "batch_refused")
	if n := available(t, e, "M-1"); n != 30 {
		t.Errorf("%d are left", n)
	}
	if out := e.SubmitAtomic(t.Context(), refused); !out[0].Replayed || !out[1].Replayed || !out[2].Replayed {
		t.Errorf("refused again: %+v", out)
	}
	invalid := []Request{request("M-1", "c1", spend("C-1", 10)), request("M-1", "c2", points.AdjustPoints{Reason: "x", Actor: "a"})}
	check("mended in part", e.SubmitAtomic(t.Context(), []Request{refused[0], request("M-1", "b4", spend("B-4", 1))}), "422true0", "batch_refused")
	check("whose key is free", e.SubmitAtomic(t.Context(), []Request{request("M-1", "b4", spend("B-4", 1))}), "201false1")
	check("invalid", e.SubmitAtomic(t.Context(), invalid), "batch_refused", "validation_failed")
	check("its key is free", e.SubmitAtomic(t.Context(), invalid[:1]), "201false1")
	other := all[0]
	other.Hash = Hash{99}
	check("reused", e.SubmitAtomic(t.Context(), []Request{other, request("M-1", "d1", spend("D-1", 1))}), ErrKeyReused.Error(), "batch_refused")
	check("and free", e.SubmitAtomic(t.Context(), []Request{request("M-1", "d1", spend("D-1", 1))}), "201false1")
	same := request("M-1", "e1", spend("E-1", 1))
	check("twice", e.SubmitAtomic(t.Context(), []Request{same, same}), "201false1", "201true0")
}

// Lots beyond those that the row packs stand in rows of their own, and come back in spending order.
func TestSpilledLots(t *testing.T) {
	for _, lots := range []int{100, 10_000} {
		t.Run(fmt.Sprint(lots), func(t *testing.T) {
			if lots > 1000 && testing.Short() {
				t.Skip("10,000 lots take seconds")
			}
			e, db := open(t)
			start := time.Now().Add(24 * time.Hour).Truncate(time.Hour)
			var requests []Request
			for i := range lots { // in an order that is not that of their expiry
				k := i * 7919 % lots
				requests = append(requests, request("M-1", fmt.Sprint("g", i), points.GrantPoints{Points: ledger.Points(1 + i%3), Reason: "x", ExpiresAt: start.Add(time.Duration(k) * time.Hour)}))
			}
			for _, out := range e.SubmitMany(t.Context(), requests) {
				fatal(t, out.Err)
			}
			audit(t, db)
			total := available(t, e, "M-1")
			for i := 1; available(t, e, "M-1") > 10; i++ {
				n := available(t, e, "M-1") * 2 / 5
				r, err := e.Submit(t.Context(), request("M-1", fmt.Sprint("s", i), spend(fmt.Sprint("O-", i), int64(n))))
				fatal(t, err)
				if r.Status != 201 {
					t.Fatalf("%s", r.Body)
				}
				total -= n
				if a := available(t, e, "M-1"); a != total {
					t.Fatalf("%d are left, not %d", a, total)
				}
				audit(t, db)
			}
			var wrong int
			fatal(t, db.Get(&wrong, `SELECT count(*) FROM (
				SELECT lot, max(expires_at) x, -sum(points) n FROM lines WHERE account = 11 GROUP BY lot) l
				WHERE n > 0 AND EXISTS (SELECT FROM (SELECT lot, max(expires_at) x, -sum(points) n FROM lines WHERE account = 11 GROUP BY lot) m WHERE m.n = 0 AND m.x > l.x)`))
			if wrong != 0 {
				t.Errorf("%d lots are left that expire before one that was spent", wrong)
			}
		})
	}
}

// The next batch sees what changed in the configuration: a program, a clock, a period, a benefit.
func TestConfigurationIsSeen(t *testing.T) {
	e, db := open(t)
	granted(t, e, "M-1", 100)
	change := func(query string, args ...any) {
		t.Helper()
		_, err := db.Exec(query, args...)
		fatal(t, err)
		_, err = db.Exec(`UPDATE installation SET revision = revision + 1`)
		fatal(t, err)
	}
	exchange := request("M-1", "x1", points.ExchangePoints{ExchangeID: "X-1", BenefitID: "mug", Quantity: 1, ShipTo: points.ShipTo{Country: "JP", IsMember: true}})
	if r, err := e.Submit(t.Context(), exchange); err != nil || r.Refusal == nil || r.Refusal.Code != points.NotFound {
		t.Fatalf("%v %+v", err, r)
	}
	change(`INSERT INTO benefits (program, benefit, name, points, counted) SELECT program, 'mug', 'Mug', 5, true FROM programs WHERE code = $1`, mall)
	_, err := db.Exec(`INSERT INTO benefit_stock SELECT program, 'mug', 3 FROM programs WHERE code = $1`, mall)
	fatal(t, err)
	exchange.Key = "x2"
	if r, err := e.Submit(t.Context(), exchange); err != nil || r.Status != 201 {
		t.Fatalf("%v %+v %s", err, r, r.Body)
	}
	next := time.Now().UTC().AddDate(0, 1, 0)
	change(`INSERT INTO periods (program, period, state, closed_at, actor) SELECT program, $2, 'closing', now(), 'x' FROM programs WHERE code = $1`, mall, next.Format("2006-01")+"-01")
	r, err := e.Submit(t.Context(), request("M-1", "k1", spend("O-1", 1)))
	fatal(t, err)
	var date time.Time
	fatal(t, db.Get(&date, `SELECT book_date FROM transactions WHERE id = $1`, int64(r.Transaction)))
	if want := time.Date(next.Year(), next.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, 1, 0); !date.Equal(want) {
		t.Errorf("book date %s, not %s", date, want)
	}
	noon := time.Date(2030, 5, 5, 12, 0, 0, 0, time.UTC)
	change(`UPDATE programs SET sandbox = true, clock = $2 WHERE code = $1`, mall, noon)
	fatal(t, e.Read(t.Context(), mall, "M-1", points.Need{}, time.Time{}, func(a *points.Account) error {
		if !a.Now.Equal(noon) {
			t.Errorf("clock %s", a.Now)
		}
		return nil
	}))
	audit(t, db)
}

// The stock of a benefit is the one thing that members share.
func TestStock(t *testing.T) {
	e, db := open(t)
	engines := []*Engine{e, start(t, db)}
	_, err := db.Exec(`INSERT INTO benefits (program, benefit, name, points, counted) SELECT program, b, b, 5, true FROM programs, unnest('{mug,cup}'::text[]) b WHERE code = $1`, mall)
	fatal(t, err)
	_, err = db.Exec(`INSERT INTO benefit_stock SELECT program, b, 30 FROM programs, unnest('{mug,cup}'::text[]) b WHERE code = $1`, mall)
	fatal(t, err)
	_, err = db.Exec(`UPDATE installation SET revision = revision + 1`)
	fatal(t, err)
	for m := range 10 {
		granted(t, e, fmt.Sprint("M-", m), 1000)
	}
	var won, out atomic.Int32
	var callers sync.WaitGroup
	for i := range 100 {
		callers.Go(func() {
			benefit := []string{"mug", "cup"}[i/10%2]
			r, err := engines[i%2].Submit(t.Context(), request(fmt.Sprint("M-", i%10), fmt.Sprint("k", i),
				points.ExchangePoints{ExchangeID: fmt.Sprint("X-", i), BenefitID: benefit, Quantity: 1, ShipTo: points.ShipTo{Country: "JP", IsMember: true}}))
			switch {
			case err != nil:
				t.Error(err)
			case r.Status == 201:
				won.Add(1)
			case r.Refusal != nil && r.Refusal.Code == points.OutOfStock:
				out.Add(1)
			default:
				t.Errorf("%+v %s", r, r.Body)
			}
		})
	}
	callers.Wait()
	var left int
	fatal(t, db.Get(&left, `SELECT sum(remaining) FROM benefit_stock`))
	if won.Load() != 60 || out.Load() != 40 || left != 0 {
		t.Errorf("%d won, %d out of stock, %d left", won.Load(), out.Load(), left)
	}
	audit(t, db)
}

// A dry run answers what the posting then answers, and leaves no trace.
func TestDryRun(t *testing.T) {
	e, db := open(t)
	granted(t, e, "M-1", 100)
	trace := func() (s string) {
		fatal(t, db.Get(&s, `SELECT concat((SELECT string_agg(a::text, ',') FROM accounts a), (SELECT count(*) FROM transactions), (SELECT count(*) FROM operations), (SELECT count(*) FROM documents))`))
		return s
	}
	before := trace()
	order := request("M-1", "k1", spend("O-1", 30))
	p, err := e.DryRun(t.Context(), order)
	fatal(t, err)
	if p.Status != 201 || len(p.Posted) != 1 || p.Posted[0].Kind != ledger.Redeem || len(p.Posted[0].Lines) != 2 || p.Posted[0].BookDate.IsZero() {
		t.Errorf("%+v", p)
	}
	if p, err = e.DryRun(t.Context(), request("M-1", "k2", spend("O-2", 1000))); err != nil || p.Refusal == nil {
		t.Errorf("%v %+v", err, p)
	}
	if after := trace(); after != before {
		t.Errorf("%s\n%s", before, after)
	}
	r, err := e.Submit(t.Context(), order)
	fatal(t, err)
	p, err = e.DryRun(t.Context(), request("M-1", "k3", spend("O-3", 30)))
	fatal(t, err)
	if strip(p.Body) != strip(r.Body) {
		t.Errorf("dry run %s, posted %s", p.Body, r.Body)
	}
}

// strip is an answer without what differs from call to call.
func strip(body []byte) string {
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		return err.Error()
	}
	delete(v, "order_id")
	delete(v, "transactions")
	return fmt.Sprint(v)
}

// A view posts what is due on a copy; a visit posts it for good and works off the jobs' list.
func TestWhatIsDue(t *testing.T) {
	now := time.Now().UTC()
	clock := atomic.Pointer[time.Time]{}
	clock.Store(&now)
	e, db := open(t, func(o *Options) { o.Now = func() time.Time { return *clock.Load() } })
	_, err := e.Submit(t.Context(), request("M-1", "g", points.GrantPoints{Points: 50, Reason: "x", HoldDays: 3, ExpiresAt: now.AddDate(0, 0, 10)}))
	fatal(t, err)
	count := func(query string) (n int) {
		fatal(t, db.Get(&n, query))
		return n
	}
	if n := count(`SELECT count(*) FROM due WHERE kind = 1`); n != 1 {
		t.Errorf("%d notes of what matures", n)
	}
	later := now.AddDate(0, 0, 5)
	clock.Store(&later)
	if n := available(t, e, "M-1"); n != 50 {
		t.Errorf("%d available after the hold", n)
	}
	if n := count(`SELECT count(*) FROM transactions`); n != 1 {
		t.Errorf("a view posted: %d transactions", n)
	}
	visit := Request{Program: mall, Member: "M-1", Command: points.Visit{Kind: points.DueMature, AsOf: later}}
	r, err := e.Submit(t.Context(), visit)
	fatal(t, err)
	if r.Transactions != 1 || !strings.Contains(string(r.Body), "50") {
		t.Errorf("%+v %s", r, r.Body)
	}
	if n := count(`SELECT count(*) FROM due WHERE kind = 1`); n != 0 {
		t.Errorf("%d notes are left of what matured", n)
	}
	if n := count(`SELECT count(*) FROM due WHERE kind = 2`); n != 1 {
		t.Errorf("%d notes of what expires", n)
	}
	if r, err = e.Submit(t.Context(), visit); err != nil || r.Transactions != 0 {
		t.Errorf("again: %v %+v", err, r)
	}
	audit(t, db)
}

// A request that nobody answers is not worth a goroutine each: thousands go in one call.
func TestSubmitMany(t *testing.T) {
	e, db := open(t, func(o *Options) { o.Queue = 100 })
	var requests []Request
	for i := range 2000 {
		requests = append(requests, request(fmt.Sprint("M-", i%300), fmt.Sprint("k", i), points.GrantPoints{Points: 1, Reason: "x"}))
	}
	for i, out := range e.SubmitMany(t.Context(), requests) {
		if out.Err != nil || out.Status != 201 {
			t.Fatalf("%d: %+v", i, out)
		}
	}
	audit(t, db)
}

func TestOpenNeedsBinaryParameters(t *testing.T) {
	url := pgtest.NewURL(t)
	db, err := openText(url)
	fatal(t, err)
	defer db.Close()
	if _, err := New(t.Context(), db, Options{Render: render}); err == nil {
		t.Error("a pool that sends arrays as text was taken")
	}
}
