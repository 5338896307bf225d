package reconcile

import (
	"context"
	"errors"
	"sync"

	"chobo/ledger"
	"chobo/ledger/draw"
	"chobo/ledger/rows"
	"chobo/points"
)

// bodiesSQL reads the orders of program $1.
const bodiesSQL = `SELECT record_send(ROW(member, id, body)) FROM documents WHERE program = $1 AND kind = 1`

// sumOrders sums what orders say, on all cores, and finds whether one makes no sense or breaks a law of its own.
func (s *storedPrints) sumOrders(ctx context.Context, q rows.Preparer) error {
	var mu sync.Mutex
	read := func(out chan<- []byte) error { return s.readBodies(ctx, q, out) }
	return onAllCores(read, func(given <-chan []byte) {
		p := orderPrint{storedPrints: s}
		for b := range given {
			p.addAll(b)
		}
		mu.Lock()
		defer mu.Unlock()
		s.broken = s.broken || p.broken
		for i := range s.orders {
			s.orders[i] += p.sums[i]
		}
	})
}

// bodiesAtOnce is how many bytes of orders a worker is given.
const bodiesAtOnce = 256 << 10

// readBodies gives out all orders, as rows one behind the other.
func (s *storedPrints) readBodies(ctx context.Context, q rows.Preparer, out chan<- []byte) (err error) {
	var b []byte
	err = rows.Each(ctx, q, func(r *rows.Row) error {
		b = append(b, r.All()...)
		if len(b) >= bodiesAtOnce {
			out <- b
			b = make([]byte, 0, len(b)+4096)
		}
		return nil
	}, bodiesSQL, s.scope.program.ID)
	out <- b
	return err
}

// An orderPrint is the fingerprints of some orders.
type orderPrint struct {
	*storedPrints
	order  points.Order
	broken bool
	sums   orderSums
}

var errLaw = errors.New("an order contradicts itself")

func (p *orderPrint) addAll(b []byte) {
	for len(b) > 0 {
		r := rows.Read(b)
		number := p.Order(p.Member(r.Member()), r.Text())
		p.broken = p.add(number, r.Field()) != nil || p.broken
		b = r.Rest()
	}
}

func (p *orderPrint) add(number uint64, body []byte) (err error) {
	o := &p.order
	if err := o.ReadFigures(body); err != nil {
		return err
	}
	p.lawsOf(o, func(string, int64, int64, string) { err = errLaw })
	for i, n := range [...]ledger.Points{o.Standing().Points, o.Paid().Points, o.Granted(), o.Raised()} {
		p.sums[i] += draw.Bits(n) * number
	}
	return err
}
