package report_test

import (
	"database/sql"
	"testing"
	"time"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/schema/pgtest"
)

// A replayed line is what the journal says, row by row.
type replayed struct {
	Member  string        `db:"member"`
	Day     time.Time     `db:"book_date"`
	Posted  time.Time     `db:"posted_at"`
	Account int16         `db:"account"`
	Points  ledger.Points `db:"points"`
	Money   ledger.Money  `db:"money"`
	Lot     sql.NullInt64 `db:"lot"`
	Expires sql.NullTime  `db:"expires_at"`
}

const replaySQL = `
SELECT member::text, book_date, posted_at, account, points, money, lot, expires_at FROM lines ORDER BY transaction, line`

// At any day, and as of anything known by then, trial balance and aging are what a replay of the journal gives.
func TestPointInTimeIsAReplay(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	var lines []replayed
	fatal(t, m.DB.Select(&lines, replaySQL))
	r, last := m.Reader(), day(2026, 5, 3)
	for day := april.From; !day.After(last); day = day.AddDate(0, 0, 1) {
		for _, known := range []time.Time{{}, time.Date(2026, 4, 3, 4, 0, 0, 0, time.UTC), time.Date(2026, 4, 15, 9, 0, 0, 0, time.UTC)} {
			r.KnownAt = known
			sums := map[ledger.Account]report.Amount{}
			type lot struct {
				member string
				lot    int64
			}
			held, expires := map[lot]ledger.Points{}, map[lot]time.Time{}
			var pending ledger.Points
			for _, l := range lines {
				if l.Day.After(day) || !known.IsZero() && l.Posted.After(known) {
					continue
				}
				a := ledger.Account(l.Account)
				s := sums[a]
				sums[a] = report.Amount{Points: s.Points + l.Points, Money: s.Money + l.Money}
				k := lot{l.Member, l.Lot.Int64}
				switch a {
				case ledger.MemberAvailable, ledger.MemberReserved:
					held[k] -= l.Points
				case ledger.MemberPending:
					pending -= l.Points
				}
				if l.Expires.Valid {
					expires[k] = l.Expires.Time
				}
			}
			b, err := r.TrialBalance(t.Context(), day)
			fatal(t, err)
			for _, row := range b.Rows {
				account, err := ledger.ParseAccount(row.Account)
				fatal(t, err)
				if got := (report.Amount{Points: row.Points, Money: row.Money}); got != sums[account] {
					t.Errorf("%s at %s, known at %s: %+v, replayed %+v", row.Account, row.Account, known, got, sums[account])
				}
			}
			months := map[string]ledger.Points{}
			for k, n := range held {
				if n == 0 {
					continue
				}
				month := ""
				if at := expires[k]; !at.IsZero() {
					month = r.DayOf(at.Add(-time.Microsecond)).Format("2006-01")
				}
				months[month] += n
			}
			aging, err := r.ExpiryAging(t.Context(), day)
			fatal(t, err)
			if aging.Pending.Points != pending {
				t.Errorf("pending at %s: %d, replayed %d", day, aging.Pending.Points, pending)
			}
			for _, row := range aging.Months {
				if months[row.Month] != row.Available+row.Reserved {
					t.Errorf("expiring in %q at %s: %+v, replayed %d", row.Month, day, row, months[row.Month])
				}
				delete(months, row.Month)
			}
			if len(months) != 0 {
				t.Errorf("the aging at %s lacks %v", day, months)
			}
		}
	}
}
