package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"chobo/jobs"
	"chobo/points"
)

// A JobRequest asks for a job.
type JobRequest struct {
	AsOf time.Time `json:"as_of,omitzero" doc:"Up to when it works. Default: now, by the program's clock."`
}

type (
	jobList struct {
		Jobs []jobs.Listing `json:"jobs"`
	}
	jobRuns struct {
		Runs       []jobs.Run `json:"runs"`
		NextCursor *string    `json:"next_cursor" doc:"Null on the last page."`
	}
	jobRunsQuery struct {
		ProgramPath
		Job string `path:"job"`
		Page
	}
)

// jobs adds what is done by the clock.
func (s *Server) jobs() {
	read(s, route{ID: "jobs.list", Path: "/v1/{program}/jobs", Tag: "jobs", Summary: "List the jobs, when they run next and how they last ended", Scopes: Jobs | Finance},
		func(ctx context.Context, c *call, _ *ProgramPath) (*jobList, error) {
			list, err := c.opts.Jobs.List(ctx, c.code())
			return &jobList{list}, err
		})

	read(s, route{ID: "jobs.runs", Path: "/v1/{program}/jobs/{job}/runs", Tag: "jobs", Summary: "List the runs of a job, newest first", Scopes: Jobs | Finance},
		func(ctx context.Context, c *call, in *jobRunsQuery) (*jobRuns, error) {
			before := int64(0)
			if in.Cursor != "" {
				parts, err := c.after(in.Page, 1)
				if err != nil {
					return nil, err
				}
				if before, err = strconv.ParseInt(parts[0], 10, 64); err != nil {
					return nil, badCursor()
				}
			}
			runs, err := c.opts.Jobs.Runs(ctx, c.code(), in.Job, before, in.Limit+1)
			if err != nil {
				return nil, noJob(err)
			}
			out := &jobRuns{Runs: runs}
			if len(runs) > in.Limit {
				out.Runs = runs[:in.Limit]
				out.NextCursor = c.behind(strconv.FormatInt(runs[in.Limit-1].RunID, 10))
			}
			return out, nil
		})

	s.serveBody(&route{ID: "jobs.run", Method: http.MethodPost, Path: "/v1/{program}/jobs/{job}/run", Tag: "jobs", Summary: "Run a job now",
		About:  "Running one twice for the same as_of posts nothing the second time.",
		Scopes: Jobs, Codes: []points.Code{points.TimeInFuture, codeNotTaken}, Body: reflect.TypeFor[JobRequest](), Answer: reflect.TypeFor[jobs.Run]()},
		func(c *call) error {
			in, err := take[JobRequest](c)
			if err != nil {
				return err
			}
			run, err := c.opts.Jobs.Run(c.r.Context(), c.code(), c.param("job"), in.AsOf)
			if err != nil {
				return noJob(err)
			}
			return c.answer(http.StatusOK, run)
		})
}

func noJob(err error) error {
	if errors.Is(err, jobs.ErrUnknownJob) {
		return problem(points.NotFound, "there is no such job")
	}
	return err
}
