package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"chobo/cmd/chobo/internal/api"
	"chobo/points/registry"
)

type keysCommand struct {
	Create keysCreate `cmd:"" help:"Make a key and print it, once."`
	List   keysList   `cmd:"" help:"List the keys; the keys themselves are not kept."`
	Revoke keysRevoke `cmd:"" help:"End a key."`
}

// scopes are what a key may open.
var scopes = (api.Checkout | api.Members | api.Finance | api.Jobs | api.Admin).Names()

type keysCreate struct {
	database
	logging
	Name    string   `arg:"" help:"What it is for, such as checkout-tokyo."`
	Program string   `placeholder:"CODE" help:"The one program that it opens. Default: every program."`
	Scope   []string `short:"s" required:"" help:"What it may do: ${scopes}. Repeatable."`
}

// Help explains the command.
func (keysCreate) Help() string {
	return `checkout: orders, reservations, returns. members: adjust, revoke, close. finance: read everything, reports, exports.
jobs: run jobs. admin: all of it, programs, keys, times long past. Only a hash of the key is kept.

  chobo keys create checkout-tokyo --program samurai-mall --scope checkout
  KEY=$(chobo keys create till -s checkout,members)`
}

// Run makes the key. Only the key itself goes to standard output.
func (c *keysCreate) Run(l *life, s *screen) error {
	for _, scope := range c.Scope {
		if !slices.Contains(scopes, scope) {
			return misused("there is no scope %q, only %s", scope, strings.Join(scopes, ", "))
		}
	}
	return c.withRegistry(l, c.logging, s, func(ctx context.Context, store *registry.Store) error {
		k, secret, err := store.CreateKey(ctx, c.Name, c.Program, c.Scope, time.Now())
		if err != nil {
			return unknownProgram(err, c.Program)
		}
		s.notef("Key %s for %s. It is shown this once:\n", k.ID, opens(k))
		s.println(secret)
		return nil
	})
}

type keysList struct {
	database
	logging
	All bool `help:"Revoked ones, too."`
}

// Run lists the keys.
func (c *keysList) Run(l *life, s *screen) error {
	return c.withRegistry(l, c.logging, s, func(ctx context.Context, store *registry.Store) error {
		keys, err := store.Keys(ctx)
		if err != nil {
			return err
		}
		t := newTable("KEY", "NAME", "OPENS", "SCOPES", "MADE", "REVOKED")
		for _, k := range keys {
			revoked := ""
			if k.RevokedAt != nil {
				if !c.All {
					continue
				}
				revoked = k.RevokedAt.UTC().Format(time.RFC3339)
			}
			t.row(k.ID, k.Name, opens(k), strings.Join(k.Scopes, ","), k.CreatedAt.UTC().Format(time.RFC3339), revoked)
		}
		t.write(s)
		return nil
	})
}

type keysRevoke struct {
	database
	logging
	Key string `arg:"" help:"The key's id, as listed."`
}

// Run revokes the key.
func (c *keysRevoke) Run(l *life, s *screen) error {
	return c.withRegistry(l, c.logging, s, func(ctx context.Context, store *registry.Store) error {
		if err := store.RevokeKey(ctx, c.Key, time.Now()); errors.Is(err, registry.ErrNotFound) {
			return fmt.Errorf("there is no key %s; `chobo keys list` lists them", c.Key)
		} else if err != nil {
			return err
		}
		s.printf("Key %s opens nothing any more.\n", c.Key)
		return nil
	})
}

// opens says for which programs a key is.
func opens(k registry.Key) string {
	if k.Program == "" {
		return "every program"
	}
	return k.Program
}
