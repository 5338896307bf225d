package history

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// A survey is what is known of a file before anything is posted.
type survey struct {
	entries  int64
	rows     int64
	bad      int64  // entries that cannot be imported, as far as the file tells
	identity digest // of the file's bytes and of how they are read
	repeats  *repeats
	unused   []string
}

// survey reads the file once, and again where something may stand in it more than once. bad is told of every entry
// that cannot be imported; nil: nobody is.
func (m *migration) survey(bad func(Refused)) error {
	s := &survey{repeats: newRepeats(m.size)}
	m.surveyed = s
	tell := func(e *entry) {
		s.bad++
		if bad != nil {
			bad(e.refused())
		}
	}
	sum := sha256.New()
	fmt.Fprintln(sum, m.how.What, m.how.Program, m.reading.Format)
	for _, name := range slices.Sorted(maps.Keys(m.how.Map)) {
		fmt.Fprintln(sum, name, m.how.Map[name])
	}
	err := m.each(io.TeeReader(m.file, sum), func(e *entry) error {
		s.entries++
		if len(e.bad) > 0 {
			tell(e)
		} else {
			s.repeats.note(sameness(e))
		}
		m.progress("reading", s.entries, 0)
		return nil
	}, func(es *entries) { s.rows, s.unused = es.read, es.Unused() })
	if err != nil {
		return err
	}
	s.identity = digest(sum.Sum(nil))
	if !s.repeats.any() {
		return nil
	}
	ids := false
	err = m.each(m.file, func(e *entry) error {
		if len(e.bad) == 0 && s.repeats.count(sameness(e)) > 1 {
			ids = ids || e.id != ""
		}
		return nil
	}, nil)
	s.repeats.again()
	if err != nil || !ids {
		return err
	}
	return m.each(m.file, func(e *entry) error {
		if good := len(e.bad) == 0; good && m.examine(e) {
			tell(e)
		}
		return nil
	}, nil)
}

// sameness is by what an entry must not be taken for another: its id, or all that it says where it has none.
func sameness(e *entry) digest {
	if e.id == "" {
		return e.content
	}
	return e.place()
}

// examine finds fault with a good entry whose id stands in the file more than once. A lot without an id may.
func (m *migration) examine(e *entry) (faulty bool) {
	if e.id == "" || !m.surveyed.repeats.repeated(e.place()) {
		return false
	}
	what := "stands in the file more than once"
	if m.how.What == Orders {
		what += "; the rows of an order must stand together"
	}
	e.bad = []Reason{{Line: e.line(), Column: e.id, Rule: ruleRepeat, Message: what}}
	return true
}

// refused is the entry as it is told of.
func (e *entry) refused() Refused { return Refused{Columns: e.columns, Rows: e.rows, Reasons: e.bad} }

// each reads the file from its beginning, entry by entry.
func (m *migration) each(r io.Reader, fn func(*entry) error, done func(*entries)) error {
	if _, err := m.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	es, err := newEntries(r, m.reading)
	if err != nil {
		return err
	}
	for {
		e, err := es.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = fn(e)
		}
		if err != nil {
			return err
		}
	}
	if done != nil {
		done(es)
	}
	return nil
}
