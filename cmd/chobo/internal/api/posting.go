package api

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/engine"
)

// A command is one operation that posts for a member: an endpoint below M, and an operation of batches.
type command struct {
	route
	Below  string // the path below M
	Enrols bool   // the member may be new

	ids  []string // of the path below M
	make func(at *target) (in any, command func() points.Command)
}

// A target is what a command is to be made for.
type target struct {
	*Server
	program *engine.Program
	member  string
	ids     []string // values of the command's ids
}

const membersPath = "/v1/{program}/members/{member_id}"

// post adds a command: B is the body of its request, A that of its answer.
func post[B, A any](s *Server, c command, to func(at *target, in *B) points.Command) {
	c.Method, c.Path, c.Keyed = http.MethodPost, membersPath+c.Below, true
	c.Body, c.Answer = reflect.TypeFor[B](), reflect.TypeFor[A]()
	c.make = func(at *target) (any, func() points.Command) {
		in := new(B)
		return in, func() points.Command { return to(at, in) }
	}
	for _, segment := range strings.Split(c.Below, "/") {
		if strings.HasPrefix(segment, "{") {
			c.ids = append(c.ids, strings.Trim(segment, "{}"))
		}
	}
	s.commands[c.ID] = &c
	s.serveBody(&c.route, func(call *call) error { return call.post(&c) })
}

// escaped is an id as one segment of a path.
var escaped = strings.NewReplacer("%", "%25", "/", "%2F")

// path is the command's path for a member and ids, as it goes into the hash of requests.
func (c *command) path(code, member string, ids []string) string {
	p := "/v1/" + code + "/members/" + escaped.Replace(member)
	for _, segment := range strings.Split(c.Below, "/")[1:] {
		if strings.HasPrefix(segment, "{") {
			segment, ids = escaped.Replace(ids[0]), ids[1:]
		}
		p += "/" + segment
	}
	return p
}

// post reads a command, submits it and answers.
func (c *call) post(cmd *command) error {
	dry, err := c.dryRun()
	if err != nil {
		return err
	}
	request := engine.Request{Program: c.code(), Member: c.member(), Enrol: cmd.Enrols}
	if !dry {
		if request.Key, err = c.idempotencyKey(); err != nil {
			return err
		}
	}
	in, err := c.input(maxBody)
	if err != nil {
		return err
	}
	defer in.close()
	at := &target{Server: c.Server, program: c.program, member: request.Member}
	for _, name := range cmd.ids {
		at.ids = append(at.ids, c.param(name))
	}
	to, made := cmd.make(at)
	if err := in.bind(&cmd.route, to); err != nil {
		return err
	}
	request.Command = made()
	if err := c.by.permitTime(request.Command.When(), c.program.Now(c.opts.Now())); err != nil {
		return err
	}
	if dry {
		return c.preview(request)
	}
	request.Hash = hashOf(c.Method, cmd.path(c.code(), c.member(), at.ids), in.doc)
	result, err := c.opts.Engine.Submit(c.r.Context(), request)
	if err != nil {
		return err
	}
	c.result(result)
	return nil
}

// result answers what a command was answered, byte for byte.
func (c *call) result(r engine.Result) {
	if r.Replayed {
		c.w.Header().Set(headerReplayed, "true")
	}
	c.write(r.Status, r.Body)
}

// write writes an answer that stands already.
func (c *call) write(status int, b []byte) {
	h := c.w.Header()
	if status >= 400 {
		h.Set("Content-Type", problemType)
	} else {
		h.Set("Content-Type", jsonType)
	}
	h.Set("Content-Length", strconv.Itoa(len(b)))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(b)
}

// dryRun tells whether nothing is to be posted.
func (c *call) dryRun() (bool, error) {
	if c.r.URL.RawQuery == "" {
		return false, nil
	}
	switch v := c.r.URL.Query().Get("dry_run"); v {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	default:
		return false, invalid(Fault{"query.dry_run", "must be true or false"})
	}
}

// A Preview is what a dry run adds to an answer.
type Preview struct {
	DryRun  bool      `json:"dry_run"`
	Journal []Drafted `json:"journal" doc:"What would be posted; what is due before included."`
}

// A Drafted is a transaction that a dry run would post.
type Drafted struct {
	Kind       ledger.Kind   `json:"kind"`
	OccurredAt time.Time     `json:"occurred_at"`
	Lines      []DraftedLine `json:"lines"`
}

// A DraftedLine is one line of it. Debit is plus, credit is minus.
type DraftedLine struct {
	Account string        `json:"account"`
	Points  ledger.Points `json:"points"`
	Money   ledger.Money  `json:"money"`
	Lot     ledger.LotID  `json:"lot,omitempty"`
	Shop    string        `json:"shop,omitempty"`
}

// preview answers what would be posted.
func (c *call) preview(request engine.Request) error {
	p, err := c.opts.Engine.DryRun(c.r.Context(), request)
	if err != nil {
		return err
	}
	status, b, err := c.previewed(request, p)
	if err != nil {
		return err
	}
	c.write(status, b)
	return nil
}

// previewed is the answer of a dry run: that of the command with its journal, or the refusal.
func (s *Server) previewed(request engine.Request, p engine.Preview) (status int, answer []byte, err error) {
	if p.Status >= 400 {
		return p.Status, p.Body, nil
	}
	zone := s.zone(request.Program)
	preview := Preview{DryRun: true, Journal: []Drafted{}}
	for _, t := range p.Posted {
		d := Drafted{Kind: t.Kind, OccurredAt: t.OccurredAt.In(zone), Lines: []DraftedLine{}}
		for _, l := range t.Lines {
			d.Lines = append(d.Lines, DraftedLine{l.Account.String(), l.Points, l.Money, l.Lot, l.Shop})
		}
		preview.Journal = append(preview.Journal, d)
	}
	more, err := encode(preview)
	if err != nil {
		return 0, nil, err
	}
	object := bytes.TrimSuffix(p.Body, []byte("}"))
	if len(object) == len(p.Body) {
		return 0, nil, fmt.Errorf("the answer of %s is no object", request.Command.Name())
	}
	answer = append(bytes.Clone(object), more...)
	if len(object) > 1 {
		answer[len(object)] = ','
	}
	return p.Status, answer, nil
}

// zone is the program's.
func (s *Server) zone(code string) *time.Location {
	if p := s.opts.Engine.Config().Programs[code]; p != nil {
		return p.Versions.Zone()
	}
	return time.UTC
}

// nothing is the body of a request that says all by its path.
type nothing struct{}
