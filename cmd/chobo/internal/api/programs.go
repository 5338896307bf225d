package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"chobo/cmd/chobo/internal/api/body"
	"chobo/points"
	"chobo/points/program"
	"chobo/points/registry"
)

// anyone are the scopes that may read what a program is.
const anyone = Checkout | Members | Finance | Jobs

// A ProgramView is a program as it is in force now: its file, and what the server knows beside it.
type ProgramView struct {
	Program       string          `json:"program"`
	Version       int             `json:"version" doc:"The number of the version in force."`
	Versions      int             `json:"versions" doc:"How many there are, future ones included."`
	Sandbox       bool            `json:"sandbox"`
	Now           time.Time       `json:"now" doc:"The program's clock."`
	Name          string          `json:"name"`
	Currency      string          `json:"currency"`
	Timezone      string          `json:"timezone"`
	EffectiveFrom string          `json:"effective_from"`
	PointValue    string          `json:"point_value"`
	ReturnsPolicy string          `json:"returns_policy"`
	Earn          json.RawMessage `json:"earn"`
	Redeem        json.RawMessage `json:"redeem"`
	Expiry        json.RawMessage `json:"expiry"`
	Restore       json.RawMessage `json:"restore"`
	Reprice       json.RawMessage `json:"reprice"`
	Clawback      json.RawMessage `json:"clawback"`
	Sweep         json.RawMessage `json:"sweep"`
	Abuse         json.RawMessage `json:"abuse"`
}

// A ProgramVersion is one version of a program file.
type ProgramVersion struct {
	Version       int             `json:"version"`
	EffectiveFrom time.Time       `json:"effective_from"`
	StoredAt      time.Time       `json:"stored_at"`
	InForce       bool            `json:"in_force" doc:"It is the one in force now."`
	File          json.RawMessage `json:"file" doc:"The program file."`
}

// readOnly are the members of a ProgramView that a program file does not have. What was got may be put back with them.
var readOnly = []string{"version", "versions", "now"}

type (
	// A ProgramPath names a program.
	ProgramPath struct {
		Program string `path:"program"`
	}
	programList struct {
		Programs []ProgramView `json:"programs"`
	}
	versionList struct {
		Versions []ProgramVersion `json:"versions"`
	}
)

// A Clock is what a sandbox's clock shows.
type Clock struct {
	Program string    `json:"program"`
	Now     time.Time `json:"now"`
}

// A ClockMove moves a sandbox's clock.
type ClockMove struct {
	Now time.Time `json:"now" doc:"Not before what it shows."`
}

// programs adds programs and the clocks of sandboxes.
func (s *Server) programs() {
	read(s, route{ID: "programs.list", Path: "/v1", Tag: "programs", Summary: "List the programs", Scopes: anyone, Own: true, About: "A key of one program sees that one."},
		func(ctx context.Context, c *call, _ *struct{}) (*programList, error) {
			programs, err := c.opts.Registry.Programs(ctx)
			if err != nil {
				return nil, err
			}
			out := &programList{Programs: []ProgramView{}}
			for _, p := range programs {
				if c.by.program != "" && c.by.program != p.Code || len(p.Versions) == 0 {
					continue
				}
				v, err := c.programView(p)
				if err != nil {
					return nil, err
				}
				out.Programs = append(out.Programs, *v)
			}
			return out, nil
		})

	read(s, route{ID: "programs.get", Path: "/v1/{program}", Tag: "programs", Summary: "Read the program file in force", Scopes: anyone},
		func(ctx context.Context, c *call, _ *ProgramPath) (*ProgramView, error) {
			p, err := c.opts.Registry.Program(ctx, c.code())
			if err != nil {
				return nil, err
			}
			return c.programView(p)
		})

	read(s, route{ID: "programs.versions", Path: "/v1/{program}/versions", Tag: "programs", Summary: "List the versions of the program file", Scopes: anyone},
		func(ctx context.Context, c *call, _ *ProgramPath) (*versionList, error) {
			p, err := c.opts.Registry.Program(ctx, c.code())
			if err != nil {
				return nil, err
			}
			out := &versionList{Versions: []ProgramVersion{}}
			now := p.Versions.InForce(p.Now(c.opts.Now())).Number
			for i, v := range p.Versions {
				file, err := json.Marshal(v.Program)
				if err != nil {
					return nil, err
				}
				out.Versions = append(out.Versions, ProgramVersion{v.Number, v.EffectiveFrom.In(v.Zone), p.Stored[i].In(v.Zone), v.Number == now, file})
			}
			return out, nil
		})

	s.serveBody(&route{ID: "programs.put", Method: http.MethodPut, Path: "/v1/{program}", Tag: "programs", Summary: "Hand in a program file", Status: 201, Again: true,
		About:  "A new version takes effect at its effective_from, which lies in the future except for the first version and in a sandbox. The same content again is no new version: 200.",
		Scopes: Admin, Codes: []points.Code{points.Conflict}, Body: reflect.TypeFor[map[string]any](), Raw: []string{yamlType}, Answer: reflect.TypeFor[ProgramView](), Founds: true},
		(*call).putProgram)

	s.serveBody(&route{ID: "clock.move", Method: http.MethodPost, Path: "/v1/{program}/clock", Tag: "programs", Summary: "Move a sandbox's clock forward",
		About:  "Posts nothing and runs no job. The clock of a sandbox stands still until it is moved; everything in the program takes its time from it.",
		Scopes: Admin, Codes: []points.Code{points.Conflict, codeNotASandbox}, Body: reflect.TypeFor[ClockMove](), Answer: reflect.TypeFor[Clock]()},
		(*call).moveClock)
}

// programView is the program as it is in force now.
func (s *Server) programView(p *registry.Program) (*ProgramView, error) {
	now := p.Now(s.opts.Now())
	v := p.Versions.InForce(now)
	return viewOf(p, *v, now)
}

func viewOf(p *registry.Program, v program.Version, now time.Time) (*ProgramView, error) {
	file, err := json.Marshal(v.Program)
	if err != nil {
		return nil, err
	}
	view := &ProgramView{Version: v.Number, Versions: len(p.Versions), Now: now.In(v.Zone)}
	return view, json.Unmarshal(file, view)
}

const yamlType = "application/yaml"

// putProgram hands in a program file, JSON or YAML.
func (c *call) putProgram() error {
	raw, err := c.readBody(maxBody, jsonType, yamlType, "application/x-yaml", "text/yaml")
	if err != nil {
		return err
	}
	defer (&input{raw: raw}).close()
	next, err := program.Parse("", withoutReadOnly(raw.Bytes()))
	if err != nil {
		return err
	}
	if next.Code != c.code() {
		return invalid(Fault{"body.program", fmt.Sprintf("must be %s, as in the path", c.code())})
	}
	if next.Code == "keys" {
		return invalid(Fault{"body.program", "must not be keys: /v1/keys is another path"})
	}
	now := c.opts.Now()
	p, version, isNew, err := c.opts.Registry.PutProgram(c.r.Context(), next, now)
	if err != nil {
		return err
	}
	if _, err := c.opts.Engine.Reload(c.r.Context()); err != nil {
		return err
	}
	view, err := viewOf(p, version, p.Now(now))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if isNew {
		status = http.StatusCreated
	}
	return c.answer(status, view)
}

// withoutReadOnly takes out of a JSON object what only answers have.
func withoutReadOnly(source []byte) []byte {
	if !bytes.HasPrefix(bytes.TrimSpace(source), []byte("{")) {
		return source
	}
	d, err := body.Parse(source)
	if err != nil {
		return source
	}
	defer d.Free()
	return d.Without(readOnly...)
}

// moveClock moves a sandbox's clock.
func (c *call) moveClock() error {
	in, err := take[ClockMove](c)
	if err != nil {
		return err
	}
	if in.Now.UTC().Year() >= 3000 {
		return invalid(Fault{"body.now", "must not lie behind 2999-12-31"})
	}
	p, err := c.opts.Registry.MoveClock(c.r.Context(), c.code(), in.Now)
	if err != nil {
		return err
	}
	if _, err := c.opts.Engine.Reload(c.r.Context()); err != nil {
		return err
	}
	return c.answer(http.StatusOK, Clock{Program: p.Code, Now: p.Clock.In(p.Versions.Zone())})
}
