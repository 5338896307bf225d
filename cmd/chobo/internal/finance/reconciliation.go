package finance

import (
	"context"
	"errors"
	"math"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"chobo/cmd/chobo/internal/api"
	"chobo/jobs/reconcile"
	"chobo/points"
)

type programPath struct {
	Program string `path:"program"`
}

type runOutput struct {
	Body *reconcile.Run
}

type breaksInput struct {
	Program string `path:"program"`
	Status  string `query:"status" enum:",open,closed" doc:"Default: both."`
	Check   string `query:"check" doc:"One check's. Default: all."`
	Before  int64  `query:"cursor" minimum:"0" doc:"The next_cursor of the page before."`
	Limit   int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type breaksOutput struct {
	Body struct {
		Breaks     []reconcile.BreakRow `json:"breaks"`
		NextCursor *int64               `json:"next_cursor"`
	}
}

type noteInput struct {
	Program string `path:"program"`
	Break   int64  `path:"break"`
	Body    struct {
		Note  string `json:"note" minLength:"1" maxLength:"1000"`
		Actor string `json:"actor" minLength:"1" maxLength:"128"`
	}
}

// reconciliation shows what the last reconciliation found.
func (s server) reconciliation(m *api.Mounting) {
	r := reconcile.Reconciler{DB: s.db, Now: s.now}
	huma.Register(m.API(), m.Allow(huma.Operation{OperationID: "reports.reconciliation", Method: http.MethodGet, Path: "/v1/{program}/reports/reconciliation",
		Summary: "The last reconciliation, check by check", Tags: []string{"finance"}}, api.Finance),
		func(ctx context.Context, _ *programPath) (*runOutput, error) {
			p := api.ProgramOf(ctx)
			last, err := r.Last(ctx, p.ID)
			if err == nil && last == nil {
				last, err = &reconcile.Run{Checks: []reconcile.Result{}}, nil
			}
			return &runOutput{last}, err
		})

	huma.Register(m.API(), m.Allow(huma.Operation{OperationID: "reconciliation.breaks", Method: http.MethodGet, Path: "/v1/{program}/reconciliation/breaks",
		Summary: "What did not agree, newest first", Tags: []string{"finance"}}, api.Finance),
		func(ctx context.Context, in *breaksInput) (*breaksOutput, error) {
			if in.Before == 0 {
				in.Before = math.MaxInt64
			}
			rows, err := r.Breaks(ctx, api.ProgramOf(ctx).ID, in.Status, in.Check, in.Before, in.Limit+1)
			if err != nil {
				return nil, err
			}
			out := &breaksOutput{}
			if len(rows) > in.Limit {
				rows = rows[:in.Limit]
				out.Body.NextCursor = &rows[in.Limit-1].Break
			}
			out.Body.Breaks = append([]reconcile.BreakRow{}, rows...)
			return out, nil
		})

	huma.Register(m.API(), m.Allow(huma.Operation{OperationID: "reconciliation.note", Method: http.MethodPut, Path: "/v1/{program}/reconciliation/breaks/{break}/note",
		Summary: "Note what is known of a break", Tags: []string{"finance"}}, api.Finance, points.NotFound),
		func(ctx context.Context, in *noteInput) (*struct{}, error) {
			err := r.Note(ctx, api.ProgramOf(ctx).ID, in.Break, in.Body.Note, in.Body.Actor)
			if errors.Is(err, reconcile.ErrNoBreak) {
				err = points.Refuse(points.NotFound, "%s", err)
			}
			return nil, err
		})
}
