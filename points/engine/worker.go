package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// A worker posts the commands of its share of the members, one batch at a time.
type worker struct {
	engine  *Engine
	ctx     context.Context // ends when the engine gives up
	queue   *queue
	ids     ids
	session *session // nil: none is open
	down    bool     // the database did not answer last time
}

// run posts what waits, all of it at once, until the queue is closed and empty.
func (w *worker) run() {
	defer w.drop()
	for {
		units := w.queue.take(w.engine.opts.MaxBatch)
		if units == nil {
			return
		}
		w.post(units, nil)
	}
}

// post posts the units in one transaction and answers each. What the database refuses is halved until the one unit
// that it refuses stands alone, and only that one fails.
func (w *worker) post(units []*unit, d *doubt) {
	for len(units) > 0 {
		started := time.Now()
		b, doubt, err := w.insist(units, d)
		d = doubt
		var bug *panicError
		switch {
		case err == nil:
			w.answer(b, started)
			return
		case errors.As(err, &bug):
			units = w.expel(units, bug)
		case passing(err):
			w.giveUp(units, err)
			return
		case len(units) == 1:
			w.engine.opts.Log.Error().Err(err).Str("program", units[0].program.Code).Str("operation", units[0].ops[0].Command.Name()).Msg("refused by the database")
			units[0].fail(fmt.Errorf("%w: %w", ErrFailed, err))
			w.done(units, 0)
			return
		default:
			w.engine.meters.retried.WithLabelValues("halved").Inc()
			w.engine.opts.Log.Warn().Err(err).Int("operations", len(units)).Msg("halved")
			half := len(units) / 2
			w.post(units[:half], d)
			units = units[half:]
		}
	}
}

// expel answers the unit whose command has a bug, and returns the others.
func (w *worker) expel(units []*unit, bug *panicError) []*unit {
	w.engine.opts.Log.Error().Str("program", bug.unit.program.Code).Str("operation", bug.unit.ops[0].Command.Name()).
		Any("panic", bug.value).Bytes("stack", bug.stack).Msg("failed")
	others := make([]*unit, 0, len(units))
	for _, u := range units {
		if u != bug.unit {
			others = append(others, u)
		}
	}
	bug.unit.fail(fmt.Errorf("%w: %w", ErrFailed, bug))
	w.done([]*unit{bug.unit}, 0)
	return others
}

// giveUp answers all units that the database does not answer. The log says so once, and once that it is back.
func (w *worker) giveUp(units []*unit, err error) {
	if !w.down {
		w.engine.opts.Log.Error().Err(err).Int("operations", len(units)).Msg("unavailable")
	}
	w.down = true
	for _, u := range units {
		u.fail(unavailable(err))
	}
	w.done(units, 0)
}

// insist tries a batch until it is posted or refused, or the database is away for too long. While it is away, later
// batches try once only, so that their callers know soon. An error at COMMIT leaves a doubt, which the next try settles.
func (w *worker) insist(units []*unit, d *doubt) (*batch, *doubt, error) {
	pause := newPause(w.engine.opts.Patience)
	commits := 0
	for {
		b, err := w.try(units, d)
		if err == nil {
			if w.down {
				w.engine.opts.Log.Info().Msg("available again")
			}
			w.down = false
			return b, nil, nil
		}
		var commit *commitError
		if errors.As(err, &commit) {
			d = commit.doubt
			commits++
		}
		again := passing(err) && !w.down || commits == 1 && commit != nil
		if !again || !pause.wait(w.ctx) {
			return nil, d, err
		}
		w.engine.meters.retried.WithLabelValues(cause(err)).Inc()
	}
}

// try posts a batch once, on the worker's connection.
func (w *worker) try(units []*unit, d *doubt) (b *batch, err error) {
	ctx, cancel := context.WithTimeout(w.ctx, w.engine.opts.Timeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
		if err != nil {
			w.reset()
		}
	}()
	if w.session != nil && time.Since(w.session.born) > sessionLife {
		w.drop()
	}
	if w.session == nil {
		if w.session, err = openSession(ctx, w.engine.db); err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		w.ids.move(w.session.node)
	}
	if err := w.session.replan(ctx); err != nil {
		return nil, fmt.Errorf("replan: %w", err)
	}
	b = &batch{session: w.session, worker: w, units: units, doubt: d}
	return b, b.try(ctx)
}

// reset makes the connection ready for another try, or drops it.
func (w *worker) reset() {
	if w.session == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), time.Second)
	defer cancel()
	if w.session.rollback(ctx) != nil {
		w.drop()
	}
}

// drop ends the connection.
func (w *worker) drop() {
	if w.session != nil {
		w.session.close()
		w.session = nil
	}
}

// answer tells the callers of a batch what became of their requests: its commit is durable.
func (w *worker) answer(b *batch, started time.Time) {
	took := time.Since(started)
	w.done(b.units, w.engine.batches.Add(1))
	transactions := 0
	for _, u := range b.units {
		for i := range u.ops {
			transactions += u.ops[i].Transactions
		}
	}
	w.engine.meters.batch(len(b.units), transactions, took)
}

// done tells the callers, and then logs and counts; what follows only reads.
func (w *worker) done(units []*unit, batch int64) {
	now := time.Now()
	for _, u := range units {
		u.finish()
	}
	for _, u := range units {
		took := now.Sub(u.arrived)
		for i := range u.ops {
			w.engine.meters.operation(u, &u.ops[i], took)
			w.log(u, &u.ops[i], batch, took)
		}
	}
}

func (w *worker) log(u *unit, op *op, batch int64, took time.Duration) {
	e := w.engine.opts.Log.Info()
	if e == nil || batch == 0 {
		return
	}
	e = e.Str("program", u.program.Code).Str("operation", op.Command.Name()).Int64("batch", batch).
		Float64("took_ms", float64(took.Microseconds())/1000).Int("status", op.Status)
	what := "posted"
	switch {
	case op.Err != nil:
		what = "failed"
		e = e.Err(op.Err)
	case op.Replayed:
		what = "replayed"
	case op.Refusal != nil:
		what = "refused"
		e = e.Str("code", string(op.Refusal.Code))
	default:
		e = e.Int("transactions", op.Transactions)
	}
	e.Msg(what)
}
