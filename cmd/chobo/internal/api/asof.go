package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chobo/ledger"
	"chobo/points"
)

type memberQuery struct {
	MemberPath
	AsOf    string `query:"as_of" format:"date-time" doc:"As the member stood then, that instant included. Default: now."`
	KnownAt string `query:"known_at" format:"date-time" doc:"Of what was posted by then only."`
}

// memberViews adds what is read of a member.
func (s *Server) memberViews() {
	read(s, route{ID: "members.get", Path: membersPath, Tag: "members", Summary: "Read a member's balances", Scopes: readers,
		About: "An unknown member is not found; the first order or grant enrols one.",
		Codes: []points.Code{points.TimeInFuture}},
		func(ctx context.Context, c *call, in *memberQuery) (*points.MemberView, error) {
			asOf, err := c.queryTime("as_of", in.AsOf)
			if err != nil {
				return nil, err
			}
			knownAt, err := c.queryTime("known_at", in.KnownAt)
			if err != nil {
				return nil, err
			}
			if asOf.IsZero() && knownAt.IsZero() {
				var out points.MemberView
				err := c.view(ctx, points.Need{}, func(a *points.Account) { out = a.View() })
				return &out, err
			}
			return c.memberAsOf(ctx, asOf, knownAt)
		})
	s.statement()
	s.lots()
	s.orderList()
}

// queryTime reads a time of the query, which must not be ahead of the program's clock. Zero: it was not given.
func (c *call) queryTime(name, given string) (t time.Time, err error) {
	if given == "" {
		return t, nil
	}
	t, err = parseQueryTime(name, given)
	if err != nil {
		return t, err
	}
	if now := c.program.Now(c.opts.Now()); t.After(now.Add(points.Skew)) {
		p := problem(points.TimeInFuture, "%s is ahead of the program's clock, %s", given, now.In(c.program.Versions.Zone()).Format(time.RFC3339))
		p.Errors = []Fault{{"query." + name, p.Detail}}
		return t, p
	}
	return t, nil
}

// asOfSQL sums a member's lots and debt up to an instant. $2 as of, $3 known at.
const asOfSQL = `
SELECT account, coalesce(lot, 0) AS lot, sum(points)::bigint AS points, max(expires_at) AS expires_at
  FROM lines
 WHERE member = $1 AND account BETWEEN 11 AND 14 AND occurred_at <= $2 AND posted_at <= $3
 GROUP BY 1, 2`

// marksSQL tells what of a membership is no sum: $1 member, $2 as of, $3 known at, $4 kinds that change the status,
// $5 kinds that qualify, $6 kinds that inactivity counts from, beside grants by hand, which name no order.
const marksSQL = `
SELECT coalesce((SELECT kind FROM transactions WHERE member = $1 AND kind = ANY($4::smallint[]) AND occurred_at <= $2 AND posted_at <= $3
                  ORDER BY id DESC LIMIT 1), 0) AS status,
       greatest((SELECT max(occurred_at) FROM transactions WHERE member = $1 AND kind = ANY($5::smallint[]) AND occurred_at <= $2 AND posted_at <= $3),
                (SELECT max(at) FROM documents WHERE member = $1 AND kind = 1 AND at <= least($2::timestamptz, $3::timestamptz))) AS qualified_at,
       (SELECT max(occurred_at) FROM transactions WHERE member = $1 AND occurred_at <= $2 AND posted_at <= $3
           AND (kind = ANY($6::smallint[]) OR kind IN (1, 2) AND coalesce(subject, '') = '')) AS active_at`

var (
	statusKinds     = []int64{int64(ledger.Suspend), int64(ledger.Reinstate), int64(ledger.Close)}
	qualifyingKinds = []int64{int64(ledger.Redeem), int64(ledger.Capture), int64(ledger.Sweep), int64(ledger.Exchange)}
	activeKinds     = []int64{int64(ledger.Adjust), int64(ledger.Restore), int64(ledger.ExchangeCancel), int64(ledger.Opening)}
)

type lotSum struct {
	Account   ledger.Account `db:"account"`
	Lot       ledger.LotID   `db:"lot"`
	Points    ledger.Points  `db:"points"`
	ExpiresAt *time.Time     `db:"expires_at"`
}

// memberAsOf is the member as the journal has it up to an instant, with what fell due by then though it is not posted yet.
func (c *call) memberAsOf(ctx context.Context, asOf, knownAt time.Time) (*points.MemberView, error) {
	var due []ledger.Transaction
	var active time.Time // now
	err := c.view(ctx, points.Need{}, func(a *points.Account) { due, active = slices.Clone(a.Transactions), a.ActiveAt })
	if err != nil {
		return nil, err
	}
	now := c.program.Now(c.opts.Now())
	if asOf.IsZero() {
		asOf = now
	}
	if knownAt.IsZero() {
		knownAt = now.Add(points.Skew)
	} else {
		due = nil // it is not known to the books
	}
	member := c.program.Member(c.member()).String()
	var sums []lotSum
	if err := c.opts.DB.SelectContext(ctx, &sums, asOfSQL, member, asOf.UTC(), knownAt.UTC()); err != nil {
		return nil, fmt.Errorf("read balances as of a time: %w", err)
	}
	var marks struct {
		Status      ledger.Kind `db:"status"`
		QualifiedAt *time.Time  `db:"qualified_at"`
		ActiveAt    *time.Time  `db:"active_at"`
	}
	if err := c.opts.DB.GetContext(ctx, &marks, marksSQL, member, asOf.UTC(), knownAt.UTC(), array(statusKinds), array(qualifyingKinds), array(activeKinds)); err != nil {
		return nil, fmt.Errorf("read the membership as of a time: %w", err)
	}
	for _, t := range due {
		if t.OccurredAt.After(asOf) {
			continue
		}
		for _, l := range t.Lines {
			if !l.Account.OfMember() {
				continue
			}
			s := lotSum{Account: l.Account, Lot: l.Lot, Points: l.Points}
			if !l.ExpiresAt.IsZero() {
				s.ExpiresAt = &l.ExpiresAt
			}
			sums = append(sums, s)
		}
	}
	active = earlier(active, latest(marks.QualifiedAt, marks.ActiveAt)) // what is brought over may have been active before it was
	v := asOfView(sums, c.program.Versions.Zone(), c.program.Versions.LapsesAt(active), func(n ledger.Points) ledger.Money { return ledger.Value(c.program.Versions.PointValue(), n) })
	v.MemberID = c.member()
	v.Status = map[ledger.Kind]points.Status{ledger.Suspend: points.Suspended, ledger.Close: points.Closed}[marks.Status].String()
	if marks.QualifiedAt != nil {
		at := marks.QualifiedAt.In(c.program.Versions.Zone())
		v.LastQualifyingAt = &at
	}
	return v, nil
}

func earlier(t, u time.Time) time.Time {
	if u.Before(t) {
		return u
	}
	return t
}

// latest is the later of two times, either of which may be missing.
func latest(t, u *time.Time) (at time.Time) {
	for _, p := range []*time.Time{t, u} {
		if p != nil && p.After(at) {
			at = *p
		}
	}
	return at
}

// asOfView adds the sums up. Inactivity takes at lapse what does not expire before; zero: it takes nothing.
func asOfView(sums []lotSum, zone *time.Location, lapse time.Time, worth func(ledger.Points) ledger.Money) *points.MemberView {
	v := &points.MemberView{Expiring: []points.ExpiringView{}}
	left, expires := map[ledger.LotID]ledger.Points{}, map[ledger.LotID]time.Time{}
	for _, s := range sums {
		n := sign(s.Account) * s.Points
		switch s.Account {
		case ledger.MemberAvailable:
			v.Points.Available += n
			left[s.Lot] += n
		case ledger.MemberPending:
			v.Points.Pending += n
		case ledger.MemberReserved:
			v.Points.Reserved += n
		case ledger.MemberDebt:
			v.Receivable.Points += n
		default: // the house's
		}
		if s.ExpiresAt != nil && s.ExpiresAt.After(expires[s.Lot]) {
			expires[s.Lot] = *s.ExpiresAt
		}
	}
	v.Receivable.Money = worth(v.Receivable.Points)
	for lot, n := range left {
		at := expires[lot]
		if !lapse.IsZero() && (at.IsZero() || lapse.Before(at)) {
			at = lapse
		}
		if n == 0 || at.IsZero() {
			continue
		}
		i := slices.IndexFunc(v.Expiring, func(e points.ExpiringView) bool { return e.ExpiresAt.Equal(at) })
		if i < 0 {
			i = len(v.Expiring)
			v.Expiring = append(v.Expiring, points.ExpiringView{ExpiresAt: at.In(zone)})
		}
		v.Expiring[i].Points += n
	}
	slices.SortFunc(v.Expiring, func(a, b points.ExpiringView) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	return v
}
