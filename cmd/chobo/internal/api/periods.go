package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"chobo/jobs"
	"chobo/ledger/report"
	"chobo/points"
	"chobo/points/registry"
)

// A PeriodView is a month of the books that takes no more postings.
type PeriodView struct {
	Period   string    `json:"period" doc:"YYYY-MM"`
	State    string    `json:"state" enum:"closing,closed"`
	ClosedAt time.Time `json:"closed_at"`
	Actor    string    `json:"actor"`

	Estimate  *int64                  `json:"estimate,omitempty" doc:"By which the points were valued when it was closed."`
	Valuation []report.ValuationEntry `json:"valuation,omitempty" doc:"What closing posted, by cohort."`
	Balances  string                  `json:"balances_sha256,omitempty" doc:"Over the balances that were kept; they never change any more."`
}

// A PeriodClose closes a month.
type PeriodClose struct {
	Actor string `json:"actor,omitempty" maxLength:"128" doc:"Default: the key."`
}

type periodList struct {
	Periods []PeriodView `json:"periods"`
}

const monthForm = "2006-01"

// periods adds the closing of months.
func (s *Server) periods() {
	read(s, route{ID: "periods.list", Path: "/v1/{program}/periods", Tag: "finance", Summary: "List the closed months", Scopes: Finance},
		func(ctx context.Context, c *call, _ *ProgramPath) (*periodList, error) {
			periods, err := c.opts.Registry.Periods(ctx, c.code())
			if err != nil {
				return nil, err
			}
			out := &periodList{Periods: []PeriodView{}}
			for _, p := range periods {
				out.Periods = append(out.Periods, c.periodView(p))
			}
			return out, nil
		})

	s.serveBody(&route{ID: "periods.close", Method: http.MethodPost, Path: "/v1/{program}/periods/{period}/close", Tag: "finance", Summary: "Close a month, and all before it",
		About:  "First what fell due in it is posted. What is posted afterwards counts to the first day behind it. Then all checks run, the points are valued by cohort, and the balances are kept. Closing again posts nothing.",
		Scopes: Finance, Codes: []points.Code{points.Conflict}, Body: reflect.TypeFor[PeriodClose](), Answer: reflect.TypeFor[PeriodView]()},
		(*call).closePeriod)
}

func (c *call) periodView(p registry.Period) PeriodView {
	return PeriodView{Period: p.Month.Format(monthForm), State: p.State, ClosedAt: p.ClosedAt.In(c.zone(c.code())), Actor: p.Actor}
}

// closePeriod posts what fell due, and closes. Source: ruling 3.
func (c *call) closePeriod() error {
	in, err := take[PeriodClose](c)
	if err != nil {
		return err
	}
	month, err := time.Parse(monthForm, c.param("period"))
	if err != nil {
		return invalid(Fault{"path.period", "must be a month as 2026-03"})
	}
	if in.Actor == "" {
		in.Actor = c.by.name()
	}
	if c.opts.Close != nil {
		p, err := c.opts.Close(c.r.Context(), c.program, month, in.Actor)
		if err != nil {
			return err
		}
		return c.answer(http.StatusOK, p)
	}
	y, m, _ := month.Date()
	end := time.Date(y, m+1, 1, 0, 0, 0, 0, c.program.Versions.Zone())
	if c.program.Now(c.opts.Now()).Before(end) {
		return registry.ErrNotOver
	}
	for _, job := range []string{jobs.Release, jobs.Mature, jobs.Expire, jobs.Inactivity} {
		if _, err := c.opts.Jobs.Run(c.r.Context(), c.code(), job, end.Add(-time.Microsecond)); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), 20*time.Second)
	defer cancel()
	p, err := c.opts.Registry.ClosePeriod(ctx, c.code(), month, in.Actor, c.opts.Now())
	if err != nil {
		return err
	}
	if _, err := c.opts.Engine.Reload(c.r.Context()); err != nil {
		return err
	}
	return c.answer(http.StatusOK, c.periodView(p))
}

// name is how books call who acted, where nobody said.
func (p *principal) name() string {
	if p.id == "" {
		return "admin"
	}
	return "key " + p.id
}
