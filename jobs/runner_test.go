package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chobo/points"
	"chobo/points/engine"
)

var tokyo = func() *time.Location {
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		panic(err)
	}
	return zone
}()

func day(s string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s, tokyo)
	if err != nil {
		panic(err)
	}
	return t
}

func TestAYearOfJobs(t *testing.T) {
	h := newHouse(t, sandbox("samurai-mall", day("2026-04-01")))
	r := h.runner(Options{})
	h.do("samurai-mall", map[string]points.Command{"M-1": order("O-1", 10000), "M-2": order("O-1", 20000)})
	h.do("samurai-mall", map[string]points.Command{"M-3": points.GrantPoints{Points: 500, ExpiresAt: day("2026-06-01")}})
	h.do("samurai-mall", map[string]points.Command{"M-3": points.MakeReservation{ReservationID: "R-1", Points: 200, ExpiresAt: day("2026-04-02")}})

	for _, step := range []struct {
		job, clock        string
		processed, points int64
	}{
		{Mature, "2026-05-01", 0, 0}, // holds end at the start of the 2nd
		{Release, "2026-05-01", 1, 200},
		{Mature, "2026-05-02", 2, 300},
		{Mature, "2026-05-02", 0, 0}, // again, for the same time
		{Expire, "2026-05-31", 0, 0},
		{Remind, "2026-05-31", 1, 500},
		{Remind, "2026-05-31", 1, 500}, // it counts again, and tells nobody twice
		{Expire, "2026-06-01", 1, 500},
		{Inactivity, "2027-04-01", 0, 0},
		{Remind, "2027-04-01", 2, 300},
		{Inactivity, "2027-04-02", 2, 300},
		{Inactivity, "2027-04-02", 0, 0},
	} {
		h.clock("samurai-mall", day(step.clock))
		run := h.run(r, "samurai-mall", step.job, time.Time{})
		if run.Processed != step.processed || int64(run.Points) != step.points || !run.AsOf.Equal(day(step.clock)) {
			t.Errorf("%s at %s: processed %d, %d points, as of %s; want %d, %d", step.job, step.clock, run.Processed, run.Points, run.AsOf, step.processed, step.points)
		}
	}
	if n := h.count(`SELECT count(*) FROM due`); n != 0 {
		t.Errorf("%d notes are left of members who have nothing due", n)
	}
	if n := h.count(`SELECT count(*) FROM reminders WHERE points > 0`); n != 3 {
		t.Errorf("%d reminders were made, want one a member", n)
	}
	for _, m := range []string{"M-1", "M-2", "M-3"} {
		if b := h.balances("samurai-mall", m); b != (points.Balances{}) {
			t.Errorf("%s has %+v left", m, b)
		}
	}
}

// A job finds points that were still pending when they were last heard of, though no other job ran before it.
func TestAJobNeedsNoOtherBefore(t *testing.T) {
	for _, c := range []struct{ program, job, clock string }{
		{"kiwami-box", Expire, "2027-06-01"},
		{"samurai-mall", Inactivity, "2027-04-02"},
	} {
		h := newHouse(t, sandbox(c.program, day("2026-04-01")))
		h.do(c.program, map[string]points.Command{"M-1": order("O-1", 10000)})
		h.clock(c.program, day(c.clock))
		if run := h.run(h.runner(Options{}), c.program, c.job, time.Time{}); run.Processed != 1 || run.Points != 100 {
			t.Errorf("%s of %s: processed %d, %d points; want 1, 100", c.job, c.program, run.Processed, run.Points)
		}
		if b := h.balances(c.program, "M-1"); b != (points.Balances{}) {
			t.Errorf("%s: %+v is left", c.program, b)
		}
		if n := h.count(`SELECT count(*) FROM due WHERE kind <> 1`); n != 0 {
			t.Errorf("%s: %d notes are left", c.program, n)
		}
	}
}

// Members beyond one chunk are visited too, each once, and several at one instant stand in the list by their keys.
func TestManyMembersInChunks(t *testing.T) {
	const members = 2*visitsAtOnce + 345
	h := newHouse(t, sandbox("samurai-mall", day("2026-04-01")))
	commands := map[string]points.Command{}
	for i := range members {
		commands[fmt.Sprintf("M-%d", i)] = points.GrantPoints{Points: 10, HoldDays: 1 + i%2}
	}
	h.do("samurai-mall", commands)
	h.clock("samurai-mall", day("2026-05-01"))
	r := h.runner(Options{})
	if run := h.run(r, "samurai-mall", Mature, time.Time{}); run.Processed != members || run.Points != 10*members {
		t.Errorf("matured %d lots with %d points, want %d", run.Processed, run.Points, members)
	}
	if n := h.count(`SELECT count(*) FROM transactions WHERE kind = 5`); n != members {
		t.Errorf("%d transactions, want %d", n, members)
	}
	if run := h.run(r, "samurai-mall", Mature, time.Time{}); run.Processed != 0 {
		t.Errorf("matured %d lots again", run.Processed)
	}
}

// Two leaders who believe to be alone, on two servers: every lot matures once, and their counts add up.
func TestTwoLeadersDoNoHarm(t *testing.T) {
	const members = 1500
	h := newHouse(t, sandbox("samurai-mall", day("2026-04-01")))
	commands := map[string]points.Command{}
	for i := range members {
		commands[fmt.Sprintf("M-%d", i)] = points.GrantPoints{Points: 10, HoldDays: 1}
	}
	h.do("samurai-mall", commands)
	h.clock("samurai-mall", day("2026-05-01"))
	runners := []*Runner{h.runner(Options{}), New(h.db, h.start(), Options{}), New(h.db, h.start(), Options{})}
	runs := make([]Run, len(runners))
	var wg sync.WaitGroup
	for i, r := range runners {
		wg.Go(func() { runs[i], _ = r.Run(t.Context(), "samurai-mall", Mature, time.Time{}) })
	}
	wg.Wait()
	var processed int64
	for _, run := range runs {
		if run.Error != "" {
			t.Error(run.Error)
		}
		processed += run.Processed
	}
	if processed != members {
		t.Errorf("they matured %d lots together, want %d", processed, members)
	}
	if n := h.count(`SELECT sum(available) FROM accounts`); n != 10*members {
		t.Errorf("%d points are available, want %d", n, 10*members)
	}
}

func TestRefusedRuns(t *testing.T) {
	h := newHouse(t, sandbox("samurai-mall", day("2026-04-01")))
	r := h.runner(Options{})
	var future *points.Refusal
	for _, tt := range []struct {
		program, job string
		asOf         time.Time
		is           func(error) bool
	}{
		{"samurai-mall", "tidy", time.Time{}, func(err error) bool { return errors.Is(err, ErrUnknownJob) }},
		{"ninja-mall", Mature, time.Time{}, func(err error) bool { return errors.Is(err, engine.ErrUnknownProgram) }},
		{"samurai-mall", Mature, day("2026-04-02"), func(err error) bool { return errors.As(err, &future) && future.Code == points.TimeInFuture }},
	} {
		if _, err := r.Run(t.Context(), tt.program, tt.job, tt.asOf); !tt.is(err) {
			t.Errorf("%s of %s: %v", tt.job, tt.program, err)
		}
	}
	if n := h.count(`SELECT count(*) FROM job_runs`); n != 0 {
		t.Errorf("%d runs are kept", n)
	}
}

// A run that fails keeps its error, and one with a bug does not take the server along.
func TestFailuresAreKept(t *testing.T) {
	h := newHouse(t, sandbox("samurai-mall", day("2026-04-01")))
	metrics := prometheus.NewPedanticRegistry()
	r := h.runner(Options{Metrics: metrics})
	broken := errors.New("the outbox is full")
	r.Register(Job{Name: Deliver, Do: func(context.Context, Task) (Result, error) { return Result{Processed: 3}, broken }})
	r.Register(Job{Name: Seal, House: true, Do: func(context.Context, Task) (Result, error) { panic("off by one") }})
	breaks := int64(2)
	r.Register(Job{Name: Reconcile, Do: func(context.Context, Task) (Result, error) { return Result{Breaks: &breaks}, nil }})

	run, err := r.Run(t.Context(), "samurai-mall", Deliver, time.Time{})
	if !errors.Is(err, broken) || run.Error != broken.Error() || run.Processed != 3 {
		t.Errorf("the run is %+v, the error %v", run, err)
	}
	if _, err := r.Run(t.Context(), "samurai-mall", Seal, time.Time{}); err == nil || !strings.Contains(err.Error(), "off by one") {
		t.Errorf("a bug is told as %v", err)
	}
	if run := h.run(r, "samurai-mall", Reconcile, time.Time{}); run.Breaks == nil || *run.Breaks != 2 {
		t.Errorf("the reconciliation is %+v", run)
	}
	for job, want := range map[string]string{Deliver: broken.Error(), Seal: "job seal has a bug: off by one", Reconcile: ""} {
		runs, err := r.Runs(t.Context(), "samurai-mall", job, 0, 10)
		if err != nil || len(runs) != 1 || runs[0].Error != want || runs[0].FinishedAt == nil {
			t.Errorf("the history of %s is %+v, %v", job, runs, err)
		}
	}
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "chobo_job_runs_total" {
				outcomes[m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	if want := map[string]float64{"deliver failed": 1, "seal failed": 1, "reconcile done": 1}; !maps.Equal(outcomes, want) {
		t.Errorf("counted are %v, want %v", outcomes, want)
	}
}

func TestHistoryPagesNewestFirst(t *testing.T) {
	h := newHouse(t, sandbox("samurai-mall", day("2026-04-01")))
	r := h.runner(Options{})
	var want []int64
	for range 5 {
		want = append([]int64{h.run(r, "samurai-mall", Expire, time.Time{}).RunID}, want...)
		h.run(r, "samurai-mall", Mature, time.Time{})
	}
	var got []int64
	for before := int64(0); ; {
		runs, err := r.Runs(t.Context(), "samurai-mall", Expire, before, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) == 0 {
			break
		}
		for _, run := range runs {
			got = append(got, run.RunID)
		}
		before = got[len(got)-1]
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("runs %v, want %v", got, want)
	}
	list, err := r.List(t.Context(), "samurai-mall")
	if err != nil || len(list) != 5 {
		t.Fatalf("the list is %+v, %v", list, err)
	}
	for _, l := range list {
		if l.NextRun != nil {
			t.Errorf("%s of a sandbox would run at %s", l.Job, l.NextRun)
		}
		if ran := l.Job == Expire || l.Job == Mature; ran != (l.LastRun != nil) {
			t.Errorf("%s last ran %+v", l.Job, l.LastRun)
		}
	}
}

// Runs in which nothing happened are forgotten, but not those that did something, failed, or are the last.
func TestIdleRunsAreForgotten(t *testing.T) {
	h := newHouse(t, sandbox("samurai-mall", day("2026-04-01")))
	r := h.runner(Options{})
	h.exec(`
INSERT INTO job_runs (program, job, as_of, started_at, finished_at, processed, error, breaks)
VALUES (1, 'release', '2026-04-01', '2026-04-01', '2026-04-01', 0, NULL, NULL),
       (1, 'release', '2026-04-01', '2026-04-01', '2026-04-01', 7, NULL, NULL),
       (1, 'release', '2026-04-01', '2026-04-01', '2026-04-01', 0, 'no', NULL),
       (1, 'release', '2026-04-01', '2026-04-01', '2026-04-01', 0, NULL, 1),
       (1, 'release', '2026-04-01', '2026-04-01', NULL, 0, NULL, NULL),
       (1, 'release', '2026-04-01', '2026-04-01', '2026-04-01', 0, NULL, NULL),
       (1, 'mature', '2026-04-01', '2026-04-01', '2026-04-01', 0, NULL, NULL)`)
	if err := r.runs.forget(t.Context(), day("2026-04-02")); err != nil {
		t.Fatal(err)
	}
	if n := h.count(`SELECT count(*) FROM job_runs`); n != 6 {
		t.Errorf("%d runs are kept, want 6", n)
	}
	if n := h.count(`SELECT min(run_id) FROM job_runs`); n != 2 {
		t.Errorf("the first that is kept is %d", n)
	}
}
