// Package pointstest keeps one member's books in memory, for tests of commands: it loads what they need, keeps what
// they yield, and checks the laws of the journal after every step.
package pointstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/program"
)

// A Book is one member's account with its whole journal.
type Book struct {
	*points.Account
	Journal []ledger.Transaction
	Paid    []points.Refund
	stock   map[string]int64
}

// New is the book of a member who is not enrolled yet.
func New(versions ...*program.Program) *Book {
	var vs program.Versions
	for _, p := range versions {
		vs = vs.With(p)
	}
	return &Book{
		Account: &points.Account{Name: "M-1", Member: ledger.Member{1}, Programs: vs, NextID: ledger.IDStep, Benefits: map[string]points.Benefit{}},
		stock:   map[string]int64{},
	}
}

// Shipped is a shipped program, changed by edits.
func Shipped(code string, edits ...func(*program.Program)) *program.Program {
	for _, p := range program.Shipped() {
		if p.Code == code {
			q := *p
			for _, edit := range edits {
				edit(&q)
			}
			return &q
		}
	}
	panic("no program " + code)
}

// Offer puts a benefit into the catalogue; stock below zero: it is not counted.
func (b *Book) Offer(benefit points.Benefit, stock int64) {
	benefit.Counted = stock >= 0
	b.Benefits[benefit.ID] = benefit
	b.stock[benefit.ID] = stock
}

// Do runs the command with the clock at now.
func (b *Book) Do(now time.Time, c points.Command) (points.Reply, error) {
	b.Now = now
	b.serve(c.Needs())
	for range 100 {
		reply, need, err := points.Run(b.Account, c)
		if need != nil {
			b.serve(*need)
			continue
		}
		b.Journal = append(b.Journal, b.Transactions...)
		b.Paid = append(b.Paid, b.Refunds...)
		b.Transactions, b.Refunds = nil, nil
		for _, d := range b.Changed() {
			d.Dirty, d.Stored = false, true
		}
		return reply, err
	}
	panic("a command never has enough")
}

// At is the account as it stands at a time, read only.
func (b *Book) At(at time.Time) *points.Account {
	for range 100 {
		view, need := points.Glance(b.Account, at)
		if need == nil {
			return view
		}
		b.serve(*need)
	}
	panic("a view never has enough")
}

// View calls a reading function of a view until it has all it needs.
func View[T any](b *Book, at time.Time, read func(*points.Account) T) T {
	for range 100 {
		var out T
		need := points.Reading(b.At(at), func(a *points.Account) { out = read(a) })
		if need == nil {
			return out
		}
		b.serve(*need)
	}
	panic("a view never has enough")
}

func (b *Book) serve(n points.Need) {
	for _, key := range n.Documents {
		if !b.Loaded(key) {
			b.Load(key, "", time.Time{}, nil)
		}
	}
	for _, lot := range n.Losses {
		sums := map[ledger.Account]ledger.Points{}
		for _, t := range b.Journal {
			for _, l := range t.Lines {
				if l.Lot == lot && slices.Contains(ledger.LossAccounts, l.Account) {
					sums[l.Account] -= l.Points
				}
			}
		}
		var losses []points.Loss
		for _, account := range ledger.LossAccounts {
			if sums[account] > 0 {
				losses = append(losses, points.Loss{Account: account, Points: sums[account]})
			}
		}
		b.LoadLosses(lot, losses)
	}
	for _, id := range n.Stock {
		if b.Stock == nil {
			b.Stock = map[string]*int64{}
		}
		left := b.stock[id]
		b.Stock[id] = &left
	}
}

// Check compares the account with what its journal adds up to, and each transaction with the laws.
func (b *Book) Check(t testing.TB) {
	t.Helper()
	if err := b.Audit(); err != nil {
		t.Fatal(err)
	}
}

// Audit is Check as an error.
func (b *Book) Audit() error {
	sums := map[ledger.Account]ledger.Points{}
	available, reserved, pending := map[ledger.LotID]ledger.Points{}, map[ledger.LotID]ledger.Points{}, map[ledger.LotID]ledger.Points{}
	var last time.Time
	var worth ledger.Money
	for i := range b.Journal {
		tx := &b.Journal[i]
		if err := tx.Check(); err != nil {
			return err
		}
		if tx.OccurredAt.Before(last) {
			return fmt.Errorf("%s at %s lies before %s", tx.Kind, tx.OccurredAt, last)
		}
		last = tx.OccurredAt
		for _, l := range tx.Lines {
			sums[l.Account] -= l.Points
			switch l.Account {
			case ledger.MemberAvailable:
				available[l.Lot] -= l.Points
				worth -= l.Money
			case ledger.MemberReserved:
				reserved[l.Lot] -= l.Points
			case ledger.MemberPending:
				pending[l.Lot] -= l.Points
			}
		}
	}
	for _, c := range []struct {
		what        string
		have, wants ledger.Points
	}{
		{"available", b.Available, sums[ledger.MemberAvailable]},
		{"pending", b.Pending, sums[ledger.MemberPending]},
		{"reserved", b.Reserved, sums[ledger.MemberReserved]},
		{"debt", -b.Debt, sums[ledger.MemberDebt]},
	} {
		if c.have != c.wants || c.have < 0 && c.what != "debt" {
			return fmt.Errorf("%s: the account has %d, the journal %d", c.what, c.have, c.wants)
		}
	}
	var value ledger.Money
	lots := map[ledger.LotID]bool{}
	for _, l := range b.Lots {
		if l.Remaining != available[l.ID] || l.Reserved != reserved[l.ID] || l.Remaining < 0 || l.Reserved < 0 || l.Remaining+l.Reserved == 0 {
			return fmt.Errorf("lot %d: %d available and %d reserved, the journal has %d and %d", l.ID, l.Remaining, l.Reserved, available[l.ID], reserved[l.ID])
		}
		lots[l.ID] = true
		value += ledger.Value(b.Programs.PointValue(), l.Remaining)
	}
	for id := range available {
		if available[id]+reserved[id] != 0 && !lots[id] {
			return fmt.Errorf("lot %d: the journal has %d, the account no such lot", id, available[id])
		}
	}
	if value != worth {
		return fmt.Errorf("available points are worth %d by lot, %d by the journal", value, worth)
	}
	for _, h := range b.Holds {
		if h.Points != pending[h.Lot] {
			return fmt.Errorf("hold %d: %d, the journal has %d", h.Lot, h.Points, pending[h.Lot])
		}
		delete(pending, h.Lot)
	}
	for id, n := range pending {
		if n != 0 {
			return fmt.Errorf("hold %d: the journal has %d, the account no such hold", id, n)
		}
	}
	return nil
}

// Kinds are the kinds of the last n transactions.
func (b *Book) Kinds(n int) string {
	var out []string
	for _, t := range b.Journal[max(0, len(b.Journal)-n):] {
		out = append(out, t.Kind.String())
	}
	return strings.Join(out, " ")
}

// T draws the journal from a transaction on as T-accounts: a line for each account, debits left, credits right.
func (b *Book) T(from int) string {
	type side struct{ debits, credits []string }
	accounts := map[ledger.Account]*side{}
	for _, t := range b.Journal[from:] {
		for _, l := range t.Lines {
			s := accounts[l.Account]
			if s == nil {
				s = &side{}
				accounts[l.Account] = s
			}
			if l.Points > 0 {
				s.debits = append(s.debits, fmt.Sprintf("%d %s", l.Points, t.Kind))
			} else {
				s.credits = append(s.credits, fmt.Sprintf("%d %s", -l.Points, t.Kind))
			}
		}
	}
	var out strings.Builder
	for _, a := range slices.Sorted(maps.Keys(accounts)) {
		fmt.Fprintf(&out, "%s: %s | %s\n", a, strings.Join(accounts[a].debits, ", "), strings.Join(accounts[a].credits, ", "))
	}
	return out.String()
}

// Body is a reply's body as the API would show it.
func Body(reply points.Reply) string {
	b, err := json.Marshal(reply.Body)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// CodeOf is the code of a refusal, empty for none.
func CodeOf(err error) points.Code {
	var r *points.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}
