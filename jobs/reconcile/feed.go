package reconcile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/currency"

	"github.com/shopspring/decimal"
)

// A FeedRow is one row of a file from outside.
type FeedRow struct {
	Line   int64  // in the file, from 1
	Order  string // the order's id
	Member string // whose; empty: the file does not say
	Points int64
	Money  int64 // minor units
}

// Columns say what a file's columns are called, by field: order_id, member_id, points, money. A field that is left out
// has its own name; member_id and points may be missing from the file.
type Columns map[string]string

var feedFields = []string{"order_id", "member_id", "points", "money"}

// ParseColumns reads "order_id=OrderNo,money=Paid".
func ParseColumns(s string) (Columns, error) {
	c := Columns{}
	for _, pair := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' }) {
		field, column, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok || column == "" || !slices.Contains(feedFields, field) {
			return nil, fmt.Errorf("%q: give columns as field=column; fields are %s", pair, strings.Join(feedFields, ", "))
		}
		c[field] = column
	}
	return c, nil
}

// ReadFeed reads a CSV file with a head. Money is in the currency's major unit, as such files have it: 1200 yen, 12.50
// dollars. The rows end with the first error, which names its line.
func ReadFeed(r io.Reader, columns Columns, code string) iter.Seq2[FeedRow, error] {
	return func(yield func(FeedRow, error) bool) {
		in := csv.NewReader(r)
		in.ReuseRecord = true
		head, err := in.Read()
		if err != nil {
			yield(FeedRow{}, fmt.Errorf("the head: %w", err))
			return
		}
		if len(head) > 0 {
			head[0] = strings.TrimPrefix(head[0], "\ufeff")
		}
		at := map[string]int{}
		for _, field := range feedFields {
			name := columns[field]
			if name == "" {
				name = field
			}
			at[field] = slices.Index(head, name)
			if at[field] < 0 && (columns[field] != "" || field == "order_id" || field == "money") {
				yield(FeedRow{}, fmt.Errorf("there is no column %q among %s", name, strings.Join(head, ", ")))
				return
			}
		}
		scale := minorUnits(code)
		for {
			record, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			line, _ := in.FieldPos(0)
			row := FeedRow{Line: int64(line)}
			if err == nil {
				err = row.fill(record, at, scale)
			}
			if err != nil {
				err = fmt.Errorf("line %d: %w", line, err)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

func (r *FeedRow) fill(record []string, at map[string]int, scale int32) (err error) {
	cell := func(field string) string {
		if i := at[field]; i >= 0 {
			return strings.TrimSpace(record[i])
		}
		return ""
	}
	r.Order, r.Member = cell("order_id"), cell("member_id")
	if r.Order == "" {
		return errors.New("no order id")
	}
	if text := cell("points"); text != "" {
		if r.Points, err = strconv.ParseInt(text, 10, 64); err != nil {
			return fmt.Errorf("points %q are no whole number", text)
		}
	}
	money, err := decimal.NewFromString(cell("money"))
	if err != nil {
		return fmt.Errorf("money %q is no number", cell("money"))
	}
	money = money.Shift(scale)
	if !money.IsInteger() || !money.BigInt().IsInt64() {
		return fmt.Errorf("money %q has more digits than the currency", cell("money"))
	}
	r.Money = money.IntPart()
	return nil
}

// minorUnits is how many digits the currency's amounts have behind the point.
func minorUnits(code string) int32 {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 0
	}
	scale, _ := currency.Standard.Rounding(unit)
	return int32(scale) //nolint:gosec // at most four
}
