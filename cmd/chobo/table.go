package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"chobo/cmd/chobo/internal/figures"
	"chobo/ledger/report"
)

// A table is printed with aligned columns: texts to the left, numbers to the right.
type table struct {
	head []string
	rows [][]cell
}

type cell struct {
	text  string
	right bool
	paint func(string) string
}

func newTable(head ...string) *table { return &table{head: head} }

// row adds a row. Integers are written with thousands separated.
func (t *table) row(values ...any) {
	cells := make([]cell, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case cell:
			cells[i] = v
		case int:
			cells[i] = cell{text: figures.Grouped(int64(v)), right: true}
		case int64:
			cells[i] = cell{text: figures.Grouped(v), right: true}
		default:
			cells[i] = cell{text: report.OneLine(fmt.Sprint(v))}
		}
	}
	t.rows = append(t.rows, cells)
}

// write prints the table.
func (t *table) write(s *screen) {
	widths := make([]int, len(t.head))
	right := make([]bool, len(t.head))
	for i, h := range t.head {
		widths[i] = utf8.RuneCountInString(h)
	}
	for _, r := range t.rows {
		for i, c := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
			right[i] = right[i] || c.right
		}
	}
	head := make([]cell, len(t.head))
	for i, h := range t.head {
		head[i] = cell{text: h, right: right[i], paint: func(text string) string { return s.paint(bold, text) }}
	}
	for _, r := range append([][]cell{head}, t.rows...) {
		var line strings.Builder
		for i, c := range r {
			if i > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text))
			text := c.text
			if c.paint != nil {
				text = c.paint(text)
			}
			switch {
			case c.right:
				line.WriteString(pad + text)
			case i == len(r)-1:
				line.WriteString(text)
			default:
				line.WriteString(text + pad)
			}
		}
		s.println(strings.TrimRight(line.String(), " "))
	}
}
