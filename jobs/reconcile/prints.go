package reconcile

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// A fingerprint is a sum over the journal that must equal a sum over what is stored, or zero. Each amount counts with a
// number drawn by lot from what it belongs to (its transaction, lot, order or day), so that amounts in the wrong place
// do not cancel, and nothing has to be grouped. A number of 41 bits is fooled once in 2^41 runs, and each run draws anew.
//
// A sum by day counts its points and its lines together, a line as so many points as the run draws, of 20 bits: two
// mistakes in one sum by day that make up for each other in just this way are missed once in a million runs.
//
// Where an amount is too large for 41 bits, of four million points, two sums with 21 bits each stand in for one.
const (
	wideMask   = 1<<41 - 1
	narrowMask = 1<<21 - 1
	lineMask   = 1<<20 - 1
)

const (
	// journalPrintsSQL sums the lines of program $1 in one pass. $2 is the seed, $3 masks the numbers, $4 is what a line
	// counts in the sums by day, $5 what a point is worth where that is whole, else 0. The counts that come first must be
	// zero for what rests on them, see judge.
	//
	// A transaction gives points to lots (does 1), moves them between a lot's accounts (2), gives back what it took (3) or
	// takes (4).
	journalPrintsSQL = `
SELECT count(*) FILTER (WHERE l.line = 1 AND NOT t.whole),
       count(*) FILTER (WHERE l.account = 11 AND l.money <> $5::bigint * l.points),
       count(*) FILTER (WHERE l.points = 0 AND l.account IN (21, 25, 31) AND t.subject IS NOT NULL),
       count(*) FILTER (WHERE t.does = 3 AND l.points < 0 AND l.account IN (11, 12, 13)),
       count(*) FILTER (WHERE t.does = 4 AND l.points < 0 AND l.account IN (11, 12, 13) OR t.does = 2 AND l.points > 0 AND l.lot IS NOT NULL AND l.account NOT IN (11, 12, 13)),
       coalesce(sum(l.points * (t.own & $3::bigint)), 0),
       coalesce(sum(l.money * (t.own & $3::bigint)), 0),
       coalesce(sum(l.points * (hashint8extended(l.lot, t.whose) & $3::bigint)) FILTER (WHERE t.does = 2 AND l.lot IS NOT NULL), 0),
       -coalesce(sum(l.points * (hashint8extended(coalesce(l.lot, 0), t.whose # l.account) & $3::bigint)) FILTER (WHERE l.account BETWEEN 11 AND 14), 0),
       coalesce(sum((l.points + $4::bigint) * (hashtextextended(coalesce(l.shop, ''), t.day # l.account) & $3::bigint)), 0),
       coalesce(sum((l.money - $5::bigint * l.points) * (hashtextextended(coalesce(l.shop, ''), t.day # l.account) & $3::bigint)) FILTER (WHERE l.money <> $5::bigint * l.points), 0),
       -coalesce(sum(l.points * (t.subject & $3::bigint)) FILTER (WHERE l.account = 31), 0),
       -coalesce(sum(l.points * (t.subject & $3::bigint)) FILTER (WHERE l.account = 31 AND l.points < 0), 0),
       coalesce(sum(l.points * (t.subject & $3::bigint)) FILTER (WHERE l.account IN (21, 25)), 0),
       coalesce(sum(l.points * (t.subject & $3::bigint)) FILTER (WHERE l.account IN (21, 25) AND l.points > 0), 0)
  FROM (SELECT *, hashint8extended(id, whose) AS own, hashint8extended((book_date - date '2000-01-01') * 1000::bigint + kind, $2) AS day,
               CASE WHEN kind <> 61 THEN hashtextextended(ordered, whose) END AS subject,
               CASE WHEN kind IN (1, 2, 3, 44, 60, 63) THEN 1 WHEN kind IN (5, 10, 11) THEN 2 WHEN kind IN (20, 51) THEN 3 ELSE 4 END AS does,
               cardinality(moves) = 3 * cardinality(accounts) AND coalesce(cardinality(expires) = cardinality(accounts), true) AND array_position(moves, NULL) IS NULL AND array_lower(moves, 1) IS NOT DISTINCT FROM array_lower(accounts, 1) AS whole
          FROM (SELECT id, program, kind, book_date, subject AS ordered, shop AS whom, accounts, moves, expires, uuid_hash_extended(member, $2) AS whose
                  FROM transactions WHERE program = $1) AS seeded) t
 CROSS JOIN LATERAL (SELECT a.line, a.account, t.moves[3 * a.line - 2] AS points, t.moves[3 * a.line - 1] AS money, nullif(t.moves[3 * a.line], 0) AS lot,
                            CASE WHEN a.account IN (25, 31, 32, 61) THEN t.whom END AS shop
                       FROM unnest(t.accounts) WITH ORDINALITY AS a (account, line)) l`

	// storedPrintsSQL sums what the members of program $1 hold in the same way. The counts are of rows whose balances are
	// not the sums of their lots and holds, that do not know their own lots, and that hold less than nothing.
	storedPrintsSQL = `
SELECT count(*) FILTER (WHERE a.available <> l.available + coalesce(s.available, 0) OR a.reserved <> l.reserved + coalesce(s.reserved, 0) OR a.pending <> h.pending),
       count(*) FILTER (WHERE a.spilled <> coalesce(s.lots, 0) OR a.spilled_points <> coalesce(s.available, 0)),
       count(*) FILTER (WHERE least(l.least, s.least, h.least) < 0),
       coalesce(sum(l.print + h.print + coalesce(s.print, 0) - a.debt::numeric * (hashint8extended(0, a.whose # 14) & $3::bigint)), 0)
  FROM (SELECT *, uuid_hash_extended(member, $2) AS whose FROM accounts WHERE program = $1) a
 CROSS JOIN LATERAL (SELECT coalesce(sum(lots[i + 1]), 0) AS available, coalesce(sum(lots[i + 2]), 0) AS reserved, min(least(lots[i + 1], lots[i + 2])) AS least,
                            coalesce(sum(lots[i + 1] * (hashint8extended(lots[i], a.whose # 11) & $3::bigint)), 0)
                          + coalesce(sum(lots[i + 2] * (hashint8extended(lots[i], a.whose # 13) & $3::bigint)), 0) AS print
                       FROM generate_series(1, cardinality(a.lots), 5) AS i) l
 CROSS JOIN LATERAL (SELECT coalesce(sum(holds[i + 1]), 0) AS pending, min(holds[i + 1]) AS least,
                            coalesce(sum(holds[i + 1] * (hashint8extended(holds[i], a.whose # 12) & $3::bigint)), 0) AS print
                       FROM generate_series(1, cardinality(a.holds), 4) AS i) h
  LEFT JOIN (SELECT member, count(*) AS lots, sum(remaining) AS available, sum(reserved) AS reserved, min(least(remaining, reserved)) AS least,
                    sum(remaining * (hashint8extended(lot, uuid_hash_extended(member, $2) # 11) & $3::bigint))
                  + sum(reserved * (hashint8extended(lot, uuid_hash_extended(member, $2) # 13) & $3::bigint)) AS print
               FROM spilled_lots GROUP BY member) s USING (member)`

	// daysPrintsSQL sums the sums by day in the same way.
	daysPrintsSQL = `
SELECT coalesce(sum((points + $4::bigint * lines) * (number & $3::bigint)), 0), coalesce(sum((money - $5::bigint * points) * (number & $3::bigint)), 0)
  FROM (SELECT points, money, lines, hashtextextended(shop, hashint8extended((book_date - date '2000-01-01') * 1000::bigint + kind, $2) # account) AS number
          FROM movements WHERE program = $1) AS days`

	// postedPrintsSQL counts transactions of the whole installation whose member is not known in their program, and sums
	// those that a key must have. $1 is the seed, $2 masks the numbers.
	postedPrintsSQL = `
SELECT count(*) FILTER (WHERE m.program IS DISTINCT FROM t.program),
       coalesce(sum(hashint8extended(t.id, uuid_hash_extended(t.member, $1)) & $2::bigint) FILTER (WHERE t.kind NOT IN (4, 5, 11, 14, 22, 30, 31, 32, 40, 41)), 0)
  FROM transactions t LEFT JOIN members m USING (member)`

	// claimedPrintsSQL sums the transactions that keys say are theirs, less those that a key may have: of kinds that follow
	// from others or fall due. What matures has none.
	claimedPrintsSQL = `
SELECT coalesce((SELECT sum((hashint8extended(first_transaction, whose) & $2::bigint)
              + CASE WHEN transactions > 1 THEN hashint8extended(first_transaction + 4096, whose) & $2::bigint ELSE 0 END
              + CASE WHEN transactions > 2 THEN (SELECT sum(hashint8extended(first_transaction + i * 4096::bigint, whose) & $2::bigint) FROM generate_series(2, transactions - 1) AS i) ELSE 0 END)
          FROM (SELECT first_transaction, transactions, uuid_hash_extended(member, $1) AS whose FROM operations WHERE transactions > 0 AND first_transaction IS NOT NULL) AS keys), 0)
     - coalesce((SELECT sum(hashint8extended(id, uuid_hash_extended(member, $1)) & $2::bigint)
          FROM (SELECT DISTINCT t.member, t.id
                  FROM transactions t
                  JOIN operations o ON o.member = t.member AND t.id BETWEEN o.first_transaction AND o.first_transaction + (o.transactions - 1) * 4096::bigint AND (t.id - o.first_transaction) % 4096 = 0
                 WHERE t.kind IN (4, 11, 14, 22, 30, 31, 32, 40, 41)) AS followed), 0)`
)

// A draw is what a run draws and measures by.
type draw struct{ seed, mask, line, worth int64 }

// A proof is what fingerprints have shown: the checks that hold for all members.
type proof struct {
	holds    map[string]bool
	restored bool // lot_bounds holds but for lots to which points were given back
}

// proved finds what holds for all members. It looks at all of them.
func (s *scope) proved(ctx context.Context) (p proof, err error) {
	p, ok, err := s.prove(ctx, wideMask)
	if err != nil || ok {
		return p, err
	}
	p, ok, err = s.prove(ctx, narrowMask)
	if err != nil || !ok { // an amount so large that no sum holds it: everything is looked at
		return proof{}, err
	}
	again, ok, err := s.prove(ctx, narrowMask)
	if err != nil || !ok {
		return proof{}, err
	}
	maps.DeleteFunc(p.holds, func(check string, _ bool) bool { return !again.holds[check] })
	p.restored = p.restored && again.restored
	return p, nil
}

// prove tries with numbers of so many bits; ok is false where an amount is too large for them.
func (s *scope) prove(ctx context.Context, mask int64) (p proof, ok bool, err error) {
	d := draw{seed: rand.Int64(), mask: mask, line: 1 + rand.Int64N(lineMask)} //nolint:gosec // whoever damages the books does not know it beforehand, which is enough
	whole := s.program.Versions.PointValue().IsInteger()
	if whole {
		d.worth = s.program.Versions.PointValue().IntPart()
	}
	journal, err := s.sums(ctx, 15, journalPrintsSQL, s.program.ID, d.seed, d.mask, d.line, d.worth)
	if err != nil || journal == nil {
		return p, false, wrapped("fingerprints of the journal", err)
	}
	stored, err := s.sums(ctx, 4, storedPrintsSQL, s.program.ID, d.seed, d.mask)
	if err != nil || stored == nil {
		return p, false, wrapped("fingerprints of what is stored", err)
	}
	days, err := s.sums(ctx, 2, daysPrintsSQL, s.program.ID, d.seed, d.mask, d.line, d.worth)
	if err != nil || days == nil {
		return p, false, wrapped("fingerprints of the sums by day", err)
	}
	posted, err := s.sums(ctx, 2, postedPrintsSQL, d.seed, d.mask)
	if err != nil || posted == nil {
		return p, false, wrapped("fingerprints of transactions", err)
	}
	claimed, err := s.sums(ctx, 1, claimedPrintsSQL, d.seed, d.mask)
	if err != nil || claimed == nil {
		return p, false, wrapped("fingerprints of keys", err)
	}
	orders, err := s.orderPrints(ctx, d)
	if err != nil {
		return p, false, wrapped("fingerprints of orders", err)
	}
	return judge(journal, stored, days, append(posted, claimed...), orders, whole), true, nil
}

func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// judge says which checks hold, by the rows of journalPrintsSQL, storedPrintsSQL, daysPrintsSQL, those of postedPrintsSQL and
// claimedPrintsSQL together, and by what orders say, which is nil where one breaks a law of its own.
func judge(journal, stored, days, keys, orders []string, whole bool) (p proof) {
	strangers := keys[0] != "0"
	if journal[0] != "0" || strangers { // what the fingerprints of this program do not hold
		return p
	}
	lots := journal[8] == stored[3]
	bounded := lots && zero(journal[4], journal[7], stored[2]) // see lotBoundsSQL
	p.restored = bounded
	p.holds = map[string]bool{
		"lines_add_up": zero(journal[5:7]...),
		"balances":     lots && zero(stored[0]),
		"lots":         lots && zero(stored[1]),
		"holds":        lots,
		"lot_bounds":   bounded && zero(journal[3]),
		"lot_values":   whole && zero(journal[1]),
		"orders":       zero(journal[2]) && slices.Equal(journal[11:15], orders),
		"keys":         keys[1] == keys[2],
		"members":      true,
		"rollups":      slices.Equal(journal[9:11], days),
	}
	return p
}

func zero(sums ...string) bool {
	return !slices.ContainsFunc(sums, func(n string) bool { return n != "0" })
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
	return out, err
}

const (
	savepointSQL  = `SAVEPOINT fingerprint`
	rollbackToSQL = `ROLLBACK TO SAVEPOINT fingerprint`
)
