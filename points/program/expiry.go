package program

import "time"

// An Expiry says how long points live once they can be spent. Source: SM-P3.3, SM-P6.3.
type Expiry struct {
	Mode   ExpiryMode
	Months int64 // calendar months, at least 1; 0 with mode none
}

// ExpiryMode is what an Expiry counts from and to.
type ExpiryMode string

// The modes of expiry.
const (
	Fixed           ExpiryMode = "fixed"              // to the end of the day that many months after the grant
	FixedEndOfMonth ExpiryMode = "fixed_end_of_month" // to the end of that month
	Inactivity      ExpiryMode = "inactivity"         // all of them, that many months after the member's last deed
	Never           ExpiryMode = "none"
)

// ExpiresAt is the first instant without a lot that was granted then. It is zero if the lot has no expiry of its own:
// with modes inactivity and none.
//
// A day that the later month does not have is that month's last: 12 months from 29 February end with 28 February.
func (e Expiry) ExpiresAt(granted time.Time, zone *time.Location) time.Time {
	switch e.Mode {
	case Fixed:
		return dayOf(granted, zone).plusMonths(e.Months).plusDays(1).start(zone)
	case FixedEndOfMonth:
		return dayOf(granted, zone).plusMonths(e.Months).firstOfNextMonth().start(zone)
	default:
		return time.Time{}
	}
}

// LapsesAt is the first instant at which all available points of a member have lapsed whose last deed was then: the
// end of the day Months later. It is zero unless the mode is inactivity.
func (e Expiry) LapsesAt(last time.Time, zone *time.Location) time.Time {
	if e.Mode != Inactivity {
		return time.Time{}
	}
	return dayOf(last, zone).plusMonths(e.Months).plusDays(1).start(zone)
}
