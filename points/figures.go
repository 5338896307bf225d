package points

import (
	"encoding/json"
	"errors"
	"math"

	"chobo/ledger"
	"chobo/ledger/document"
)

// ReadFigures reads of an order's document what Standing, Paid, Granted, Raised, Earns and Refunded look at, and nothing
// else, into an order that is used again and again: whoever proves the books reads millions. All else has to make sense
// but is not kept. It fails where decoding the document does.
func (o *Order) ReadFigures(body []byte) error {
	err := o.readFigures(body)
	if errors.Is(err, document.ErrUnclear) {
		*o = Order{}
		return json.Unmarshal(body, o)
	}
	return err
}

// readFigures fails with document.ErrUnclear where the document has to be decoded.
func (o *Order) readFigures(body []byte) error {
	*o = Order{Version: 1, Lines: o.Lines[:0], Fees: o.Fees[:0]}
	f := figureReader{document.Read(body)}
	tendered := false
	f.Object(func(name []byte) {
		if string(name) == "tenders" {
			tendered = f.Object(func(name []byte) { f.tenders(&o.Tenders, name) })
			return
		}
		f.order(o, name)
	})
	if !tendered {
		o.Tenders.Points = o.inPoints()
	}
	return f.End()
}

// Raised is all that the order was ever granted.
func (o *Order) Raised() (n ledger.Points) {
	for i := range o.Lines {
		n += o.Lines[i].Earned.Raised
	}
	return n
}

// A figureReader knows the names of an order's document. One that it does not know it leaves to encoding/json.
type figureReader struct{ *document.Reader }

func (f figureReader) points() ledger.Points { return ledger.Points(f.Int64()) }
func (f figureReader) money() ledger.Money   { return ledger.Money(f.Int64()) }

func (f figureReader) order(o *Order, name []byte) {
	switch string(name) {
	case "id", "shop", "status", "pay": // the id stood there once, and when it was placed
		f.SkipText()
	case "ordered", "placed":
		f.Time()
	case "v":
		if n := f.OptionalInt64(); n != nil {
			o.Version = int(*n)
		}
	case "times":
		f.Object(func([]byte) { f.Time() })
	case "pre", "abroad", "all", "capped", "cancelled":
		f.Bool()
	case "charged":
		f.Object(func(name []byte) { f.tenders(&o.Charged, name) })
	case "refunded":
		f.Object(func(name []byte) { f.refunded(&o.Refunded, name) })
	case "lines":
		f.Array(func() { o.Lines = append(o.Lines, f.line(len(o.Lines))) })
	case "ship":
		f.Object(func(name []byte) { f.part(&o.Shipping, name) })
	case "fees":
		f.Array(func() { o.Fees = append(o.Fees, f.fee()) })
	case "took":
		f.Array(f.taking)
	case "reversed":
		o.Reversed = f.points()
	case "returns", "debts":
		f.Array(f.SkipText)
	case "history":
		f.Array(func() { f.Object(f.history) })
	default:
		f.Fail()
	}
}

func (f figureReader) taking() {
	n := 0
	f.Array(func() {
		f.Int64()
		n++
	})
	if n < leastOfTaking || n > mostOfTaking {
		f.Fail()
	}
}

func (f figureReader) history(name []byte) {
	switch string(name) {
	case "at":
		f.Time()
	case "what", "actor", "note":
		f.SkipText()
	default:
		f.Fail()
	}
}

func (f figureReader) tenders(t *Tenders, name []byte) {
	switch string(name) {
	case "points":
		t.Points = f.points()
	case "money":
		t.Money = f.money()
	default:
		f.Fail()
	}
}

func (f figureReader) refunded(r *Refunded, name []byte) {
	switch string(name) {
	case "points":
		r.Points = f.points()
	case "money":
		r.Money = f.money()
	case "cash_fallback":
		r.CashFallback = f.money()
	default:
		f.Fail()
	}
}

func (f figureReader) part(p *Part, name []byte) {
	switch string(name) {
	case "a":
		p.Amount = f.money()
	case "p":
		p.Points = f.points()
	case "w":
		p.Value = f.money()
	case "b":
		f.Object(func(name []byte) { f.back(&p.Back, name) })
	default:
		f.Fail()
	}
}

func (f figureReader) back(b *Back, name []byte) {
	switch string(name) {
	case "u":
		b.Units = f.Int64()
	case "a":
		b.Amount = f.money()
	case "p":
		b.Points = f.points()
	case "w":
		b.Value = f.money()
	default:
		f.Fail()
	}
}

func (f figureReader) line(i int) OrderLine {
	var b lineBody
	l := &b.plainLine
	f.Object(func(name []byte) {
		switch string(name) {
		case "id", "sku", "cat":
			f.SkipText()
		case "q":
			b.Quantity = f.Int64()
		case "price":
			l.UnitPrice = f.money()
		case "off":
			l.Discount = f.money()
		case "at":
			b.Spread = f.OptionalInt64()
		case "a":
			b.Amount = (*ledger.Money)(f.OptionalInt64())
		case "pw":
			b.AtPar = f.points()
		case "ret", "open", "ex":
			f.Int64()
		case "attr":
			f.SkipObject()
		case "fees":
			f.Object(func([]byte) { f.Int64() })
		case "xp":
			f.Bool()
		case "g":
			f.Object(func(name []byte) { f.grant(&l.Earned, name) })
		default:
			f.part(&l.Part, name)
		}
	})
	return b.whole(i)
}

func (f figureReader) grant(g *Grant, name []byte) {
	switch string(name) {
	case "lot":
		f.Int64()
	case "rule":
		g.Rule = string(f.Text())
	case "by":
		n := f.Int64()
		if n < math.MinInt16 || n > math.MaxInt16 {
			f.Fail()
		}
	case "n":
		g.Points = f.points()
	case "up":
		g.Raised = f.points()
	case "lost":
		g.Lost = f.points()
	default:
		f.Fail()
	}
}

func (f figureReader) fee() (fee Fee) {
	f.Object(func(name []byte) {
		if string(name) == "name" {
			f.SkipText()
			return
		}
		f.part(&fee.Part, name)
	})
	return fee
}
