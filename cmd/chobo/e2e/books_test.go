package e2e

import (
	"testing"

	"github.com/jmoiron/sqlx"
)

// laws are what must hold in the database whatever happened: each query counts what breaks it.
var laws = map[string]string{
	"every transaction adds up to zero": `
SELECT count(*) FROM (SELECT FROM lines GROUP BY member, transaction HAVING sum(points) <> 0 OR sum(money) <> 0) AS x`,
	"balances are the sums of their lines": `
SELECT count(*) FROM accounts AS a
  LEFT JOIN (SELECT member, -coalesce(sum(points) FILTER (WHERE account = 11), 0) AS available, -coalesce(sum(points) FILTER (WHERE account = 12), 0) AS pending,
                    -coalesce(sum(points) FILTER (WHERE account = 13), 0) AS reserved, coalesce(sum(points) FILTER (WHERE account = 14), 0) AS debt
               FROM lines GROUP BY member) AS l USING (member)
 WHERE a.available <> coalesce(l.available, 0) OR a.pending <> coalesce(l.pending, 0) OR a.reserved <> coalesce(l.reserved, 0) OR a.debt <> coalesce(l.debt, 0)`,
	"lots add up to the balance": `
SELECT count(*) FROM accounts AS a
 WHERE a.available <> (SELECT coalesce(sum(a.lots[i + 1]), 0) FROM generate_series(1, coalesce(cardinality(a.lots), 0), 5) AS i)
                    + (SELECT coalesce(sum(s.remaining), 0) FROM spilled_lots AS s WHERE s.member = a.member)`,
	"every answer names the transactions that it posted": `
SELECT count(*) FROM operations AS o
 WHERE o.first_transaction IS NOT NULL AND NOT EXISTS (SELECT FROM transactions AS t WHERE t.member = o.member AND t.id = o.first_transaction)`,
	"no transaction is posted twice for one order": `
SELECT count(*) FROM (SELECT FROM transactions WHERE kind = 12 GROUP BY member, subject HAVING count(*) > 1) AS x`,
	"batches count their transactions": `
SELECT count(*) FROM (SELECT (SELECT coalesce(sum(transactions), 0) FROM batches) - (SELECT count(*) FROM transactions) AS n) AS x WHERE n <> 0`,
}

// balanced checks every law.
func balanced(t testing.TB, db *sqlx.DB) {
	t.Helper()
	for law, query := range laws {
		var broken int
		if err := db.GetContext(t.Context(), &broken, query); err != nil {
			t.Fatalf("%s: %v", law, err)
		}
		if broken != 0 {
			t.Errorf("%d times not: %s", broken, law)
		}
	}
}
