package points

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"chobo/ledger"
)

// An order's document is written for every order there is, and most of what an order has goes without saying: it is left
// out. Its id and when it was booked are the document's own, and it was ordered then where nothing else is said. Where it
// does not say what it was paid with, that is the points that pay its parts.
type (
	plainOrder Order
	plainLine  OrderLine

	// orderBody is an order as its document has it.
	orderBody struct {
		*plainOrder
		Version *int        `json:"v,omitempty"`       // nil: 1
		Status  OrderStatus `json:"status,omitempty"`  // empty: placed
		Tenders *tenderBody `json:"tenders,omitempty"` // nil: the points of its parts, and no money
		Lines   []lineBody  `json:"lines"`
	}
	tenderBody struct {
		Points ledger.Points `json:"points,omitempty"`
		Money  ledger.Money  `json:"money,omitempty"`
	}
	lineBody struct {
		plainLine
		ID       string        `json:"id,omitempty"` // empty: its number among the lines, from 1
		Quantity int64         `json:"q,omitempty"`  // 0: one piece
		Spread   *int64        `json:"at,omitempty"` // nil: all pieces
		Amount   *ledger.Money `json:"a,omitempty"`  // nil: what those pieces cost
		AtPar    ledger.Points `json:"pw,omitempty"` // points that pay it and are worth as much money, instead of both
	}
)

// body is the order as its document has it.
func (o *Order) body() any {
	short := *o
	b := &orderBody{plainOrder: (*plainOrder)(&short), Status: o.Status, Lines: make([]lineBody, len(o.Lines))}
	if b.Status == Placed {
		b.Status = ""
	}
	if o.Tenders != (Tenders{Points: o.inPoints()}) {
		b.Tenders = (*tenderBody)(&o.Tenders)
	}
	if o.Version != 1 {
		b.Version = &o.Version
	}
	if o.PlacedAt.IsZero() {
		short.OrderedAt = time.Time{}
	}
	for i := range o.Lines {
		b.Lines[i].shorten(i, &o.Lines[i])
	}
	short.Takings = slices.Clone(o.Takings)
	for i := range short.Takings {
		if t := &short.Takings[i]; t.At.Equal(o.placed()) {
			t.At = time.Time{}
		}
	}
	return b
}

func (b *lineBody) shorten(i int, l *OrderLine) {
	b.plainLine = plainLine(*l)
	if l.ID != numbered(i) {
		b.ID = l.ID
	}
	if l.Value == ledger.Money(l.Points) {
		b.AtPar, b.Points, b.Value = l.Points, 0, 0
	}
	if l.Quantity != 1 {
		b.Quantity = l.Quantity
	}
	if l.Spread != l.Quantity {
		b.Spread = &l.Spread
	}
	if l.Amount != l.cost() {
		b.Amount = &l.Amount
	}
}

// numbered is the id of a line that has none of its own: checkouts count lines.
func numbered(i int) string { return strconv.Itoa(i + 1) }

// inPoints is how many points pay the order's parts.
func (o *Order) inPoints() (n ledger.Points) {
	for i := range o.Lines {
		n += o.Lines[i].Points
	}
	for i := range o.Fees {
		n += o.Fees[i].Points
	}
	return n + o.Shipping.Points
}

// cost is what the pieces cost that stood at the last spread.
func (l *OrderLine) cost() ledger.Money {
	return ledger.Money(l.Spread)*l.UnitPrice - l.Discount
}

// placed is when the order was booked.
func (o *Order) placed() time.Time {
	if o.PlacedAt.IsZero() {
		return o.OrderedAt
	}
	return o.PlacedAt
}

// UnmarshalJSON reads a document's body, but for what the document tells besides.
func (o *Order) UnmarshalJSON(body []byte) error {
	b := orderBody{plainOrder: (*plainOrder)(o)}
	if err := json.Unmarshal(body, &b); err != nil {
		return err
	}
	o.Version, o.Status, o.Lines = 1, b.Status, make([]OrderLine, len(b.Lines))
	if b.Version != nil {
		o.Version = *b.Version
	}
	if o.Status == "" {
		o.Status = Placed
	}
	for i := range b.Lines {
		o.Lines[i] = b.Lines[i].whole(i)
	}
	if o.Tenders = (Tenders{Points: o.inPoints()}); b.Tenders != nil {
		o.Tenders = Tenders(*b.Tenders)
	}
	return nil
}

func (b *lineBody) whole(i int) OrderLine {
	l := OrderLine(b.plainLine)
	if l.ID = b.ID; l.ID == "" {
		l.ID = numbered(i)
	}
	if b.AtPar != 0 {
		l.Points, l.Value = b.AtPar, ledger.Money(b.AtPar)
	}
	l.Quantity = max(b.Quantity, 1)
	l.Spread = l.Quantity
	if b.Spread != nil {
		l.Spread = *b.Spread
	}
	if l.Amount = l.cost(); b.Amount != nil {
		l.Amount = *b.Amount
	}
	return l
}

// documented is what stands in its document otherwise than by its own fields, and has to be told of which document it is,
// and when that was made.
type documented interface {
	body() any
	document(id string, at time.Time)
}

func (o *Order) document(id string, at time.Time) {
	o.ID = id
	switch {
	case o.OrderedAt.IsZero():
		o.OrderedAt = at
	case !o.OrderedAt.Equal(at):
		o.PlacedAt = at
	}
	for i := range o.Takings {
		if o.Takings[i].At.IsZero() {
			o.Takings[i].At = o.placed()
		}
	}
}

// ReadOrder is the order of a document of that id, made at that time.
func ReadOrder(id string, at time.Time, body []byte) (*Order, error) {
	o := new(Order)
	if err := json.Unmarshal(body, o); err != nil {
		return nil, fmt.Errorf("order %s: %w", id, err)
	}
	o.document(id, at)
	return o, nil
}
