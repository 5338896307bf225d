package outbox_test

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/jobs"
	"chobo/jobs/outbox"
	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/points"
	"chobo/points/engine"
	"chobo/points/program"
	"chobo/schema/pgtest"
)

// sealedSQL is the order of seals, and refunds behind what they were posted with.
const sealedSQL = `
SELECT id::text FROM (
    SELECT b.xid, b.id AS batch, t.id FROM transactions t JOIN batches b ON b.id & 4095 = t.id & 4095 AND t.id BETWEEN b.id AND b.last_id
    UNION ALL SELECT xid, id, id FROM refunds) AS e
 ORDER BY e.xid, e.batch, e.id`

// A month of every kind of transaction comes out once and in the order of seals, whatever the size of the pages; and the
// events of a member add up to his balances.
func TestEverythingComesOutOnceInOrder(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	m.Settle()
	var want []string
	fatal(t, m.DB.Select(&want, sealedSQL))
	var events []outbox.Event
	for _, limit := range []int{1, 7, 500} {
		events, _ = everything(t, m, outbox.Place{}, limit)
		if got := ids(events); !slices.Equal(got, want) {
			t.Fatalf("in pages of %d come %v\nwant %v", limit, got, want)
		}
	}
	got := map[string]outbox.Moved{}
	refunds := ledger.Money(0)
	for _, e := range events {
		if e.Type == "refund.due" {
			refunds += e.Money + e.CashFallback
			continue
		}
		b := got[e.MemberID]
		got[e.MemberID] = outbox.Moved{Available: b.Available + e.Points.Available, Pending: b.Pending + e.Points.Pending,
			Reserved: b.Reserved + e.Points.Reserved, Debt: b.Debt + e.Points.Debt}
	}
	balances := map[string]outbox.Moved{}
	var rows []struct {
		Name                               string `db:"member_id"`
		Available, Pending, Reserved, Debt ledger.Points
	}
	fatal(t, m.DB.Select(&rows, `SELECT member_id, available, pending, reserved, debt FROM accounts JOIN members USING (member)`))
	for _, r := range rows {
		balances[r.Name] = outbox.Moved{Available: r.Available, Pending: r.Pending, Reserved: r.Reserved, Debt: r.Debt}
	}
	if !maps.Equal(got, balances) {
		t.Errorf("the events add up to %v\nthe balances are %v", got, balances)
	}
	var paid ledger.Money
	fatal(t, m.DB.Get(&paid, `SELECT sum(money + cash_fallback) FROM refunds`))
	if refunds != paid || paid == 0 {
		t.Errorf("refunds of %d, want %d", refunds, paid)
	}
}

// The database's numbers are ordered as numbers: nine comes before ten.
func TestNumbersAreNoTexts(t *testing.T) {
	m := small(t)
	grants(m, "ann", 130) // more than one stretch
	for _, query := range []string{
		`ALTER TABLE batches DISABLE TRIGGER USER`,
		`UPDATE batches SET xid = (2 + place)::text::xid8 FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM batches) AS u WHERE u.id = batches.id`,
	} {
		_, err := m.Owner.ExecContext(t.Context(), query)
		fatal(t, err)
	}
	m.Settle()
	var want []string
	fatal(t, m.DB.Select(&want, `SELECT id::text FROM transactions t ORDER BY t.id`))
	if events, _ := everything(t, m, outbox.Place{}, 1); !slices.Equal(ids(events), want) {
		t.Errorf("in pages of 1 come %v, want %v", ids(events), want)
	}
}

// What an event says of an order, its return as cash, a membership and the house.
func TestWhatEventsSay(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	m.Do(points.HouseMember, points.PostHouse{Kind: ledger.ShopSettlement, Subject: "S-1 2026-04-30", Lines: []ledger.Line{
		{Account: ledger.RedeemedOrders, Money: 100, Shop: "S-1"}, {Account: ledger.ShopSettled, Money: -100, Shop: "S-1"}}})
	m.Settle()
	events, _ := everything(t, m, outbox.Place{}, 500)
	var said []string
	for _, e := range events {
		if e.OccurredAt.IsZero() || e.PostedAt.Before(e.OccurredAt) {
			t.Errorf("%s %s occurred at %s and was posted at %s", e.Type, e.ID, e.OccurredAt, e.PostedAt)
		}
		said = append(said, words(t, e))
	}
	for _, want := range []outbox.Event{
		{Type: "points.grant_pending", MemberID: "ann", OrderID: "O-1", Points: outbox.Moved{Pending: 110}, Money: 110},
		{Type: "points.mature", MemberID: "ann", OrderID: "O-1", Points: outbox.Moved{Available: 110, Pending: -110}},
		{Type: "points.reverse_grant", MemberID: "ann", OrderID: "O-1", Points: outbox.Moved{Debt: 110}, Money: -110},
		{Type: "points.debt_paid", MemberID: "ann", OrderID: "O-1", Points: outbox.Moved{Debt: -50}, Money: 50},
		{Type: "points.reserve", MemberID: "old-1", ReservationID: "R-2", Points: outbox.Moved{Available: -100, Reserved: 100}},
		{Type: "points.exchange", MemberID: "bob", ExchangeID: "X-1", Points: outbox.Moved{Available: -50}, Money: -50},
		{Type: "points.opening", MemberID: "old-2", Points: outbox.Moved{Pending: 80}, Money: 80},
		{Type: "member.suspend", MemberID: "dan"},
		{Type: "member.close", MemberID: "dan"},
		{Type: "refund.due", MemberID: "ann", OrderID: "O-4", ReturnID: "cancel-1", Money: 2500, Cause: "cancel"},
		{Type: "refund.due", MemberID: "old-1", OrderID: "O-8", Money: 100, CashFallback: 350, PaidBy: "S-1", Cause: "cancel"},
		{Type: "house.shop_settlement"},
	} {
		if !slices.Contains(said, words(t, want)) {
			t.Errorf("no event says %s", words(t, want))
		}
	}
}

// words is what an event says, but for its id and times.
func words(t testing.TB, e outbox.Event) string {
	t.Helper()
	e.ID, e.OccurredAt, e.PostedAt = "", time.Time{}, time.Time{}
	b, err := json.Marshal(e)
	fatal(t, err)
	return string(b)
}

// late posts a mark in the books of another member, with an id lower than all: a batch that took its id long ago.
func late(t testing.TB, m *trade.Mall, tx *sqlx.Tx) (id ledger.TransactionID) {
	t.Helper()
	p := m.Info()
	fatal(t, m.DB.Get(&id, `SELECT min(id) FROM batches`))
	id = id&^(ledger.IDStep-1) - 10*ledger.IDStep + 4000
	at := time.Now().UTC().Truncate(time.Microsecond)
	l := ledger.Transaction{ID: id, Kind: ledger.Suspend, OccurredAt: at, PostedAt: at, BookDate: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Version: 1}
	member := p.Member("late")
	digest := l.Digest(member, p.ID, nil)
	sum := sha256.Sum256(digest[:])
	for query, args := range map[string][]any{
		`INSERT INTO transactions (member, id, occurred_at, posted_at, book_date, program, version, kind) VALUES ($1, $2, $3, $3, $4, $5, 1, 70)`: {member.String(), int64(id), at, l.BookDate, p.ID},
		`INSERT INTO batches (id, last_id, transactions, posted_at, fingerprint) VALUES ($1, $1, 1, $2, $3)`:                                      {int64(id), at, sum[:]},
	} {
		_, err := tx.ExecContext(t.Context(), query, args...)
		fatal(t, err)
	}
	return id
}

// A batch is open in another connection, with the lowest id of all, while others are posted and read. They wait for it,
// and nobody who reads on from where he was misses it.
func TestWhatCommitsLateIsNotPassedOver(t *testing.T) {
	m := small(t)
	r := receive(t)
	r.hook(m)
	grants(m, "ann", 2)
	m.Settle()
	before, at := everything(t, m, outbox.Place{}, 50)
	if len(before) != 2 {
		t.Fatalf("%d events", len(before))
	}
	tx, err := m.DB.BeginTxx(t.Context(), nil)
	fatal(t, err)
	defer tx.Rollback() //nolint:errcheck // it is committed below
	id := late(t, m, tx)
	grants(m, "bob", 3)
	if run, err := m.Runner.Run(t.Context(), trade.Code, jobs.Deliver, time.Time{}); err != nil || run.Processed != 2 {
		t.Fatalf("delivered are %d past a transaction in flight: %v", run.Processed, err)
	}
	meanwhile, at := everything(t, m, at, 50)
	if len(meanwhile) != 0 {
		t.Fatalf("read past a transaction in flight: %v", ids(meanwhile))
	}
	fatal(t, tx.Commit())
	m.Settle()
	then, _ := everything(t, m, at, 50)
	if len(then) != 4 || then[0].ID != id.String() {
		t.Errorf("then come %v, first of all %s", ids(then), id)
	}
	if _, err := deliver(t, m); err != nil {
		t.Fatal(err)
	}
	r.complete(m)
}

// A program that is quiet among a busy one's traffic has its own events and no other's.
func TestProgramsAreApart(t *testing.T) {
	m := small(t)
	quiet, err := program.Parse("quiet.yaml", []byte(trade.Edit("program: mall", "program: quiet")(trade.Program)))
	fatal(t, err)
	_, _, _, err = m.Registry.PutProgram(t.Context(), quiet, time.Now())
	fatal(t, err)
	m.Info()
	var requests []engine.Request
	for i := range 3000 {
		code, member := trade.Code, "M-"+strconv.Itoa(i)
		if i%1000 == 999 {
			code, member = "quiet", "Q-"+strconv.Itoa(i)
		}
		requests = append(requests, engine.Request{Program: code, Member: member, Key: "k", Command: points.GrantPoints{Points: 10}, Enrol: true})
	}
	for _, o := range m.Engine.SubmitMany(t.Context(), requests) {
		if o.Err != nil || o.Refusal != nil {
			t.Fatal(o.Err, o.Refusal)
		}
	}
	m.Settle()
	config, err := m.Engine.Reload(t.Context())
	fatal(t, err)
	var members []string
	for at, more := (outbox.Place{}), true; more; {
		page, err := outbox.Read(t.Context(), m.DB, config.Programs["quiet"], at, 1)
		fatal(t, err)
		for _, e := range page.Events {
			members = append(members, e.MemberID)
		}
		at, more = page.End, page.More
	}
	slices.Sort(members)
	if want := []string{"Q-1999", "Q-2999", "Q-999"}; !slices.Equal(members, want) {
		t.Errorf("events of %v, want %v", members, want)
	}
	if busy, _ := everything(t, m, outbox.Place{}, 500); len(busy) != 2997 {
		t.Errorf("%d events of the busy one, want 2997", len(busy))
	}
}

// Who is told of points that go is told once for each date, however often the job runs.
func TestAReminderComesOnce(t *testing.T) {
	m := small(t)
	zone := m.Info().Versions.Zone()
	m.Do("ann", points.GrantPoints{Points: 70, ExpiresAt: time.Date(2026, 4, 20, 0, 0, 0, 0, zone)})
	m.Do("ann", points.GrantPoints{Points: 30, ExpiresAt: time.Date(2026, 4, 20, 0, 0, 0, 0, zone)})
	m.Do("ann", points.GrantPoints{Points: 5, ExpiresAt: time.Date(2026, 5, 20, 0, 0, 0, 0, zone)})
	m.Do("bob", points.GrantPoints{Points: 9, ExpiresAt: time.Date(2026, 6, 20, 0, 0, 0, 0, zone)})
	m.Settle()
	_, at := everything(t, m, outbox.Place{}, 50)
	reminded := func(clock string, count, of int64) (events []outbox.Event) {
		t.Helper()
		if run := m.At(clock).Run(jobs.Remind); run.Processed != count || int64(run.Points) != of {
			t.Errorf("at %s: %d members and %d points, want %d and %d", clock, run.Processed, run.Points, count, of)
		}
		m.Settle()
		events, at = everything(t, m, at, 50)
		return events
	}
	first := reminded("2026-04-02 09:00", 1, 100)
	if len(first) != 1 || first[0].Type != "points.expiring" || first[0].MemberID != "ann" || first[0].Points != (outbox.Moved{Available: 100}) ||
		!first[0].ExpiresAt.Equal(time.Date(2026, 4, 20, 0, 0, 0, 0, zone)) || !first[0].OccurredAt.Equal(time.Date(2026, 4, 2, 9, 0, 0, 0, zone)) {
		t.Fatalf("told is %+v", first)
	}
	if again := reminded("2026-04-03 09:00", 1, 100); len(again) != 0 {
		t.Errorf("told again: %+v", again)
	}
	if next := reminded("2026-04-21 09:00", 1, 5); len(next) != 1 || next[0].Points.Available != 5 || next[0].ID == first[0].ID {
		t.Errorf("of the next date is told %+v", next)
	}
}
