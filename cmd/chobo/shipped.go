package main

import (
	"context"
	"time"

	"chobo/points/program"
	"chobo/points/registry"
)

// loadShipped gives an installation without programs the five that come with Chobo.
func loadShipped(ctx context.Context, store *registry.Store) error {
	programs, err := store.Programs(ctx)
	if err != nil || len(programs) > 0 {
		return err
	}
	for _, p := range program.Shipped() {
		if _, _, _, err := store.PutProgram(ctx, p, time.Now()); err != nil {
			return err
		}
	}
	return nil
}
