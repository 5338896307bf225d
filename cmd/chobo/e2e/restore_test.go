package e2e

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/schema"
	"chobo/schema/private"
)

// A dump taken while orders come in is restored on another server, whose transactions have lower numbers, as
// docs/operations.md says: what stood in the books when it was taken is answered again, what came later is posted anew,
// and whoever reads in the order of commits misses nothing and reads nothing twice.
func TestRestoredOnAnotherServer(t *testing.T) {
	t.Parallel()
	data := folder(t)
	s := start(t, "--data", data)
	l := begin(32, s.client())
	l.await(300)
	readAll(s.client())
	cancelSome(s.client(), 0)
	kept := refundsOf(s.client(), "", cancelled)
	l.await(500) // which nobody has read when the dump is taken
	url, err := private.Locate(data)
	if err != nil {
		t.Fatal(err)
	}
	dump := filepath.Join(t.TempDir(), "chobo.dump")
	postgresProgram(t, "pg_dump", "-Fc", "-f", dump, url)
	l.await(l.answered.Load() + 300)
	l.end()
	cancelSome(s.client(), 2)
	lostRefunds := refundsOf(s.client(), kept.last(), cancelled)

	elsewhere := folder(t)
	restore(t, elsewhere, dump)
	s = start(t, "--data", elsewhere)
	c := s.client()
	if again := refundsOf(c, "", len(kept)); !slices.Equal(again, kept) {
		t.Errorf("the refunds are %v, and were %v", again, kept)
	}
	lost := 0
	for key, first := range l.told {
		a, err := ask(t.Context(), c, key)
		switch {
		case err != nil || a.status != first.status:
			t.Errorf("order %s is answered %d %s (%v)", key, a.status, a.body, err)
		case !a.replayed:
			lost++
		}
	}
	if lost == 0 || lost == len(l.told) {
		t.Errorf("of %d orders %d came after the dump", len(l.told), lost)
	}
	cancelSome(c, 1)
	for place, n := range map[string]int{"": 2 * cancelled, kept.last(): cancelled, lostRefunds.last(): cancelled} {
		if more := refundsOf(c, place, n); len(more) != n {
			t.Errorf("behind %q %d refunds are listed, want %d", place, len(more), n)
		}
	}
	readAll(c)
	db := open(t, elsewhere)
	balanced(t, db)
	for what, sql := range map[string]string{
		"batches are in no seal":       `SELECT count(*) FROM batches WHERE id NOT IN (SELECT batch FROM sealed_batches)`,
		"nodes' batches are not added": `SELECT count(*) FROM unread WHERE reader = 'rollup'`,
		"lines are added":              `SELECT (SELECT sum(lines) FROM daily) - (SELECT count(*) FROM lines)`,
	} {
		var n int
		if err := db.Get(&n, sql); err != nil || n != 0 {
			t.Errorf("%d %s too many (%v)", n, what, err)
		}
	}
	var run struct{ Breaks int }
	if c.must(200, "POST", "/v1/samurai-mall/jobs/reconcile/run", "", object{}, &run); run.Breaks != 0 {
		t.Errorf("the restored books have %d breaks", run.Breaks)
	}
	if out, code := chobo(t, "verify", "--data", elsewhere); code != 0 {
		t.Errorf("the restored seals are refused, with code %d:\n%s", code, out)
	}
	if guarded := guards(t, elsewhere); !guarded {
		t.Error("the service has its owner's rights")
	}
}

// cancelled is how many orders cancelSome cancels.
const cancelled = 10

// cancelSome lets the shop cancel an order of each of some members.
func cancelSome(c *client, round int) {
	c.t.Helper()
	for i := range cancelled {
		m := fmt.Sprintf("/v1/samurai-mall/members/R-%d", i)
		id := fmt.Sprintf("O-%d", round)
		c.must(201, "POST", m+"/orders", "order "+id, order(id, 0, 500), nil)
		c.must(200, "POST", m+"/orders/"+id+"/cancel", "cancel "+id, object{"initiated_by": "shop", "reason": "out_of_stock"}, nil)
	}
}

// readAll lets those who read in the order of commits read what there is.
func readAll(c *client) {
	c.t.Helper()
	for _, job := range []string{"rollup", "seal"} {
		c.must(200, "POST", "/v1/samurai-mall/jobs/"+job+"/run", "", object{}, nil)
	}
}

// A list of refunds is their cursors.
type refundList []string

func (l refundList) last() string { return l[len(l)-1] }

// refundsOf lists the refunds behind a cursor, once there are so many: what was posted beside a transaction in flight is
// listed when that has ended.
func refundsOf(c *client, after string, many int) (list refundList) {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var page struct {
			Refunds []struct{ Cursor string } `json:"refunds"`
		}
		c.must(200, "GET", "/v1/samurai-mall/refunds?limit=500&after="+after, "", nil, &page)
		if len(page.Refunds) < many && time.Now().Before(deadline) {
			continue
		}
		for _, r := range page.Refunds {
			list = append(list, r.Cursor)
		}
		return list
	}
}

// restore makes a private server in the folder from a dump, and stops it.
func restore(t *testing.T, data, dump string) {
	t.Helper()
	server, err := private.Start(t.Context(), private.Config{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	db, err := schema.OpenOwner(t.Context(), server.URL(), schema.Pool{MaxOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `CREATE ROLE chobo_app NOLOGIN`); err != nil {
		t.Fatal(err)
	}
	postgresProgram(t, "pg_restore", "--no-owner", "--exit-on-error", "-d", server.URL(), dump)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if out, code := chobo(t, "doctor", "--data", data, "--log-level", "warn"); code != 1 || !strings.Contains(out, "a dump from another server") {
		t.Errorf("of a dump from elsewhere the doctor says, with code %d:\n%s", code, out)
	}
}

// chobo runs a command.
func chobo(t *testing.T, args ...string) (says string, code int) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = cleanEnv()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(out), exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return string(out), 0
}

// guards tells whether the service has its own rights only.
func guards(t *testing.T, data string) bool {
	t.Helper()
	url, err := private.Locate(data)
	if err != nil {
		t.Fatal(err)
	}
	var db *sqlx.DB
	if db, err = schema.Open(t.Context(), url, schema.Pool{MaxOpen: 1}); err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // of a test
	guarded, err := schema.Guarded(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return guarded
}

// postgresProgram runs one of PostgreSQL's programs.
func postgresProgram(t *testing.T, name string, args ...string) {
	t.Helper()
	program, err := private.Program(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
