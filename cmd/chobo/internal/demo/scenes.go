package demo

import (
	"context"
	"time"
)

// A scene is a story of one member, short enough that the whole of the member's journal can be shown: what one decision
// is and how it is booked. It is the same whatever the seed.
type scene struct {
	title  string
	member string
	order  string
	back   string // the return; empty: the order is cancelled
	story  string
	play   func(s *story, sc scene)
}

// scenes are played beside the month, by members who do nothing else in it.
var scenes = []scene{
	{"An order is cancelled", "honda", "B-1", "",
		"honda pays 250 points of a lamp. The shop has none left and cancels the order. The points are back in their lot, and those to come are void: the order has left nothing behind.",
		cancellation},
	{"Part of an order comes back, after its points have expired", "miura", "C-1", "R-C-1",
		"miura pays 600 points of two lamps: first the 400 that expire on 16 April, then 200 that do not. On 17 April one lamp goes back. Half the points return: 200 to the lot that lives, and what the dead lot had paid as the shop's cash.",
		fallback},
	{"Goods come back, and what they earned is spent", "okamoto", "D-1", "R-D-1",
		"okamoto earns 980 points with a camera and spends 890 of them on a magazine. Then the camera goes back. The clawback takes what is left of their lot, then a birthday gift; the rest is a receivable.",
		clawback},
	{"A decision that is a person's", "taniguchi", "E-1", "R-E-1",
		"taniguchi finds mould on food bought with 300 points. The terms leave that to the shop, so the return waits for it, and nothing is posted until the shop has decided and has the goods.",
		review},
}

// post lets a member post below its own path. Days count from 1.
func (s *story) post(member string, day int, at time.Duration, path, key string, body func(at time.Time) object) {
	s.add(day-1, at, member, func(ctx context.Context, c *Client, now time.Time) error {
		return c.post(ctx, memberPath(member)+path, key, body(now))
	})
}

// grant gives points by hand. Zero expires: they live as the program says.
func (s *story) grant(member string, day int, at time.Duration, points int, reason string, expires time.Time) {
	s.post(member, day, at, "/grants", reason, func(at time.Time) object {
		grant := object{"points": points, "reason": reason, "occurred_at": at}
		if !expires.IsZero() {
			grant["expires_at"] = expires
		}
		return grant
	})
}

// pay places an order, paid with so many points.
func (s *story) pay(day int, at time.Duration, o placed, points, shipping int) {
	s.post(o.member, day, at, "/orders", "order "+o.id, func(at time.Time) object { return o.body(at, points, shipping, false) })
}

// one is an order of some pieces of one thing.
func (sc scene) one(shop, sku, category string, quantity, price int) placed {
	return placed{id: sc.order, member: sc.member, shop: shop, total: quantity * price,
		lines: []object{{"line_id": "1", "sku": sku, "category": category, "quantity": quantity, "unit_price": price}}}
}

// arrive has the order delivered.
func (sc scene) arrive(s *story, day int) {
	s.post(sc.member, day, 14*time.Hour, "/orders/"+sc.order+"/status", "delivered "+sc.order, func(at time.Time) object {
		return object{"status": "delivered", "at": at}
	})
}

// ask asks to give one piece back for a fault.
func (sc scene) ask(s *story, day int) {
	s.post(sc.member, day, 10*time.Hour, "/orders/"+sc.order+"/returns", "return "+sc.order, func(at time.Time) object {
		return object{"return_id": sc.back, "lines": []object{{"line_id": "1", "quantity": 1}}, "reason": "defect", "requested_at": at, "evidence": []string{"photo"}}
	})
}

// receive has the goods back and inspected.
func (sc scene) receive(s *story, day int) {
	s.post(sc.member, day, 15*time.Hour, "/orders/"+sc.order+"/returns/"+sc.back+"/receive", "receive "+sc.order, func(at time.Time) object {
		return object{"inspection": "confirmed", "at": at}
	})
}

func cancellation(s *story, sc scene) {
	s.grant(sc.member, 3, 9*time.Hour, 250, "spring campaign", time.Time{})
	s.pay(6, 20*time.Hour, sc.one("S-4", "HM-9", "home/lamp", 1, 8200), 250, 500)
	s.post(sc.member, 7, 9*time.Hour, "/orders/"+sc.order+"/cancel", "cancel "+sc.order, func(at time.Time) object {
		return object{"initiated_by": "shop", "reason": "out_of_stock", "requested_at": at}
	})
}

func fallback(s *story, sc scene) {
	s.grant(sc.member, 2, 9*time.Hour, 400, "spring campaign", first.AddDate(0, 0, 15))
	s.grant(sc.member, 2, 10*time.Hour, 200, "birthday", time.Time{})
	s.pay(6, 20*time.Hour, sc.one("S-4", "HM-9", "home/lamp", 2, 8200), 600, 500)
	sc.arrive(s, 8)
	sc.ask(s, 17)
	sc.receive(s, 19)
}

func clawback(s *story, sc scene) {
	s.pay(2, 20*time.Hour, sc.one("S-3", "EL-40", "electronics", 1, 98000), 0, 500)
	sc.arrive(s, 4)
	magazine := scene{order: "D-2", member: sc.member}.one("S-1", "BK-130", "books/magazine", 1, 890)
	s.pay(11, 20*time.Hour, magazine, 890, 0)
	s.grant(sc.member, 12, 9*time.Hour, 60, "birthday", time.Time{})
	sc.ask(s, 14)
	sc.receive(s, 16)
}

func review(s *story, sc scene) {
	s.grant(sc.member, 13, 9*time.Hour, 300, "spring campaign", time.Time{})
	s.pay(14, 20*time.Hour, sc.one("S-5", "FD-4", "food", 1, 3780), 300, 500)
	sc.arrive(s, 15)
	sc.ask(s, 16)
	s.post(sc.member, 18, 11*time.Hour, "/orders/"+sc.order+"/returns/"+sc.back+"/resolve", "resolve "+sc.order, func(time.Time) object {
		return object{"outcome": "accept", "actor": "hayashi of S-5", "note": "mould, as the photo shows"}
	})
	sc.receive(s, 20)
}
