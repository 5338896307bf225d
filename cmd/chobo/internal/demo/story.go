package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// An event is something that somebody does at a time of a day.
type event struct {
	member string
	at     time.Time
	do     func(ctx context.Context, c *Client) error
}

// A story is what happens, day by day from the first. Nights, with their jobs, lie between.
type story struct {
	days   [days][]event
	random *rand.Rand
	orders int
}

// tell makes the story of a seed.
func tell(seed uint64) *story {
	s := &story{random: rand.New(rand.NewPCG(seed, 2026))} //nolint:gosec // the same story each time
	s.heroine()
	for day := range days {
		for range 12 + s.random.IntN(16) {
			m := members[s.random.IntN(len(members))]
			if !absent[m] {
				s.order(day, m)
			}
		}
	}
	for _, sc := range scenes { // last, so that the seed's month is the same with and without them
		sc.play(s, sc)
	}
	for i := range s.days {
		slices.SortStableFunc(s.days[i], func(a, b event) int { return a.at.Compare(b.at) })
	}
	return s
}

// add lets something happen on a day; what lies behind the month does not.
func (s *story) add(day int, at time.Duration, member string, do func(ctx context.Context, c *Client, at time.Time) error) {
	if day >= days {
		return
	}
	t := first.AddDate(0, 0, day).Add(at)
	s.days[day] = append(s.days[day], event{member, t, func(ctx context.Context, c *Client) error { return do(ctx, c, t) }})
}

// daytime is some time between 9 and 21.
func (s *story) daytime() time.Duration {
	return 9*time.Hour + time.Duration(s.random.IntN(12*3600))*time.Second
}

// An order as the story knows it.
type placed struct {
	id, member string
	shop       string
	lines      []object
	total      int
}

// order is one that somebody places, and what comes of it.
func (s *story) order(day int, member string) {
	s.orders++
	o := placed{id: fmt.Sprintf("O-%04d", s.orders), member: member}
	sh := shops[s.random.IntN(len(shops))]
	o.shop = sh.id
	for i := range 1 + s.random.IntN(3) {
		g := sh.goods[s.random.IntN(len(sh.goods))]
		n := 1 + s.random.IntN(2)
		o.lines = append(o.lines, object{"line_id": fmt.Sprint(i + 1), "sku": g.sku, "category": g.category, "quantity": n, "unit_price": g.price})
		o.total += n * g.price
	}
	const shipping = 500
	share := 0 // of the points there are
	if s.random.IntN(3) == 0 {
		share = 50 + s.random.IntN(51)
	}
	s.add(day, s.daytime(), member, func(ctx context.Context, c *Client, at time.Time) error {
		points, err := c.available(ctx, member)
		if err != nil {
			return err
		}
		points = min(points*share/100, o.total+shipping)
		return c.post(ctx, memberPath(member)+"/orders", "order "+o.id, o.body(at, points, shipping, false))
	})
	switch fate := s.random.IntN(100); {
	case fate < 4:
		s.cancelled(day, o)
	case fate < 12:
		s.delivered(day, o)
		s.returned(day+4+s.random.IntN(2), o)
	default:
		s.delivered(day, o)
	}
}

func (o placed) body(at time.Time, points, shipping int, useAll bool) object {
	return object{"order_id": o.id, "shop_id": o.shop, "ordered_at": at, "lines": o.lines, "shipping": shipping, "payment_method": "card",
		"tenders": object{"points": points, "money": o.total + shipping - points}, "use_all_points": useAll}
}

// delivered ships the order a day later, and delivers it a day or two after that.
func (s *story) delivered(day int, o placed) {
	for _, step := range []struct {
		status string
		day    int
	}{{"shipped", day + 1}, {"delivered", day + 2 + s.random.IntN(2)}} {
		s.add(step.day, s.daytime(), o.member, func(ctx context.Context, c *Client, at time.Time) error {
			return c.post(ctx, memberPath(o.member)+"/orders/"+o.id+"/status", step.status+" "+o.id, object{"status": step.status, "at": at})
		})
	}
}

// cancelled lets the shop cancel the order, or the member ask and a clerk decide.
func (s *story) cancelled(day int, o placed) {
	path := memberPath(o.member) + "/orders/" + o.id
	if s.random.IntN(2) == 0 {
		s.add(day+1, 8*time.Hour, o.member, func(ctx context.Context, c *Client, at time.Time) error {
			return c.post(ctx, path+"/cancel", "cancel "+o.id, object{"initiated_by": "shop", "reason": "out_of_stock", "requested_at": at})
		})
		return
	}
	s.add(day+1, 8*time.Hour, o.member, func(ctx context.Context, c *Client, at time.Time) error {
		return c.post(ctx, path+"/cancel", "cancel "+o.id, object{"initiated_by": "member", "reason": "changed_mind", "requested_at": at})
	})
	if outcome := []string{"accept", "reject", ""}[s.random.IntN(3)]; outcome != "" { // else it waits for a clerk
		s.add(day+1, 11*time.Hour, o.member, func(ctx context.Context, c *Client, _ time.Time) error {
			return c.post(ctx, path+"/cancel/resolve", "resolve "+o.id, object{"outcome": outcome, "actor": "clerk-2"})
		})
	}
}

// returned asks to return the first line, sends it back where that is granted, and has it inspected.
func (s *story) returned(day int, o placed) {
	path := memberPath(o.member) + "/orders/" + o.id + "/returns"
	reason := []string{"defect", "wrong_item", "customer_convenience", "customer_convenience", "late_delivery"}[s.random.IntN(5)]
	s.add(day, s.daytime(), o.member, func(ctx context.Context, c *Client, at time.Time) error {
		return c.post(ctx, path, "return "+o.id, object{"return_id": "R-" + o.id, "lines": []object{{"line_id": "1", "quantity": 1}}, "reason": reason,
			"requested_at": at, "evidence": []string{"photo"}, "condition": object{"opened": false, "used": false, "tried_on": false}})
	})
	s.add(day+2, s.daytime(), o.member, func(ctx context.Context, c *Client, at time.Time) error {
		err := c.post(ctx, path+"/R-"+o.id+"/receive", "receive "+o.id, object{"inspection": "confirmed", "at": at})
		var refused *Refusal
		if errors.As(err, &refused) && (refused.Status == 409 || refused.Status == 404) {
			return nil // it was not granted: nothing comes back
		}
		return err
	})
}
