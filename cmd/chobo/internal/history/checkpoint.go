package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// How far a file came, by what is in it. Nothing depends on it: it saves an import that begins again the way.
const (
	checkpointSQL = `SELECT rows FROM imports WHERE program = $1 AND what = $2 AND file = $3`

	keepCheckpointSQL = `
INSERT INTO imports AS i (program, what, file, started_at, rows, posted, refused, done) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (program, what, file) DO UPDATE
   SET rows = greatest(i.rows, excluded.rows), posted = i.posted + excluded.posted, refused = excluded.refused, done = i.done OR excluded.done`
)

// resume is how many of the file's entries need not be looked at.
func (m *migration) resume(ctx context.Context) (skip int64, err error) {
	if !m.how.Resume || m.how.DryRun {
		return 0, nil
	}
	err = m.books.DB.GetContext(ctx, &skip, checkpointSQL, m.program.ID, string(m.how.What), m.surveyed.identity[:])
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("see how far the file came: %w", err)
	}
	return skip, nil
}

// checkpoint notes how far the file came.
func (m *migration) checkpoint(ctx context.Context, done bool) error {
	if m.how.DryRun {
		return nil
	}
	posted := m.summary.Posted - m.noted
	m.noted = m.summary.Posted
	_, err := m.books.DB.ExecContext(ctx, keepCheckpointSQL, m.program.ID, string(m.how.What), m.surveyed.identity[:], time.Now(),
		m.summary.Read, posted, m.summary.Refused, done)
	if err != nil {
		return fmt.Errorf("note how far the file came: %w", err)
	}
	return nil
}
