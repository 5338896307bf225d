package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// A Transaction is one of the journal, as the export has it.
type Transaction struct {
	MemberID   string    `json:"member_id"`
	Kind       string    `json:"kind"`
	OccurredAt time.Time `json:"occurred_at"`
	Lines      []Line    `json:"lines"`
}

// A Line is one of a transaction's. A debit is positive. A point is worth one yen, so its money is the same.
type Line struct {
	Account string `json:"account"`
	Points  int64  `json:"points"`
}

// A Shown scene is one as it was booked.
type Shown struct {
	Title   string
	Story   string
	Steps   []Step
	Journal []Transaction // all that was posted for its member, oldest first
}

// Scenes reads the scenes back: what was decided from the orders and returns, what was posted from the export of the
// journal. Fill must have played them.
func (c *Client) Scenes(ctx context.Context) ([]Shown, error) {
	journals, err := c.journals(ctx)
	if err != nil {
		return nil, err
	}
	var out []Shown
	for _, sc := range scenes {
		v, err := c.verdict(ctx, sc)
		if err != nil {
			return nil, err
		}
		out = append(out, Shown{sc.title, sc.story, v.steps(journals[sc.member]), journals[sc.member]})
	}
	return out, nil
}

// journals are the transactions since the month began, by member.
func (c *Client) journals(ctx context.Context) (map[string][]Transaction, error) {
	out := map[string][]Transaction{}
	err := c.read(ctx, "/v1/"+Program+"/exports/journal?format=jsonl&from="+first.Format("2006-01"), func(body io.Reader) error {
		for lines := json.NewDecoder(body); ; {
			var t Transaction
			if err := lines.Decode(&t); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return fmt.Errorf("read the journal: %w", err)
			}
			out[t.MemberID] = append(out[t.MemberID], t)
		}
	})
	return out, err
}
