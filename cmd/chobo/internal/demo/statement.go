package demo

import (
	"context"
	"slices"
	"time"
)

// An Entry is one line of a member's statement.
type Entry struct {
	Kind         string    `json:"kind"`
	Points       int64     `json:"points"`
	BalanceAfter int64     `json:"balance_after"`
	OccurredAt   time.Time `json:"occurred_at"`
	Description  string    `json:"description"`
}

// Statement reads a member's statement, oldest first.
func (c *Client) Statement(ctx context.Context, member string) ([]Entry, error) {
	var page struct {
		Entries []Entry `json:"entries"`
	}
	if err := c.Get(ctx, memberPath(member)+"/entries?limit=500", &page); err != nil {
		return nil, err
	}
	slices.Reverse(page.Entries)
	return page.Entries, nil
}
