package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"chobo/points"
	"chobo/points/engine"
	"chobo/points/registry"
	"chobo/refunds/policy"
)

// A PolicyVersion is one version of a policy.
type PolicyVersion struct {
	Policy        string     `json:"policy"`
	Name          string     `json:"name"`
	Shop          string     `json:"shop" doc:"Empty: of all shops."`
	Version       int        `json:"version"`
	EffectiveFrom time.Time  `json:"effective_from"`
	InForce       bool       `json:"in_force" doc:"It decides orders that are placed now."`
	Shipped       bool       `json:"shipped" doc:"It came with Chobo."`
	StoredAt      *time.Time `json:"stored_at"`
	Clauses       []string   `json:"clauses"`
	File          string     `json:"file,omitempty" doc:"The policy file, where one policy is asked for."`
}

type (
	policyPath struct {
		ProgramPath
		Policy string `path:"policy"`
		Shop   string `query:"shop" maxLength:"128" doc:"Whose own policy; default: that of all shops."`
	}
	policyList struct {
		Policies []PolicyVersion `json:"policies"`
	}
	policyVersions struct {
		Versions []PolicyVersion `json:"versions"`
	}
)

// policies adds the files by which cancellations and returns are decided.
func (s *Server) policies() {
	read(s, route{ID: "policies.list", Path: "/v1/{program}/policies", Tag: "policies", Summary: "List the policies, shipped ones too", Scopes: Finance},
		func(ctx context.Context, c *call, _ *ProgramPath) (*policyList, error) {
			views, err := c.policyViews(ctx, func(*policy.Policy) bool { return true })
			return &policyList{views}, err
		})

	read(s, route{ID: "policies.get", Path: "/v1/{program}/policies/{policy}", Tag: "policies", Summary: "Read the versions of a policy", Scopes: Finance},
		func(ctx context.Context, c *call, in *policyPath) (*policyVersions, error) {
			views, err := c.policyViews(ctx, func(p *policy.Policy) bool { return p.Code() == in.Policy && p.Shop() == in.Shop })
			if err == nil && len(views) == 0 {
				err = problem(points.NotFound, "there is no policy %s", in.Policy)
			}
			return &policyVersions{views}, err
		})

	s.serveBody(&route{ID: "policies.put", Method: http.MethodPut, Path: "/v1/{program}/policies/{policy}", Tag: "policies", Summary: "Hand in a policy file", Status: 201, Again: true,
		About: "YAML, or the same as JSON. It is read, type-checked and proved by its own examples first; the file names the shop whose own it is, if it is. " +
			"It takes effect at its effective_from, which lies in the future except for the first version and in a sandbox. An order is decided by the version in force when it was placed.",
		Scopes: Admin, Codes: []points.Code{points.Conflict}, Body: reflect.TypeFor[map[string]any](), Raw: []string{yamlType}, Answer: reflect.TypeFor[PolicyVersion]()},
		(*call).putPolicy)
}

// policyViews shows policies of the program.
func (c *call) policyViews(ctx context.Context, want func(*policy.Policy) bool) ([]PolicyVersion, error) {
	stored, err := c.opts.Registry.Policies(ctx, c.code())
	if err != nil {
		return nil, err
	}
	book, err := c.books.with(c.code(), forEngine(stored))
	if err != nil {
		return nil, err
	}
	views := []PolicyVersion{}
	for _, p := range book.All() {
		if want(p) {
			views = append(views, c.policyView(p, book, stored))
		}
	}
	return views, nil
}

// forEngine is stored policies as the engine's configuration has them.
func forEngine(stored []registry.Policy) []engine.Policy {
	out := make([]engine.Policy, 0, len(stored))
	for _, v := range stored {
		out = append(out, engine.Policy{Name: v.Name, Shop: v.Shop, Number: v.Number, EffectiveFrom: v.EffectiveFrom, Body: v.Body})
	}
	return out
}

func (c *call) policyView(p *policy.Policy, book policy.Book, stored []registry.Policy) PolicyVersion {
	zone := c.program.Versions.Zone()
	now := c.program.Now(c.opts.Now())
	v := PolicyVersion{Policy: p.Code(), Name: p.Name(), Shop: p.Shop(), Version: p.Version(), EffectiveFrom: p.EffectiveFrom().In(zone),
		InForce: book.For(p.Code(), p.Shop(), now) == p, Shipped: true, Clauses: p.Clauses(), File: string(p.Source())}
	for _, s := range stored {
		if s.Body == v.File {
			at := s.StoredAt.In(zone)
			v.Shipped, v.StoredAt = false, &at
		}
	}
	return v
}

// putPolicy hands in a policy file.
func (c *call) putPolicy() error {
	raw, err := c.readBody(maxBody, jsonType, yamlType, "application/x-yaml", "text/yaml")
	if err != nil {
		return err
	}
	defer (&input{raw: raw}).close()
	source := append([]byte(nil), raw.Bytes()...)
	next, err := policy.Load(c.param("policy"), source)
	if err != nil {
		return policyFaults(err)
	}
	if next.Code() != c.param("policy") {
		return invalid(Fault{"body.policy", fmt.Sprintf("must be %s, as in the path", c.param("policy"))})
	}
	candidate := registry.Policy{Name: next.Code(), Shop: next.Shop(), EffectiveFrom: next.EffectiveFrom(), Body: string(source)}
	stored, isNew, err := c.opts.Registry.PutPolicy(c.r.Context(), c.code(), candidate, c.opts.Now(), func(all []registry.Policy) error {
		book, err := c.books.with(c.code(), forEngine(all))
		if err != nil {
			return err
		}
		_, err = book.With(next)
		return err
	})
	var taken *policy.TakenError
	if errors.As(err, &taken) {
		return problem(points.Conflict, "%s", taken.Error())
	}
	if err != nil {
		return err
	}
	if _, err := c.opts.Engine.Reload(c.r.Context()); err != nil {
		return err
	}
	all, err := c.opts.Registry.Policies(c.r.Context(), c.code())
	if err != nil {
		return err
	}
	book, err := c.books.with(c.code(), forEngine(all))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if isNew {
		status = http.StatusCreated
	}
	for _, p := range book.All() {
		if string(p.Source()) == stored.Body {
			return c.answer(status, c.policyView(p, book, all))
		}
	}
	return fmt.Errorf("policy %s is not in the book that it was put into", next.Code())
}

// policyFaults lists what is wrong with a policy file, each with its line and column.
func policyFaults(err error) error {
	var load *policy.LoadError
	if !errors.As(err, &load) {
		return err
	}
	faults := make([]Fault, len(load.Problems))
	for i, p := range load.Problems {
		faults[i] = Fault{fmt.Sprintf("body:%d:%d", p.Line, p.Column), p.Message}
	}
	if len(faults) == 0 {
		return invalid(Fault{"body", err.Error()})
	}
	return invalid(faults...)
}
