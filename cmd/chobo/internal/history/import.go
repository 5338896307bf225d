package history

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/points/engine"
)

// How says what is imported, and how.
type How struct {
	What    What
	Program string
	Format  Format
	Map     map[string]string // our columns to the file's, where they are not found by themselves
	DryRun  bool              // try everything, post nothing
	Whole   bool              // refuse the whole file for one bad row; else bad rows are left out
	Resume  bool              // go on where the last import of this very file stopped
	Actor   string            // who the journal says did it
}

// A Watch is told what happens. Both may be nil.
type Watch struct {
	Progress func(doing string, done, total int64) // total 0: it is not known
	Refused  func(Refused)
}

// Books are where everything goes.
type Books struct {
	DB     *sqlx.DB
	Engine *engine.Engine
}

// A Summary counts what became of a file's entries: members, lots or orders.
type Summary struct {
	Rows    int64 // of the file
	Read    int64 // entries
	Skipped int64 // of these, done by an import before that stopped here
	Posted  int64
	Already int64 // posted by an import before
	Refused int64 // left out
	Points  ledger.Points
	Repeats int64    // lots that say the very same as another one of the file
	Unused  []string // columns that nothing was taken from
	DryRun  bool
	Took    time.Duration // without reading the file for the first time
}

// Import brings a file over. The file is read at least twice: bad rows and ids that stand in it twice are known before
// anything is posted. Rows are posted in the file's order for each member.
//
// It fails with ErrHeader, ErrFile, ErrBadRows, ErrInterrupted, engine.ErrUnknownProgram, and as engine.Submit does. What
// was posted by then stays, is told in the summary, and is not posted again.
func Import(ctx context.Context, books Books, file io.ReadSeeker, how How, watch Watch) (*Summary, error) {
	p, ok := books.Engine.Config().Programs[how.Program]
	if !ok {
		return nil, engine.ErrUnknownProgram
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	m := &migration{books: books, file: file, size: size, how: how, watch: watch, program: p, summary: &Summary{DryRun: how.DryRun}}
	m.reading = reading{What: how.What, Format: how.Format, mapping: how.Map, versions: p.Versions, now: p.Now(time.Now()), actor: how.Actor}
	var tell func(Refused)
	if how.Whole {
		tell = watch.Refused
	}
	if err := m.survey(tell); err != nil {
		return nil, err
	}
	m.summary.Rows, m.summary.Unused = m.surveyed.rows, m.surveyed.unused
	if how.Whole && m.surveyed.bad > 0 {
		m.summary.Read, m.summary.Refused = m.surveyed.entries, m.surveyed.bad
		return m.summary, fmt.Errorf("%w: %d of %d %s", ErrBadRows, m.surveyed.bad, m.surveyed.entries, how.What)
	}
	started := time.Now()
	err = m.run(ctx)
	m.summary.Took = time.Since(started)
	return m.summary, err
}

// A migration is an import under way.
type migration struct {
	books    Books
	file     io.ReadSeeker
	size     int64
	how      How
	watch    Watch
	program  *engine.Program
	reading  reading
	surveyed *survey
	summary  *Summary
	told     time.Time // of the last progress
	noted    int64     // posted by the last checkpoint
}

// chunkSize is how many entries are posted together. The engine cuts them into batches of its own.
const chunkSize = 4000

// run posts the file chunk by chunk. What was begun is finished when ctx ends: it is short.
func (m *migration) run(ctx context.Context) error {
	skip, err := m.resume(ctx)
	if err != nil {
		return err
	}
	work := m.post
	if m.how.DryRun {
		work = m.try
	}
	chunk := make([]*entry, 0, chunkSize)
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w behind %d of %d %s", ErrInterrupted, m.summary.Read, m.surveyed.entries, m.how.What)
		}
		err := work(context.WithoutCancel(ctx), chunk)
		chunk = chunk[:0]
		if err != nil {
			return err
		}
		return m.checkpoint(context.WithoutCancel(ctx), false)
	}
	err = m.each(m.file, func(e *entry) error {
		if len(e.bad) == 0 {
			m.examine(e)
		}
		if len(e.bad) == 0 && e.id == "" {
			if e.nth = m.surveyed.repeats.count(e.content); e.nth > 1 {
				m.summary.Repeats++
			}
		}
		if skip > 0 {
			skip--
			m.summary.Read++
			m.summary.Skipped++
			return nil
		}
		if chunk = append(chunk, e); len(chunk) == chunkSize {
			return flush()
		}
		return nil
	}, nil)
	if err == nil {
		err = flush()
	}
	if err == nil {
		err = m.checkpoint(ctx, true)
	}
	return err
}

// leave notes an entry that was left out.
func (m *migration) leave(e *entry) {
	m.summary.Refused++
	if m.watch.Refused != nil {
		m.watch.Refused(e.refused())
	}
}

// progress tells how far it is, a few times a second.
func (m *migration) progress(doing string, done, total int64) {
	if m.watch.Progress != nil && time.Since(m.told) > 100*time.Millisecond {
		m.told = time.Now()
		m.watch.Progress(doing, done, total)
	}
}
