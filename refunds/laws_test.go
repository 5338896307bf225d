package refunds_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	. "chobo/points/pointstest"
)

// Whatever is asked for, in whatever order and at whatever time, keeps every law of the books; what is refused changes nothing.
func TestEveryCommandKeepsTheLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		versions := aHistory(t)
		b := aBook(versions)
		w := &trade{value: versions[0].PointValue.String(), made: map[string]int{}, past: true}
		now := begin
		for range between(t, "commands", 1, 60) {
			now = now.Add(time.Duration(oneOf(t, "hours", 0, 0, 1, 5, 24, 100, 400)) * time.Hour)
			c := w.command(t, b, now)
			_, err := b.Do(now, c)
			if err != nil && CodeOf(err) == "" {
				t.Fatalf("%s: %v", c.Name(), err)
			}
			if err := b.Audit(); err != nil {
				t.Fatalf("after %#v: %v\n%s", c, err, b.T(0))
			}
		}
	})
}
