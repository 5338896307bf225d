package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"chobo/schema/private"
)

// A database says where the ledger lives: at a URL, or in a folder of its own.
type database struct {
	DatabaseURL string `name:"database-url" env:"CHOBO_DATABASE_URL,DATABASE_URL" placeholder:"URL" help:"PostgreSQL 15 or later, as its owner. Without one, a private PostgreSQL is run."`
	Data        string `env:"CHOBO_DATA" placeholder:"DIR" help:"Folder of the private PostgreSQL. Default: the user's data folder."`
}

// startPatience is how long a private server may take to start; recovery after a crash is part of it.
const startPatience = 10 * time.Minute

// A reached database is one that answers.
type reached struct {
	url  string
	own  *private.Server // nil: it is somebody else's
	dir  string          // of a private server
	stop func(context.Context) error
}

// reach finds the database, and starts the private one if it does not run. When another process of this user runs it,
// alone refuses that, else it is shared.
func (d database) reach(ctx context.Context, log zerolog.Logger, alone bool) (*reached, error) {
	if d.DatabaseURL != "" {
		return &reached{url: d.DatabaseURL, stop: func(context.Context) error { return nil }}, nil
	}
	dir := d.Data
	if dir == "" {
		var err error
		if dir, err = private.DefaultDir(); err != nil {
			return nil, fmt.Errorf("%w with --data, or a database with --database-url", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	s, err := private.Start(ctx, private.Config{Dir: dir, Log: func(line string) { log.Info().Msg(line) }})
	switch {
	case err == nil:
		return &reached{url: s.URL(), own: s, dir: dir, stop: s.Stop}, nil
	case errors.Is(err, private.ErrInUse) && !alone:
		url, err2 := private.Locate(dir)
		if err2 != nil {
			return nil, errors.Join(err, err2)
		}
		return &reached{url: url, dir: dir, stop: func(context.Context) error { return nil }}, nil
	case errors.Is(err, private.ErrInUse):
		return nil, fmt.Errorf("%w: is `chobo serve` running already? Stop it, or name another folder with --data", err)
	default:
		return nil, err
	}
}
