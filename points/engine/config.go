package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"hash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/program"
)

// A Config is what engines keep in memory of an installation, as of one revision. It is never changed: the next
// revision is another Config.
type Config struct {
	Revision int64
	Programs map[string]*Program // by code
}

// A Program is what the installation knows of one program.
type Program struct {
	ID       int // in the database
	Code     string
	Sandbox  bool
	Clock    time.Time // of a sandbox: it stands still until it is moved
	Versions program.Versions
	Benefits map[string]points.Benefit
	Policies []Policy
	Open     time.Time // first day, at midnight UTC, of the earliest period that is not closed; zero: none was closed yet

	keyed  hash.Cloner // HMAC of the installation's secret, into which the code was written
	bodies []string    // of the versions
}

// A Policy is one version of a policy file as it was given.
type Policy struct {
	Name          string
	Shop          string // empty: of the whole program
	Number        int
	EffectiveFrom time.Time
	Body          string
}

// Member is the internal key of a member.
func (p *Program) Member(id string) (m ledger.Member) {
	h, err := p.keyed.Clone()
	if err != nil {
		panic(err) // SHA-256 clones
	}
	h.Write([]byte(id))
	var sum [sha256.Size]byte
	copy(m[:], h.Sum(sum[:0]))
	return m
}

// keyed begins the keys of a program's members.
func keyed(secret []byte, code string) hash.Cloner {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(code))
	h.Write([]byte{0})
	return h.(hash.Cloner)
}

// Now is the time by the program's clock, to the microsecond.
func (p *Program) Now(wall time.Time) time.Time {
	if p.Sandbox {
		return p.Clock
	}
	return wall.UTC().Truncate(time.Microsecond)
}

// bookDate is the day that finance counts an event to: its date in the program's zone, or the first day that is not
// closed yet. Source: ruling 3.
func (p *Program) bookDate(at time.Time) time.Time {
	y, m, d := at.In(p.Versions.Zone()).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	if day.Before(p.Open) {
		return p.Open
	}
	return day
}

// configs keeps the newest configuration that a batch has seen.
type configs struct {
	now  atomic.Pointer[Config]
	turn sync.Mutex
}

const (
	revisionSQL = `SELECT revision, secret FROM installation WHERE only_one`
	programsSQL = `SELECT program, code, sandbox, coalesce(clock, created_at) FROM programs`
	versionsSQL = `SELECT program, body FROM program_versions ORDER BY program, number`
	policiesSQL = `SELECT program, policy, shop, number, effective_from, body FROM policy_versions ORDER BY program, policy, shop, number`
	// The earliest open period is the one after the last that is closed, or about to be.
	periodsSQL  = `SELECT program, (max(period) + interval '1 month')::date FROM periods GROUP BY program`
	benefitsSQL = `SELECT program, benefit, name, points, valid_from, valid_to, counted FROM benefits`
)

// seen returns the configuration of that revision, reading it if the one in memory is another.
func (c *configs) seen(ctx context.Context, revision int64, q ask) (*Config, error) {
	if now := c.now.Load(); now.Revision == revision {
		return now, nil
	}
	return c.reload(ctx, q)
}

// reload reads the configuration.
func (c *configs) reload(ctx context.Context, q ask) (*Config, error) {
	next, err := readConfig(ctx, q, c.now.Load())
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	c.turn.Lock()
	defer c.turn.Unlock()
	if now := c.now.Load(); now == nil || now.Revision < next.Revision {
		c.now.Store(next)
	}
	return next, nil
}

// Config is the configuration that the last batch or reader has seen.
func (e *Engine) Config() *Config { return e.config.now.Load() }

// Reload reads the configuration if the database has another one than the last batch or reader saw, and returns it.
func (e *Engine) Reload(ctx context.Context) (*Config, error) {
	var revision int64
	var secret []byte
	if err := scan(ctx, e.asks.ask, revisionSQL, func(rows *sql.Rows) error { return rows.Scan(&revision, &secret) }); err != nil {
		return nil, fmt.Errorf("read the revision: %w", err)
	}
	return e.config.seen(ctx, revision, e.asks.ask)
}

// program is the program of that code, looked for in the database if it is not known.
func (e *Engine) program(ctx context.Context, code string) (*Program, error) {
	if p, ok := e.Config().Programs[code]; ok {
		return p, nil
	}
	config, err := e.Reload(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	if p, ok := config.Programs[code]; ok {
		return p, nil
	}
	return nil, ErrUnknownProgram
}

// readConfig reads all that servers keep in memory. The revision comes first: what changes behind it makes the next
// batch read again.
func readConfig(ctx context.Context, q ask, last *Config) (*Config, error) {
	c := &Config{Programs: map[string]*Program{}}
	byID := map[int]*Program{}
	var secret []byte
	err := scan(ctx, q, revisionSQL, func(rows *sql.Rows) error { return rows.Scan(&c.Revision, &secret) })
	if err != nil {
		return nil, err
	}
	if len(secret) == 0 {
		return nil, fmt.Errorf("the installation has no secret yet")
	}
	err = scan(ctx, q, programsSQL, func(rows *sql.Rows) error {
		p := &Program{Benefits: map[string]points.Benefit{}}
		err := rows.Scan(&p.ID, &p.Code, &p.Sandbox, &p.Clock)
		p.Clock, p.keyed = p.Clock.UTC(), keyed(secret, p.Code)
		c.Programs[p.Code], byID[p.ID] = p, p
		return err
	})
	if err != nil {
		return nil, err
	}
	err = scan(ctx, q, versionsSQL, func(rows *sql.Rows) error {
		var id int
		var body string
		err := rows.Scan(&id, &body)
		if p := byID[id]; p != nil {
			p.bodies = append(p.bodies, body)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := c.readTerms(ctx, q, byID); err != nil {
		return nil, err
	}
	for code, p := range c.Programs {
		if p.Versions, err = versions(p.bodies, last, code); err != nil {
			return nil, fmt.Errorf("program %s: %w", code, err)
		}
		if len(p.Versions) == 0 { // its first version is on its way
			delete(c.Programs, code)
		}
	}
	return c, nil
}

// readTerms reads policies, periods and benefits.
func (c *Config) readTerms(ctx context.Context, q ask, byID map[int]*Program) error {
	err := scan(ctx, q, policiesSQL, func(rows *sql.Rows) error {
		var id int
		var v Policy
		err := rows.Scan(&id, &v.Name, &v.Shop, &v.Number, &v.EffectiveFrom, &v.Body)
		if p := byID[id]; p != nil {
			p.Policies = append(p.Policies, v)
		}
		return err
	})
	if err != nil {
		return err
	}
	err = scan(ctx, q, periodsSQL, func(rows *sql.Rows) error {
		var id int
		var open time.Time
		err := rows.Scan(&id, &open)
		if p := byID[id]; p != nil {
			p.Open = open.UTC()
		}
		return err
	})
	if err != nil {
		return err
	}
	return scan(ctx, q, benefitsSQL, func(rows *sql.Rows) error {
		var id int
		var b points.Benefit
		var from, to sql.NullTime
		err := rows.Scan(&id, &b.ID, &b.Name, &b.Points, &from, &to, &b.Counted)
		b.ValidFrom, b.ValidTo = from.Time, to.Time
		if p := byID[id]; p != nil {
			p.Benefits[b.ID] = b
		}
		return err
	})
}

// versions decodes a program's versions, unless they are those that are in memory.
func versions(bodies []string, last *Config, code string) (program.Versions, error) {
	if last != nil {
		if p := last.Programs[code]; p != nil && slices.Equal(p.bodies, bodies) {
			return p.Versions, nil
		}
	}
	if len(bodies) == 0 {
		return nil, nil
	}
	var vs program.Versions
	for _, body := range bodies {
		p, err := program.Decode([]byte(body))
		if err != nil {
			return nil, err
		}
		vs = vs.With(p)
	}
	return vs, nil
}

// scan calls fn for every row of a query.
func scan(ctx context.Context, q ask, query string, fn func(*sql.Rows) error) error {
	rows, err := q(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has told
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
