package bench

import (
	"context"
	"fmt"
	"time"

	"chobo/points"
)

// matureAll gives every member a hold and measures the job that ends them all.
func (b *bench) matureAll(ctx context.Context) error {
	b.opts.Say(fmt.Sprintf("job mature, members: %d", b.opts.Members))
	if err := b.grantAll(ctx, b.subject.Engine, "hold", points.GrantPoints{Points: 10, HoldDays: 1}); err != nil {
		return err
	}
	before, err := b.gauges(ctx)
	if err != nil {
		return err
	}
	lots, err := b.subject.Mature(ctx, opened.Add(3*24*time.Hour))
	if err != nil {
		return err
	}
	after, err := b.gauges(ctx)
	if err != nil {
		return err
	}
	if lots != int64(b.opts.Members) {
		return fmt.Errorf("the job matured %d lots of %d members", lots, b.opts.Members)
	}
	r := Result{Name: "job mature, lots", Callers: 1, Ops: lots}
	after.minus(before).fill(&r)
	b.report.Results = append(b.report.Results, r)
	return nil
}
