package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/rs/zerolog"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/engine"
	"chobo/points/program"
	"chobo/schema/pgtest"
)

// A house is a database with programs and the engines that serve it.
type testHouse struct {
	t      testing.TB
	url    string
	db     *sqlx.DB
	engine *engine.Engine
}

// sandbox is a program whose clock starts at its effective_from.
func sandbox(code string, from time.Time) *program.Program {
	p := shipped(code)
	p.Sandbox, p.EffectiveFrom = true, from
	return p
}

// shipped is a copy of a program that comes with Chobo.
func shipped(code string) *program.Program {
	all := program.Shipped()
	p := *all[slices.IndexFunc(all, func(p *program.Program) bool { return p.Code == code })]
	return &p
}

func newHouse(t testing.TB, programs ...*program.Program) *testHouse {
	t.Helper()
	h := &testHouse{t: t, url: pgtest.NewURL(t)}
	h.db = pgtest.Open(t, h.url)
	h.exec(`INSERT INTO installation (secret) VALUES ('secret')`)
	for i, p := range programs {
		h.add(i+1, p)
	}
	h.engine = h.start()
	return h
}

func (h *testHouse) exec(query string, args ...any) {
	h.t.Helper()
	if _, err := h.db.ExecContext(h.t.Context(), query, args...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *testHouse) count(query string, args ...any) (n int64) {
	h.t.Helper()
	if err := h.db.GetContext(h.t.Context(), &n, query, args...); err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *testHouse) add(id int, p *program.Program) {
	h.t.Helper()
	body, err := json.Marshal(p)
	if err != nil {
		h.t.Fatal(err)
	}
	var clock *time.Time
	if p.Sandbox {
		clock = &p.EffectiveFrom
	}
	h.exec(`INSERT INTO programs VALUES ($1, $2, $3, $4, now())`, id, p.Code, p.Sandbox, clock)
	h.exec(`INSERT INTO program_versions VALUES ($1, 1, $2, $3, now())`, id, p.EffectiveFrom, string(body))
	h.exec(`UPDATE installation SET revision = revision + 1`)
}

// start starts another engine on the same database.
func (h *testHouse) start() *engine.Engine {
	h.t.Helper()
	e, err := engine.New(h.t.Context(), h.db, engine.Options{
		Render: func(err error) (int, []byte) { return 422, []byte(err.Error()) },
		Log:    zerolog.Nop(),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			h.t.Error(err)
		}
	})
	return e
}

// clock moves a sandbox's clock.
func (h *testHouse) clock(code string, now time.Time) {
	h.t.Helper()
	h.exec(`UPDATE programs SET clock = $2 WHERE code = $1`, code, now)
	h.exec(`UPDATE installation SET revision = revision + 1`)
}

// do posts commands, one a member, and none may be refused.
func (h *testHouse) do(code string, commands map[string]points.Command) {
	h.t.Helper()
	var requests []engine.Request
	for member, c := range commands {
		requests = append(requests, engine.Request{Program: code, Member: member, Key: "k-" + c.Name() + fmt.Sprint(c.When()), Command: c, Enrol: true})
	}
	for _, o := range h.engine.SubmitMany(h.t.Context(), requests) {
		if o.Err != nil || o.Refusal != nil {
			h.t.Fatal(o.Err, o.Refusal)
		}
	}
}

// order is an order of that many yen for one thing, paid in money.
func order(id string, yen ledger.Money) points.PlaceOrder {
	return points.PlaceOrder{Order: points.OrderRequest{OrderID: id, ShopID: "S-1",
		Lines: []points.OrderLineRequest{{LineID: "1", Quantity: 1, UnitPrice: yen}}, Tenders: points.Tenders{Money: yen}}}
}

// available is what the member can spend.
func (h *testHouse) balances(code, member string) (b points.Balances) {
	h.t.Helper()
	err := h.engine.Read(h.t.Context(), code, member, points.Need{}, time.Time{}, func(a *points.Account) error {
		b = points.Balances{Available: a.Available, Pending: a.Pending, Reserved: a.Reserved}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

func (h *testHouse) runner(opts Options) *Runner { return New(h.db, h.engine, opts) }

func (h *testHouse) run(r *Runner, code, job string, asOf time.Time) Run {
	h.t.Helper()
	run, err := r.Run(h.t.Context(), code, job, asOf)
	if err != nil {
		h.t.Fatal(err)
	}
	return run
}

func (h *testHouse) owner() *sqlx.DB { return pgtest.OpenOwner(h.t, h.url) }
