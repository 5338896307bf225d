package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/engine"
)

// A Break is a difference that a check found.
type Break struct {
	Check  string
	Key    string // what it is about, for people; the same difference has the same key
	Whose  string // internal key of the member concerned; empty: none
	Left   int64  // as the ledger stores it
	Right  int64  // as it was computed
	Reason string
}

// Difference is what the two differ by.
func (b Break) Difference() int64 { return b.Left - b.Right }

// A check is one of the things that are always true.
type check struct {
	name  string
	about string
	large bool // it reads the whole journal, whoever was touched
	find  func(ctx context.Context, s *scope, found func(Break)) error
}

// checks are all of them, in the order in which they are reported.
var checks = []check{
	{"lines_add_up", "Every transaction's lines add up to zero, in points and in money.", false, rowsOf(unbalancedSQL)},
	{"balances", "A member's balances are the sums of the member's lines.", false, rowsOf(balancesSQL)},
	{"lots", "A lot's available and reserved points are the sums of its lines, in the member's row and beside it.", false, rowsOf(lotsSQL)},
	{"holds", "A pending grant's points are the sums of its lines.", false, rowsOf(holdsSQL)},
	{"lot_bounds", "No lot is below zero or above what was granted, and no more is given back to it than was taken.", false, boundRows},
	{"lot_values", "Available points are worth floor(value × remaining), lot by lot.", false, valueRows},
	{"orders", "What points paid of an order, less what was given back or fell back to cash, is what its tenders say; no tender got more back than it paid; what it earned is in the journal and at most what its terms say.", false, findOrders},
	{"receivables", "What a member owes is the sum of the open receivables.", false, rowsOf(receivablesSQL)},
	{"keys", "Every idempotency key has exactly its transactions, and only what falls due by itself is posted without one.", false, rowsOf(keysSQL)},
	{"members", "Every transaction belongs to a member who is known.", false, rowsOf(strangersSQL)},
	{"expired", "No available lot is past its date once the job expire has run, unless somebody posted for its member since.", false, dueRows(expiredSQL, "expire")},
	{"held", "No grant is pending past its hold once the job mature has run, unless somebody posted for its member since.", false, dueRows(heldSQL, "mature")},
	{"reserved", "No reservation is open past its time once the job release has run, unless somebody posted for its member since.", false, dueRows(reservedSQL, "release")},
	{"batches", "Every transaction stands in a batch, and every batch has all of its transactions.", true, rowsOf(batchesSQL)},
	{"rollups", "The sums by day are the sums of the lines.", true, rowsOf(rollupsSQL)},
	{"seals", "Each seal follows the one before and covers its batches as they are; every batch is sealed once, and none was left behind.", true, findUnsealed},
	{"liability", "What the accounts of members stand at together is what the members hold.", false, rowsOf(liabilitySQL)},
	{"closed_periods", "A closed period's balances are what they were when it was closed.", false, findClosed},
}

// Names lists the checks with what each proves.
func Names() (out [][2]string) {
	for _, c := range checks {
		out = append(out, [2]string{c.name, c.about})
	}
	return out
}

// A scope is what a run looks at.
type scope struct {
	tx       *sqlx.Tx
	beside   *sqlx.Tx // sees the same; nil: there is none
	program  *engine.Program
	members  []string // internal keys; nil: all
	cluster  int64    // of schema.Cluster
	restored bool     // of lots, only those to which points were given back can be out of bounds
}

// who is the members as a statement takes them; null for all.
func (s *scope) who() any {
	if s.members == nil {
		return nil
	}
	return pq.Array(s.members)
}

// rowsOf is a check that is one statement over program $1 and members $2, whose rows are key, whose, left, right, reason.
func rowsOf(query string) func(context.Context, *scope, func(Break)) error {
	return func(ctx context.Context, s *scope, found func(Break)) error {
		return s.each(ctx, found, query, s.program.ID, s.who())
	}
}

// each calls found with every row of a statement as rowsOf describes it.
func (s *scope) each(ctx context.Context, found func(Break), query string, args ...any) (err error) {
	rows, err := s.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b Break
		var left, right string
		if err := rows.Scan(&b.Key, &b.Whose, &left, &right, &b.Reason); err != nil {
			return err
		}
		b.Left, b.Right = whole(left), whole(right)
		b.Key = strings.ReplaceAll(b.Key, points.HouseMember, "the house")
		found(b)
	}
	return rows.Err()
}

// whole reads a number of any size; what does not fit is as large as can be.
func whole(s string) int64 {
	n, ok := new(big.Int).SetString(s, 10)
	switch {
	case !ok:
		return 0
	case n.IsInt64():
		return n.Int64()
	case n.Sign() < 0:
		return math.MinInt64
	default:
		return math.MaxInt64
	}
}

// dueRows is a check against the time up to which a job has worked, $3, of members for whom nobody posted since it began,
// from id $4 on: a fact that was told later may be due already. Where it never ran there is nothing to prove.
func dueRows(query, job string) func(context.Context, *scope, func(Break)) error {
	return func(ctx context.Context, s *scope, found func(Break)) error {
		var asOf, began time.Time
		err := s.tx.QueryRowContext(ctx, ranSQL, s.program.ID, job).Scan(&asOf, &began)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the last run of job %s: %w", job, err)
		}
		return s.each(ctx, found, query, s.program.ID, s.who(), asOf, int64(ledger.FirstID(began)))
	}
}

const ranSQL = `
SELECT as_of, started_at FROM job_runs
 WHERE program = $1 AND job = $2 AND finished_at IS NOT NULL AND error IS NULL
 ORDER BY as_of DESC, started_at DESC LIMIT 1`
