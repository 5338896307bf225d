// Package trade makes a month of a mall's trade through the engine, for tests: every kind of transaction there is, on a
// sandbox whose clock it moves.
package trade

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/rs/zerolog"

	"chobo/jobs"
	"chobo/ledger"
	"chobo/ledger/journal"
	"chobo/ledger/report"
	"chobo/points"
	"chobo/points/engine"
	"chobo/points/program"
	"chobo/points/registry"
	"chobo/schema"
)

// Program is the file of the mall's program, which opens on 1 April 2026.
const Program = `
program: mall
sandbox: true
name: Mall Point
currency: JPY
timezone: Asia/Tokyo
effective_from: 2026-04-01
point_value: "1"
returns_policy: samurai-mall
earn:
  rate: "0.01"
  rounding: floor
  hold: { days: 7, from: ordered, latest: 60 }
  funded_by: mall
  rules:
    - name: partner
      when: shop_id == "S-2"
      rate: "0.05"
      funded_by: shop
  cap_per_order: 0
redeem: { min: 1, step: 1, max_share: "1", excluded_categories: [], lot_order: earliest_expiry }
expiry: { mode: fixed_end_of_month, months: 12 }
restore: { expired_lot: cash, closed_member: cash, grace_days: 30 }
reprice: { refund_order: other_tender_first }
clawback: { take: [lot, receivable] }
sweep: { days: 14 }
abuse: { window_days: 180, max_returns: 10 }
`

// Code is the program's.
const Code = "mall"

// A Mall is a ledger with one program at work.
type Mall struct {
	t        testing.TB
	DB       *sqlx.DB // as the service
	Owner    *sqlx.DB // as the owner, who may damage it
	Engine   *engine.Engine
	Registry *registry.Store
	Runner   *jobs.Runner
	keys     int
	now      time.Time
}

// Open returns a mall in the migrated database of ownerURL; edits change its program's file before it is read.
func Open(t testing.TB, ownerURL string, edits ...func(file string) string) *Mall {
	t.Helper()
	ctx := t.Context()
	m := &Mall{t: t}
	var err error
	m.DB, err = schema.Open(ctx, ownerURL, schema.Pool{MaxOpen: 8})
	m.check(err)
	m.Owner, err = schema.OpenOwner(ctx, ownerURL, schema.Pool{MaxOpen: 4})
	m.check(err)
	m.Registry = registry.New(m.DB)
	m.check(m.Registry.Prepare(ctx))
	file := Program
	for _, edit := range edits {
		file = edit(file)
	}
	p, err := program.Parse("mall.yaml", []byte(file))
	m.check(err)
	_, _, _, err = m.Registry.PutProgram(ctx, p, time.Now())
	m.check(err)
	m.Engine, err = engine.New(ctx, m.DB, engine.Options{Workers: 2, Render: render, Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel)})
	m.check(err)
	m.Runner = jobs.New(m.DB, m.Engine, jobs.Options{})
	t.Cleanup(func() {
		end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		for _, err := range []error{m.Engine.Close(end), m.DB.Close(), m.Owner.Close()} {
			if err != nil {
				t.Errorf("close the mall: %v", err)
			}
		}
	})
	m.now = m.Info().Clock
	return m
}

func render(err error) (int, []byte) { return 422, []byte(strconv.Quote(err.Error())) }

func (m *Mall) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// Info is the program as the engine knows it.
func (m *Mall) Info() *engine.Program {
	m.t.Helper()
	config, err := m.Engine.Reload(m.t.Context())
	m.check(err)
	return config.Programs[Code]
}

// At moves the clock to a time in the program's zone, as 2026-04-03 10:00.
func (m *Mall) At(at string) *Mall {
	m.t.Helper()
	to, err := time.ParseInLocation("2006-01-02 15:04", at, m.Info().Versions.Zone())
	m.check(err)
	_, err = m.Registry.MoveClock(m.t.Context(), Code, to)
	m.check(err)
	m.Info()
	m.now = to
	return m
}

// Do posts the command, which must be accepted, and returns its answer.
func (m *Mall) Do(member string, c points.Command) []byte {
	m.t.Helper()
	m.keys++
	key := "k-" + strconv.Itoa(m.keys)
	out, err := m.Engine.Submit(m.t.Context(), engine.Request{Program: Code, Member: member, Key: key, Hash: engine.Hash{1}, Command: c, Enrol: true})
	m.check(err)
	if out.Refusal != nil {
		m.t.Fatalf("%s of %s was refused: %v", c.Name(), member, out.Refusal)
	}
	return out.Body
}

// Run runs a job up to the clock's time.
func (m *Mall) Run(job string) jobs.Run {
	m.t.Helper()
	run, err := m.Runner.Run(m.t.Context(), Code, job, time.Time{})
	m.check(err)
	return run
}

// Advance runs what is due by the clock.
func (m *Mall) Advance() {
	m.t.Helper()
	for _, job := range []string{jobs.Release, jobs.Mature, jobs.Expire, jobs.Inactivity} {
		m.Run(job)
	}
}

// An Order is an order in short.
type Order struct {
	ID, Shop string
	Price    ledger.Money // of each piece
	Quantity int64        // 0: 1
	Points   ledger.Points
	UseAll   bool
}

func (o Order) request() points.OrderRequest {
	quantity := max(1, o.Quantity)
	return points.OrderRequest{OrderID: o.ID, ShopID: o.Shop, UseAllPoints: o.UseAll,
		Lines:   []points.OrderLineRequest{{LineID: "1", SKU: "SKU-" + o.ID, Category: "books", Quantity: quantity, UnitPrice: o.Price}},
		Tenders: points.Tenders{Points: o.Points, Money: o.Price*ledger.Money(quantity) - ledger.Money(o.Points)}}
}

// Buy places an order.
func (m *Mall) Buy(member string, o Order) {
	m.t.Helper()
	m.Do(member, points.PlaceOrder{Order: o.request()})
}

// Capture places an order with reserved points.
func (m *Mall) Capture(member, reservation string, o Order) {
	m.t.Helper()
	m.Do(member, points.CaptureReservation{ReservationID: reservation, Order: o.request()})
}

// Receivable is the id of the member's receivable of the order.
func (m *Mall) Receivable(member, order string) string {
	m.t.Helper()
	var id string
	needs := points.Need{Documents: []points.Key{{Kind: points.OrderDocument, ID: order}}}
	m.check(m.Engine.Read(m.t.Context(), Code, member, needs, time.Time{}, func(a *points.Account) error {
		var o *points.Order
		points.Reading(a, func(a *points.Account) {
			o = points.Open[points.Order](a, points.Key{Kind: points.OrderDocument, ID: order})
		})
		if o == nil || len(o.Debts) == 0 {
			return fmt.Errorf("order %s of %s left no debt", order, member)
		}
		id = o.Debts[0]
		return nil
	}))
	return id
}

// Edit replaces a text in the program's file, which must hold it.
func Edit(old, with string) func(string) string {
	return func(file string) string {
		if !strings.Contains(file, old) {
			panic("the program's file has no " + old)
		}
		return strings.Replace(file, old, with, 1)
	}
}

// Body decodes an answer.
func Body(t testing.TB, body []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Reader reads the mall's reports.
func (m *Mall) Reader() report.Reader {
	m.t.Helper()
	p := m.Info()
	r := report.Reader{DB: m.DB, Book: report.Book{Program: p.ID, Code: p.Code, Zone: p.Versions.Zone(), Currency: p.Versions.First().Currency,
		Value: p.Versions.PointValue(), House: p.Member(points.HouseMember)}}
	if p.Versions.KnowInactivity() {
		r.LapsesAt = p.Versions.LapsesAt
	}
	return r
}

const settledSQL = `SELECT coalesce(max(xid), '0') < chobo_xmin() FROM batches`

// Settle waits until no transaction in flight, of any database of the server, is older than the last batch: then readers
// that must miss none see all of them.
func (m *Mall) Settle() {
	m.t.Helper()
	for settled := false; !settled; time.Sleep(5 * time.Millisecond) {
		m.check(m.DB.Get(&settled, settledSQL))
	}
}

// Fold adds all that was posted to the sums by day.
func (m *Mall) Fold() (transactions int64) {
	m.t.Helper()
	m.Settle()
	n, err := journal.Fold(m.t.Context(), m.DB)
	m.check(err)
	return n
}
