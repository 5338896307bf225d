package finance

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/cmd/chobo/internal/api"
	"chobo/jobs"
	"chobo/jobs/reconcile"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points"
	"chobo/points/engine"
	"chobo/points/registry"
)

// A Closer closes periods: a month's books, once they are proved.
//
//	what fell due in the month is posted ─▶ closing: nothing else is booked in it any more ─▶ all checks
//	     ─▶ valuation, one transaction a cohort ─▶ the balances are kept with their hash ─▶ closed
//
// Closing again does what is left to do and posts nothing twice. A check that fails leaves the month open.
type Closer struct {
	DB       *sqlx.DB
	Engine   *engine.Engine
	Registry *registry.Store
	Runner   *jobs.Runner
	Now      func() time.Time // the wall clock
}

// Closed is a period that was closed.
type Closed struct {
	Period    string                  `json:"period"`
	State     string                  `json:"state"`
	ClosedAt  time.Time               `json:"closed_at"`
	Actor     string                  `json:"actor"`
	Estimate  *int64                  `json:"estimate" doc:"By which the points were valued; null: there was nothing to value."`
	Valuation []report.ValuationEntry `json:"valuation" doc:"What closing posted, by cohort."`
	Hash      string                  `json:"balances_sha256" doc:"Over the balances that were kept; they never change any more."`
}

const (
	closingSQL    = `SELECT closed_at, actor, estimate, encode(hash, 'hex') FROM closings WHERE program = $1 AND period = $2`
	addClosingSQL = `
INSERT INTO closings (program, period, closed_at, actor, estimate, balances, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (program, period) DO NOTHING`
)

// Close closes the month, whose first day it is given.
//
// It fails with registry.ErrNotOver, registry.ErrStillPosting, and with points.Conflict while a check finds a break.
func (c Closer) Close(ctx context.Context, p *engine.Program, month time.Time, actor string) (*Closed, error) {
	if done, err := c.closed(ctx, p, month); done != nil || err != nil {
		return done, err
	}
	end := time.Date(month.Year(), month.Month()+1, 1, 0, 0, 0, 0, p.Versions.Zone())
	if p.Now(c.Now()).Before(end) {
		return nil, registry.ErrNotOver
	}
	periods, err := c.Registry.Periods(ctx, p.Code)
	if err != nil {
		return nil, err
	}
	for _, other := range periods {
		if other.Month.After(month) { // it is closed with the later one, whose figures must not change
			done, err := c.Registry.ClosePeriod(ctx, p.Code, month, actor, c.Now())
			return &Closed{Period: month.Format(monthForm), State: done.State, ClosedAt: done.ClosedAt.In(p.Versions.Zone()), Actor: done.Actor, Valuation: []report.ValuationEntry{}}, err
		}
	}
	for _, job := range []string{jobs.Release, jobs.Mature, jobs.Expire, jobs.Inactivity} {
		if _, err := c.Runner.Run(ctx, p.Code, job, end.Add(-time.Microsecond)); err != nil {
			return nil, fmt.Errorf("job %s: %w", job, err)
		}
	}
	if _, err := c.Registry.BeginClosing(ctx, p.Code, month, actor, c.Now()); err != nil {
		return nil, err
	}
	if _, err := c.Engine.Reload(ctx); err != nil {
		return nil, err
	}
	run, err := reconcile.Reconciler{DB: c.DB, Now: c.Now}.Complete(ctx, p, end)
	if err == nil && run.Breaks > 0 {
		err = points.Refuse(points.Conflict, "%d breaks are open; see reconciliation/breaks", run.Breaks)
	}
	if err != nil {
		return nil, errors.Join(err, c.Registry.AbandonClosing(context.WithoutCancel(ctx), p.Code, month))
	}
	estimate, err := c.value(ctx, p, report.MonthEnd(month), actor)
	if err != nil {
		return nil, err // it stays closing: calling again goes on
	}
	if err := c.keep(ctx, p, month, actor, estimate); err != nil {
		return nil, err
	}
	if _, err := c.Registry.EndClosing(ctx, p.Code, month); err != nil {
		return nil, err
	}
	return c.closed(ctx, p, month)
}

const monthForm = "2006-01"

// Answer is Close as the API answers it.
func (c Closer) Answer(ctx context.Context, p *engine.Program, month time.Time, actor string) (api.PeriodView, error) {
	done, err := c.Close(ctx, p, month, actor)
	if err != nil {
		return api.PeriodView{}, err
	}
	return api.PeriodView{Period: done.Period, State: done.State, ClosedAt: done.ClosedAt, Actor: done.Actor,
		Estimate: done.Estimate, Valuation: done.Valuation, Balances: done.Hash}, nil
}

// closed is the period if it is closed already.
func (c Closer) closed(ctx context.Context, p *engine.Program, month time.Time) (*Closed, error) {
	periods, err := c.Registry.Periods(ctx, p.Code)
	if err != nil {
		return nil, err
	}
	for _, period := range periods {
		if !period.Month.Equal(month) || period.State != "closed" {
			continue
		}
		out := &Closed{Period: month.Format(monthForm), State: period.State, ClosedAt: period.ClosedAt.In(p.Versions.Zone()), Actor: period.Actor, Valuation: []report.ValuationEntry{}}
		var at time.Time
		err := c.DB.QueryRowContext(ctx, closingSQL, p.ID, month).Scan(&at, &out.Actor, &out.Estimate, &out.Hash)
		if errors.Is(err, sql.ErrNoRows) {
			return out, nil // with a later one, and nothing was valued
		}
		if err != nil {
			return nil, fmt.Errorf("read the closing: %w", err)
		}
		out.Valuation, err = report.Reader{DB: c.DB, Book: BookOf(p)}.Valued(ctx, report.MonthEnd(month))
		return out, err
	}
	return nil, nil
}

// value posts what the estimate as of the month's last day asks for, and tells which that is; nil: there was nothing to
// value. Where none was approved, whoever closes the month approves the one that the program's own terms give.
func (c Closer) value(ctx context.Context, p *engine.Program, end report.Day, actor string) (estimate *int64, err error) {
	r := report.Reader{DB: c.DB, Book: BookOf(p)}
	e, err := r.LastEstimate(ctx, end)
	if err != nil {
		return nil, err
	}
	if e == nil || e.AsOf != end.Format(time.DateOnly) {
		if e, err = Approve(ctx, c.DB, p, EstimateRequest{AsOf: end.Format(time.DateOnly), Actor: actor}, c.Now()); err != nil {
			return nil, err
		}
	}
	if len(e.Cohorts) > 0 {
		estimate = &e.Estimate
	}
	entries, err := r.Valuation(ctx, end, e)
	if err != nil {
		return nil, err
	}
	for _, v := range entries {
		if v.Entry == 0 {
			continue
		}
		if err := c.post(ctx, p, end, v, actor); err != nil {
			return nil, fmt.Errorf("value cohort %s: %w", v.Cohort, err)
		}
	}
	return estimate, nil
}

// post posts one cohort's entry under a key of its own, so that it counts once.
func (c Closer) post(ctx context.Context, p *engine.Program, end report.Day, v report.ValuationEntry, actor string) error {
	subject := report.CohortSubject(v.Cohort, v.Funder)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", subject, v.Entry))
	result, err := c.Engine.Submit(ctx, engine.Request{Program: p.Code, Member: points.HouseMember, Enrol: true,
		Key: "valuation/" + end.Format(monthForm) + "/" + subject, Hash: engine.Hash(sum[:]),
		Command: points.PostHouse{Kind: ledger.Valuation, Subject: subject, BookDate: end, Actor: actor, Lines: []ledger.Line{
			{Account: ledger.ValuationAllowance, Money: v.Entry}, {Account: ledger.ValuationResult, Money: -v.Entry}}}})
	if err == nil && result.Refusal != nil {
		err = result.Refusal
	}
	return err
}

// keep writes what the books say at the month's end.
func (c Closer) keep(ctx context.Context, p *engine.Program, month time.Time, actor string, estimate *int64) error {
	b, err := report.Reader{DB: c.DB, Book: BookOf(p)}.TrialBalance(ctx, report.MonthEnd(month))
	if err != nil {
		return err
	}
	var balances []reconcile.Balance
	for _, row := range b.Rows {
		account, err := ledger.ParseAccount(row.Account)
		if err != nil {
			return err
		}
		if row.Points != 0 || row.Money != 0 {
			balances = append(balances, reconcile.Balance{Account: account, Points: row.Points, Money: row.Money})
		}
	}
	text, err := json.Marshal(balances)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	_, err = c.DB.ExecContext(ctx, addClosingSQL, p.ID, month, p.Now(c.Now()), actor, estimate, string(text), sum[:])
	if err != nil {
		return fmt.Errorf("keep the balances: %w", err)
	}
	return nil
}
