package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// A life is how long a command may run: SIGINT or SIGTERM asks it to end in good order, a second one to end at once.
type life struct {
	ctx   context.Context // ends with the first signal
	hurry context.Context // ends with the second
	end   func()
}

func newLife() *life {
	ctx, stop := context.WithCancel(context.Background())
	hurry, force := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for _, next := range []func(){stop, force} {
			<-signals
			next()
		}
		signal.Stop(signals) // a third one kills
	}()
	return &life{ctx: ctx, hurry: hurry, end: func() { stop(); force() }}
}
