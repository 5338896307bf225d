package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"chobo/ledger"
)

// WriteCSV writes the sheet's columns and rows as RFC 4180 has it, and tells how many rows there were. Totals are not
// written: they go into the answer's headers, so that every row is data.
//
// No cell of text begins with = + - @, a tab or a line's end: such text gets an apostrophe before it, so that no
// program takes it for a formula.
func WriteCSV(w io.Writer, s Sheet) (rows int, err error) {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	record := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		record[i] = c.Name
	}
	if err := out.Write(record); err != nil {
		return 0, err
	}
	for cells, err := range s.Rows {
		if err != nil {
			return rows, err
		}
		for i, c := range cells {
			record[i] = cell(c)
			if !s.Columns[i].Number {
				record[i] = Guard(record[i])
			}
		}
		if err := out.Write(record); err != nil {
			return rows, err
		}
		rows++
	}
	out.Flush()
	return rows, out.Error()
}

// Guard makes text safe to open in a spreadsheet.
func Guard(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// cell is a cell as text.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case Day:
		return date(v)
	case ledger.Points:
		return fmt.Sprintf("%d", int64(v))
	case ledger.Money:
		return fmt.Sprintf("%d", int64(v))
	default:
		return fmt.Sprint(v)
	}
}
