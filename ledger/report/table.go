package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// WriteTable writes the sheet for a terminal: a title, what it is of, aligned columns, totals below a rule. Rows are
// kept in memory to be aligned.
func WriteTable(w io.Writer, s Sheet) error {
	widths := make([]int, len(s.Columns))
	head := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		head[i] = c.Name
		widths[i] = cellWidth(c.Name)
	}
	var rows [][]string
	line := func(cells []any) []string {
		out := make([]string, len(cells))
		for i, c := range cells {
			out[i] = OneLine(cell(c))
			if s.Columns[i].Number {
				out[i] = grouped(out[i])
			}
			widths[i] = max(widths[i], cellWidth(out[i]))
		}
		return out
	}
	for cells, err := range s.Rows {
		if err != nil {
			return err
		}
		rows = append(rows, line(cells))
	}
	var totals []string
	if s.Totals != nil {
		totals = line(s.Totals)
	}
	var b strings.Builder
	b.WriteString(s.Title + "\n")
	for _, a := range s.About {
		fmt.Fprintf(&b, "%s: %s\n", a[0], OneLine(a[1]))
	}
	b.WriteString("\n")
	write := func(cells []string) {
		var l strings.Builder
		for i, c := range cells {
			pad := strings.Repeat(" ", widths[i]-cellWidth(c))
			if i > 0 {
				l.WriteString("  ")
			}
			if s.Columns[i].Number {
				l.WriteString(pad + c)
			} else {
				l.WriteString(c + pad)
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	write(head)
	rule := make([]string, len(widths))
	for i, n := range widths {
		rule[i] = strings.Repeat("-", n)
	}
	write(rule)
	for _, r := range rows {
		write(r)
	}
	if totals != nil {
		write(rule)
		write(totals)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// OneLine is the text with a space for each control character and line's end: it breaks no row, and tells a terminal nothing.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// grouped writes the digits of a whole number in threes.
func grouped(s string) string {
	digits := strings.TrimPrefix(s, "-")
	if len(digits) < 4 || strings.Trim(digits, "0123456789") != "" {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:len(s)-len(digits)])
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// cellWidth is how many columns of a terminal the text takes.
func cellWidth(s string) (n int) {
	if utf8.RuneCountInString(s) == len(s) {
		return len(s)
	}
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
