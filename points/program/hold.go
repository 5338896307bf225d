package program

import "time"

// A Hold says how long earned points are pending before they can be spent. Source: SM-P3.4.
type Hold struct {
	Days   int64     // full days in the program's zone; 0: not held at all
	From   HoldEvent // what starts them
	Latest int64     // days after the order by which they start even if that never comes; 0: they then never do
}

// HoldEvent is what starts a hold.
type HoldEvent string

// The events that start a hold.
const (
	OnOrder    HoldEvent = "ordered"
	OnPayment  HoldEvent = "paid"
	OnShipment HoldEvent = "shipped"
	OnDelivery HoldEvent = "delivered"
)

// End is when points held from that instant mature: the start of the day after Days full days in zone, or the instant
// itself if nothing is held. From any hour of 1 April, 30 days end with the start of 2 May.
func (h Hold) End(from time.Time, zone *time.Location) time.Time {
	if h.Days == 0 {
		return from
	}
	return afterDays(from, h.Days, zone)
}

// LatestStart is when the hold of an order placed then starts if its event has not come: at the same hour, Latest days
// later in zone. It is zero if it then never starts, and the order's own time if the order is the event.
func (h Hold) LatestStart(ordered time.Time, zone *time.Location) time.Time {
	switch {
	case h.From == OnOrder:
		return ordered
	case h.Latest == 0:
		return time.Time{}
	default:
		return ordered.In(zone).AddDate(0, 0, int(h.Latest))
	}
}

// A Sweep says how long points that become available go to an earlier order placed with use_all_points.
// Source: SM-P7.6.
type Sweep struct {
	Days int64 // 0: none
}

// End is the first instant at which points no longer go to an order placed then: the start of the day after Days
// full days in zone. It is the order's own time if there is no sweep.
func (s Sweep) End(ordered time.Time, zone *time.Location) time.Time {
	if s.Days == 0 {
		return ordered
	}
	return afterDays(ordered, s.Days, zone)
}

// ReissueExpiresAt is the first instant without a lot that was reissued then: the start of the day after GraceDays
// full days in zone, so with no days of grace it lives to the end of its day.
func (r Restore) ReissueExpiresAt(reissued time.Time, zone *time.Location) time.Time {
	return afterDays(reissued, r.GraceDays, zone)
}

// afterDays is the start of the day after n full days that follow the day of from.
func afterDays(from time.Time, n int64, zone *time.Location) time.Time {
	return dayOf(from, zone).plusDays(n + 1).start(zone)
}
