package outbox_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/jobs"
	"chobo/jobs/outbox"
	"chobo/jobs/reconcile/trade"
	"chobo/points"
	"chobo/points/engine"
	"chobo/schema"
	"chobo/schema/pgtest"
)

// many grants points to so many members at once.
func many(t testing.TB, m *trade.Mall, key string, n int) {
	t.Helper()
	var requests []engine.Request
	for i := range n {
		requests = append(requests, engine.Request{Program: trade.Code, Member: key + strings.Repeat("x", i), Key: key, Command: points.GrantPoints{Points: 10}, Enrol: true})
	}
	for _, o := range m.Engine.SubmitMany(t.Context(), requests) {
		if o.Err != nil || o.Refusal != nil {
			t.Fatal(o.Err, o.Refusal)
		}
	}
}

// All there is comes in order, at most 100 events a message, and once; without a webhook there is nothing to do.
func TestDelivery(t *testing.T) {
	m := small(t)
	many(t, m, "a", 120)
	if run, err := deliver(t, m); err != nil || run.Processed != 0 {
		t.Errorf("without a webhook: %+v, %v", run, err)
	}
	r := receive(t)
	r.hook(m)
	many(t, m, "b", 110)
	run, err := deliver(t, m)
	if err != nil || run.Processed != 230 {
		t.Errorf("the run is %+v, %v", run, err)
	}
	r.complete(m)
	for i, n := range []int{100, 100, 30} {
		if len(r.messages) != 3 || len(r.messages[i].events) != n {
			t.Fatalf("%d messages, number %d of %d events", len(r.messages), i, len(r.messages[i].events))
		}
	}
	if run, err := deliver(t, m); err != nil || run.Processed != 0 || r.came != 3 {
		t.Errorf("again: %+v, %v", run, err)
	}
	w, err := outbox.Find(t.Context(), m.DB, m.Info().ID)
	if err != nil || w.Since != nil || w.DeliveredAt == nil {
		t.Errorf("the webhook lacks nothing, and is %+v, %v", w, err)
	}
}

// A new webhook begins with what is posted from now on.
func TestANewWebhookBeginsNow(t *testing.T) {
	m := small(t)
	grants(m, "ann", 2)
	m.Settle()
	r := receive(t)
	_, isNew, err := outbox.Put(t.Context(), m.DB, m.Info().ID, outbox.Setting{URL: r.URL, Secret: secret}, time.Now())
	if fatal(t, err); !isNew {
		t.Error("it is not new")
	}
	grants(m, "bob", 1)
	if run, err := deliver(t, m); err != nil || run.Processed != 1 {
		t.Errorf("the run is %+v, %v", run, err)
	}
	if len(r.messages) != 1 || r.messages[0].events[0].MemberID != "bob" {
		t.Errorf("delivered is %+v", r.messages)
	}
}

// A receiver that fails half-way gets the same message again and then the rest; by the clock it is left alone for a
// while, asked for it is tried at once.
func TestAReceiverThatFails(t *testing.T) {
	m := small(t)
	r := receive(t)
	r.hook(m)
	many(t, m, "a", 250)
	var refused taken
	r.answers(func(n int, m taken) int {
		if n < 2 {
			return http.StatusOK
		}
		refused = m
		return http.StatusServiceUnavailable
	})
	run, err := deliver(t, m)
	if !errors.Is(err, outbox.ErrNotTaken) || !strings.Contains(run.Error, `503 Service Unavailable: "thanks"`) || run.Processed != 100 {
		t.Fatalf("the run is %+v, %v", run, err)
	}
	many(t, m, "b", 30)

	job := outbox.Job(m.DB)
	if _, err := job.Do(t.Context(), jobs.Task{Program: m.Info()}); !errors.Is(err, outbox.ErrNotTaken) || !strings.Contains(err.Error(), "after 1 failures") || r.came != 2 {
		t.Errorf("by the clock at once: %v, %d messages came", err, r.came)
	}
	if _, err := deliver(t, m); err == nil || r.came != 3 {
		t.Errorf("asked for: %v, %d messages came", err, r.came)
	}
	w, err := outbox.Find(t.Context(), m.DB, m.Info().ID)
	if err != nil || w.Failures != 2 || w.LastError == "" || w.Since == nil || w.RetryAt == nil {
		t.Errorf("the webhook is %+v, %v", w, err)
	}
	if wait := time.Until(*w.RetryAt); wait < 50*time.Second || wait > time.Minute {
		t.Errorf("after two failures it is left alone for %s", wait)
	}

	r.answers(nil)
	_, err = m.DB.ExecContext(t.Context(), `UPDATE webhooks SET retry_at = now()`)
	fatal(t, err)
	m.Settle()
	if did, err := job.Do(t.Context(), jobs.Task{Program: m.Info()}); err != nil || did.Processed != 180 {
		t.Errorf("later: %+v, %v", did, err)
	}
	r.complete(m)
	if again := r.messages[1]; again.id != refused.id || again.body != refused.body {
		t.Errorf("message %s came again as %s", refused.id, again.id)
	}
}

// killedSQL ends the connection of whoever delivers, as a server that is killed does.
const killedSQL = `
SELECT count(pg_terminate_backend(pid)) FROM pg_locks
 WHERE locktype = 'advisory' AND classid = x'63686f65'::int AND granted
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

// The deliverer dies between sending and noting it, and more is posted meanwhile: the same message comes again under the
// same id, and then the rest. Who drops what he knows by its webhook-id has everything once.
func TestADelivererThatDies(t *testing.T) {
	m := small(t)
	r := receive(t)
	r.hook(m)
	many(t, m, "a", 30)
	var killed int
	r.answers(func(int, taken) int {
		if err := m.Owner.Get(&killed, killedSQL); err != nil {
			t.Error(err)
		}
		return http.StatusOK
	})
	if _, err := deliver(t, m); err == nil || killed != 1 {
		t.Fatalf("%d deliverers were killed, and it says %v", killed, err)
	}
	many(t, m, "b", 30)
	r.answers(nil)
	if run, err := deliver(t, m); err != nil || run.Processed != 60 {
		t.Fatalf("the next run is %+v, %v", run, err)
	}
	if len(r.messages) != 3 || r.messages[0].id != r.messages[1].id || r.messages[0].body != r.messages[1].body || r.messages[2].id == r.messages[1].id {
		t.Fatalf("messages %+v", r.messages)
	}
	r.messages = r.messages[1:]
	r.complete(m)
}

// Two replicas at once, on pools of their own: one delivers.
func TestTwoReplicasDeliverOnce(t *testing.T) {
	url := pgtest.NewURL(t)
	m := trade.Open(t, url).At("2026-04-01 10:00")
	r := receive(t)
	r.hook(m)
	many(t, m, "a", 400)
	m.Settle()
	r.answers(func(int, taken) int {
		time.Sleep(20 * time.Millisecond)
		return http.StatusOK
	})
	var wg sync.WaitGroup
	done := make([]int64, 3)
	for i := range done {
		db, err := schema.Open(t.Context(), url, schema.Pool{MaxOpen: 4})
		fatal(t, err)
		t.Cleanup(func() { _ = db.Close() })
		p := m.Info()
		wg.Go(func() {
			did, err := outbox.Job(db).Do(t.Context(), jobs.Task{Program: p})
			if err != nil {
				t.Error(err)
			}
			done[i] = did.Processed
		})
	}
	wg.Wait()
	slices.Sort(done)
	if !slices.Equal(done, []int64{0, 0, 400}) {
		t.Errorf("they delivered %v", done)
	}
	r.complete(m)
}

// A server that stops while the receiver thinks does not count it as a failure, and does not wait.
func TestStoppingIsNoFailure(t *testing.T) {
	m := small(t)
	r := receive(t)
	r.hook(m)
	grants(m, "ann", 1)
	m.Settle()
	ctx, cancel := context.WithCancel(t.Context())
	thinking := make(chan struct{})
	r.answers(func(int, taken) int {
		cancel()
		<-thinking
		return http.StatusOK
	})
	_, err := outbox.Job(m.DB).Do(ctx, jobs.Task{Program: m.Info()})
	close(thinking)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it says %v", err)
	}
	if w, err := outbox.Find(t.Context(), m.DB, m.Info().ID); err != nil || w.Failures != 0 {
		t.Errorf("the webhook is %+v, %v", w, err)
	}
}

// A redirect is a failure: nothing is posted to where it leads. An answer without an end is not read to its end.
func TestOddReceivers(t *testing.T) {
	m := small(t)
	elsewhere := receive(t)
	redirect := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(redirect.Close)
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		for req.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(endless.Close)
	grants(m, "ann", 1)
	to := func(url string) (jobs.Run, error) {
		t.Helper()
		_, _, err := outbox.Put(t.Context(), m.DB, m.Info().ID, outbox.Setting{URL: url, Secret: secret, After: &outbox.Place{}}, time.Now())
		fatal(t, err)
		return deliver(t, m)
	}
	if run, err := to(redirect.URL + "/?token=secret"); err == nil || !strings.Contains(run.Error, "307") || elsewhere.came != 0 {
		t.Errorf("redirected: %+v, %v", run, err)
	}
	if run, err := to("http://127.0.0.1:1/?token=secret"); err == nil || strings.Contains(run.Error, "token") {
		t.Errorf("nobody listens: %+v, %v", run, err)
	}
	if run, err := to(endless.URL); err != nil || run.Processed != 1 || run.DurationMS > 10_000 {
		t.Errorf("an endless answer: %+v, %v", run, err)
	}
}

const openSQL = `
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL)`

// While a message is out, no transaction is open that holds others' events and seals back.
func TestDeliveryHoldsNobodyBack(t *testing.T) {
	m := small(t)
	r := receive(t)
	r.hook(m)
	grants(m, "ann", 1)
	var open int
	r.answers(func(int, taken) int {
		if err := sqlx.Get(m.Owner, &open, openSQL); err != nil {
			t.Error(err)
		}
		return http.StatusOK
	})
	if run, err := deliver(t, m); err != nil || run.Processed != 1 || open != 0 {
		t.Errorf("%d transactions are open: %+v, %v", open, run, err)
	}
}

// How far a webhook is behind shows from the first event that it does not have until it has all; a sandbox's does not.
func TestLags(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t), trade.Edit("sandbox: true", "sandbox: false"))
	m.Runner.Register(outbox.Job(m.DB))
	r := receive(t)
	r.hook(m)
	lag := func() outbox.Lag {
		t.Helper()
		lags, err := outbox.Lags(t.Context(), m.DB)
		if err != nil || len(lags) != 1 || lags[0].Program != trade.Code {
			t.Fatalf("lags %+v, %v", lags, err)
		}
		return lags[0]
	}
	if l := lag(); l.Seconds != 0 {
		t.Errorf("nothing was posted, and it is %+v", l)
	}
	grants(m, "ann", 1)
	r.answers(func(int, taken) int { return http.StatusInternalServerError })
	if _, err := deliver(t, m); err == nil {
		t.Error("what was refused counts as delivered")
	}
	if l := lag(); l.Seconds <= 0 || l.Seconds > 60 || l.Failures != 1 || !strings.Contains(l.LastError, "500") {
		t.Errorf("it failed, and is %+v", l)
	}
	r.answers(nil)
	if _, err := deliver(t, m); err != nil {
		t.Error(err)
	}
	if l := lag(); l.Seconds != 0 || l.Failures != 0 || l.LastError != "" {
		t.Errorf("all is delivered, and it is %+v", l)
	}

	grants(m, "bob", 2)
	m.Settle()
	all, _ := everything(t, m, outbox.Place{}, 500)
	_, before := first(t, m, outbox.Place{}, len(all)-1)
	_, _, err := outbox.Put(t.Context(), m.DB, m.Info().ID, outbox.Setting{URL: r.URL, After: &before}, time.Now())
	fatal(t, err)
	var last time.Time
	fatal(t, m.DB.Get(&last, `SELECT max(posted_at) FROM batches`))
	if w, err := outbox.Find(t.Context(), m.DB, m.Info().ID); err != nil || w.Since == nil || !w.Since.Equal(last) {
		t.Errorf("it lacks the last event, of %s, and is %+v, %v", last, w, err)
	}

	sandbox := small(t)
	receive(t).hook(sandbox)
	if lags, err := outbox.Lags(t.Context(), sandbox.DB); err != nil || len(lags) != 0 {
		t.Errorf("a sandbox lags: %+v, %v", lags, err)
	}
}

func TestCheckURL(t *testing.T) {
	for url, good := range map[string]bool{
		"https://example.com/hook?key=1": true, "http://localhost:8080/hook": true, "http://127.0.0.1/": true, "http://[::1]:9/": true,
		"http://example.com/": false, "http://10.0.0.1/": false, "http://localhost.example.com/": false, "ftp://127.0.0.1/": false,
		"https://u:p@example.com/": false, "https://example.com/#a": false, "https:///x": false, "/hook": false, "": false, "https://exa mple.com/": false,
	} {
		if err := outbox.CheckURL(url); (err == nil) != good {
			t.Errorf("%q: %v", url, err)
		}
	}
}
