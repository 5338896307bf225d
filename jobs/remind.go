package jobs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"golang.org/x/sync/errgroup"

	"chobo/points"
	"chobo/points/engine"
)

const (
	// remindAhead is how far ahead it looks.
	remindAhead = 30 * 24 * time.Hour

	// readersAtOnce bounds how many connections a reminder takes from those who wait for an answer.
	readersAtOnce = 4
)

// perhapsExpiringSQL lists, each once, the members who may lose points of kind $2 up to $3, behind ($4, $5). A note may
// stand earlier than its event, so the member's account decides. $6 is the other kind, whose notes were read before.
const perhapsExpiringSQL = `
SELECT d.at, d.member, m.member_id
  FROM due AS d JOIN members AS m ON m.member = d.member
 WHERE d.program = $1 AND d.kind = $2 AND d.at <= $3 AND (d.at, d.member) > ($4, $5::uuid)
   AND NOT EXISTS (SELECT FROM due AS e WHERE e.member = d.member AND (e.kind = $2 AND e.at < d.at OR e.kind = $6 AND e.at <= $3))
 ORDER BY d.at, d.member
 LIMIT $7`

// remindersSQL notes that a member is told of points that go at an instant, once. $1 members, $2 instants, $3 program,
// $4 points, $5 the time of the run.
const remindersSQL = `
INSERT INTO reminders (member, due_at, program, points, made_at)
SELECT u.member, u.due_at, $3, u.points, $5
  FROM unnest($1::uuid[], $2::timestamptz[], $4::bigint[]) AS u(member, due_at, points)
 ORDER BY u.member, u.due_at
    ON CONFLICT (member, due_at) DO NOTHING`

// A reminder makes an event of points that expire or lapse soon, one for each member and instant; and it counts those
// members and points, told or not.
type reminder struct {
	db     *sqlx.DB
	engine *engine.Engine
}

func (r reminder) do(ctx context.Context, t Task) (did Result, err error) {
	none := points.Due(-1)
	for _, kinds := range [][2]points.Due{{points.DueExpire, none}, {points.DueLapse, points.DueExpire}} {
		at := beforeAll
		for {
			var notes []note
			err := r.db.SelectContext(ctx, &notes, perhapsExpiringSQL, t.Program.ID, int(kinds[0]), t.AsOf.Add(remindAhead),
				at.At, at.Member, int(kinds[1]), visitsAtOnce)
			if err != nil {
				return did, fmt.Errorf("look for points that expire: %w", err)
			}
			if len(notes) == 0 {
				break
			}
			at = notes[len(notes)-1]
			soon, err := r.expiring(ctx, t, notes)
			if err != nil {
				return did, err
			}
			if err := r.tell(ctx, t, notes, soon); err != nil {
				return did, err
			}
			for _, going := range soon {
				for _, e := range going {
					did.Points += e.Points
				}
				if len(going) > 0 {
					did.Processed++
				}
			}
		}
	}
	return did, nil
}

// tell makes the events of those who were not told yet.
func (r reminder) tell(ctx context.Context, t Task, notes []note, soon [][]points.ExpiringView) error {
	var members []string
	var at []time.Time
	var n []int64
	for i, going := range soon {
		for _, e := range going {
			members, at, n = append(members, notes[i].Member), append(at, e.ExpiresAt.UTC()), append(n, int64(e.Points))
		}
	}
	if len(members) == 0 {
		return nil
	}
	if _, err := r.db.ExecContext(ctx, remindersSQL, pq.Array(members), pq.Array(at), t.Program.ID, pq.Array(n), t.AsOf); err != nil {
		return fmt.Errorf("remind: %w", err)
	}
	return nil
}

// expiring reads, for each of the members, what goes soon.
func (r reminder) expiring(ctx context.Context, t Task, notes []note) ([][]points.ExpiringView, error) {
	soon := make([][]points.ExpiringView, len(notes))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readersAtOnce)
	for i, n := range notes {
		g.Go(func() (err error) {
			soon[i], err = r.expiringOf(ctx, t, n.Name)
			return err
		})
	}
	return soon, g.Wait()
}

func (r reminder) expiringOf(ctx context.Context, t Task, member string) (soon []points.ExpiringView, err error) {
	var needs points.Need
	for {
		var lacks *points.Need
		err := r.engine.Read(ctx, t.Program.Code, member, needs, t.AsOf, func(a *points.Account) error {
			lacks = points.Reading(a, func(a *points.Account) {
				soon = slices.DeleteFunc(a.View().Expiring, func(e points.ExpiringView) bool { return e.ExpiresAt.After(t.AsOf.Add(remindAhead)) })
			})
			return nil
		})
		if err != nil || lacks == nil {
			return soon, err
		}
		needs = *lacks
	}
}
