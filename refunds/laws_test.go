package refunds_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
	. "chobo/refunds/refundstest"
)

// Whatever is asked for, in whatever order and at whatever time, keeps every law of the books; what is refused changes nothing.
func TestEveryCommandKeepsTheLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		versions := AHistory(t)
		b := ABook(versions)
		w := NewTrade(versions)
		w.Past = true
		now := Begin
		for range Between(t, "commands", 1, 60) {
			now = soon(t, now)
			act(t, b, now, w.Command(t, b, now))
		}
	})
}

// soon is some time later, mostly within the day.
func soon(t *rapid.T, now time.Time) time.Time {
	return now.Add(time.Duration(OneOf(t, "hours", 0, 0, 1, 5, 24, 100, 400)) * time.Hour)
}

// act runs a command, which may be refused, and audits the books.
func act(t *rapid.T, b *Book, now time.Time, c points.Command) string {
	reply, err := b.Do(now, c)
	if err != nil && CodeOf(err) == "" {
		t.Fatalf("%s: %v", c.Name(), err)
	}
	if err := b.Audit(); err != nil {
		t.Fatalf("after %#v: %v\n%s", c, err, b.T(0))
	}
	if err != nil {
		return err.Error()
	}
	return Body(reply)
}

// An account with more lots than its row packs answers and stands as one that has all of them in its row, also when
// several commands come together.
func TestSpilledLotsAreLotsLikeAnyOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		versions := AHistory(t)
		spills, whole := ABook(versions), ABook(versions)
		whole.Whole = true
		w := NewTrade(versions)
		w.Past = true
		now := Begin
		both := func(many int, draw func() points.Command) {
			spills.Batch(func() {
				for range many {
					c := draw()
					reply, err := spills.Do(now, c)
					packed, kept := Body(reply), act(t, whole, now, c)
					if err != nil {
						packed = err.Error()
					}
					if packed != kept {
						t.Fatalf("%#v: with spilled lots\n%s\nwithout\n%s", c, packed, kept)
					}
				}
			})
			if err := spills.Audit(); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(spills.Journal, whole.Journal) {
				t.Fatalf("with spilled lots\n%s\nwithout\n%s", spills.T(0), whole.T(0))
			}
			if lots, all := spills.AllLots(), whole.AllLots(); !slices.Equal(lots, all) {
				t.Fatalf("with spilled lots\n%+v\nwithout\n%+v", lots, all)
			}
		}
		both(Between(t, "lots", 33, 80), func() points.Command {
			g := points.GrantPoints{Points: ledger.Points(Between(t, "points", 1, 5))}
			if Below(t, "expires", 4) > 0 {
				g.ExpiresAt = now.AddDate(0, 0, Between(t, "days", 1, 40))
			}
			return g
		})
		for range Between(t, "batches", 1, 15) {
			now = soon(t, now)
			both(Between(t, "commands", 1, 4), func() points.Command { return w.Command(t, whole, now) })
			at := soon(t, now)
			read := func(b *Book) string {
				return View(b, at, func(a *points.Account) string { return fmt.Sprintf("%+v", a.View()) })
			}
			if packed, kept := read(spills), read(whole); packed != kept {
				t.Fatalf("at %s with spilled lots\n%s\nwithout\n%s", at, packed, kept)
			}
		}
	})
}

// What falls due is posted the same whether the jobs come by every few hours, in any order, or nobody comes until the
// next command; and a look ahead sees what will then be.
func TestTimeGoesTheSameInSmallStepsAndInOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		versions := AHistory(t)
		visited, alone := ABook(versions), ABook(versions)
		w := NewTrade(versions)
		now := Begin
		for range Between(t, "commands", 1, 40) {
			next := soon(t, now)
			for range Below(t, "visits", 5) {
				if at := now.Add(time.Duration(Below(t, "hours later", 1000)) * time.Hour); !at.After(next) {
					now = at
					act(t, visited, now, points.Visit{Kind: points.Due(Below(t, "job", points.DueKinds)), AsOf: now})
				}
			}
			now = next
			c := w.Command(t, alone, now)
			if _, visit := c.(points.Visit); visit {
				continue
			}
			ahead := View(alone, now, func(a *points.Account) string { return fmt.Sprintf("%+v", a.View()) })
			if stepped := View(visited, now, func(a *points.Account) string { return fmt.Sprintf("%+v", a.View()) }); stepped != ahead {
				t.Fatalf("at %s in steps\n%s\nin one\n%s", now, stepped, ahead)
			}
			if stepped, once := act(t, visited, now, c), act(t, alone, now, c); stepped != once {
				t.Fatalf("%#v: in steps\n%s\nin one\n%s", c, stepped, once)
			}
		}
		// The journals are the same but for when they were written.
		last := points.Visit{Kind: points.DueLapse, AsOf: now}
		act(t, visited, now, last)
		act(t, alone, now, last)
		if len(visited.Journal) != len(alone.Journal) {
			t.Fatalf("in steps\n%s\nin one\n%s", visited.T(0), alone.T(0))
		}
		for i := range visited.Journal {
			x, y := visited.Journal[i], alone.Journal[i]
			x.PostedAt, y.PostedAt = time.Time{}, time.Time{}
			if !reflect.DeepEqual(x, y) {
				t.Fatalf("in steps\n%+v\nin one\n%+v", x, y)
			}
		}
	})
}

// A batch of one member's commands does what they do one after another, or nothing at all.
func TestAnAtomicBatchIsAllOrNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		versions := AHistory(t)
		batch, single := ABook(versions), ABook(versions)
		w := NewTrade(versions)
		now := Begin
		for range Between(t, "batches", 1, 12) {
			now = soon(t, now)
			var commands []points.Command
			for range Between(t, "commands", 1, 5) {
				commands = append(commands, w.Command(t, single, now))
			}
			before := len(batch.Journal)
			replies, refused, err := batch.DoAll(now, commands...)
			if fault := batch.Audit(); fault != nil {
				t.Fatal(fault)
			}
			if err != nil {
				if len(batch.Journal) != before || refused < 0 {
					t.Fatalf("a refused batch posted\n%s", batch.T(before))
				}
				continue
			}
			for i, c := range commands {
				if got, want := Body(replies[i]), act(t, single, now, c); got != want {
					t.Fatalf("%s in the batch\n%s\nalone\n%s", c.Name(), got, want)
				}
			}
			if !reflect.DeepEqual(batch.Journal, single.Journal) || !reflect.DeepEqual(batch.State, single.State) {
				t.Fatalf("the batch\n%s\nalone\n%s", batch.T(0), single.T(0))
			}
		}
	})
}
