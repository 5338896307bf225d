package reconcile

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"math/big"
	"sync"

	"chobo/ledger"
	"chobo/points"
)

// bodiesSQL reads the orders of program $1, each as its number, drawn with seed $2, and its body.
const bodiesSQL = `
SELECT int8send(hashtextextended(id, uuid_hash_extended(member, $2))) || textsend(body)
  FROM documents WHERE program = $1 AND kind = 1`

// orderPrints sums what orders say: points that stand as paid, points ever paid, points earned, points ever granted. It
// is nil where one of them makes no sense or breaks a law of its own.
func (s *scope) orderPrints(ctx context.Context, d draw) ([]string, error) {
	var mu sync.Mutex
	var all [4]big.Int
	broken := false
	read := func(out chan<- bodies) error { return s.readBodies(ctx, d, out) }
	err := onAllCores(read, func(given <-chan bodies) {
		p := orderPrint{scope: s, draw: d}
		for b := range given {
			p.addAll(b)
		}
		mu.Lock()
		defer mu.Unlock()
		broken = broken || p.broken
		for i := range all {
			all[i].Add(&all[i], &p.sums[i])
		}
	})
	if err != nil || broken {
		return nil, err
	}
	out := make([]string, len(all))
	for i := range all {
		out[i] = all[i].String()
	}
	return out, nil
}

// bodies are rows of bodiesSQL one behind the other, and where each ends.
type bodies struct {
	bytes []byte
	ends  []int
}

// bodiesAtOnce is how many bytes of bodies a worker is given.
const bodiesAtOnce = 256 << 10

// readBodies gives out all orders. The statement is prepared, since only then does the driver have bytes sent as they are.
func (s *scope) readBodies(ctx context.Context, d draw, out chan<- bodies) (err error) {
	stmt, err := s.tx.PrepareContext(ctx, bodiesSQL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	rows, err := stmt.QueryContext(ctx, s.program.ID, d.seed)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has told
	var b bodies
	for rows.Next() {
		var row sql.RawBytes
		if err := rows.Scan(&row); err != nil {
			return err
		}
		b.bytes = append(b.bytes, row...)
		b.ends = append(b.ends, len(b.bytes))
		if len(b.bytes) >= bodiesAtOnce {
			out <- b
			b = bodies{bytes: make([]byte, 0, len(b.bytes)+4096), ends: make([]int, 0, len(b.ends)+16)}
		}
	}
	out <- b
	return rows.Err()
}

// An orderPrint is the fingerprints of some orders.
type orderPrint struct {
	*scope
	draw
	order  points.Order
	broken bool
	sums   [4]big.Int
	number big.Int // of the order
	amount big.Int
}

func (p *orderPrint) addAll(b bodies) {
	from := 0
	for _, end := range b.ends {
		p.add(b.bytes[from:end])
		from = end
	}
}

func (p *orderPrint) add(row []byte) {
	o := &p.order
	if o.ReadFigures(row[8:]) != nil {
		p.broken = true
		return
	}
	p.lawsOf(o, func(string, int64, int64, string) { p.broken = true })
	p.number.SetInt64(int64(binary.BigEndian.Uint64(row)) & p.mask) //nolint:gosec // the bits
	for i, n := range [...]ledger.Points{o.Standing().Points, o.Paid().Points, o.Granted(), o.Raised()} {
		if n != 0 {
			p.amount.SetInt64(int64(n))
			p.sums[i].Add(&p.sums[i], p.amount.Mul(&p.amount, &p.number))
		}
	}
}
