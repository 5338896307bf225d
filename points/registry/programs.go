package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/points/program"
)

// A Program is a program with all its versions.
type Program struct {
	ID       int
	Code     string
	Sandbox  bool
	Clock    time.Time // of a sandbox
	Versions program.Versions
	Stored   []time.Time // when each version was handed in
}

// Now is the time by the program's clock, to the microsecond.
func (p *Program) Now(wall time.Time) time.Time {
	if p.Sandbox {
		return p.Clock.UTC()
	}
	return wall.UTC().Truncate(time.Microsecond)
}

const (
	programsSQL = `SELECT program, code, sandbox, coalesce(clock, created_at) AS clock FROM programs ORDER BY code`
	programSQL  = `SELECT program, code, sandbox, coalesce(clock, created_at) AS clock FROM programs WHERE code = $1`
	versionsSQL = `SELECT body, created_at FROM program_versions WHERE program = $1 ORDER BY number`

	addProgramSQL = `
INSERT INTO programs (program, code, sandbox, clock, created_at)
SELECT coalesce(max(program), 0) + 1, $1::text, $2::boolean, $3::timestamptz, $4::timestamptz FROM programs
RETURNING program`
	addVersionSQL = `INSERT INTO program_versions (program, number, effective_from, body, created_at) VALUES ($1, $2, $3, $4, $5)`
	moveClockSQL  = `UPDATE programs SET clock = $2 WHERE program = $1`
)

// Programs lists all programs by code.
func (s *Store) Programs(ctx context.Context) ([]*Program, error) {
	var rows []programRow
	if err := s.db.SelectContext(ctx, &rows, programsSQL); err != nil {
		return nil, fmt.Errorf("list programs: %w", err)
	}
	programs := make([]*Program, 0, len(rows))
	for _, r := range rows {
		p, err := r.program(ctx, s.db)
		if err != nil {
			return nil, err
		}
		programs = append(programs, p)
	}
	return programs, nil
}

// Program is the program of that code. It fails with ErrNotFound.
func (s *Store) Program(ctx context.Context, code string) (*Program, error) {
	return readProgram(ctx, s.db, code)
}

// PutProgram hands in a program file. It becomes a new version unless its content is in force at its effective_from
// already; then that version is returned. now is the wall clock.
//
// It refuses as program.Versions.Admit does.
func (s *Store) PutProgram(ctx context.Context, next *program.Program, now time.Time) (p *Program, version program.Version, isNew bool, err error) {
	body, err := json.Marshal(next)
	if err != nil {
		return nil, program.Version{}, false, fmt.Errorf("write the program: %w", err)
	}
	now = now.UTC().Truncate(time.Microsecond)
	err = s.write(ctx, func(tx *sqlx.Tx) (bool, error) {
		p, err = readProgram(ctx, tx, next.Code)
		if err != nil && !isNotFound(err) {
			return false, err
		}
		if p == nil {
			p = &Program{Code: next.Code, Sandbox: next.Sandbox}
		}
		if isNew, err = p.Versions.Admit(next, p.Now(now)); err != nil {
			return false, err
		}
		if !isNew {
			version = *p.Versions.At(next.EffectiveFrom)
			return false, nil
		}
		if p.ID == 0 {
			var clock *time.Time
			if next.Sandbox {
				at := next.EffectiveFrom.UTC()
				clock, p.Clock = &at, at
			}
			if err := tx.GetContext(ctx, &p.ID, addProgramSQL, next.Code, next.Sandbox, clock, now); err != nil {
				return false, fmt.Errorf("add the program: %w", err)
			}
		}
		p.Versions = p.Versions.With(next)
		p.Stored = append(p.Stored, now)
		version = p.Versions[len(p.Versions)-1]
		if _, err := tx.ExecContext(ctx, addVersionSQL, p.ID, version.Number, next.EffectiveFrom.UTC(), string(body), now); err != nil {
			return false, fmt.Errorf("add the version: %w", err)
		}
		return true, nil
	})
	return p, version, isNew, err
}

// MoveClock moves a sandbox's clock. It fails with ErrNotFound, ErrNotSandbox or ErrBackward, and returns the program
// as it then stands.
func (s *Store) MoveClock(ctx context.Context, code string, to time.Time) (p *Program, err error) {
	to = to.UTC().Truncate(time.Microsecond)
	err = s.write(ctx, func(tx *sqlx.Tx) (bool, error) {
		if p, err = readProgram(ctx, tx, code); err != nil {
			return false, err
		}
		switch {
		case !p.Sandbox:
			return false, ErrNotSandbox
		case to.Before(p.Clock):
			return false, ErrBackward
		case to.Equal(p.Clock):
			return false, nil
		}
		p.Clock = to
		if _, err := tx.ExecContext(ctx, moveClockSQL, p.ID, to); err != nil {
			return false, fmt.Errorf("move the clock: %w", err)
		}
		return true, nil
	})
	return p, err
}

type programRow struct {
	Program int       `db:"program"`
	Code    string    `db:"code"`
	Sandbox bool      `db:"sandbox"`
	Clock   time.Time `db:"clock"`
}

func readProgram(ctx context.Context, q sqlx.QueryerContext, code string) (*Program, error) {
	var r programRow
	if err := sqlx.GetContext(ctx, q, &r, programSQL, code); err != nil {
		return nil, fmt.Errorf("read program %s: %w", code, found(err))
	}
	return r.program(ctx, q)
}

func (r programRow) program(ctx context.Context, q sqlx.QueryerContext) (*Program, error) {
	var versions []struct {
		Body      string    `db:"body"`
		CreatedAt time.Time `db:"created_at"`
	}
	if err := sqlx.SelectContext(ctx, q, &versions, versionsSQL, r.Program); err != nil {
		return nil, fmt.Errorf("read the versions of program %s: %w", r.Code, err)
	}
	p := &Program{ID: r.Program, Code: r.Code, Sandbox: r.Sandbox, Clock: r.Clock.UTC()}
	for _, v := range versions {
		next, err := program.Decode([]byte(v.Body))
		if err != nil {
			return nil, fmt.Errorf("version %d of program %s: %w", len(p.Versions)+1, r.Code, err)
		}
		p.Versions = p.Versions.With(next)
		p.Stored = append(p.Stored, v.CreatedAt)
	}
	return p, nil
}
