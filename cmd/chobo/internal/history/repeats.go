package history

import "encoding/binary"

// repeats finds what stands in a file more than once, without keeping everything in memory: a filter of fixed size
// tells what may have been there before, and only that is counted exactly, on the second way through the file.
type repeats struct {
	bits   []uint64
	counts map[digest]int // of what may repeat
}

// The filter has some 80 bits a row, up to 64 MiB: it hardly ever takes a row for a repeat that is none, which would
// cost another way through the file. Files of more than 40 million rows take more memory, not a wrong turn.
const (
	leastBits = 1 << 16
	mostBits  = 1 << 29
	probes    = 8
)

// newRepeats is a filter for a file of so many bytes.
func newRepeats(size int64) *repeats {
	n := leastBits
	for int64(n) < 2*size && n < mostBits {
		n *= 2
	}
	return &repeats{bits: make([]uint64, n/64), counts: map[digest]int{}}
}

// note is told everything once.
func (r *repeats) note(d digest) {
	at, step := binary.LittleEndian.Uint64(d[:8]), binary.LittleEndian.Uint64(d[8:16])|1
	seen := true
	for range probes {
		bit := at % uint64(len(r.bits)*64)
		word, mask := bit/64, uint64(1)<<(bit%64)
		seen = seen && r.bits[word]&mask != 0
		r.bits[word] |= mask
		at += step
	}
	if seen {
		r.counts[d] = 0
	}
}

// any tells whether there is something to count.
func (r *repeats) any() bool { return len(r.counts) > 0 }

// count is told everything again, in the same order, and says which time it is.
func (r *repeats) count(d digest) int {
	n, maybe := r.counts[d]
	if !maybe {
		return 1
	}
	r.counts[d] = n + 1
	return n + 1
}

// again begins a new count and keeps only what the last one found more than once.
func (r *repeats) again() {
	for d, n := range r.counts {
		if n < 2 {
			delete(r.counts, d)
		} else {
			r.counts[d] = 0
		}
	}
}

// repeated tells whether the last full count found it more than once, when again was called.
func (r *repeats) repeated(d digest) bool {
	_, yes := r.counts[d]
	return yes
}
