package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"chobo/points"
	"chobo/points/engine"
)

// ErrOvertaken is what a command of the house fails with when the books that it was computed from have moved on. It was
// not decided, its key is free, and it is made anew.
var ErrOvertaken = errors.New("the house has posted since this was computed")

// houseTries is how often a command of the house is made before the caller is asked to come again.
const houseTries = 20

// PostHouse adds an operation that posts for the program's own member, keyed and tried as every posting call is: B is
// the body of its request, A that of its answer. make computes the command, which fails with ErrOvertaken where the
// member's last transaction is no longer the one that it was computed with. param is a segment of the path.
func PostHouse[B, A any](m *Mounting, op huma.Operation, scopes Scope, make func(ctx context.Context, param func(string) string, in *B) (points.Command, error)) {
	r := &route{ID: op.OperationID, Method: http.MethodPost, Path: op.Path, Tag: op.Tags[0], Summary: op.Summary, About: op.Description, Scopes: scopes,
		Status: op.DefaultStatus, Again: true, Codes: []points.Code{points.Conflict}, Body: reflect.TypeFor[B](), Answer: reflect.TypeFor[A](), Keyed: true}
	m.s.serveBody(r, func(c *call) error {
		ctx := context.WithValue(c.r.Context(), callKey{}, c)
		return postHouse(c, func(in *B) (points.Command, error) { return make(ctx, c.param, in) })
	})
}

func postHouse[B any](c *call, make func(in *B) (points.Command, error)) error {
	dry, err := c.dryRun()
	if err != nil {
		return err
	}
	request := engine.Request{Program: c.code(), Member: points.HouseMember, Enrol: true}
	if !dry {
		key, err := c.idempotencyKey()
		if err != nil {
			return err
		}
		request.Key = "caller/" + key // beside the keys that closings make
	}
	in, err := c.input(maxBody)
	if err != nil {
		return err
	}
	defer in.close()
	to := new(B)
	if err := in.bind(c.route, to); err != nil {
		return err
	}
	request.Hash = hashOf(c.Method, c.path(), in.doc)
	for range houseTries {
		if request.Command, err = make(to); err != nil {
			return err
		}
		if err = c.once(request, dry); !errors.Is(err, ErrOvertaken) {
			return err
		}
	}
	return points.Refuse(points.Conflict, "others post for the program at this moment; ask again")
}

// once posts the request, or tries it, and answers.
func (c *call) once(request engine.Request, dry bool) error {
	if dry {
		return c.preview(request)
	}
	result, err := c.opts.Engine.Submit(c.r.Context(), request)
	if err == nil {
		c.result(result)
	}
	return err
}

// path is the call's path as it goes into the hash of requests.
func (c *call) path() string {
	segments := strings.Split(c.Path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = escaped.Replace(c.param(strings.Trim(s, "{}")))
		}
	}
	return strings.Join(segments, "/")
}
