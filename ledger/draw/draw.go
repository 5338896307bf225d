// Package draw draws by lot the numbers with which proofs add the books up.
package draw

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"

	"chobo/ledger"
)

// A Draw gives everything that an amount belongs to, such as a member's lot, an order or a day, 64 bits by lot. Sums of amounts,
// each times its number, tell whether the same amounts stand in the same places: others, or the same in other places, add
// up to the same but once in some 2⁶⁰ draws. Sums are modulo 2⁶⁴. Each proof draws anew.
//
// A number is what two multiplications by secret keys leave, whose 128 bits are folded together each time, as wyhash does: the
// first mixes what it is the number of, the second makes numbers that stand in line lose every trace of it. That takes some
// nanoseconds, and hashing a struct ten times as many; a proof needs several numbers of every line there is.
type Draw struct {
	keys [4]uint64
	seed maphash.Seed // of texts
}

// New draws.
func New() *Draw {
	d := &Draw{seed: maphash.MakeSeed()}
	for i := range d.keys {
		d.keys[i] = rand.Uint64() | 1 //nolint:gosec // ChaCha8, seeded by the system
	}
	return d
}

// Of is the number of three: one that has a number, or is one, with two whole numbers.
func (d *Draw) Of(one, two, three uint64) uint64 {
	hi, lo := bits.Mul64(one+two*d.keys[0]^d.keys[1], three^d.keys[2])
	hi, lo = bits.Mul64(hi^lo, d.keys[3])
	return hi ^ lo
}

// Text is the number of a text.
func (d *Draw) Text(s string) uint64 {
	if s == "" {
		return 0
	}
	return maphash.String(d.seed, s)
}

// Member is a member's number, by which what is the member's has its own.
func (d *Draw) Member(m ledger.Member) uint64 {
	return d.Of(binary.LittleEndian.Uint64(m[:8]), 0, binary.LittleEndian.Uint64(m[8:]))
}

// Lot is the number of a member's lot on an account; lot 0: of the account.
func (d *Draw) Lot(member uint64, a ledger.Account, lot ledger.LotID) uint64 {
	return d.Of(member, Bits(a), Bits(lot))
}

// Transaction is the number of a member's transaction.
func (d *Draw) Transaction(member uint64, id ledger.TransactionID) uint64 {
	return d.Of(member, 0, Bits(id))
}

// Order is the number of a member's order, exchange or the like.
func (d *Draw) Order(member uint64, id string) uint64 { return d.Of(member, 0, d.Text(id)) }

// Day is the number of a program's transactions of a kind on a day, which is counted from 1970.
func (d *Draw) Day(program int, kind ledger.Kind, day int64) uint64 {
	return d.Of(Bits(program), Bits(kind), Bits(day))
}

// Sum is the number of what a day has on an account, of a shop or of none.
func (d *Draw) Sum(day uint64, a ledger.Account, shop string) uint64 {
	return d.Of(day, Bits(a), d.Text(shop))
}

// Bits are those of a whole number.
func Bits[N ~int | ~int16 | ~int64](n N) uint64 { return uint64(n) } //nolint:gosec // the bits
