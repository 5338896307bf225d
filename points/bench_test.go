package points_test

import (
	"testing"
	"time"

	"chobo/ledger"
	"chobo/points"
	. "chobo/points/pointstest"
)

// BenchmarkPlaceOrder is one redemption on the hot path: decide, post, keep the order. Storing is not in it.
func BenchmarkPlaceOrder(b *testing.B) {
	for name, c := range map[string]struct {
		lots int
		n    ledger.Points
	}{"money": {1, 0}, "points": {1, 10}, "points of 10 lots": {10, 1000}} {
		b.Run(name, func(b *testing.B) {
			book := New(Shipped("samurai-mall"))
			now := on(2026, 4, 1, 10)
			for i := range c.lots {
				if _, err := book.Do(now, points.GrantPoints{Points: 101, ExpiresAt: now.AddDate(1, 0, i)}); err != nil {
					b.Fatal(err)
				}
			}
			state, order := book.State, bookOrder(c.n, 3800-ledger.Money(c.n))
			b.ReportAllocs()
			for b.Loop() {
				a := &points.Account{State: state, Member: book.Member, Name: book.Name, Programs: book.Programs, Now: now.Add(time.Minute), NextID: 1 << 20}
				a.Load(points.Key{Kind: points.OrderDocument, ID: order.OrderID}, "", time.Time{}, nil)
				if _, need, err := points.Run(a, points.PlaceOrder{Order: order}); need != nil || err != nil {
					b.Fatal(need, err)
				}
			}
		})
	}
}
