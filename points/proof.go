package points

import (
	"chobo/ledger"
	"chobo/points/program"
)

// What an order says of itself, for those who prove it against the journal.

// Earns is what the order earns as it now stands, by the one function and the version that it was placed under.
func (o *Order) Earns(v *program.Version) (n ledger.Points) {
	earns, _ := o.earns(v)
	for _, k := range earns {
		n += k
	}
	return n
}

// Granted is what still stands of all that it was granted.
func (o *Order) Granted() (n ledger.Points) {
	for i := range o.Lines {
		n += o.Lines[i].Earned.Points
	}
	return n
}

// Paid is what was paid of it in all, by tender: at first, by rises of the price and by sweeps.
func (o *Order) Paid() Tenders {
	return Tenders{Points: o.Tenders.Points + o.Charged.Points, Money: o.Tenders.Money + o.Charged.Money}
}
