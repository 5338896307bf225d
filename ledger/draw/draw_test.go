package draw_test

import (
	"testing"

	"chobo/ledger"
	"chobo/ledger/draw"
)

// Numbers of what stands in line are as different as others: no sum of few of them with signs is zero.
func TestNumbersInLineDoNotCancel(t *testing.T) {
	for range 100 {
		d := draw.New()
		m := d.Member(ledger.Member{15: 1})
		seen := map[uint64]string{}
		for account := ledger.MemberAvailable; account <= ledger.MemberDebt; account++ {
			for lot := range ledger.LotID(40) {
				n, next, other := d.Lot(m, account, lot), d.Lot(m, account, lot+1), d.Lot(m, account+1, lot)
				for what, n := range map[string]uint64{"number": n, "step": next - n, "bend": d.Lot(m, account, lot+2) - 2*next + n,
					"corner": d.Lot(m, account+1, lot+1) - other - next + n} {
					if was, ok := seen[n]; n == 0 || ok && (was == what) {
						t.Fatalf("%s at %s, %d is %d, which another is too", what, account, lot, n)
					}
					seen[n] = what
				}
			}
		}
	}
}

// Every bit of what a number is of changes about half of its bits.
func TestEveryBitCounts(t *testing.T) {
	d := draw.New()
	for at := range 3 {
		for bit := range 64 {
			flips := 0
			for i := range uint64(200) {
				from := [3]uint64{i * 7, i % 5, i}
				to := from
				to[at] ^= 1 << bit
				x := d.Of(from[0], from[1], from[2]) ^ d.Of(to[0], to[1], to[2])
				for ; x != 0; x &= x - 1 {
					flips++
				}
			}
			if flips < 200*26 || flips > 200*38 {
				t.Errorf("bit %d of %d flips %d of 64", bit, at, flips/200)
			}
		}
	}
}

func TestDrawsDiffer(t *testing.T) {
	a, b := draw.New(), draw.New()
	if a.Of(1, 2, 3) == b.Of(1, 2, 3) || a.Text("S-1") == b.Text("S-1") {
		t.Error("two draws give one number")
	}
}

func TestTable(t *testing.T) {
	const n = 10_000
	d, table := draw.New(), draw.NewTable(n)
	for i := range uint64(n) {
		if _, added := table.Add(d.Of(i, 0, 0)); !added {
			t.Fatalf("%d is there already", i)
		}
	}
	if _, added := table.Add(d.Of(n, 0, 0)); added {
		t.Error("there is room for one more")
	}
	for i := range uint64(2 * n) {
		place, there := table.Find(d.Of(i, 0, 0))
		if there != (i < n) {
			t.Fatalf("%d is there: %t", i, there)
		}
		if !there {
			continue
		}
		number := table.At(place)
		if !table.Mark(place, 2) || table.Mark(place, 2) || !table.Mark(place, 1) || table.At(place) != number {
			t.Fatalf("marks of %d", i)
		}
		if _, added := table.Add(d.Of(i, 0, 0)); added {
			t.Fatalf("%d is added twice", i)
		}
	}
}
