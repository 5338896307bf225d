package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// A print names a fingerprint: a sum over the journal that must equal a sum over what is stored, or zero. Each amount
// counts with a number drawn by lot from what it belongs to (its member, lot or transaction), so that amounts in the
// wrong place do not cancel. Two sums with 23 bits each are fooled once in 2^46 tries, and each run draws anew.
type print int

// The fingerprints.
const (
	printNone print = iota
	printLines
	printBalances
	printLots
	printHolds
	printValues
)

const (
	// journalPrintsSQL sums the lines of program $1 in one pass. $2 is the seed.
	journalPrintsSQL = `
WITH l AS (
  SELECT l.account, l.points, l.money, hashint8extended(l.transaction, $2) AS t, uuid_hash_extended(l.member, $2) AS m,
         hashint8extended(coalesce(l.lot, 0), uuid_hash_extended(l.member, $2)) AS k
    FROM lines l JOIN members USING (member)
   WHERE program = $1
)
SELECT coalesce(sum(points * (t & 8388607)), 0), coalesce(sum(points * (t >> 24 & 8388607)), 0),
       coalesce(sum(money * (t & 8388607)), 0), coalesce(sum(money * (t >> 24 & 8388607)), 0),
       -coalesce(sum(points * (m & 8388607)) FILTER (WHERE account = 11), 0), -coalesce(sum(points * (m >> 24 & 8388607)) FILTER (WHERE account = 11), 0),
       -coalesce(sum(points * (m & 8388607)) FILTER (WHERE account = 12), 0), -coalesce(sum(points * (m >> 24 & 8388607)) FILTER (WHERE account = 12), 0),
       -coalesce(sum(points * (m & 8388607)) FILTER (WHERE account = 13), 0), -coalesce(sum(points * (m >> 24 & 8388607)) FILTER (WHERE account = 13), 0),
       coalesce(sum(points * (m & 8388607)) FILTER (WHERE account = 14), 0), coalesce(sum(points * (m >> 24 & 8388607)) FILTER (WHERE account = 14), 0),
       -coalesce(sum(points * (k & 8388607)) FILTER (WHERE account = 11), 0), -coalesce(sum(points * (k >> 24 & 8388607)) FILTER (WHERE account = 11), 0),
       -coalesce(sum(points * (k & 8388607)) FILTER (WHERE account = 13), 0), -coalesce(sum(points * (k >> 24 & 8388607)) FILTER (WHERE account = 13), 0),
       -coalesce(sum(points * (k & 8388607)) FILTER (WHERE account = 12), 0), -coalesce(sum(points * (k >> 24 & 8388607)) FILTER (WHERE account = 12), 0),
       -coalesce(sum(money * (k & 8388607)) FILTER (WHERE account = 11), 0), -coalesce(sum(money * (k >> 24 & 8388607)) FILTER (WHERE account = 11), 0)
  FROM l`

	// storedPrintsSQL sums what is stored of program $1 the same way. $3 is the value of a point. The last two numbers
	// count rows that do not know their own lots.
	storedPrintsSQL = `
WITH rows AS (
  SELECT a.*, uuid_hash_extended(member, $2) AS m FROM accounts a WHERE program = $1
), lots AS (
  SELECT lots[i + 1] AS available, lots[i + 2] AS reserved, hashint8extended(lots[i], m) AS k FROM rows CROSS JOIN LATERAL generate_series(1, cardinality(lots), 5) AS i
  UNION ALL
  SELECT s.remaining, s.reserved, hashint8extended(s.lot, uuid_hash_extended(s.member, $2)) FROM spilled_lots s JOIN members USING (member) WHERE program = $1
), holds AS (
  SELECT holds[i + 1] AS points, hashint8extended(holds[i], m) AS k FROM rows CROSS JOIN LATERAL generate_series(1, cardinality(holds), 4) AS i
)
SELECT r.*, l.*, h.*, s.*
  FROM (SELECT coalesce(sum(available * (m & 8388607)), 0), coalesce(sum(available * (m >> 24 & 8388607)), 0),
               coalesce(sum(pending * (m & 8388607)), 0), coalesce(sum(pending * (m >> 24 & 8388607)), 0),
               coalesce(sum(reserved * (m & 8388607)), 0), coalesce(sum(reserved * (m >> 24 & 8388607)), 0),
               coalesce(sum(debt * (m & 8388607)), 0), coalesce(sum(debt * (m >> 24 & 8388607)), 0) FROM rows) r,
       (SELECT coalesce(sum(available * (k & 8388607)), 0), coalesce(sum(available * (k >> 24 & 8388607)), 0),
               coalesce(sum(reserved * (k & 8388607)), 0), coalesce(sum(reserved * (k >> 24 & 8388607)), 0),
               coalesce(sum(floor($3::numeric * available)::bigint * (k & 8388607)), 0), coalesce(sum(floor($3::numeric * available)::bigint * (k >> 24 & 8388607)), 0) FROM lots) l,
       (SELECT coalesce(sum(points * (k & 8388607)), 0), coalesce(sum(points * (k >> 24 & 8388607)), 0) FROM holds) h,
       (SELECT count(*) FILTER (WHERE a.spilled <> coalesce(s.lots, 0)), count(*) FILTER (WHERE a.spilled_points <> coalesce(s.points, 0))
          FROM accounts a FULL JOIN (SELECT member, count(*) AS lots, sum(remaining) AS points FROM spilled_lots GROUP BY member) s USING (member)
         WHERE a.program = $1) s`
)

// proved are the fingerprints that agree. It looks at all members.
func (s *scope) proved(ctx context.Context) (map[print]bool, error) {
	seed := rand.Int64() //nolint:gosec // whoever damages the books does not know it beforehand, which is enough
	journal, err := s.sums(ctx, 20, journalPrintsSQL, s.program.ID, seed)
	if err != nil {
		return nil, fmt.Errorf("fingerprints of the journal: %w", err)
	}
	stored, err := s.sums(ctx, 18, storedPrintsSQL, s.program.ID, seed, s.program.Versions.PointValue().String())
	if err != nil {
		return nil, fmt.Errorf("fingerprints of what is stored: %w", err)
	}
	if journal == nil || stored == nil { // an amount so large that no sum holds it: everything is looked at
		return nil, nil
	}
	zero := func(sums []string) bool { return !slices.ContainsFunc(sums, func(n string) bool { return n != "0" }) }
	return map[print]bool{
		printLines:    zero(journal[0:4]),
		printBalances: slices.Equal(journal[4:12], stored[0:8]),
		printLots:     slices.Equal(journal[12:16], stored[8:12]) && zero(stored[16:18]),
		printHolds:    slices.Equal(journal[16:18], stored[14:16]),
		printValues:   slices.Equal(journal[18:20], stored[12:14]),
	}, nil
}

// sums reads one row of n numbers; nil: one of them was too large.
func (s *scope) sums(ctx context.Context, n int, query string, args ...any) (out []string, err error) {
	if _, err := s.tx.ExecContext(ctx, savepointSQL); err != nil {
		return nil, err
	}
	out = make([]string, n)
	into := make([]any, n)
	for i := range out {
		into[i] = &out[i]
	}
	err = s.tx.QueryRowContext(ctx, query, args...).Scan(into...)
	if pq.As(err, pqerror.NumericValueOutOfRange) != nil {
		_, err := s.tx.ExecContext(ctx, rollbackToSQL)
		return nil, err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return out, err
}

const (
	savepointSQL  = `SAVEPOINT fingerprint`
	rollbackToSQL = `ROLLBACK TO SAVEPOINT fingerprint`
)
