package api

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chobo/jobs"
	"chobo/points"
	"chobo/points/engine"
	"chobo/points/registry"
)

// An Engine posts commands and shows accounts: engine.Engine, or a stand-in that measures what all the rest costs.
type Engine interface {
	Submit(ctx context.Context, r engine.Request) (engine.Result, error)
	SubmitAtomic(ctx context.Context, requests []engine.Request) []engine.Outcome
	SubmitMany(ctx context.Context, requests []engine.Request) []engine.Outcome
	DryRun(ctx context.Context, r engine.Request) (engine.Preview, error)
	DryRunAll(ctx context.Context, requests []engine.Request, atomic bool) ([]engine.Preview, error)
	Read(ctx context.Context, program, member string, needs points.Need, at time.Time, fn func(*points.Account) error) error
	Config() *engine.Config
	Reload(ctx context.Context) (*engine.Config, error)
}

// Runner runs jobs: jobs.Runner.
type Runner interface {
	Run(ctx context.Context, program, job string, asOf time.Time) (jobs.Run, error)
	List(ctx context.Context, program string) ([]jobs.Listing, error)
	Runs(ctx context.Context, program, job string, before int64, limit int) ([]jobs.Run, error)
}

// Options say what the API serves. DB, Engine and Registry have no default.
type Options struct {
	DB       *sqlx.DB // a pool of schema.Open
	Engine   Engine
	Registry *registry.Store
	Jobs     Runner
	AdminKey string               // accepted as an admin key of every program; empty: none is
	Version  string               // of the program, for the OpenAPI document
	Now      func() time.Time     // nil: the wall clock
	Patience time.Duration        // with a caller who does not read his answer; 0: 30 s
	Metrics  *prometheus.Registry // nil: one of its own
	Console  http.Handler         // serves what lies below /console/; nil: nothing does
	Mount    func(*Mounting)      // adds operations of other packages; nil: none
	// Close closes a month with all that belongs to it; nil: it is only marked as closed.
	Close func(ctx context.Context, p *engine.Program, month time.Time, actor string) (PeriodView, error)
	Log   zerolog.Logger
}

// A Server is the HTTP API.
type Server struct {
	opts      Options
	mux       *http.ServeMux
	api       huma.API
	keys      *keyring
	books     books
	routes    []*route
	commands  map[string]*command
	meters    *meters
	ids       requestIDs
	lookup    lookup
	bigBodies bigBodies
	openapi   document
}

// New is the API as an http.Handler.
func New(opts Options) *Server {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Metrics == nil {
		opts.Metrics = prometheus.NewRegistry()
	}
	if opts.Patience == 0 {
		opts.Patience = patience
	}
	s := &Server{opts: opts, mux: http.NewServeMux(), ids: newRequestIDs(), bigBodies: newBigBodies(), commands: map[string]*command{}}
	s.lookup.reload = opts.Engine.Reload
	s.keys = &keyring{registry: opts.Registry, now: opts.Now, adminSet: opts.AdminKey != "", admin: sha256.Sum256([]byte(opts.AdminKey))}
	s.meters = newMeters(opts.Metrics)
	speakProblems()
	s.api = humago.New(s.mux, s.config())
	s.programs()
	s.members()
	s.orders()
	s.refunds()
	s.reservations()
	s.exchanges()
	s.benefits()
	s.batches()
	s.jobs()
	s.worklists()
	s.events()
	s.webhook()
	s.policies()
	s.periods()
	s.apiKeys()
	if opts.Mount != nil {
		opts.Mount(&Mounting{s})
	}
	s.operations()
	s.publish()
	return s
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.serve(w, r) }

// OpenAPI is the document that is published at /openapi.json.
func (s *Server) OpenAPI() *huma.OpenAPI { return s.api.OpenAPI() }
