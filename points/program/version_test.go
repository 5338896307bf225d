package program

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestVersionsAt(t *testing.T) {
	var vs Versions
	for _, from := range []string{"2026-01-01", "2026-03-01", "2026-02-01", "2026-03-01"} {
		vs = vs.With(parse(t, fmt.Sprintf("{ program: x, effective_from: %s, name: v%d }", from, len(vs)+1)))
	}
	for _, c := range []struct {
		at   string
		want int
	}{
		{"2025-12-31T23:59:59+09:00", 0},
		{"2026-01-01T00:00:00+09:00", 1},
		{"2026-02-15T00:00:00+09:00", 3},
		{"2026-03-01T00:00:00+09:00", 4},
		{"2027-01-01T00:00:00+09:00", 4},
	} {
		got := 0
		if v := vs.At(moment(t, c.at)); v != nil {
			got = v.Number
		}
		if got != c.want {
			t.Errorf("at %s version %d, want %d", c.at, got, c.want)
		}
	}
	if Versions(nil).At(time.Now()) != nil {
		t.Error("no versions, yet one is in force")
	}
}

func TestAdmit(t *testing.T) {
	now := moment(t, "2026-04-01T12:00:00+09:00")
	const first = "{ program: x, effective_from: 2026-01-01 }"
	const later = "{ program: x, effective_from: 2026-05-01, name: later }"
	for _, c := range []struct {
		name  string
		there []string
		next  string
		isNew bool
		err   error
		says  string
	}{
		{name: "the first, in the past", next: first, isNew: true},
		{name: "the same again", there: []string{first}, next: first},
		{name: "the same in other words", there: []string{first}, next: `{"effective_from":"2026-01-01T00:00:00+09:00","program":"x","point_value":1.0}`},
		{name: "an older one again", there: []string{first, later}, next: first},
		{name: "in the future", there: []string{first}, next: later, isNew: true},
		{name: "in place of one in the future", there: []string{first, later}, next: "{ program: x, effective_from: 2026-05-01 }", isNew: true},
		{name: "in the past", there: []string{first}, next: "{ program: x, effective_from: 2026-02-01 }", err: ErrNotInFuture},
		{name: "now", there: []string{first}, next: "{ program: x, effective_from: 2026-04-01T12:00:00+09:00 }", err: ErrNotInFuture},
		{name: "changed in the past", there: []string{first}, next: "{ program: x, effective_from: 2026-01-01, sweep: { days: 3 } }", err: ErrNotInFuture},
		{name: "another code", there: []string{first}, next: "{ program: y, effective_from: 2026-05-01 }", err: ErrFixedSetting, says: "program never changes: it is x, not y"},
		{name: "a sandbox", there: []string{first}, next: "{ program: x, effective_from: 2026-05-01, sandbox: true }", err: ErrFixedSetting, says: "sandbox never changes: it is false, not true"},
		{name: "another currency", there: []string{first}, next: "{ program: x, effective_from: 2026-05-01, currency: USD }", err: ErrFixedSetting, says: "currency never changes: it is JPY, not USD"},
		{name: "another zone", there: []string{first}, next: "{ program: x, effective_from: 2026-05-01, timezone: UTC }", err: ErrFixedSetting, says: "timezone never changes: it is Asia/Tokyo, not UTC"},
		{name: "another value", there: []string{first}, next: `{ program: x, effective_from: 2026-05-01, point_value: "0.5" }`, err: ErrFixedSetting, says: "point_value never changes: it is 1, not 0.5"},
		{name: "a fixed setting comes before the time", there: []string{first}, next: "{ program: x, effective_from: 2026-01-01, currency: USD }", err: ErrFixedSetting},
		{name: "a sandbox in the past", there: []string{"{ program: x, effective_from: 2026-01-01, sandbox: true }"}, next: "{ program: x, effective_from: 2026-02-01, sandbox: true }", isNew: true},
	} {
		var vs Versions
		for _, file := range c.there {
			vs = vs.With(parse(t, file))
		}
		isNew, err := vs.Admit(parse(t, c.next), now)
		if isNew != c.isNew || !errors.Is(err, c.err) {
			t.Errorf("%s: new %t, %v; want %t, %v", c.name, isNew, err, c.isNew, c.err)
		}
		if c.says != "" && err.Error() != c.says {
			t.Errorf("%s: says %q, want %q", c.name, err, c.says)
		}
	}
}

func TestWithLeavesTheOthersAlone(t *testing.T) {
	one := Versions(nil).With(parse(t, "{ program: x, effective_from: 2026-01-01 }"))
	a := one.With(parse(t, "{ program: x, effective_from: 2026-02-01 }"))
	b := one.With(parse(t, "{ program: x, effective_from: 2026-03-01 }"))
	if len(one) != 1 || a[1].Program == b[1].Program || a[1].Number != 2 || b[1].Number != 2 {
		t.Errorf("versions share what they should not: %v, %v, %v", one, a, b)
	}
}
