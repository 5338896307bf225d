package jobs

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// hourIsStar is the bit that cron sets in a field that is a star.
const hourIsStar = 1 << 63

// schedule reads a crontab's five fields as the clocks of zone show them. It gives its times in UTC, and cron runs in
// UTC: cron by itself skips what falls into the hour that a change of the clocks leaves out.
//
// Each day at a given hour means once each local day: at the first of two where the clocks are put back, and at the
// instant of the change where they are put forward over it. Any hour (a star) means by the minutes that pass.
func schedule(fields string, zone *time.Location) (cron.Schedule, error) {
	s, err := cron.ParseStandard(fields)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", fields, err)
	}
	spec, ok := s.(*cron.SpecSchedule)
	if !ok {
		return s, nil // @every
	}
	if spec.Hour&hourIsStar != 0 {
		spec.Location = zone
		return passing{spec}, nil
	}
	spec.Location = time.UTC
	return wall{spec, zone}, nil
}

// passing goes by the minutes that pass.
type passing struct{ *cron.SpecSchedule }

func (p passing) Next(t time.Time) time.Time { return inUTC(p.SpecSchedule.Next(t)) }

// wall goes by what the clocks of a zone show. Its spec knows no zone: it is asked in UTC for what a clock would show.
type wall struct {
	spec *cron.SpecSchedule
	zone *time.Location
}

// Next is the first instant after t at which the schedule is due; zero: there is none.
func (w wall) Next(t time.Time) time.Time {
	shown := t.In(w.zone)
	_, offset := shown.Zone()
	clock := t.UTC().Add(time.Duration(offset) * time.Second)
	for {
		clock = w.spec.Next(clock)
		if clock.IsZero() {
			return time.Time{}
		}
		// The first of two may lie before t, which then stands in the second.
		if at := instant(clock, w.zone); at.After(t) {
			return at.UTC()
		}
	}
}

// instant is the first at which the clocks of zone show what clock shows in UTC; where they never do, the instant at
// which they are put forward over it.
func instant(clock time.Time, zone *time.Location) time.Time {
	// No zone is more than a day from UTC. From there, one stretch of equal offset after another.
	stretch := clock.Add(-24 * time.Hour).In(zone)
	for {
		_, offset := stretch.Zone()
		at := clock.Add(-time.Duration(offset) * time.Second)
		start, end := stretch.ZoneBounds()
		if at.Before(start) { // the change to this stretch left it out
			return start
		}
		if end.IsZero() || at.Before(end) {
			return at
		}
		stretch = end
	}
}

func inUTC(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}
