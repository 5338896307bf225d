package history

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/program"
)

// A Format is the form of a file.
type Format string

// The two forms.
const (
	CSV   Format = "csv"
	JSONL Format = "jsonl"
)

// A reading says how a file is read.
type reading struct {
	What
	Format
	mapping  map[string]string
	versions program.Versions
	now      time.Time
	actor    string
}

// entries reads a file entry by entry. It holds one of them at a time.
type entries struct {
	reading
	rows    rows
	sheet   sheet
	read    int64 // rows, of the entries that were given out
	torn    bool  // the row before could not be read, and may be of the order that follows
	ahead   *record
	ended   error
	layouts map[string]*layout // of JSON lines, by the names of their members
	unused  map[string]bool
}

// newEntries opens a file. It fails with ErrHeader or ErrFile.
func newEntries(r io.Reader, how reading) (*entries, error) {
	e := &entries{reading: how, unused: map[string]bool{}, layouts: map[string]*layout{}}
	var err error
	if how.Format == JSONL {
		e.rows, err = newJSONRows(r)
	} else {
		e.rows, err = newCSVRows(r, how.What, how.mapping)
	}
	if err != nil {
		return nil, err
	}
	if l := e.rows.layout(); l != nil {
		e.unusedOf(l)
	}
	return e, nil
}

// maxNames bounds what is remembered of JSON lines, each of which might have other members.
const maxNames = 200

func (e *entries) unusedOf(l *layout) {
	for _, name := range l.unused {
		if len(e.unused) < maxNames {
			e.unused[name] = true
		}
	}
}

// Unused are columns that nothing was taken from.
func (e *entries) Unused() []string { return slices.Sorted(maps.Keys(e.unused)) }

// next is the next entry, good or bad. It ends with io.EOF.
func (e *entries) next() (*entry, error) {
	r, err := e.record()
	if err != nil {
		return nil, err
	}
	out := &entry{columns: jsonColumns}
	if l := e.rows.layout(); l != nil {
		out.columns = l.names
	}
	out.took(r)
	e.sheet.zone, e.sheet.json = e.versions.Zone(), e.sheet.json[:0]
	switch {
	case r.bad != nil:
		out.bad = []Reason{*r.bad}
		e.torn = true
	case e.What == Orders && e.Format == JSONL:
		e.order(out, r.raw, nil)
	case e.What == Orders:
		err = e.orderOfRows(out, r)
	default:
		e.flat(out, r)
	}
	for i := range out.bad {
		if out.bad[i].Line == 0 {
			out.bad[i].Line = out.line()
		}
	}
	return out, err
}

// jsonColumns are the columns of JSON lines: the line itself.
var jsonColumns = []string{"json"}

// took notes that the row is the entry's.
func (e *entry) took(r record) {
	cells := slices.Clone(r.cells)
	if r.raw != nil {
		cells = []string{string(r.raw)}
	}
	e.rows = append(e.rows, Row{r.line, cells})
}

// record is the next row.
func (e *entries) record() (record, error) {
	if e.ahead != nil {
		r := *e.ahead
		e.ahead = nil
		e.read++
		return r, nil
	}
	if e.ended != nil {
		return record{}, e.ended
	}
	r, err := e.rows.next()
	if err == nil {
		e.read++
	}
	return r, err
}

// peek is the next row without taking it; false at the end. What its cells are kept in is used again: nothing else may
// be held of the row before.
func (e *entries) peek() (*record, bool) {
	if e.ahead == nil && e.ended == nil {
		r, err := e.rows.next()
		if err != nil {
			e.ended = err
			return nil, false
		}
		e.ahead = &r
	}
	return e.ahead, e.ahead != nil
}

// layoutOf is how the row's cells are to be understood.
func (e *entries) layoutOf(r *record) (*layout, *Reason) {
	if l := e.rows.layout(); l != nil {
		return l, nil
	}
	names, cells, err := flat(r.raw)
	if err != nil {
		return nil, &Reason{Rule: ruleRow, Message: err.Error()}
	}
	r.cells = cells
	key := strings.Join(names, "\x00")
	l := e.layouts[key]
	if l == nil {
		if l, err = layoutOf(e.What, names, e.known(names)); err != nil {
			return nil, &Reason{Rule: ruleCells, Message: err.Error()}
		}
		if len(e.layouts) < maxNames {
			e.layouts[key] = l
		}
		e.unusedOf(l)
	}
	return l, nil
}

// known is the mapping as far as a row has its names.
func (e *entries) known(names []string) map[string]string {
	out := map[string]string{}
	for ours, theirs := range e.mapping {
		if slices.Contains(names, theirs) {
			out[ours] = theirs
		}
	}
	return out
}

// flat reads a row that is an entry by itself.
func (e *entries) flat(out *entry, r record) {
	l, bad := e.layoutOf(&r)
	if bad != nil {
		out.bad = []Reason{*bad}
		return
	}
	s := &e.sheet
	s.begin()
	for i, c := range l.columns {
		if value := l.cell(r.cells, i); value != "" {
			out.complain(l, i, s.cell(c, value))
		}
	}
	s.end('}')
	if len(out.bad) > 0 {
		return
	}
	switch e.What {
	case Members:
		var row memberRow
		if out.judge(l, bind(memberPlan, s.whole(), &row)) {
			out.fromMember(row, e.actor)
		}
	default:
		var row pointsRow
		if out.judge(l, bind(pointsPlan, s.whole(), &row)) {
			out.fromPoints(row, e.versions, e.now, e.actor)
		}
	}
}

// complain notes what is wrong with a cell, if something is.
func (e *entry) complain(l *layout, column int, problem string) {
	if problem != "" {
		k := l.at[column]
		e.bad = append(e.bad, Reason{Cell: k + 1, Column: l.names[k], Rule: points.ValidationFailed, Message: problem})
	}
}

// judge notes what is wrong with a row, by the names of its own columns. It tells whether nothing is.
func (e *entry) judge(l *layout, bad []Reason) bool {
	for _, b := range bad {
		if l != nil {
			name := b.Column
			if i := strings.LastIndexByte(name, '.'); i >= 0 {
				var n int
				if _, err := fmt.Sscanf(name, "lines[%d]", &n); err == nil && n < len(e.rows) {
					b.Line = e.rows[n].Line
				}
				name = name[i+1:] // lines[0].quantity, tenders.points
			}
			for i, c := range l.columns {
				if k := l.at[i]; c.name == name && k >= 0 {
					b.Cell, b.Column = k+1, l.names[k]
				}
			}
		}
		e.bad = append(e.bad, b)
	}
	return len(bad) == 0
}

// order reads an order as the API takes it.
func (e *entries) order(out *entry, raw []byte, l *layout) {
	var row orderRow
	if !out.judge(l, bind(orderPlan, raw, &row)) {
		return
	}
	if out.unpaid { // no column says what was paid in money: all that points did not pay
		row.Tenders.Money = e.rest(row.OrderRequest)
	}
	out.fromOrder(row)
}

// rest is what of an order's price its points do not pay. What is out of range is left for the ledger to refuse.
func (e *entries) rest(o points.OrderRequest) ledger.Money {
	total := o.Shipping
	for _, f := range o.Fees {
		total += f.Amount
	}
	for _, l := range o.Lines {
		total += ledger.Money(l.Quantity)*l.UnitPrice - l.Discount
	}
	value, _ := ledger.ExactValue(e.versions.PointValue(), o.Tenders.Points)
	return max(0, total-value)
}

// The columns of orders that say something of a line; the others say it of the order, on its first row.
var lineColumns = map[string]bool{"line_id": true, "sku": true, "category": true, "quantity": true, "unit_price": true, "discount": true}

// orderOfRows reads the rows of an order, which stand together: a row a line.
func (e *entries) orderOfRows(out *entry, first record) error {
	l := e.rows.layout()
	of := func(r *record) [2]string {
		return [2]string{l.cell(r.cells, l.column("member_id")), l.cell(r.cells, l.column("order_id"))}
	}
	order := of(&first)
	head := slices.Clone(first.cells)
	if e.torn {
		out.bad = append(out.bad, Reason{Rule: ruleRow, Message: "the order may lack a line: the row before it cannot be read"})
		e.torn = false
	}
	s := &e.sheet
	s.begin()
	s.name("lines")
	s.json = append(s.json, '[')
	e.line(out, s, l, first)
	for {
		ahead, more := e.peek()
		if !more || ahead.bad == nil && of(ahead) != order {
			break
		}
		r, err := e.record()
		if err != nil {
			return err
		}
		out.took(r)
		if e.torn = r.bad != nil; e.torn {
			out.bad = append(out.bad, *r.bad)
			continue
		}
		e.line(out, s, l, r)
	}
	s.end(']')
	e.head(out, s, l, head)
	s.end('}')
	if len(out.bad) == 0 {
		e.order(out, s.whole(), l)
	}
	if e.ended != nil && !errors.Is(e.ended, io.EOF) {
		return e.ended
	}
	return nil
}

// column is the place of one of our columns.
func (l *layout) column(name string) int {
	return slices.IndexFunc(l.columns, func(c column) bool { return c.name == name })
}

// line writes one line of an order.
func (e *entries) line(out *entry, s *sheet, l *layout, r record) {
	s.begin()
	numbered := false
	for i, c := range l.columns {
		value := l.cell(r.cells, i)
		if value == "" || !lineColumns[c.name] {
			continue
		}
		numbered = numbered || c.name == "line_id"
		before := len(out.bad)
		out.complain(l, i, s.cell(c, value))
		for k := range out.bad[before:] {
			out.bad[before+k].Line = r.line
		}
	}
	if !numbered {
		s.name("line_id")
		s.text(strconv.Itoa(len(out.rows)))
	}
	e.extras(s, l, r.cells, true)
	s.end('}')
}

// head writes what the first row says of the order.
func (e *entries) head(out *entry, s *sheet, l *layout, cells []string) {
	tenders := &sheet{zone: s.zone}
	tenders.begin()
	paid := false
	for i, c := range l.columns {
		value := l.cell(cells, i)
		if value == "" || lineColumns[c.name] {
			continue
		}
		to := s
		if c.name == "points" || c.name == "money" {
			to = tenders
			paid = paid || c.name == "money"
		}
		out.complain(l, i, to.cell(c, value))
	}
	if l.cell(cells, l.column("points")) == "" {
		tenders.name("points")
		tenders.raw("0")
	}
	if out.unpaid = !paid; out.unpaid {
		tenders.name("money")
		tenders.raw("0")
	}
	tenders.end('}')
	s.name("tenders")
	s.raw(string(tenders.whole()))
	e.extras(s, l, cells, false)
}

// extras writes a line's attributes or an order's fees.
func (e *entries) extras(s *sheet, l *layout, cells []string, attributes bool) {
	group := map[bool]string{true: "attributes", false: "fees"}[attributes]
	open := false
	for _, x := range l.extra {
		value := strings.TrimSpace(cells[x.cell])
		if x.attribute != attributes || value == "" {
			continue
		}
		if !open {
			open = true
			s.name(group)
			s.begin()
		}
		s.name(x.name)
		s.loose(value)
	}
	if open {
		s.end('}')
	}
}
