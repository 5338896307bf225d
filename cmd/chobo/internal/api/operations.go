package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"chobo/points"
	"chobo/schema"
)

// operations adds what operators look at, and the answer to paths that are none.
func (s *Server) operations() {
	s.plain("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writePlain(w, http.StatusOK, `{"status":"ok"}`)
	})
	s.plain("GET /readyz", s.ready)
	metrics := promhttp.HandlerFor(s.opts.Metrics, promhttp.HandlerOpts{})
	s.plain("GET /metrics", metrics.ServeHTTP)
	for path, do := range map[string]http.HandlerFunc{
		"/debug/pprof/": pprof.Index, "/debug/pprof/cmdline": pprof.Cmdline, "/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol": pprof.Symbol, "/debug/pprof/trace": pprof.Trace,
	} {
		s.plain(path, s.adminOnly(do))
	}
	if s.opts.Console != nil {
		s.plain("/console/", s.opts.Console.ServeHTTP)
		s.plain("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/console/", http.StatusFound) })
	} else {
		s.plain("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/docs", http.StatusFound) })
	}
	s.mux.HandleFunc("/", func(hw http.ResponseWriter, r *http.Request) { s.fail(s.response(hw), s.nowhere(r)) })
}

// plain adds a page that is no operation of the API.
func (s *Server) plain(pattern string, do http.HandlerFunc) { s.mux.HandleFunc(pattern, do) }

func writePlain(w http.ResponseWriter, status int, json string) {
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, json)
}

// ready tells whether the server can post now: the database answers, takes writes and is migrated.
func (s *Server) ready(hw http.ResponseWriter, r *http.Request) {
	w := s.response(hw)
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := schema.Check(ctx, s.opts.DB); err != nil {
		if !w.gone() {
			s.opts.Log.Warn().Err(err).Msg("not ready")
		}
		s.fail(w, problem(codeUnavailable, "the database cannot be posted to now"))
		return
	}
	writePlain(w, http.StatusOK, `{"status":"ready"}`)
}

// adminOnly asks for a key that may do everything in every program.
func (s *Server) adminOnly(do http.HandlerFunc) http.HandlerFunc {
	return func(hw http.ResponseWriter, r *http.Request) {
		w := s.response(hw)
		by, err := s.keys.who(r.Context(), r, s.opts.Engine.Config().Revision)
		if err == nil {
			err = by.permit(Admin, "")
		}
		if err != nil {
			s.failWith(w, err)
			return
		}
		do(w, r)
	}
}

// nowhere is the answer to a path that is none, or does not take the method.
func (s *Server) nowhere(r *http.Request) *Problem {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := *r
		other.Method = method
		if _, pattern := s.mux.Handler(&other); pattern != "/" && pattern != "" {
			allow = append(allow, method)
			if method == http.MethodGet {
				allow = append(allow, http.MethodHead)
			}
		}
	}
	if len(allow) == 0 || slices.Contains(allow, r.Method) {
		return problem(points.NotFound, "there is nothing at this path")
	}
	p := problem(codeMethod, "the path takes %s", strings.Join(allow, ", "))
	p.allow = strings.Join(allow, ", ")
	return p
}
