package points

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Watched is a document that has to be loaded with its account, because what falls due may touch it.
type Watched struct {
	Key
	Until time.Time // of a reservation: when it ends; of a use-all order: when points stop to go to it; zero: while it stands
}

// String is the form in which the member's row keeps it.
func (w Watched) String() string {
	return fmt.Sprintf("%d|%d|%s", w.Kind, micros(w.Until), w.ID)
}

// ParseWatched reads what String wrote.
func ParseWatched(s string) (Watched, error) {
	parts := strings.SplitN(s, "|", 3)
	if len(parts) != 3 {
		return Watched{}, fmt.Errorf("watched document %q: not kind|until|id", s)
	}
	kind, err := strconv.ParseInt(parts[0], 10, 16)
	if err != nil {
		return Watched{}, fmt.Errorf("watched document %q: %w", s, err)
	}
	until, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return Watched{}, fmt.Errorf("watched document %q: %w", s, err)
	}
	w := Watched{Key: Key{DocumentKind(kind), parts[2]}}
	w.Until = fromMicros(until)
	return w, nil
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// watch adds a document to those that are loaded with the account.
func (a *Account) watch(key Key, until time.Time) {
	a.unwatch(key)
	a.Watch = append(a.Watch, Watched{key, until})
}

func (a *Account) unwatch(key Key) {
	for i, w := range a.Watch {
		if w.Key == key {
			a.Watch = append(a.Watch[:i:i], a.Watch[i+1:]...)
			return
		}
	}
}

// watched lists the ids of one kind, in the order in which they were added.
func (a *Account) watched(kind DocumentKind) []Watched {
	var out []Watched
	for _, w := range a.Watch {
		if w.Kind == kind {
			out = append(out, w)
		}
	}
	return out
}
