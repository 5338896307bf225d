package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jmoiron/sqlx"

	"chobo/schema"
	"chobo/schema/private"
)

// A dump taken while orders come in is restored on another server, as docs/operations.md says: what stood in the books
// when it was taken is answered again, what came later is posted anew, and no refund is missed.
func TestRestoredOnAnotherServer(t *testing.T) {
	t.Parallel()
	data := folder(t)
	s := start(t, "--data", data)
	l := begin(32, s.client())
	l.await(500)
	cancelSome(s.client(), 0)
	url, err := private.Locate(data)
	if err != nil {
		t.Fatal(err)
	}
	dump := filepath.Join(t.TempDir(), "chobo.dump")
	postgresProgram(t, "pg_dump", "-Fc", "-f", dump, url)
	l.await(l.answered.Load() + 300)
	l.end()

	elsewhere := folder(t)
	restore(t, elsewhere, dump)
	s = start(t, "--data", elsewhere)
	c := s.client()
	if n := refundsOf(c); n != cancelled {
		t.Errorf("%d refunds are listed, want %d", n, cancelled)
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
	if cancelSome(c, 1); refundsOf(c) != 2*cancelled {
		t.Errorf("%d refunds are listed, want %d", refundsOf(c), 2*cancelled)
	}
	db := open(t, elsewhere)
	balanced(t, db)
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

// refundsOf is how many refunds are listed.
func refundsOf(c *client) int {
	c.t.Helper()
	var page struct {
		Refunds []json.RawMessage `json:"refunds"`
	}
	c.must(200, "GET", "/v1/samurai-mall/refunds?limit=500", "", nil, &page)
	return len(page.Refunds)
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
	// Transaction numbers of this server begin low; those in the dump are another server's.
	if out, code := doctor(t, data); code != 1 || !strings.Contains(out, "pg_resetwal -e 1") {
		t.Errorf("of a dump from elsewhere the doctor says, with code %d:\n%s", code, out)
	}
	postgresProgram(t, "pg_resetwal", "-e", "1", filepath.Join(data, "data"))
	if out, _ := doctor(t, data); strings.Contains(out, "pg_resetwal") {
		t.Errorf("once its numbers lie higher the doctor says:\n%s", out)
	}
}

// doctor examines a private database that no server runs.
func doctor(t *testing.T, data string) (says string, code int) {
	t.Helper()
	cmd := exec.Command(binary, "doctor", "--data", data, "--log-level", "warn")
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
	if name == "pg_resetwal" { // runs as the owner of the data only
		info, err := os.Stat(args[len(args)-1])
		if err != nil {
			t.Fatal(err)
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			t.Fatal("nobody owns the data")
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
		cmd.Dir = "/"
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
