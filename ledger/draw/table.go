package draw

import "math/bits"

// A Table is a set of drawn numbers, at eleven bytes each. Each has a place, by which more may be kept of it, and two marks,
// which stand in its lowest bits: 62 tell it from others. It holds no pointers, so no collection of garbage looks into it.
type Table struct {
	numbers []uint64 // 0: nothing stands there
	room    int      // for so many more; a fourth of the places stays free
}

// NewTable makes a table for so many numbers.
func NewTable(n int) Table { return Table{make([]uint64, n+n/3+1), n} }

// marks are the bits of a number that are none of its own.
const marks = 3

// Places is how many places there are.
func (t *Table) Places() int { return len(t.numbers) }

// Find is the place of a number; there is false where it would stand.
func (t *Table) Find(number uint64) (place int, there bool) {
	number = own(number)
	hi, _ := bits.Mul64(number, uint64(len(t.numbers)))
	for place = int(hi); ; place++ { //nolint:gosec // less than there are
		if place == len(t.numbers) {
			place = 0
		}
		if n := t.numbers[place]; n == 0 || n&^marks == number {
			return place, n != 0
		}
	}
}

// own is the part of a number that tells it from others.
func own(number uint64) uint64 { return max(marks+1, number&^marks) }

// Add adds a number; added is false where it stands there already, or there is no room.
func (t *Table) Add(number uint64) (place int, added bool) {
	place, there := t.Find(number)
	if there || t.room == 0 {
		return place, false
	}
	t.room--
	t.numbers[place] = own(number)
	return place, true
}

// At is the number at a place, without its marks; 0: there is none.
func (t *Table) At(place int) uint64 { return t.numbers[place] &^ marks }

// Mark sets a mark, 1 or 2; first tells whether it was not there.
func (t *Table) Mark(place int, mark uint64) (first bool) {
	first = t.numbers[place]&mark == 0
	t.numbers[place] |= mark
	return first
}
