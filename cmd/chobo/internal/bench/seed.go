package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"chobo/points"
	"chobo/points/engine"
	"chobo/points/program"
	"chobo/points/registry"
)

const (
	// Program is what the bench posts to.
	Program = "bench"

	// plenty is what each member gets, so that none runs out.
	plenty = 1_000_000_000

	seedAtOnce = 5000
)

// opened is when the program's clock begins to stand still.
var opened = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)

// addProgram adds the program: a copy of a shipped one whose points stay, so that no member is ever due.
func (b *bench) addProgram(ctx context.Context) error {
	p := *program.Shipped()[0]
	p.Code, p.Name, p.Sandbox, p.EffectiveFrom = Program, "Bench", true, opened
	p.Expiry = program.Expiry{Mode: program.Never}
	_, _, _, err := registry.New(b.owner).PutProgram(ctx, &p, time.Now())
	return err
}

// seed enrols the members, each with a lot of points, and lets the server look at its tables.
func (b *bench) seed(ctx context.Context, url string) (err error) {
	s, err := b.opts.Open(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()
	b.opts.Say(fmt.Sprintf("granting points to %d members", b.opts.Members))
	began := time.Now()
	if err := b.grantAll(ctx, s.Engine, "seed", points.GrantPoints{Points: plenty}); err != nil {
		return err
	}
	b.report.Seeded = time.Since(began)
	if _, err := b.owner.ExecContext(ctx, analyzeSQL); err != nil {
		return fmt.Errorf("analyze: %w", err)
	}
	return nil
}

// grantAll grants the same to every member.
func (b *bench) grantAll(ctx context.Context, e *engine.Engine, key string, grant points.GrantPoints) error {
	for from := 0; from < b.opts.Members; from += seedAtOnce {
		requests := make([]engine.Request, 0, seedAtOnce)
		for i := from; i < min(from+seedAtOnce, b.opts.Members); i++ {
			requests = append(requests, engine.Request{Program: Program, Member: member(i), Key: key, Enrol: true, Command: grant})
		}
		for _, o := range e.SubmitMany(ctx, requests) {
			if err := outcome(o); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
	}
	return nil
}

func member(i int) string { return "M-" + strconv.Itoa(i) }

// outcome is why a request was not posted; nil: it was.
func outcome(o engine.Outcome) error {
	switch {
	case o.Err != nil:
		return o.Err
	case o.Refusal != nil:
		return o.Refusal
	case o.Status >= 300:
		return fmt.Errorf("answered %d: %s", o.Status, o.Body)
	}
	return nil
}
