package reconcile

import (
	"chobo/ledger"
	"chobo/ledger/draw"
	"chobo/ledger/rows"
)

// bodiesSQL reads the orders of program $1.
const bodiesSQL = `SELECT record_send(ROW(member, id, body)) FROM documents WHERE program = $1 AND kind = 1`

// order takes in an order's document.
func (s *storedPrints) order(r *rows.Row) error {
	number := s.Order(s.Member(r.Member()), r.Text())
	if !s.says(number, r.Field()) {
		s.broken = true
	}
	return nil
}

// says sums what the order of that number says; ok is false where it makes no sense or breaks a law of its own.
func (s *storedPrints) says(number uint64, body []byte) (ok bool) {
	o := &s.read
	if o.ReadFigures(body) != nil {
		return false
	}
	ok = true
	s.lawsOf(o, func(string, int64, int64, string) { ok = false })
	for i, n := range [...]ledger.Points{o.Standing().Points, o.Paid().Points, o.Granted(), o.Raised()} {
		s.orders[i] += draw.Bits(n) * number
	}
	return ok
}
