package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chobo/ledger"
)

const (
	// keysSQL lays out which transactions each key says are its own, and compares with those that there are. Kinds that
	// fall due by themselves, and what follows from them, need no key.
	keysSQL = `
WITH claimed AS (
  SELECT o.member, o.first_transaction + i * 4096::bigint AS id, o.key
    FROM operations o JOIN members USING (member) CROSS JOIN LATERAL generate_series(0, o.transactions - 1) AS i
   WHERE program = $1 AND ($2::uuid[] IS NULL OR o.member = ANY($2)) AND o.first_transaction IS NOT NULL
), claims AS (
  SELECT member, id, min(key) AS key, count(*) AS keys FROM claimed GROUP BY member, id
), posted AS (
  SELECT member, id, kind FROM transactions WHERE program = $1 AND ($2::uuid[] IS NULL OR member = ANY($2))
)
SELECT m.member_id || ' ' || id, m.member::text, CASE WHEN p.member IS NULL THEN 0 ELSE 1 END, coalesce(c.keys, 0),
       CASE WHEN p.member IS NULL THEN 'key ' || c.key || ' has a transaction that is not there'
            WHEN c.keys > 1 THEN 'several keys have the transaction' ELSE 'no key has the transaction' END
  FROM posted p FULL JOIN claims c USING (member, id) JOIN members m USING (member)
 WHERE p.member IS NULL OR c.keys > 1 OR c.member IS NULL AND p.kind NOT IN (4, 5, 11, 14, 22, 30, 31, 32, 40, 41)`

	// batchesSQL counts transactions, and where their number is wrong those of each batch. It is about the installation,
	// of which any program will do.
	batchesSQL = `
WITH whole AS MATERIALIZED (
  SELECT (SELECT count(*) FROM transactions) AS found, (SELECT coalesce(sum(transactions), 0) FROM batches) AS transactions
   WHERE $1::int > 0 AND ($2::uuid[] IS NULL OR true)
), counted AS (
  SELECT b.id, b.transactions, (SELECT count(*) FROM transactions t WHERE t.id BETWEEN b.id AND b.last_id AND t.id & 4095 = b.id & 4095) AS found
    FROM batches b
   WHERE (SELECT found <> transactions FROM whole)
)
SELECT 'batch ' || id, '', found, transactions, 'the batch does not have all its transactions' FROM counted WHERE found <> transactions
UNION ALL
SELECT 'all batches', '', found, transactions, 'there are other transactions than batches have' FROM whole WHERE found <> transactions`

	rollupsSQL = `
WITH summed AS (
  SELECT l.book_date, l.kind, l.account, coalesce(l.shop, '') AS shop, sum(l.points) AS points, sum(l.money) AS money, count(*) AS lines
    FROM lines l LEFT JOIN unread u ON u.reader = 'rollup' AND u.node = l.transaction & 4095 AND l.transaction <@ u.ids
   WHERE l.program = $1 AND u.node IS NULL AND ($2::uuid[] IS NULL OR true)
   GROUP BY 1, 2, 3, 4
)
SELECT concat_ws(' ', book_date, coalesce(k.name, kind::text), coalesce(c.name, account::text), nullif(shop, '')), '',
       CASE WHEN coalesce(d.points, 0) <> coalesce(s.points, 0) THEN coalesce(d.points, 0) WHEN coalesce(d.money, 0) <> coalesce(s.money, 0) THEN coalesce(d.money, 0) ELSE coalesce(d.lines, 0) END,
       CASE WHEN coalesce(d.points, 0) <> coalesce(s.points, 0) THEN coalesce(s.points, 0) WHEN coalesce(d.money, 0) <> coalesce(s.money, 0) THEN coalesce(s.money, 0) ELSE coalesce(s.lines, 0) END,
       CASE WHEN coalesce(d.points, 0) <> coalesce(s.points, 0) THEN 'points' WHEN coalesce(d.money, 0) <> coalesce(s.money, 0) THEN 'money' ELSE 'lines' END || ' of the day differ from the journal'
  FROM (SELECT * FROM daily WHERE program = $1) d FULL JOIN summed s USING (book_date, kind, account, shop) LEFT JOIN kinds k USING (kind) LEFT JOIN chart c USING (account)
 WHERE coalesce(d.points, 0) <> coalesce(s.points, 0) OR coalesce(d.money, 0) <> coalesce(s.money, 0) OR coalesce(d.lines, 0) <> coalesce(s.lines, 0)`

	// liabilitySQL: what the roll-forward closes with must be what all members' rows say.
	liabilitySQL = `
SELECT v.account, '', v.stored, v.moved, 'the members'' rows together differ from the account'
  FROM (SELECT coalesce(sum(available), 0) AS available, coalesce(sum(pending), 0) AS pending, coalesce(sum(reserved), 0) AS reserved, coalesce(sum(debt), 0) AS debt
          FROM accounts WHERE program = $1 AND ($2::uuid[] IS NULL OR true)) a
 CROSS JOIN (SELECT -coalesce(sum(points) FILTER (WHERE account = 11), 0) AS available, -coalesce(sum(points) FILTER (WHERE account = 12), 0) AS pending,
                    -coalesce(sum(points) FILTER (WHERE account = 13), 0) AS reserved, coalesce(sum(points) FILTER (WHERE account = 14), 0) AS debt
               FROM movements WHERE program = $1) m
 CROSS JOIN LATERAL (VALUES ('member:available', a.available, m.available), ('member:pending', a.pending, m.pending), ('member:reserved', a.reserved, m.reserved),
                            ('member:debt', a.debt, m.debt)) AS v(account, stored, moved)
 WHERE v.stored <> v.moved`

	closingsSQL = `SELECT period, balances, hash FROM closings WHERE program = $1 ORDER BY period`

	closedSumsSQL = `
SELECT account, sum(points), sum(money) FROM movements
 WHERE program = $1 AND book_date < $2::date + interval '1 month' GROUP BY account`
)

// A Balance is one account's as a closing keeps it, debit positive.
type Balance struct {
	Account ledger.Account `json:"account"`
	Points  ledger.Points  `json:"points"`
	Money   ledger.Money   `json:"money"`
}

// findClosed compares each closed period's balances with those of the movements up to its end, and with their hash.
func findClosed(ctx context.Context, s *scope, found func(Break)) (err error) {
	type closing struct {
		Period   time.Time `db:"period"`
		Balances string    `db:"balances"`
		Hash     []byte    `db:"hash"`
	}
	var closings []closing
	if err := s.tx.SelectContext(ctx, &closings, closingsSQL, s.program.ID); err != nil {
		return err
	}
	for _, c := range closings {
		period := c.Period.Format("2006-01")
		if sum := sha256.Sum256([]byte(c.Balances)); string(sum[:]) != string(c.Hash) {
			found(Break{Key: period, Left: 1, Right: 0, Reason: "the balances that were kept are not those that were hashed"})
			continue
		}
		var kept []Balance
		if err := json.Unmarshal([]byte(c.Balances), &kept); err != nil {
			return fmt.Errorf("closing of %s: %w", period, err)
		}
		now, err := s.closedSums(ctx, c.Period)
		if err != nil {
			return err
		}
		for _, b := range kept {
			n := now[b.Account]
			delete(now, b.Account)
			report(found, period, b, n)
		}
		for account, n := range now {
			report(found, period, Balance{Account: account}, n)
		}
	}
	return nil
}

func report(found func(Break), period string, kept, now Balance) {
	switch {
	case kept.Points != now.Points:
		found(Break{Key: period + " " + kept.Account.String(), Left: int64(kept.Points), Right: int64(now.Points), Reason: "points changed after the period was closed"})
	case kept.Money != now.Money:
		found(Break{Key: period + " " + kept.Account.String(), Left: int64(kept.Money), Right: int64(now.Money), Reason: "money changed after the period was closed"})
	}
}

func (s *scope) closedSums(ctx context.Context, period time.Time) (out map[ledger.Account]Balance, err error) {
	rows, err := s.tx.QueryContext(ctx, closedSumsSQL, s.program.ID, period)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out = map[ledger.Account]Balance{}
	for rows.Next() {
		var b Balance
		if err := rows.Scan(&b.Account, &b.Points, &b.Money); err != nil {
			return nil, err
		}
		out[b.Account] = b
	}
	return out, rows.Err()
}
