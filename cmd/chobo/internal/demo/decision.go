package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"chobo/cmd/chobo/internal/figures"
)

// A Step is one in the life of a decision: asked, resolved by a person, settled.
type Step struct {
	At   time.Time
	Text string
}

// A decision as orders and returns show it.
type decision struct {
	Outcome     string `json:"outcome"`
	Clause      string `json:"clause"`
	Explanation string `json:"explanation"`
	ReferTo     string `json:"refer_to"`
}

type historyEntry struct {
	At    time.Time `json:"at"`
	What  string    `json:"what"`
	Actor string    `json:"actor"`
	Note  string    `json:"note"`
}

// refunded is what went back of each tender. Money is whole yen.
type refunded struct {
	Points       int64  `json:"points"`
	Money        int64  `json:"money"`
	CashFallback int64  `json:"cash_fallback"`
	PaidBy       string `json:"paid_by"`
}

// A verdict is a decision with how it came about and what it did.
type verdict struct {
	first     decision // as the policy answered
	history   []historyEntry
	refund    refunded
	takenBack int64 // of the points that the order had earned
	owed      int64 // of these: the member had spent them
}

// verdict reads what was decided on the scene's order or return.
func (c *Client) verdict(ctx context.Context, sc scene) (v verdict, err error) {
	path := memberPath(sc.member) + "/orders/" + sc.order
	if sc.back == "" {
		var order struct {
			Refunded refunded `json:"refunded"`
			Earned   struct {
				Reversed int64 `json:"reversed"`
			} `json:"earned"`
			Cancellation struct {
				Decision decision       `json:"decision"`
				History  []historyEntry `json:"history"`
			} `json:"cancellation"`
		}
		err := c.Get(ctx, path, &order)
		return verdict{order.Cancellation.Decision, order.Cancellation.History, order.Refunded, order.Earned.Reversed, 0}, err
	}
	var back struct {
		Decisions []struct {
			decision
			Earlier []struct {
				Decision decision `json:"decision"`
			} `json:"earlier"`
		} `json:"decisions"`
		Refund refunded `json:"refund"`
		Earned struct {
			PendingVoided int64 `json:"pending_voided"`
			Reversed      int64 `json:"reversed"`
			Shortfall     int64 `json:"shortfall"`
		} `json:"earned"`
		History []historyEntry `json:"history"`
	}
	if err := c.Get(ctx, path+"/returns/"+sc.back, &back); err != nil {
		return v, err
	}
	if len(back.Decisions) != 1 {
		return v, fmt.Errorf("return %s has %d decisions", sc.back, len(back.Decisions))
	}
	v = verdict{back.Decisions[0].decision, back.History, back.Refund, back.Earned.PendingVoided + back.Earned.Reversed + back.Earned.Shortfall, back.Earned.Shortfall}
	if earlier := back.Decisions[0].Earlier; len(earlier) > 0 {
		v.first = earlier[0].Decision
	}
	return v, nil
}

// steps tells the verdict. journal is what was posted for the member.
func (v verdict) steps(journal []Transaction) (steps []Step) {
	for i, h := range v.history {
		switch {
		case i == 0:
			steps = append(steps, Step{h.At, v.first.words()})
		case strings.HasPrefix(h.What, "resolved"):
			text := fmt.Sprintf("%s, by %s: %s.", strings.TrimPrefix(h.What, "resolved: "), h.Actor, h.Note)
			if !posted(journal, v.history[0].At, h.At) {
				text += " Nothing was posted while it waited."
			}
			steps = append(steps, Step{h.At, text})
		case i == len(v.history)-1:
			steps = append(steps, Step{h.At, v.words()})
		}
	}
	return steps
}

// posted tells whether anything was, from one time to another.
func posted(journal []Transaction, from, to time.Time) bool {
	for _, t := range journal {
		if !t.OccurredAt.Before(from) && t.OccurredAt.Before(to) {
			return true
		}
	}
	return false
}

func (d decision) words() string {
	text := d.Outcome
	if d.ReferTo != "" {
		text += " by the " + d.ReferTo
	}
	if d.Clause != "" {
		text += ", clause " + d.Clause
	}
	return text + ": " + d.Explanation
}

// words says what went back to the member and what was taken back.
func (v verdict) words() string {
	back := []string{}
	if v.refund.Points > 0 {
		back = append(back, figures.Grouped(v.refund.Points)+" points")
	}
	if v.refund.Money > 0 {
		back = append(back, figures.Grouped(v.refund.Money)+" yen")
	}
	if v.refund.CashFallback > 0 {
		back = append(back, fmt.Sprintf("%s yen in cash from %s", figures.Grouped(v.refund.CashFallback), v.refund.PaidBy))
	}
	text := "paid back: " + strings.Join(back, ", ") + "; taken back: " + figures.Grouped(v.takenBack) + " earned points"
	if v.owed > 0 {
		text += ", of which " + figures.Grouped(v.owed) + " are owed"
	}
	return text + "."
}
