package engine

import (
	"context"
	"fmt"
	"time"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// A batch is one try to post units in one transaction.
type batch struct {
	*session
	*worker
	units []*unit
	doubt *doubt // an earlier try whose commit may have succeeded

	config   *Config
	revision int64
	wall     time.Time
	members  []ledger.Member // in order
	accounts map[ledger.Member]*loaded
	wants    []want // what the commands are known to look at
	answers  map[answerKey]*answer
	stocks   map[int]*stock // by program
	made     *answerKey     // of an answer that this batch keeps
	first    ledger.TransactionID
}

// A doubt is a commit that failed: it may have reached the disk. What it would have written tells.
type doubt struct {
	batch  ledger.TransactionID // zero: it posted no transaction
	answer answerKey            // of an answer that it kept; zero: none
}

// commitError is an error at COMMIT.
type commitError struct {
	err   error
	doubt *doubt
}

func (e *commitError) Error() string { return "commit: " + e.err.Error() }
func (e *commitError) Unwrap() error { return e.err }

// try posts the batch once. After an error nothing is posted, unless it is a commitError.
func (b *batch) try(ctx context.Context) error {
	posted, err := b.enter(ctx)
	if err != nil || posted {
		return err
	}
	if err := b.recall(ctx); err != nil {
		return err
	}
	if err := b.apply(ctx); err != nil {
		return err
	}
	if err := b.store(ctx); err != nil {
		return err
	}
	if err := b.commit(); err != nil {
		return &commitError{err, b.evidence()}
	}
	return nil
}

// enter begins the transaction, locks the members and sees to the configuration. posted: an earlier try was committed
// after all, and what it left in the units stands.
func (b *batch) enter(ctx context.Context) (posted bool, err error) {
	for range 3 {
		if err := b.begin(ctx); err != nil {
			return false, fmt.Errorf("begin: %w", err)
		}
		b.accounts = make(map[ledger.Member]*loaded, len(b.units))
		missing, err := b.lock(ctx)
		if err != nil {
			return false, err
		}
		if len(missing) > 0 {
			if err := b.rollback(ctx); err != nil {
				return false, fmt.Errorf("roll back: %w", err)
			}
			if err := b.make(ctx, missing); err != nil {
				return false, err
			}
			continue
		}
		if b.doubt != nil {
			if posted, err := b.settled(ctx); err != nil || posted {
				return posted, err
			}
		}
		b.config, err = b.engine.config.seen(ctx, b.revision, b.ask)
		if err != nil {
			return false, err
		}
		return false, b.open()
	}
	return false, fmt.Errorf("lock: rows of members vanish")
}

// open prepares the accounts for commands.
func (b *batch) open() error {
	b.wall = b.engine.opts.Now()
	b.ids.reach(b.wall)
	b.stocks = map[int]*stock{}
	for _, u := range b.units {
		l := b.accounts[u.member]
		if l.program != nil {
			continue
		}
		p := b.config.Programs[u.program.Code]
		if p == nil {
			return fmt.Errorf("program %s vanished", u.program.Code)
		}
		if b.stocks[p.ID] == nil {
			b.stocks[p.ID] = newStock()
		}
		l.open(p, u.name, b.wall, b.stocks[p.ID])
		b.ids.above(l.LastTransaction)
	}
	return nil
}

// open gives a loaded account what the program says.
func (l *loaded) open(p *Program, name string, wall time.Time, s *stock) {
	l.program, l.Name = p, name
	l.stock, l.Stock = s, s.left
	l.Programs, l.Benefits = p.Versions, p.Benefits
	l.Now = p.Now(wall)
}

// settledSQL looks for what a try in doubt would have written: its batch, or the answer to one of its requests.
const settledSQL = `
SELECT record_send(ROW(EXISTS (SELECT FROM batches WHERE id = $1)
                    OR EXISTS (SELECT FROM operations WHERE member = $2 AND key = $3)))`

// settled tells whether the try in doubt was committed. The members are locked, so it is not under way any more.
func (b *batch) settled(ctx context.Context) (yes bool, err error) {
	result, err := b.ask(ctx, settledSQL, int64(b.doubt.batch), b.doubt.answer.member.String(), b.doubt.answer.key)
	err = each(result, err, 1, func(r *rows.Row) {
		yes = r.Bool()
	})
	if err != nil {
		return false, fmt.Errorf("settle: %w", err)
	}
	if yes {
		return true, b.rollback(ctx)
	}
	return false, nil
}

// evidence is what tells later whether this batch was committed.
func (b *batch) evidence() *doubt {
	d := &doubt{batch: b.first}
	if b.made != nil {
		d.answer = *b.made
	}
	return d
}
