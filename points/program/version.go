package program

import (
	"errors"
	"fmt"
	"time"
)

// A Version is one version of a program, numbered from 1 in the order they were admitted.
type Version struct {
	Number int
	*Program
}

// Versions are those of one program, in the order of their numbers.
type Versions []Version

// ErrNotInFuture refuses a version that would take effect in the past or at once.
var ErrNotInFuture = errors.New("effective_from must lie in the future")

// ErrFixedSetting is what every *FixedSettingError is.
var ErrFixedSetting = errors.New("a setting that never changes")

// FixedSettingError refuses a version that changes what never changes.
type FixedSettingError struct {
	Setting string // key in the program file
	Is, New string // its value in the versions there are, and in the refused one
}

func (e *FixedSettingError) Error() string {
	return fmt.Sprintf("%s never changes: it is %s, not %s", e.Setting, e.Is, e.New)
}

func (e *FixedSettingError) Unwrap() error { return ErrFixedSetting }

// At is the version in force at t: of those that took effect by then the one that did so last, and of several at one
// instant the one with the highest number. It is nil before the first takes effect.
func (vs Versions) At(t time.Time) *Version {
	var at *Version
	for i := range vs {
		from := vs[i].Program.EffectiveFrom
		if !from.After(t) && (at == nil || !from.Before(at.Program.EffectiveFrom)) {
			at = &vs[i]
		}
	}
	return at
}

// Admit says whether next becomes a new version when it is handed in at now, the program's clock. It does not if it
// has the same content as the version that is in force at its effective_from.
//
// It refuses with a *FixedSettingError if next changes the code, sandbox, currency, timezone or point value (the first
// of them in this order), and with ErrNotInFuture if it takes effect at now or before; the first version and those of
// a sandbox may do that.
func (vs Versions) Admit(next *Program, now time.Time) (isNew bool, err error) {
	if len(vs) == 0 {
		return true, nil
	}
	if at := vs.At(next.EffectiveFrom); at != nil && at.Program.Hash() == next.Hash() {
		return false, nil
	}
	if err := vs[0].Program.fixed(next); err != nil {
		return false, err
	}
	if !next.Sandbox && !next.EffectiveFrom.After(now) {
		return false, ErrNotInFuture
	}
	return true, nil
}

// With is the versions with next as their newest.
func (vs Versions) With(next *Program) Versions {
	return append(vs[:len(vs):len(vs)], Version{Number: len(vs) + 1, Program: next})
}

// fixed compares the settings that never change.
func (p *Program) fixed(next *Program) error {
	for _, s := range []struct{ setting, is, new string }{
		{"program", p.Code, next.Code},
		{"sandbox", fmt.Sprint(p.Sandbox), fmt.Sprint(next.Sandbox)},
		{"currency", p.Currency, next.Currency},
		{"timezone", p.Timezone(), next.Timezone()},
		{"point_value", p.PointValue.String(), next.PointValue.String()},
	} {
		if s.is != s.new {
			return &FixedSettingError{Setting: s.setting, Is: s.is, New: s.new}
		}
	}
	return nil
}
