package demo

import "time"

// heroine scripts a month in which everything happens to one member.
func (s *story) heroine() {
	post := func(day int, at time.Duration, path, key string, body func(at time.Time) object) {
		s.post(Heroine, day, at, path, key, body)
	}
	watch := []object{{"line_id": "1", "sku": "BK-900", "category": "books", "quantity": 2, "unit_price": 6000}}
	books := placed{id: "A-1", member: Heroine, shop: "S-9", lines: watch, total: 12000}
	lamp := placed{id: "A-2", member: Heroine, shop: "S-4", total: 8200, lines: []object{{"line_id": "1", "sku": "HM-9", "category": "home/lamp", "quantity": 1, "unit_price": 8200}}}
	shirt := placed{id: "A-3", member: Heroine, shop: "S-2", total: 4900, lines: []object{{"line_id": "1", "sku": "FS-21", "category": "fashion/shirt", "quantity": 1, "unit_price": 4900}}}
	tea := placed{id: "A-4", member: Heroine, shop: "S-5", total: 3780, lines: []object{{"line_id": "1", "sku": "FD-4", "category": "food", "quantity": 1, "unit_price": 3780}}}

	// Partner week: five percent, paid for by the shop.
	post(2, 12*time.Hour, "/orders", "order A-1", func(at time.Time) object { return books.body(at, 0, 500, false) })
	post(3, 9*time.Hour, "/grants", "spring", func(at time.Time) object {
		return object{"points": 800, "reason": "spring campaign", "expires_at": first.AddDate(0, 0, 19), "occurred_at": at}
	})
	// Some of the points that expire first pay for a lamp.
	post(5, 20*time.Hour, "/orders", "order A-2", func(at time.Time) object { return lamp.body(at, 400, 500, false) })
	s.delivered(1, books)
	s.delivered(4, lamp)
	// She asks for all her points to be used: what matures on the 10th goes to this order, and money comes back.
	post(8, 19*time.Hour, "/orders", "order A-3", func(at time.Time) object { return shirt.body(at, 0, 500, true) })
	// One of the books is faulty. Its points have been spent meanwhile.
	post(11, 10*time.Hour, "/orders/A-1/returns", "return A-1", func(at time.Time) object {
		return object{"return_id": "R-A-1", "lines": []object{{"line_id": "1", "quantity": 1}}, "reason": "defect", "requested_at": at, "evidence": []string{"photo"}}
	})
	post(14, 15*time.Hour, "/orders/A-1/returns/R-A-1/receive", "receive A-1", func(at time.Time) object {
		return object{"inspection": "confirmed", "at": at}
	})
	// She forgets a checkout: its points come free again at night.
	post(16, 21*time.Hour, "/reservations", "reserve", func(at time.Time) object {
		return object{"reservation_id": "V-1", "points": 50, "expires_at": at.Add(26 * time.Hour)}
	})
	post(22, 13*time.Hour, "/orders", "order A-4", func(at time.Time) object { return tea.body(at, 100, 500, false) })
	post(24, 17*time.Hour, "/orders/A-4/status", "shipped A-4", func(at time.Time) object { return object{"status": "shipped", "at": at} })
}
