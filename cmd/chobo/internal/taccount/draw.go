package taccount

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"chobo/cmd/chobo/internal/figures"
)

// An Entry is one line of a journal: a debit is positive, a credit negative.
type Entry struct {
	Account string
	Label   string // what it was: the kind of its transaction
	Amount  int64
}

// gap stands between two accounts.
const gap = "    "

// Draw draws one account for each that the entries name, in the order in which they first do, as many side by side as
// fit into so many columns, and a blank line before those that do not.
func Draw(w io.Writer, entries []Entry, columns int) error {
	var row [][]string
	width := 0
	for _, name := range names(entries) {
		drawing := drawingOf(name, entries)
		n := utf8.RuneCountInString(drawing[0])
		if len(row) > 0 && width+len(gap)+n > columns {
			if err := beside(w, row); err != nil {
				return err
			}
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
			row, width = nil, 0
		}
		if len(row) > 0 {
			width += len(gap)
		}
		row, width = append(row, drawing), width+n
	}
	return beside(w, row)
}

func names(entries []Entry) (names []string) {
	for _, e := range entries {
		if !slices.Contains(names, e.Account) {
			names = append(names, e.Account)
		}
	}
	return names
}

// drawingOf is one account as lines of equal width: name, rule, entries, rule, balance.
func drawingOf(name string, entries []Entry) []string {
	var debits, credits []Entry
	var balance int64
	for _, e := range entries {
		if e.Account != name {
			continue
		}
		balance += e.Amount
		if e.Amount < 0 {
			e.Amount = -e.Amount
			credits = append(credits, e)
		} else {
			debits = append(debits, e)
		}
	}
	sum := Entry{Amount: max(balance, -balance)}
	left, right := newSide(append(debits, sum)), newSide(append(credits, sum))
	// Both sides are as wide as the wider one, and the name fits over them.
	half := max(left.width(), right.width(), (utf8.RuneCountInString(name)-1)/2)
	lines := []string{
		centred(name, 2*half+3),
		strings.Repeat("─", half+1) + "┬" + strings.Repeat("─", half+1),
	}
	for i := range max(len(debits), len(credits), 1) {
		lines = append(lines, left.text(debits, i, half)+" │ "+right.text(credits, i, half))
	}
	lines = append(lines, strings.Repeat("─", half+1)+"┼"+strings.Repeat("─", half+1))
	none := strings.Repeat(" ", half)
	switch {
	case balance > 0:
		lines = append(lines, left.line(sum, half)+" │ "+none)
	case balance < 0:
		lines = append(lines, none+" │ "+right.line(sum, half))
	default:
		lines = append(lines, strings.Repeat(" ", half-1)+"0 │ "+strings.Repeat(" ", half-1)+"0")
	}
	return lines
}

// A side of an account aligns labels to the left and amounts to the right.
type side struct{ label, amount int }

func newSide(entries []Entry) (s side) {
	for _, e := range entries {
		s.label = max(s.label, utf8.RuneCountInString(e.Label))
		s.amount = max(s.amount, len(figures.Grouped(e.Amount)))
	}
	return s
}

func (s side) width() int {
	if s.label == 0 {
		return s.amount
	}
	return s.label + 1 + s.amount
}

func (s side) text(entries []Entry, i, width int) string {
	if i >= len(entries) {
		return strings.Repeat(" ", width)
	}
	return s.line(entries[i], width)
}

func (s side) line(e Entry, width int) string {
	amount := figures.Grouped(e.Amount)
	return e.Label + strings.Repeat(" ", width-utf8.RuneCountInString(e.Label)-len(amount)) + amount
}

func centred(text string, width int) string {
	n := utf8.RuneCountInString(text)
	left := (width - n) / 2
	return strings.Repeat(" ", left) + text + strings.Repeat(" ", width-n-left)
}

// beside prints drawings side by side.
func beside(w io.Writer, drawings [][]string) error {
	height := 0
	for _, d := range drawings {
		height = max(height, len(d))
	}
	for i := range height {
		parts := make([]string, len(drawings))
		for j, d := range drawings {
			parts[j] = strings.Repeat(" ", utf8.RuneCountInString(d[0]))
			if i < len(d) {
				parts[j] = d[i]
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(strings.Join(parts, gap), " ")); err != nil {
			return err
		}
	}
	return nil
}
