package trade

import (
	"time"

	"chobo/points"
	"chobo/points/registry"
	"chobo/refunds"
	"chobo/refunds/policy"
)

// April trades through April 2026 and the first days of May. What comes of it is small enough to follow by hand and
// holds every kind of transaction but settlements and valuations.
func (m *Mall) April() *Mall {
	m.t.Helper()
	ctx := m.t.Context()
	_, err := m.Registry.PutBenefit(ctx, Code, registry.Benefit{ID: "B-1", Name: "A towel", Points: 50})
	m.check(err)

	m.At("2026-04-01 10:00")
	zone := m.Info().Versions.Zone()
	m.Do("old-1", points.OpenBalance{Points: 700, ExpiresAt: time.Date(2026, 5, 1, 0, 0, 0, 0, zone), Reference: "legacy 1"})
	m.Do("old-1", points.OpenBalance{Points: 300, ExpiresAt: time.Date(2026, 8, 1, 0, 0, 0, 0, zone), Reference: "legacy 2"})
	m.Do("old-2", points.OpenBalance{Points: 120, ExpiresAt: time.Date(2026, 4, 11, 0, 0, 0, 0, zone), Reference: "legacy 3"})
	m.Do("old-2", points.OpenBalance{Points: 80, MaturesAt: time.Date(2026, 4, 20, 0, 0, 0, 0, zone), Reference: "legacy 4"})
	m.Buy("ann", Order{ID: "O-1", Shop: "S-1", Price: 11000})
	m.Buy("bob", Order{ID: "O-2", Shop: "S-2", Price: 4000, Quantity: 2})
	m.Buy("cho", Order{ID: "O-3", Shop: "S-1", Price: 30000})

	m.At("2026-04-03 12:00")
	m.Buy("ann", Order{ID: "O-4", Shop: "S-3", Price: 2500, Quantity: 2})
	m.Cancel("ann", "O-4", 1) // while it is pending
	m.Do("cho", points.GrantPoints{Points: 200, Reason: "spring campaign", Actor: "eva"})
	m.Do("old-1", points.MakeReservation{ReservationID: "R-1", Points: 400})
	m.At("2026-04-03 12:10")
	m.Capture("old-1", "R-1", Order{ID: "O-5", Shop: "S-2", Price: 900, Points: 350})
	m.Do("old-1", points.MakeReservation{ReservationID: "R-2", Points: 100})

	m.At("2026-04-12 09:00") // R-2 has run out, the orders of 1 April have matured, a lot of old-2 has expired
	m.Advance()
	m.Buy("ann", Order{ID: "O-6", Shop: "S-2", Price: 1000, Points: 110})
	m.Cancel("ann", "O-1", 1) // its points are spent: a debt
	m.Do("bob", points.ExchangePoints{ExchangeID: "X-1", BenefitID: "B-1", ShipTo: points.ShipTo{Country: "JP", IsMember: true}})
	m.Do("bob", points.ExchangePoints{ExchangeID: "X-2", BenefitID: "B-1", ShipTo: points.ShipTo{Country: "JP", IsMember: true}})
	m.Do("bob", points.ChangeExchange{ExchangeID: "X-2", To: "cancel", Reason: "sold out", Actor: "eva"})
	m.Do("bob", points.ChangeExchange{ExchangeID: "X-1", To: "fulfil", Actor: "eva"})
	m.Do("cho", points.AdjustPoints{Points: 30, Reason: "an apology", Actor: "eva"})
	m.Do("cho", points.AdjustPoints{Points: -20, Reason: "a mistake", Actor: "eva"})

	m.At("2026-04-15 18:00")
	m.Buy("cho", Order{ID: "O-7", Shop: "S-3", Price: 6000, Points: 300, UseAll: true})
	m.Do("cho", points.Reprice{OrderID: "O-7", Prices: points.Repricing{Lines: []points.LinePrice{{LineID: "1", UnitPrice: 5000}}}})
	m.Do("cho", points.GrantPoints{Points: 40, Reason: "a review", Actor: "eva"}) // swept into O-7
	m.Do("bob", points.RevokePoints{Points: 60, Reason: "misuse", Actor: "eva"})
	m.Do("ann", points.PayReceivable{ID: m.Receivable("ann", "O-1"), Money: 50, Actor: "eva"})
	m.Buy("old-1", Order{ID: "O-8", Shop: "S-1", Price: 600, Points: 500})
	m.Buy("dan", Order{ID: "O-9", Shop: "S-2", Price: 3000})
	m.Do("dan", points.ChangeMembership{To: points.Suspended, Reason: "a question", Actor: "eva"})
	m.Do("dan", points.ChangeMembership{To: points.Active, Reason: "answered", Actor: "eva"})

	m.At("2026-04-28 08:30")
	m.Advance()
	m.Do("dan", points.ChangeMembership{To: points.Closed, Reason: "asked for it", Actor: "eva"})
	m.Do("ann", points.WriteOffReceivable{ID: m.Receivable("ann", "O-1"), Actor: "eva", Reason: "too small"})
	m.Cancel("cho", "O-7", 1)

	m.At("2026-05-02 10:00") // the first lot of old-1 has expired
	m.Advance()
	m.Cancel("old-1", "O-8", 1) // so what it paid comes back as cash
	m.Buy("bob", Order{ID: "O-10", Shop: "S-1", Price: 2000})
	return m
}

// Cancel lets the shop cancel pieces of an order.
func (m *Mall) Cancel(member, order string, pieces int64) {
	m.t.Helper()
	book, err := policy.Book{}.With(policy.Shipped()...)
	m.check(err)
	m.Do(member, refunds.Cancel{OrderID: order, Policies: book, Request: refunds.CancelRequest{InitiatedBy: policy.ByShop, Actor: "shop",
		Lines: []refunds.ReturnUnits{{LineID: "1", Quantity: pieces}}}})
}
