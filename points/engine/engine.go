package engine

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chobo/ledger"
)

// Options say how an engine works. Only Render has no default.
type Options struct {
	Workers  int                                           // 0: as many as cores
	Queue    int                                           // requests that may wait for a worker; 0: 4096
	MaxBatch int                                           // requests in one transaction; 0: 1000
	Render   func(refusal error) (status int, body []byte) // turns a *points.Refusal into an answer
	Now      func() time.Time                              // nil: the wall clock
	Patience time.Duration                                 // how long a batch is tried again while the database is away; 0: 2 s
	Timeout  time.Duration                                 // of one try; 0: 15 s
	Metrics  prometheus.Registerer                         // nil: none
	Log      zerolog.Logger
}

func (o Options) withDefaults() Options {
	set := func(p *int, n int) {
		if *p <= 0 {
			*p = n
		}
	}
	set(&o.Workers, runtime.GOMAXPROCS(0))
	set(&o.Queue, 4096)
	set(&o.MaxBatch, 1000)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.Render == nil {
		panic("engine: Options.Render is missing")
	}
	return o
}

// An Engine posts commands. It is safe for concurrent use, and several engines, in one process or in many, may work
// on one database.
type Engine struct {
	db      *sqlx.DB
	opts    Options
	config  configs
	workers []*worker
	running sync.WaitGroup
	batches atomic.Int64
	meters  *meters
	asks    *pool
	abort   context.CancelFunc // ends what is in flight
}

// New starts an engine on a migrated database opened by schema.Open; Close ends it.
func New(ctx context.Context, db *sqlx.DB, opts Options) (*Engine, error) {
	e := &Engine{db: db, opts: opts.withDefaults()}
	if err := probe(ctx, db); err != nil {
		return nil, err
	}
	if err := install(ctx, db); err != nil {
		return nil, err
	}
	var err error
	if e.asks, err = newPool(ctx, db); err != nil {
		return nil, err
	}
	if _, err := e.config.reload(ctx, e.asks.ask); err != nil {
		return nil, errors.Join(err, e.asks.close())
	}
	e.meters = newMeters(e.opts.Metrics, e.depth)
	running, abort := context.WithCancel(context.WithoutCancel(ctx))
	e.abort = abort
	for range e.opts.Workers {
		w := &worker{engine: e, ctx: running, queue: newQueue(e.opts.Queue)}
		e.workers = append(e.workers, w)
		e.running.Go(w.run)
	}
	return e, nil
}

// installSQL makes a new installation's secret, once.
const installSQL = `INSERT INTO installation (secret) VALUES ($1) ON CONFLICT DO NOTHING`

func install(ctx context.Context, db *sqlx.DB) error {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails
	if _, err := db.ExecContext(ctx, installSQL, secret); err != nil {
		return fmt.Errorf("make the installation's secret: %w", err)
	}
	return nil
}

// probeSQL takes an array in binary form.
const probeSQL = `SELECT cardinality($1::bigint[])`

// probe tells a pool that does not send arrays as the engine needs it.
func probe(ctx context.Context, db *sqlx.DB) error {
	a := int8s()
	a.int64(1)
	a.int64(2)
	var n int
	if err := db.GetContext(ctx, &n, probeSQL, a.value()); err != nil {
		return fmt.Errorf("engine needs a pool opened by schema.Open: %w", err)
	}
	return nil
}

// Submit posts one command and returns once its commit is durable, or with the answer that its key had before.
//
// It fails with ErrUnknownProgram, ErrClosing, ErrBusy, ErrKeyReused, ErrUnavailable or ErrFailed, and with the
// context's error when ctx ends first: the command is then still posted, once, and its key will tell.
func (e *Engine) Submit(ctx context.Context, r Request) (Result, error) {
	out := e.SubmitAtomic(ctx, []Request{r})
	return out[0].Result, out[0].Err
}

// SubmitAtomic posts commands of one member as one: all, or on the first refusal none. Then the one that was refused
// says why and all others are refused with BatchRefused. What was accepted before under its key is answered again and is
// no part of it; what was refused before refuses the others again, and their keys stay free. The outcomes stand in the
// order of the requests.
//
// It fails as Submit does.
func (e *Engine) SubmitAtomic(ctx context.Context, requests []Request) []Outcome {
	if len(requests) == 0 {
		return nil
	}
	done := make(chan struct{}, 1)
	u, err := e.unit(ctx, requests, done)
	if err == nil {
		err = e.worker(u.member).queue.put(u)
	}
	if err == nil {
		select {
		case <-done:
			return outcomes(u.ops)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return failed(len(requests), err)
}

func outcomes(ops []op) []Outcome {
	out := make([]Outcome, len(ops))
	for i := range ops {
		out[i] = ops[i].Outcome
	}
	return out
}

func failed(n int, err error) []Outcome {
	out := make([]Outcome, n)
	for i := range out {
		out[i].Err = err
	}
	return out
}

// SubmitMany posts many commands, each by itself, and returns when all are done. Those of one member are applied in
// their order. It waits for room in the queues instead of failing with ErrBusy, as long as ctx lasts.
func (e *Engine) SubmitMany(ctx context.Context, requests []Request) []Outcome {
	out := failed(len(requests), nil)
	done := make(chan struct{}, len(requests))
	units := make([]*unit, 0, len(requests))
	under := 0 // way
	var ended error
	for i := range requests {
		if ended != nil {
			out[i].Err = ended
			continue
		}
		u, err := e.unit(ctx, requests[i:i+1], done)
		for err == nil {
			if err = e.worker(u.member).queue.put(u); !errors.Is(err, ErrBusy) {
				break
			}
			if err = e.room(ctx, done, &under); err != nil {
				ended = err
			}
		}
		if err != nil {
			out[i].Err = err
			continue
		}
		u.position = i
		units = append(units, u)
		under++
	}
	for ; under > 0 && ended == nil; under-- {
		select {
		case <-done:
		case <-ctx.Done():
			ended = ctx.Err()
		}
	}
	if ended != nil { // which of them are done cannot be told without a race; their keys will
		for _, u := range units {
			out[u.position].Err = ended
		}
		return out
	}
	for _, u := range units {
		out[u.position] = u.ops[0].Outcome
	}
	return out
}

// room waits until one of the caller's own requests is done, or a moment if none is under way.
func (e *Engine) room(ctx context.Context, done <-chan struct{}, under *int) error {
	var moment <-chan time.Time
	if *under == 0 {
		moment = time.After(time.Millisecond)
	}
	select {
	case <-done:
		*under--
	case <-moment:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// unit makes what is posted as one of requests for one member.
func (e *Engine) unit(ctx context.Context, requests []Request, done chan<- struct{}) (*unit, error) {
	first := &requests[0]
	p, err := e.program(ctx, first.Program)
	if err != nil {
		return nil, err
	}
	member := first.Books
	if member == (ledger.Member{}) {
		member = p.Member(first.Member)
	}
	u := &unit{program: p, member: member, name: first.Member, arrived: time.Now(), done: done, ops: make([]op, len(requests))}
	for i := range requests {
		r := requests[i]
		if r.Program != first.Program || r.Member != first.Member || r.Books != first.Books {
			return nil, errors.New("engine: the requests of a unit name several members")
		}
		u.ops[i].Request = &r
	}
	return u, nil
}

// worker is whose turn the member's commands are.
func (e *Engine) worker(m ledger.Member) *worker {
	return e.workers[binary.BigEndian.Uint64(m[:8])%uint64(len(e.workers))]
}

func (e *Engine) depth() (n int) {
	for _, w := range e.workers {
		n += w.queue.depth()
	}
	return n
}

// Close takes nothing more, posts and answers what was taken, and returns. When ctx ends first, what is in flight is
// given up: it fails with ErrUnavailable, and Close with the context's error.
func (e *Engine) Close(ctx context.Context) error {
	for _, w := range e.workers {
		w.queue.close()
	}
	ended := make(chan struct{})
	go func() {
		e.running.Wait()
		close(ended)
	}()
	defer e.abort()
	select {
	case <-ended:
		return e.asks.close()
	case <-ctx.Done():
		e.abort()
		<-ended
		return errors.Join(ctx.Err(), e.asks.close())
	}
}
