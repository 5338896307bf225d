package report

import (
	"iter"
	"time"

	"chobo/ledger"
)

// A Sheet is a report as rows and columns. Its cells are strings, ledger.Points, ledger.Money, int64, decimals as
// strings in Number columns, Days, and nil for nothing.
type Sheet struct {
	Title   string
	About   [][2]string // what it is of: program, days, …
	Columns []Column
	Rows    iter.Seq2[[]any, error] // once
	Totals  []any                   // below the rows; nil: none
}

// A Column is one of a sheet's.
type Column struct {
	Name   string // as in the JSON form
	Number bool   // aligned right, and never guarded in CSV
}

func text(name string) Column   { return Column{Name: name} }
func number(name string) Column { return Column{Name: name, Number: true} }

// Summed is the sheet with its columns' sums as totals, of those that hold whole numbers. Totals are there once the rows
// were read; they may mean nothing but that all rows are there.
func (s Sheet) Summed() Sheet {
	rows := s.Rows
	s.Totals = make([]any, len(s.Columns))
	s.Rows = func(yield func([]any, error) bool) {
		for cells, err := range rows {
			for i, c := range cells {
				if n, ok := c.(int64); ok {
					sum, _ := s.Totals[i].(int64)
					s.Totals[i] = sum + n
				}
			}
			if !yield(cells, err) {
				return
			}
		}
	}
	return s
}

// A Sheeter is a report that can be shown as rows and columns.
type Sheeter interface{ Sheet() Sheet }

// rowsOf are the rows of a report that is in memory.
func rowsOf[T any](rows []T, cells func(T) []any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, r := range rows {
			if !yield(cells(r), nil) {
				return
			}
		}
	}
}

// about says what a report is of.
func (b Book) about(more ...[2]string) [][2]string {
	return append([][2]string{{"program", b.Code}, {"currency", b.Currency}}, more...)
}

// date is a day as reports write it; empty for none.
func date(d Day) string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

// Amount is points with their value in money. In a report about what is owed, owed is positive; in one about
// accounts, a debit.
type Amount struct {
	Points ledger.Points `json:"points"`
	Money  ledger.Money  `json:"money"`
}

func (a Amount) add(b Amount) Amount { return Amount{a.Points + b.Points, a.Money + b.Money} }
func (a Amount) sub(b Amount) Amount { return Amount{a.Points - b.Points, a.Money - b.Money} }
