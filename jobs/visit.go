package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/engine"
)

// visitsAtOnce bounds how many members are read and sent to the engine together, and so the memory of a job and how
// long it can hold up a program's other traffic.
const visitsAtOnce = 1000

// dueSQL reads on in the list of whom to visit, behind ($4, $5).
const dueSQL = `
SELECT d.at, d.member, m.member_id
  FROM due AS d JOIN members AS m ON m.member = d.member
 WHERE d.program = $1 AND d.kind = $2 AND d.at <= $3 AND (d.at, d.member) > ($4, $5::uuid)
 ORDER BY d.at, d.member
 LIMIT $6`

// A visitor visits every member who has an event of its kind due. The engine posts the events and strikes the member's
// notes off the list, or notes when to come again.
type visitor struct {
	db     *sqlx.DB
	engine submitter
	kind   points.Due
}

// submitter is the engine.
type submitter interface {
	SubmitMany(ctx context.Context, requests []engine.Request) []engine.Outcome
}

// note is a row of the list.
type note struct {
	At     time.Time `db:"at"`
	Member string    `db:"member"`
	Name   string    `db:"member_id"`
}

// beforeAll stands before every note.
var beforeAll = note{Member: "00000000-0000-0000-0000-000000000000"}

// do visits, and goes on when single members fail: the error then tells how many did, and why the first did. When the
// database is away or the engine closes it stops.
func (v visitor) do(ctx context.Context, t Task) (did Result, err error) {
	at := beforeAll
	var failed int
	var why error
	for {
		var notes []note
		err := v.db.SelectContext(ctx, &notes, dueSQL, t.Program.ID, int(v.kind), t.AsOf, at.At, at.Member, visitsAtOnce)
		if err != nil {
			return did, fmt.Errorf("list whom to visit: %w", err)
		}
		if len(notes) == 0 {
			break
		}
		at = notes[len(notes)-1]
		outcomes, err := v.visit(ctx, t, notes)
		if err != nil {
			return did, err
		}
		for _, o := range outcomes {
			moved, err := count(o)
			did.Processed += int64(moved.Processed)
			did.Points += moved.Points
			switch {
			case err == nil:
			case errors.Is(err, engine.ErrClosing) || errors.Is(err, engine.ErrUnavailable):
				return did, err
			default:
				failed++
				if why == nil {
					why = err
				}
			}
		}
	}
	if failed > 0 {
		return did, fmt.Errorf("%d members could not be visited, the first because: %w", failed, why)
	}
	return did, nil
}

// visit sends one command a member, whom it names by the key of his books: his id may have been redacted. A batch that
// was begun is finished even if ctx ends: it is short.
func (v visitor) visit(ctx context.Context, t Task, notes []note) ([]engine.Outcome, error) {
	seen := make(map[string]bool, len(notes))
	requests := make([]engine.Request, 0, len(notes))
	for _, n := range notes {
		if seen[n.Member] {
			continue
		}
		seen[n.Member] = true
		books, err := ledger.ParseMember(n.Member)
		if err != nil {
			return nil, err
		}
		requests = append(requests, engine.Request{Program: t.Program.Code, Member: n.Name, Books: books, Command: points.Visit{Kind: v.kind, AsOf: t.AsOf}})
	}
	return v.engine.SubmitMany(context.WithoutCancel(ctx), requests), nil
}

// count reads what a visit moved.
func count(o engine.Outcome) (moved points.Count, err error) {
	switch {
	case o.Err != nil:
		return moved, o.Err
	case o.Refusal != nil:
		return moved, o.Refusal
	}
	if err := json.Unmarshal(o.Body, &moved); err != nil {
		return moved, fmt.Errorf("read the answer to a visit: %w", err)
	}
	return moved, nil
}
