package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"chobo/ledger"
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

// A reminder counts the members whose points expire or lapse soon, and those points.
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
			for _, n := range soon {
				if n > 0 {
					did.Processed++
					did.Points += n
				}
			}
		}
	}
	return did, nil
}

// expiring reads, for each of the members, how many points go soon.
func (r reminder) expiring(ctx context.Context, t Task, notes []note) ([]ledger.Points, error) {
	soon := make([]ledger.Points, len(notes))
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

func (r reminder) expiringOf(ctx context.Context, t Task, member string) (soon ledger.Points, err error) {
	var needs points.Need
	for {
		var lacks *points.Need
		err := r.engine.Read(ctx, t.Program.Code, member, needs, t.AsOf, func(a *points.Account) error {
			lacks = points.Reading(a, func(a *points.Account) {
				soon = 0
				for _, e := range a.View().Expiring {
					if !e.ExpiresAt.After(t.AsOf.Add(remindAhead)) {
						soon += e.Points
					}
				}
			})
			return nil
		})
		if err != nil || lacks == nil {
			return soon, err
		}
		needs = *lacks
	}
}
