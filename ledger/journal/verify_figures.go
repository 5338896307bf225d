package journal

import (
	"chobo/ledger"
	"chobo/ledger/document"
)

// read takes the figures out of an order's document without decoding it. It fails with document.ErrUnclear where the
// document has to be decoded.
func (o *orderFigures) read(body []byte) error {
	r := document.Read(body)
	r.Object(func(name []byte) {
		switch string(name) {
		case "lines":
			r.Array(func() {
				var l lineFigures
				r.Object(func(name []byte) { l.read(r, name) })
				o.Lines = append(o.Lines, l)
			})
		case "ship":
			r.Object(func(name []byte) { o.Shipping.read(r, name) })
		case "fees":
			r.Array(func() {
				var f partFigures
				r.Object(func(name []byte) { f.read(r, name) })
				o.Fees = append(o.Fees, f)
			})
		case "refunded":
			r.Object(func(name []byte) { o.refunded(r, name) })
		case "reversed":
			o.Reversed = ledger.Points(r.Int64())
		default:
			r.Skip()
		}
	})
	return r.End()
}

func (o *orderFigures) refunded(r *document.Reader, name []byte) {
	switch string(name) {
	case "money":
		o.Refunded.Money = ledger.Money(r.Int64())
	case "cash_fallback":
		o.Refunded.CashFallback = ledger.Money(r.Int64())
	default:
		r.Skip()
	}
}

func (l *lineFigures) read(r *document.Reader, name []byte) {
	switch string(name) {
	case "pw":
		l.AtPar = ledger.Points(r.Int64())
	case "g":
		r.Object(func(name []byte) { l.granted(r, name) })
	default:
		l.partFigures.read(r, name)
	}
}

func (l *lineFigures) granted(r *document.Reader, name []byte) {
	switch string(name) {
	case "n":
		l.Grant.Points = ledger.Points(r.Int64())
	case "up":
		l.Grant.Raised = ledger.Points(r.Int64())
	default:
		r.Skip()
	}
}

func (p *partFigures) read(r *document.Reader, name []byte) {
	switch string(name) {
	case "p":
		p.Points = ledger.Points(r.Int64())
	case "w":
		p.Value = ledger.Money(r.Int64())
	case "b":
		r.Object(func(name []byte) {
			switch string(name) {
			case "p":
				p.Back.Points = ledger.Points(r.Int64())
			case "w":
				p.Back.Value = ledger.Money(r.Int64())
			default:
				r.Skip()
			}
		})
	default:
		r.Skip()
	}
}
