package finance

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"

	"chobo/cmd/chobo/internal/api"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points"
	"chobo/points/engine"
)

// An EstimateRequest asks for an estimate of use to be made and kept. What it does not say is computed.
type EstimateRequest struct {
	AsOf    string           `json:"as_of,omitempty" doc:"A date, or a month for its last day. Default: today."`
	Prior   string           `json:"prior,omitempty" doc:"Rate of use that is expected where history is too short, 0 to 1. Default: 1."`
	Term    int              `json:"term,omitempty" minimum:"1" maximum:"600" doc:"Months after which a grant is used or lost. Default: as the program's points expire."`
	Cohorts []EstimateCohort `json:"cohorts,omitempty" doc:"Cohorts of which finance knows better."`
	Actor   string           `json:"actor" minLength:"1" maxLength:"128" doc:"Who approves it."`
}

// An EstimateCohort is what finance says of one cohort.
type EstimateCohort struct {
	Cohort   string        `json:"cohort" doc:"The month of the grants, as 2026-04."`
	Funder   report.Funder `json:"funder,omitempty" enum:",mall,shop,other" doc:"Default: mall."`
	Expected *int64        `json:"expected,omitempty" minimum:"0" doc:"To be redeemed in all."`
	Sales    *ledger.Money `json:"sales,omitempty" minimum:"0" doc:"Stand-alone price of what earned the points. Only the cohort's first estimate takes it."`
}

type estimateInput struct {
	Program string `path:"program"`
	Body    EstimateRequest
}

type estimateOutput struct {
	Body *report.Estimate
}

type lastEstimateInput struct {
	Program string `path:"program"`
	AsOf    string `query:"as_of" doc:"Approved as of this day or before. Default: today."`
}

// estimates keeps what members are expected to use still, for the valuation.
func (s server) estimates(m *api.Mounting) {
	huma.Register(m.API(), m.Allow(huma.Operation{OperationID: "estimates.create", Method: http.MethodPost, Path: "/v1/{program}/estimates", DefaultStatus: http.StatusCreated,
		Summary: "Approve an estimate of the use of points", Tags: []string{"finance"},
		Description: "The next closing of a period values the points by it. It is kept with all that it was computed from."}, api.Finance, points.ValidationFailed, points.Conflict),
		func(ctx context.Context, in *estimateInput) (*estimateOutput, error) {
			e, err := Approve(ctx, s.db, api.ProgramOf(ctx), in.Body, s.now())
			return &estimateOutput{e}, err
		})
	huma.Register(m.API(), m.Allow(huma.Operation{OperationID: "estimates.last", Method: http.MethodGet, Path: "/v1/{program}/estimates/last",
		Summary: "The estimate in force", Tags: []string{"finance"}}, api.Finance, points.NotFound),
		func(ctx context.Context, in *lastEstimateInput) (*estimateOutput, error) {
			p := api.ProgramOf(ctx)
			r := report.Reader{DB: s.db, Book: BookOf(p)}
			day, err := r.ParseTo(in.AsOf, r.DayOf(p.Now(s.now())))
			if err != nil {
				return nil, points.RefuseField(points.ValidationFailed, "query.as_of", "%s", err)
			}
			e, err := r.LastEstimate(ctx, day)
			if err == nil && e == nil {
				err = points.Refuse(points.NotFound, "no estimate was approved by then")
			}
			return &estimateOutput{e}, err
		})
}

// Approve makes an estimate as the request says and keeps it. It refuses with ValidationFailed, and with Conflict as of a
// period that is closed, which was valued by another.
func Approve(ctx context.Context, db *sqlx.DB, p *engine.Program, in EstimateRequest, wall time.Time) (*report.Estimate, error) {
	r := report.Reader{DB: db, Book: BookOf(p)}
	day, err := r.ParseTo(in.AsOf, r.DayOf(p.Now(wall)))
	if err != nil {
		return nil, points.RefuseField(points.ValidationFailed, "as_of", "%s", err)
	}
	as := report.Assumptions{Prior: decimal.NewFromInt(1), Term: in.Term}
	if in.Prior != "" {
		if as.Prior, err = decimal.NewFromString(in.Prior); err != nil || as.Prior.IsNegative() || as.Prior.GreaterThan(decimal.NewFromInt(1)) {
			return nil, points.RefuseField(points.ValidationFailed, "prior", "must be a decimal from 0 to 1")
		}
	}
	if as.Term == 0 {
		as.Term = TermOf(p, day)
	}
	e, err := r.Estimate(ctx, day, as)
	if err != nil {
		return nil, err
	}
	for i, c := range in.Cohorts {
		if err := correct(e, r.Book, c); err != nil {
			return nil, points.RefuseField(points.ValidationFailed, fmt.Sprintf("cohorts[%d]", i), "%s", err)
		}
	}
	e.MadeAt, e.Approver = p.Now(wall).In(r.Zone), in.Actor
	return e, keepEstimate(ctx, db, p.ID, day, e)
}

// correct puts what finance says in the place of what was computed.
func correct(e *report.Estimate, b report.Book, in EstimateCohort) error {
	if in.Funder == "" {
		in.Funder = report.Mall
	}
	for i := range e.Cohorts {
		c := &e.Cohorts[i]
		if c.Cohort != in.Cohort || c.Funder != in.Funder {
			continue
		}
		if in.Expected != nil {
			if *in.Expected < c.Redeemed {
				return fmt.Errorf("%d were redeemed already, so no fewer can be expected", c.Redeemed)
			}
			c.Expected = *in.Expected
		}
		if in.Sales != nil && c.First {
			c.Sales = *in.Sales
		}
		if c.First {
			c.Allocate(b)
		}
		return nil
	}
	return fmt.Errorf("there is no cohort %s of %s", in.Cohort, in.Funder)
}

const (
	// lockPeriodsSQL waits for closings to end, and keeps others from ending, until the estimate stands.
	lockPeriodsSQL = `LOCK TABLE periods IN SHARE MODE`
	openSQL        = `
SELECT NOT EXISTS (SELECT FROM periods WHERE program = $1 AND state = 'closed' AND period + interval '1 month' > $2::date)`

	addEstimateSQL = `
INSERT INTO estimates (program, as_of, method, prior, factors, triangle, made_at, approver)
VALUES ($1, $2, $3, $4::numeric, $5, $6, $7, $8) RETURNING estimate`

	addCohortSQL = `
INSERT INTO estimated_cohorts (estimate, cohort, funder, issued, redeemed, expected, sales, allocated)
VALUES ($1, ($2 || '-01')::date, $3, $4, $5, $6, $7, $8)`
)

func keepEstimate(ctx context.Context, db *sqlx.DB, program int, day report.Day, e *report.Estimate) (err error) {
	factors, err := json.Marshal(e.Factors)
	if err != nil {
		return err
	}
	triangle, err := json.Marshal(e.Triangle)
	if err != nil {
		return err
	}
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("keep the estimate: %w", err)
	}
	defer func() {
		if err2 := tx.Rollback(); err2 != nil && !errors.Is(err2, sql.ErrTxDone) && err == nil {
			err = err2
		}
	}()
	if _, err := tx.ExecContext(ctx, lockPeriodsSQL); err != nil {
		return fmt.Errorf("wait for closings: %w", err)
	}
	var open bool
	if err := tx.GetContext(ctx, &open, openSQL, program, day); err != nil {
		return fmt.Errorf("see what is closed: %w", err)
	}
	if !open {
		return points.Refuse(points.Conflict, "%s is closed; its points were valued when it was", day.Format(monthForm))
	}
	err = tx.QueryRowContext(ctx, addEstimateSQL, program, day, e.Method, e.Prior, string(factors), string(triangle), e.MadeAt.UTC(), e.Approver).Scan(&e.Estimate)
	if err != nil {
		return fmt.Errorf("keep the estimate: %w", err)
	}
	for _, c := range e.Cohorts {
		if _, err := tx.ExecContext(ctx, addCohortSQL, e.Estimate, c.Cohort, string(c.Funder), c.Issued, c.Redeemed, c.Expected, int64(c.Sales), int64(c.Allocated)); err != nil {
			return fmt.Errorf("keep cohort %s: %w", c.Cohort, err)
		}
	}
	return tx.Commit()
}
