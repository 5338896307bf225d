package reconcile

import (
	"context"

	"chobo/ledger/journal"
)

// findUnsealed proves the chain of seals by the batches that it lists. That batches are still what their transactions hash
// to takes reading the whole journal: chobo verify does.
func findUnsealed(ctx context.Context, s *scope, found func(Break)) error {
	v, err := journal.VerifySeals(ctx, s.tx, s.cluster)
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, c := range v.Checks {
		for _, d := range c.First {
			if told[d.What] {
				continue
			}
			told[d.What] = true
			reason := d.Stored
			if d.Journal != "" {
				reason += ", not " + d.Journal
			}
			found(Break{Key: d.What, Left: 1, Right: 0, Reason: reason})
		}
	}
	return nil
}
