package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/schema"
)

// VerifyOptions say what Verify looks at. The zero value looks at everything.
type VerifyOptions struct {
	Program  int                                   // projections of this program only; 0: of all. Batches and seals are always proved whole.
	Heads    iter.Seq2[Head, error]                // what somebody outside kept, in order of number; nil: nothing
	Keep     int                                   // differences of a check that are told one by one; 0: 20
	Progress func(check string, done, total int64) // told now and then while the journal is read; nil: nobody is
}

const defaultKeep = 20

// ProvingMemory is how many bytes a process needs that does nothing but verify or reconcile: what either holds at most, with
// room for garbage.
const ProvingMemory = 48 << 20

// A Verification is what Verify found.
type Verification struct {
	Checks       []CheckResult
	Batches      int64
	Transactions int64
	Head         *Head // the last seal; nil: nothing is sealed
	Total        int64 // transactions that are sealed
	Unsealed     int64 // transactions that are not, yet
}

// A CheckResult is what one check found.
type CheckResult struct {
	Name        string
	About       string // what holds where nothing differs
	Examined    int64  // how many it looked at
	Differences int64
	First       []Difference // the first of them
	Took        time.Duration
}

// A Difference is one thing that the database says and the journal does not bear out.
type Difference struct {
	Member  string // the internal key; empty: it concerns no single member
	Name    string // the id that the caller chose; empty: it is not known
	Program string // its code
	What    string // the balance, lot, order, batch or seal
	Stored  string // what the database says
	Journal string // what the journal says; empty: it has nothing to set against it
}

// String is the difference in words.
func (d Difference) String() string {
	s := d.What
	if d.Member != "" {
		who := d.Member
		if d.Name != "" {
			who = d.Name
		}
		s = "member " + who + ": " + s
		if d.Program != "" {
			s = d.Program + " " + s
		}
	}
	if d.Journal == "" {
		return s + ": " + d.Stored
	}
	return s + ": stored " + d.Stored + ", by the journal " + d.Journal
}

// Differences is how many were found in all.
func (v *Verification) Differences() (n int64) {
	for _, c := range v.Checks {
		n += c.Differences
	}
	return n
}

// Check is the result of the check of that name; nil: there is none.
func (v *Verification) Check(name string) *CheckResult {
	for i := range v.Checks {
		if v.Checks[i].Name == name {
			return &v.Checks[i]
		}
	}
	return nil
}

// Verify rebuilds what the database keeps beside the journal from the journal alone, and names every difference. It
// sees one instant, writes nothing, and holds in memory some thousands of transactions, one member's documents and, up to some
// 25 MB, where members and lots stand.
//
// db is a pool of schema.Open; two connections are used where two are free. It fails only when the database does; differences are no error.
func Verify(ctx context.Context, db *sqlx.DB, opts VerifyOptions) (v *Verification, err error) {
	cluster := schema.Cluster(ctx, db).Int64
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	defer func() {
		if err2 := tx.Rollback(); err2 != nil && !errors.Is(err2, sql.ErrTxDone) && err == nil {
			err = err2
		}
	}()
	beside, done, err := Beside(ctx, db, tx)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	defer func() { err = errors.Join(err, done()) }()
	return verifyIn(ctx, tx, beside, cluster, opts)
}

// verifyIn verifies what a transaction sees, and another one beside it; nil: there is none.
func verifyIn(ctx context.Context, tx, beside *sqlx.Tx, cluster int64, opts VerifyOptions) (*Verification, error) {
	if opts.Keep == 0 {
		opts.Keep = defaultKeep
	}
	if opts.Progress == nil {
		opts.Progress = func(string, int64, int64) {}
	}
	for _, tx := range []*sqlx.Tx{tx, beside} {
		if tx == nil {
			continue
		}
		if _, err := tx.ExecContext(ctx, verifySettingsSQL); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	p := newProof(tx, opts)
	p.beside, p.cluster = beside, cluster
	for _, step := range []func(context.Context) error{p.batches, p.projections, p.orders, p.documents, p.seals, p.names} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	return p.v, nil
}

// verifySettingsSQL gives sorts and hashes room, whatever the server's own setting is, and keeps the planner from
// walking whole tables by index, which it may take for cheap where it has no statistics; and from compiling what that
// makes look dear.
const verifySettingsSQL = `SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off; SET LOCAL jit = off; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`

// A proof is a verification under way.
type proof struct {
	VerifyOptions
	tx      *sqlx.Tx
	beside  *sqlx.Tx // sees the same; nil: there is none
	cluster int64
	v       *Verification
	prints  *prints // of the journal, once it was walked through
	stored  *stored // what must equal them
	roll    *roll   // nil: there are too many members
	sizes   sizes   // of what is kept beside the journal
	changed []batch // the first that do not hash to their fingerprints
	from    int     // the first of the checks under way
}

func newProof(tx *sqlx.Tx, opts VerifyOptions) *proof {
	p := &proof{VerifyOptions: opts, tx: tx, v: &Verification{}, prints: newPrints(opts.Program)}
	p.stored = &stored{prints: p.prints, program: opts.Program}
	return p
}

// check adds checks, to be filled by found, and returns what ends them all.
func (p *proof) check(checks ...CheckResult) (end func()) {
	from, started := len(p.v.Checks), time.Now()
	p.from = from
	p.v.Checks = append(p.v.Checks, checks...)
	return func() {
		for i := range p.v.Checks[from:] {
			p.v.Checks[from+i].Took = time.Since(started)
		}
	}
}

// of is the result of a check under way.
func (p *proof) of(check string) *CheckResult {
	for i := p.from; ; i++ {
		if p.v.Checks[i].Name == check {
			return &p.v.Checks[i]
		}
	}
}

// examined adds to what a check looked at.
func (p *proof) examined(check string, n int64) { p.of(check).Examined += n }

// found tells of a difference that a check found.
func (p *proof) found(check string, d Difference) {
	c := p.of(check)
	c.Differences++
	if len(c.First) < p.Keep {
		c.First = append(c.First, d)
	}
}

// namesSQL finds who a member is.
const namesSQL = `
SELECT m.member_id, p.code FROM members m JOIN programs p ON p.program = m.program WHERE m.member = $1`

// names says in the differences that are told who the members are.
func (p *proof) names(ctx context.Context) error {
	for i := range p.v.Checks {
		for k := range p.v.Checks[i].First {
			d := &p.v.Checks[i].First[k]
			if d.Member == "" {
				continue
			}
			err := p.tx.QueryRowContext(ctx, namesSQL, d.Member).Scan(&d.Name, &d.Program)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("name a member: %w", err)
			}
		}
	}
	return nil
}
