package outbox

import (
	"slices"
	"testing"
)

// Batches lie in as few ranges as there are great gaps between them, and in one each.
func TestRanges(t *testing.T) {
	const hour = farApart
	s := stretch{first: []int64{3 * hour, 10, 0, 5 * hour}, last: []int64{3*hour + 9, 20, 15, 5 * hour}}
	lows, highs := s.ranges()
	if !slices.Equal(lows, []int64{0, 3 * hour, 5 * hour}) || !slices.Equal(highs, []int64{20, 3*hour + 9, 5 * hour}) {
		t.Errorf("ranges from %v to %v", lows, highs)
	}
}
