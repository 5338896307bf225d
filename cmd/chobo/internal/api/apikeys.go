package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"chobo/points"
	"chobo/points/registry"
)

// A KeyRequest asks for a key.
type KeyRequest struct {
	Name    string   `json:"name" minLength:"1" maxLength:"128" doc:"Who is to use it."`
	Program string   `json:"program,omitempty" maxLength:"64" doc:"Whose key it is. Default: every program's, or that of the path."`
	Scopes  []string `json:"scopes" minItems:"1" maxItems:"5" enum:"checkout,members,finance,jobs,admin"`
}

// A KeyView is a key as it is kept.
type KeyView struct {
	KeyID     string     `json:"key_id"`
	Name      string     `json:"name"`
	Program   string     `json:"program" doc:"Empty: every program's."`
	Scopes    []string   `json:"scopes"`
	CreatedAt time.Time  `json:"created_at"`
	RevokedAt *time.Time `json:"revoked_at"`
}

// A KeyCreated shows a new key's secret, once.
type KeyCreated struct {
	KeyView
	Key string `json:"key" doc:"What to send as Bearer. It is shown only now."`
}

type (
	keyList struct {
		Keys []KeyView `json:"keys"`
	}
	keyRevoked struct {
		KeyID   string `json:"key_id"`
		Revoked bool   `json:"revoked"`
	}
)

// apiKeys adds the keys of the API: those of one program below it, and all.
func (s *Server) apiKeys() {
	for _, below := range []struct{ id, path string }{{"keys", "/v1/keys"}, {"programs.keys", "/v1/{program}/keys"}} {
		s.serveBody(&route{ID: below.id + ".create", Method: http.MethodPost, Path: below.path, Tag: "keys", Summary: "Make a key", Status: 201, Scopes: Admin,
			Body: reflect.TypeFor[KeyRequest](), Answer: reflect.TypeFor[KeyCreated](), Codes: []points.Code{points.NotFound}}, (*call).createKey)

		s.serveBody(&route{ID: below.id + ".revoke", Method: http.MethodDelete, Path: below.path + "/{key_id}", Tag: "keys", Summary: "Revoke a key", Scopes: Admin,
			Answer: reflect.TypeFor[keyRevoked](), Codes: []points.Code{points.NotFound}}, (*call).revokeKey)
	}
	read(s, route{ID: "keys.list", Path: "/v1/keys", Tag: "keys", Summary: "List keys, without their secrets", Scopes: Admin},
		func(ctx context.Context, c *call, _ *struct{}) (*keyList, error) { return c.listKeys(ctx) })
	read(s, route{ID: "programs.keys.list", Path: "/v1/{program}/keys", Tag: "keys", Summary: "List a program's own keys, without their secrets", Scopes: Admin},
		func(ctx context.Context, c *call, _ *ProgramPath) (*keyList, error) { return c.listKeys(ctx) })
}

// listKeys lists the keys of the path's program, or all.
func (c *call) listKeys(ctx context.Context) (*keyList, error) {
	keys, err := c.opts.Registry.Keys(ctx)
	if err != nil {
		return nil, err
	}
	out := &keyList{Keys: []KeyView{}}
	for _, k := range keys {
		if c.code() == "" || k.Program == c.code() {
			out.Keys = append(out.Keys, keyView(k))
		}
	}
	return out, nil
}

func keyView(k registry.Key) KeyView {
	return KeyView{k.ID, k.Name, k.Program, k.Scopes, k.CreatedAt, k.RevokedAt}
}

func (c *call) createKey() error {
	in, err := take[KeyRequest](c)
	if err != nil {
		return err
	}
	if code := c.code(); code != "" && in.Program != "" && in.Program != code {
		return invalid(Fault{"body.program", "must be that of the path"})
	} else if code != "" {
		in.Program = code
	}
	k, secret, err := c.opts.Registry.CreateKey(c.r.Context(), in.Name, in.Program, in.Scopes, c.opts.Now())
	if err != nil {
		return err
	}
	c.keys.held.Store(nil)
	c.w.Header().Set("Cache-Control", "no-store")
	return c.answer(http.StatusCreated, KeyCreated{keyView(k), secret})
}

func (c *call) revokeKey() error {
	id := c.param("key_id")
	if code := c.code(); code != "" {
		if err := c.ownKey(id, code); err != nil {
			return err
		}
	}
	if err := c.opts.Registry.RevokeKey(c.r.Context(), id, c.opts.Now()); err != nil {
		return err
	}
	c.keys.held.Store(nil)
	return c.answer(http.StatusOK, keyRevoked{id, true})
}

// ownKey refuses keys of other programs.
func (c *call) ownKey(id, code string) error {
	keys, err := c.opts.Registry.Keys(c.r.Context())
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.ID == id && k.Program == code {
			return nil
		}
	}
	return registry.ErrNotFound
}
