package reconcile_test

import (
	"testing"

	"chobo/jobs"
	"chobo/jobs/reconcile/trade"
	"chobo/schema/pgtest"
)

// Whose id was redacted is visited all the same, by the key of his books: his points expire, and the books agree.
func TestRedactedMembersAreVisited(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	m.DB.MustExec(`UPDATE members SET member_id = 'redacted ' || member`)
	m.Owner.MustExec(`UPDATE notes SET note = NULL`)
	m.At("2028-01-01 10:00")
	if mature, expire := m.Run(jobs.Mature), m.Run(jobs.Expire); mature.Processed == 0 || expire.Processed == 0 {
		t.Errorf("%d holds matured, %d lots expired", mature.Processed, expire.Processed)
	}
	// 80 points that were brought over never expire.
	var left, due, members int
	fatal(t, m.DB.Get(&left, `SELECT sum(available) FROM accounts`))
	fatal(t, m.DB.Get(&due, `SELECT count(*) FROM due WHERE kind IN (1, 2)`))
	fatal(t, m.DB.Get(&members, `SELECT count(*) FROM members WHERE member_id NOT LIKE 'redacted %'`))
	if left != 80 || due != 0 || members != 0 {
		t.Errorf("%d points and %d members to visit are left, %d members are known by name", left, due, members)
	}
	if _, breaks := complete(t, m); len(breaks) > 0 {
		t.Errorf("redacted books break: %v", breaks)
	}
}
