package trade

import (
	"fmt"
	"math/rand/v2"

	"chobo/jobs"
	"chobo/ledger"
	"chobo/points"
	"chobo/points/engine"
	"chobo/refunds"
	"chobo/refunds/policy"
)

// monthDays is how long a month of trade is.
const monthDays = 30

// Month posts a month of trade through the engine, of about so many transactions: members are granted points and pay
// orders with points and money, one order in twenty is cancelled, and what orders earn matures a week later.
func (m *Mall) Month(transactions int) *Mall {
	m.t.Helper()
	book, err := policy.Book{}.With(policy.Shipped()...)
	m.check(err)
	members := max(100, transactions/20)
	b := &bulk{Mall: m}
	for day := range monthDays {
		m.At(fmt.Sprintf("2026-04-%02d 10:00", day+1))
		b.posted += int(m.Run(jobs.Mature).Processed)
		for i := range members {
			if i%monthDays == day {
				b.add(i, points.GrantPoints{Points: 100_000, Reason: "welcome"})
			}
		}
		b.send()
		for due := transactions * (day + 1) / monthDays; b.posted+2*len(b.requests) < due; {
			member := rand.IntN(1+members/monthDays)*monthDays + rand.IntN(day+1)                                                                     //nolint:gosec // any of those who came
			order := Order{ID: fmt.Sprint("O-", b.keys), Shop: fmt.Sprint("S-", b.keys%200), Price: ledger.Money(500 + rand.IntN(5000)), Points: 100} //nolint:gosec // any will do
			if member >= members {
				continue
			}
			b.add(member, points.PlaceOrder{Order: order.request()})
			if b.keys%20 == 0 {
				b.add(member, refunds.Cancel{OrderID: order.ID, Policies: book, Request: refunds.CancelRequest{InitiatedBy: policy.ByShop, Actor: "shop"}})
			}
		}
		b.send()
	}
	return m
}

// A bulk posts many commands at once.
type bulk struct {
	*Mall
	requests     []engine.Request
	keys, posted int
}

// bulkSize is how many commands wait before they are posted.
const bulkSize = 4000

func (b *bulk) add(member int, c points.Command) {
	b.keys++
	b.requests = append(b.requests, engine.Request{Program: Code, Member: fmt.Sprint("M-", member), Key: fmt.Sprint("bulk-", b.keys), Command: c, Enrol: true})
	if len(b.requests) >= bulkSize {
		b.send()
	}
}

func (b *bulk) send() {
	b.t.Helper()
	for _, out := range b.Engine.SubmitMany(b.t.Context(), b.requests) {
		b.check(out.Err)
		if out.Refusal != nil {
			b.t.Fatal(out.Refusal)
		}
		b.posted += out.Transactions
	}
	b.requests = b.requests[:0]
}
