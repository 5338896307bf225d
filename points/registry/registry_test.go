package registry

import (
	"context"
	"errors"
	"testing"
	"time"

	"chobo/points/pointstest"
	"chobo/points/program"
	"chobo/schema/pgtest"
)

var wall = time.Date(2026, 4, 1, 10, 0, 0, 0, time.FixedZone("", 9*3600))

func store(t *testing.T) *Store {
	t.Helper()
	s := New(pgtest.New(t))
	for range 2 { // preparing again changes nothing
		if err := s.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func put(t *testing.T, s *Store, p *program.Program) (version int, isNew bool) {
	t.Helper()
	_, v, isNew, err := s.PutProgram(t.Context(), p, wall)
	if err != nil {
		t.Fatal(err)
	}
	return v.Number, isNew
}

func TestVersionsAreKept(t *testing.T) {
	s := store(t)
	before, err := s.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mall := pointstest.Shipped("samurai-mall")
	if n, isNew := put(t, s, mall); n != 1 || !isNew {
		t.Errorf("the first version: %d, new %v", n, isNew)
	}
	if n, isNew := put(t, s, mall); n != 1 || isNew {
		t.Errorf("the same content again: %d, new %v", n, isNew)
	}
	after, err := s.Revision(t.Context())
	if err != nil || after != before+1 {
		t.Errorf("revision %d → %d (%v): what changes nothing must not count", before, after, err)
	}
	later := func(p *program.Program) { p.Name, p.EffectiveFrom = "Later", wall.AddDate(0, 1, 0) }
	if n, isNew := put(t, s, pointstest.Shipped("samurai-mall", later)); n != 2 || !isNew {
		t.Errorf("the second version: %d, new %v", n, isNew)
	}
	past := func(p *program.Program) { p.Name, p.EffectiveFrom = "Past", wall.AddDate(0, -1, 0) }
	if _, _, _, err := s.PutProgram(t.Context(), pointstest.Shipped("samurai-mall", past), wall); !errors.Is(err, program.ErrNotInFuture) {
		t.Errorf("a version that takes effect in the past: %v", err)
	}
	p, err := s.Program(t.Context(), "samurai-mall")
	if err != nil || len(p.Versions) != 2 || p.Versions[1].Name != "Later" || len(p.Stored) != 2 {
		t.Errorf("stored: %+v, %v", p, err)
	}
	if _, err := s.Program(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a program that is not there: %v", err)
	}
}

func TestOnlyASandboxHasAClockThatMoves(t *testing.T) {
	s := store(t)
	put(t, s, pointstest.Shipped("asmart"))
	put(t, s, pointstest.Shipped("samurai-mall", func(p *program.Program) { p.Sandbox = true }))
	start := pointstest.Shipped("samurai-mall").EffectiveFrom
	p, err := s.Program(t.Context(), "samurai-mall")
	if err != nil || !p.Now(wall).Equal(start) {
		t.Fatalf("the clock starts at %s, not at effective_from %s: %v", p.Now(wall), start, err)
	}
	for _, c := range []struct {
		code string
		to   time.Time
		want error
	}{
		{"samurai-mall", start.AddDate(1, 0, 0), nil},
		{"samurai-mall", start.AddDate(1, 0, 0), nil},
		{"samurai-mall", start, ErrBackward},
		{"asmart", start, ErrNotSandbox},
		{"nobody", start, ErrNotFound},
	} {
		p, err := s.MoveClock(t.Context(), c.code, c.to)
		if !errors.Is(err, c.want) {
			t.Errorf("%s to %s: %v, want %v", c.code, c.to, err, c.want)
		}
		if err == nil && !p.Now(wall).Equal(c.to) {
			t.Errorf("the clock stands at %s, not %s", p.Now(wall), c.to)
		}
	}
}

func TestKeysKeepNoSecret(t *testing.T) {
	s := store(t)
	put(t, s, pointstest.Shipped("asmart"))
	k, secret, err := s.CreateKey(t.Context(), "till 7", "asmart", []string{"checkout"}, wall)
	if err != nil {
		t.Fatal(err)
	}
	if KeyID(secret) != k.ID || HashKey(secret) != k.Hash {
		t.Errorf("secret %q does not belong to %+v", secret, k)
	}
	if _, _, err := s.CreateKey(t.Context(), "", "nobody", nil, wall); !errors.Is(err, ErrNotFound) {
		t.Errorf("a key of a program that is not there: %v", err)
	}
	for range 2 {
		if err := s.RevokeKey(t.Context(), k.ID, wall); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.RevokeKey(t.Context(), "nobody", wall); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoking a key that is not there: %v", err)
	}
	keys, err := s.Keys(t.Context())
	if err != nil || len(keys) != 1 || keys[0].RevokedAt == nil || keys[0].Hash != k.Hash || keys[0].Scopes[0] != "checkout" {
		t.Errorf("keys: %+v, %v", keys, err)
	}
}

func TestStockIsWhatIsLeftFromNowOn(t *testing.T) {
	s := store(t)
	put(t, s, pointstest.Shipped("asmart"))
	five := int64(5)
	for i, b := range []Benefit{{ID: "mug", Name: "Mug", Points: 100, Stock: &five}, {ID: "mug", Name: "Mug", Points: 120}} {
		isNew, err := s.PutBenefit(t.Context(), "asmart", b)
		if err != nil || isNew != (i == 0) {
			t.Errorf("put %d: new %v, %v", i, isNew, err)
		}
		list, err := s.Benefits(t.Context(), "asmart")
		if err != nil || len(list) != 1 || list[0].Points != b.Points || (list[0].Stock != nil) != (b.Stock != nil) {
			t.Errorf("benefits: %+v, %v", list, err)
		}
	}
}

func TestAPeriodClosesOnceItIsOver(t *testing.T) {
	s := store(t)
	put(t, s, pointstest.Shipped("asmart"))
	march, april := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	if _, err := s.ClosePeriod(t.Context(), "asmart", april, "finance", wall); !errors.Is(err, ErrNotOver) {
		t.Errorf("a month under way: %v", err)
	}
	for range 2 {
		p, err := s.ClosePeriod(t.Context(), "asmart", march, "finance", wall)
		if err != nil || p.State != "closed" || !p.Month.Equal(march) {
			t.Errorf("closed: %+v, %v", p, err)
		}
	}
	// A transaction that began before may still post into the month: closing waits for it.
	tx := s.db.MustBeginTx(t.Context(), nil)
	tx.MustExec(`SELECT pg_current_xact_id()`)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := s.ClosePeriod(ctx, "asmart", march.AddDate(0, -1, 0), "finance", wall); !errors.Is(err, ErrStillPosting) {
		t.Errorf("with a posting under way: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	periods, err := s.Periods(t.Context(), "asmart")
	if err != nil || len(periods) != 2 || periods[0].State != "closing" {
		t.Errorf("periods: %+v, %v", periods, err)
	}
}

func TestAPolicyKeepsWhatHappened(t *testing.T) {
	s := store(t)
	put(t, s, pointstest.Shipped("asmart"))
	first := Policy{Name: "asmart", EffectiveFrom: wall.AddDate(-1, 0, 0), Body: "one"}
	second := Policy{Name: "asmart", EffectiveFrom: wall.AddDate(0, 0, -1), Body: "two"}
	future := Policy{Name: "asmart", EffectiveFrom: wall.AddDate(0, 0, 1), Body: "two"}
	refused := errors.New("refused")
	for _, c := range []struct {
		policy Policy
		fits   error
		number int
		want   error
	}{
		{first, nil, 1, nil}, {first, refused, 1, nil}, {second, nil, 0, ErrNotInFuture}, {future, refused, 0, refused}, {future, nil, 2, nil},
	} {
		p, _, err := s.PutPolicy(t.Context(), "asmart", c.policy, wall, func([]Policy) error { return c.fits })
		if !errors.Is(err, c.want) || err == nil && p.Number != c.number {
			t.Errorf("%+v: %+v, %v", c.policy, p, err)
		}
	}
	if list, err := s.Policies(t.Context(), "asmart"); err != nil || len(list) != 2 {
		t.Errorf("policies: %+v, %v", list, err)
	}
}
