package jobs

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serve runs the scheduler until the test ends.
func serve(t *testing.T, r *Runner) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { r.Serve(ctx) })
	stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// What was due while nobody ran is caught up on at the start, once; a sandbox is left alone; the house's jobs run once
// and not once a program.
func TestMissedRunsAreCaughtUp(t *testing.T) {
	h := newHouse(t, shipped("samurai-mall"), shipped("asmart"), sandbox("kiwami-box", day("2026-04-01")))
	h.exec(`
INSERT INTO job_runs (program, job, as_of, started_at, finished_at, error)
SELECT p, 'expire', now() - days * interval '1 day', now(), now(), NULL FROM (VALUES (1, 0), (2, 3)) AS v(p, days)`)
	r := h.runner(Options{Cron: map[string]string{Release: "", Remind: ""}})
	var sealed atomic.Int64
	r.Register(Job{Name: Seal, Cron: "1 0 * * *", House: true, Do: func(_ context.Context, t Task) (Result, error) {
		sealed.Add(1)
		return Result{}, nil
	}})
	stop := serve(t, r)
	eventually(t, "all that was missed has run", func() bool {
		return h.count(`SELECT count(*) FROM job_runs WHERE finished_at IS NOT NULL`) >= 2+6
	})
	time.Sleep(100 * time.Millisecond)
	stop()
	for query, want := range map[string]int64{
		`SELECT count(*) FROM job_runs WHERE program = 3`:                    0,
		`SELECT count(*) FROM job_runs WHERE job = 'mature' AND program = 1`: 1,
		`SELECT count(*) FROM job_runs WHERE job = 'expire' AND program = 1`: 1, // the one of today
		`SELECT count(*) FROM job_runs WHERE job = 'expire' AND program = 2`: 2,
		`SELECT count(*) FROM job_runs WHERE job IN ('release', 'remind')`:   0,
		`SELECT count(*) FROM job_runs WHERE job = 'seal' AND program = 0`:   1,
		`SELECT count(*) FROM job_runs WHERE error IS NOT NULL`:              0,
		`SELECT count(*) FROM job_runs WHERE finished_at IS NULL`:            0,
	} {
		if n := h.count(query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	if n := sealed.Load(); n != 1 {
		t.Errorf("the house's job ran %d times", n)
	}
	eventually(t, "its lock is gone with its connection", func() bool {
		return h.count(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
		                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) == 0
	})
}

// Of several replicas one leads, and when it goes another one takes over.
func TestOneReplicaLeads(t *testing.T) {
	h := newHouse(t, shipped("samurai-mall"))
	var ran [2]atomic.Int64
	var stops [2]func()
	none := map[string]string{Release: "", Mature: "", Expire: "", Inactivity: "", Remind: ""}
	for i := range ran {
		r := New(h.db, h.engine, Options{Cron: none})
		r.Register(Job{Name: Deliver, Cron: "@every 1s", Do: func(context.Context, Task) (Result, error) {
			ran[i].Add(1)
			return Result{}, nil
		}})
		stops[i] = serve(t, r)
	}
	eventually(t, "one of them works", func() bool { return ran[0].Load()+ran[1].Load() >= 3 })
	leader, other := 0, 1
	if ran[1].Load() > 0 {
		leader, other = 1, 0
	}
	if n := ran[other].Load(); n != 0 {
		t.Errorf("the other one worked %d times", n)
	}
	stops[leader]()
	eventually(t, "the other one takes over", func() bool { return ran[other].Load() > 0 })
}

// A leader who loses its connection stops, and leads again once it can.
func TestLeadershipEndsWithItsConnection(t *testing.T) {
	h := newHouse(t, shipped("samurai-mall"))
	none := map[string]string{Release: "", Mature: "", Expire: "", Inactivity: "", Remind: ""}
	r := New(h.db, h.engine, Options{Cron: none})
	var ran atomic.Int64
	r.Register(Job{Name: Deliver, Cron: "@every 1s", Do: func(context.Context, Task) (Result, error) {
		ran.Add(1)
		return Result{}, nil
	}})
	serve(t, r)
	eventually(t, "it works", func() bool { return ran.Load() > 0 })
	const killSQL = `
SELECT count(pg_terminate_backend(pid)) FROM pg_locks
 WHERE locktype = 'advisory' AND objid = $1::bigint & 4294967295 AND granted
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	owner := h.owner()
	var n int
	if err := owner.GetContext(t.Context(), &n, killSQL, leaderLock); err != nil || n != 1 {
		t.Fatalf("%d connections were ended: %v", n, err)
	}
	before := ran.Load()
	eventually(t, "it works again", func() bool { return ran.Load() > before+1 })
}

// Stopping waits for the run under way, whose end is noted.
func TestStopWaitsForARun(t *testing.T) {
	h := newHouse(t, shipped("samurai-mall"))
	none := map[string]string{Release: "", Mature: "", Expire: "", Inactivity: "", Remind: ""}
	r := New(h.db, h.engine, Options{Cron: none})
	begun := make(chan struct{})
	r.Register(Job{Name: Deliver, Cron: "0 0 * * *", Do: func(ctx context.Context, _ Task) (Result, error) {
		close(begun)
		<-ctx.Done()
		time.Sleep(200 * time.Millisecond)
		return Result{Processed: 1}, nil
	}})
	stop := serve(t, r)
	<-begun
	stop()
	if n := h.count(`SELECT count(*) FROM job_runs WHERE finished_at IS NOT NULL AND processed = 1 AND error IS NULL`); n != 1 {
		t.Errorf("%d runs have ended well", n)
	}
}

// The lag counts from when a job should have run.
func TestLag(t *testing.T) {
	h := newHouse(t, shipped("samurai-mall"))
	now := day("2026-04-03").Add(2 * time.Hour)
	r := h.runner(Options{Now: func() time.Time { return now }})
	h.exec(`INSERT INTO job_runs (program, job, as_of, started_at, finished_at) VALUES (1, 'mature', $1, now(), now()), (1, 'expire', $2, now(), now())`,
		day("2026-04-01").Add(time.Hour), day("2026-04-03").Add(time.Hour))
	lags, err := r.Lags(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Lag{}
	for _, l := range lags {
		got[l.Job] = l
	}
	if l := got[Mature]; l.Late != 26*time.Hour-5*time.Minute || l.Never {
		t.Errorf("mature: %+v", l) // it should have run on the 2nd at 00:05
	}
	if l := got[Expire]; l.Late != 0 || l.Never {
		t.Errorf("expire: %+v", l)
	}
	if l := got[Inactivity]; !l.Never {
		t.Errorf("inactivity: %+v", l)
	}
}
