package engine

import (
	"time"

	"chobo/ledger"
)

// An ids gives out transaction ids of one node: microseconds since 2020 and the node's number in the lower bits,
// each above the one before even where the clock stands still or is set back.
type ids struct {
	node ledger.TransactionID
	free ledger.TransactionID // the next one that nobody has
}

// move lets the ids go on as those of another node.
func (g *ids) move(node ledger.TransactionID) {
	g.node = node
	g.above(g.free)
}

// reach lets the ids go on from now, if they are not ahead of it already.
func (g *ids) reach(now time.Time) {
	g.free = max(g.free, ledger.FirstID(now)|g.node)
}

// above lets the ids go on above one of another node: within a member they never run backward.
func (g *ids) above(id ledger.TransactionID) {
	if g.free <= id {
		g.free = (id>>ledger.NodeBits+1)<<ledger.NodeBits | g.node
	}
}

// next gives one id out.
func (g *ids) next() ledger.TransactionID {
	id := g.free
	g.free += ledger.IDStep
	return id
}
