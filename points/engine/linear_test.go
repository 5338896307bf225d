package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"chobo/ledger"
	"chobo/points"
)

// A move is what a caller asks of a member, and what he is answered.
type move struct {
	member string
	change ledger.Points // a grant is positive, an order paid with points negative, a look zero
}

type answered struct {
	accepted bool
	saw      ledger.Points // by a look
}

// oneAfterAnother says how points behave if everything happens at one instant between question and answer: nobody
// spends what is not there or is refused what is, and who looks sees all that was answered before.
var oneAfterAnother = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byMember := map[string][]porcupine.Operation{}
		for _, o := range history {
			m := o.Input.(move).member
			byMember[m] = append(byMember[m], o)
		}
		parts := make([][]porcupine.Operation, 0, len(byMember))
		for _, part := range byMember {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return ledger.Points(0) },
	Step: func(state, input, output any) (bool, any) {
		available, asked, got := state.(ledger.Points), input.(move), output.(answered)
		switch after := available + asked.change; {
		case asked.change == 0:
			return got.saw == available, available
		case got.accepted:
			return after >= 0, after
		default:
			return after < 0, available
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
}

// Many callers move and look at few members' points through two engines on one database. Some give up waiting and ask
// again, at the other engine, until they know. Whatever they were answered could have happened one after another.
func TestLinearizable(t *testing.T) {
	const callers, moves, members = 12, 40, 3
	e, db := open(t)
	engines := []*Engine{e, start(t, db)}
	histories := make([][]porcupine.Operation, callers)
	began := time.Now()
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for i := range moves {
				asked := move{member: fmt.Sprint("M-", rand.IntN(members)), change: ledger.Points(rand.IntN(7) - 4)}
				call := time.Since(began)
				got, err := insist(t, engines[c%2], engines[(c+1)%2], asked, fmt.Sprintf("%d-%d", c, i))
				if err != nil {
					t.Error(err)
					return
				}
				histories[c] = append(histories[c], porcupine.Operation{ClientId: c, Input: asked, Output: got, Call: int64(call), Return: int64(time.Since(began))})
			}
		})
	}
	all.Wait()
	switch result, info := porcupine.CheckOperationsVerbose(oneAfterAnother, slices.Concat(histories...), time.Minute); result {
	case porcupine.Ok:
	case porcupine.Unknown:
		t.Error("the history is too long to be judged")
	default:
		path := t.ArtifactDir() + "/history.html"
		t.Errorf("no order of the moves explains the answers; drawn in %s (%v)", path, porcupine.VisualizePath(oneAfterAnother, info, path))
	}
	audit(t, db)
}

// insist makes a move and asks until it knows the answer: impatiently at one engine, then at the other.
func insist(t *testing.T, first, then *Engine, asked move, key string) (got answered, err error) {
	if asked.change == 0 {
		err = first.Read(t.Context(), mall, asked.member, points.Need{}, time.Time{}, func(a *points.Account) error {
			got.saw = a.Available
			return nil
		})
		return got, err
	}
	r := request(asked.member, key, spend(key, int64(-asked.change)))
	if asked.change > 0 {
		r = request(asked.member, key, points.GrantPoints{Points: asked.change, Reason: "gift"})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(6))*time.Millisecond)
	defer cancel()
	result, err := first.Submit(ctx, r)
	if errors.Is(err, context.DeadlineExceeded) {
		result, err = then.Submit(t.Context(), r)
	}
	if err != nil {
		return got, err
	}
	switch {
	case result.Status == 201:
		got.accepted = true
	case result.Status != 422: // render's status of a refusal, replayed or not
		err = fmt.Errorf("%+v %s", result, result.Body)
	}
	return got, err
}
