package reconcile

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"chobo/points"
)

// ordersSQL reads every order with what the journal says of it: what points paid and still pay, and what it earned. An
// order that is in the journal alone comes without a body.
const ordersSQL = `
SELECT m.member_id, m.member::text, coalesce(o.id, j.subject), coalesce(o.body, ''), coalesce(j.paid, 0), coalesce(j.earned, 0)
  FROM (SELECT member, id, body FROM documents WHERE program = $1 AND kind = 1 AND ($2::uuid[] IS NULL OR member = ANY($2))) o
  FULL JOIN (SELECT member, subject, -coalesce(sum(points) FILTER (WHERE account = 31), 0) AS paid, coalesce(sum(points) FILTER (WHERE account IN (21, 25)), 0) AS earned
               FROM lines
              WHERE program = $1 AND subject IS NOT NULL AND kind <> 61 AND account IN (21, 25, 31) AND ($2::uuid[] IS NULL OR member = ANY($2))
              GROUP BY member, subject) j
    ON j.member = o.member AND j.subject = o.id
  JOIN members m ON m.member = coalesce(o.member, j.member)`

// An orderRow is one order to be proved.
type orderRow struct {
	memberID, member, id, body string
	paid, earned               int64
}

// findOrders proves orders on all cores: what they say of themselves is the program's own arithmetic, not SQL's.
func findOrders(ctx context.Context, s *scope, found func(Break)) error {
	var mu sync.Mutex
	read := func(out chan<- []orderRow) error { return s.readOrders(ctx, out) }
	return onAllCores(read, func(rows <-chan []orderRow) {
		var o points.Order
		for batch := range rows {
			for _, r := range batch {
				breaks := s.breaksOf(&o, r)
				if len(breaks) == 0 {
					continue
				}
				mu.Lock()
				for _, b := range breaks {
					found(b)
				}
				mu.Unlock()
			}
		}
	})
}

// onAllCores lets as many workers as there are cores work on what read gives out.
func onAllCores[T any](read func(out chan<- T) error, work func(<-chan T)) error {
	given := make(chan T, runtime.GOMAXPROCS(0))
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() { work(given) })
	}
	err := read(given)
	close(given)
	workers.Wait()
	return err
}

func (s *scope) readOrders(ctx context.Context, out chan<- []orderRow) (err error) {
	rows, err := s.tx.QueryContext(ctx, ordersSQL, s.program.ID, s.who())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	const size = 256
	batch := make([]orderRow, 0, size)
	for rows.Next() {
		var r orderRow
		if err := rows.Scan(&r.memberID, &r.member, &r.id, &r.body, &r.paid, &r.earned); err != nil {
			return err
		}
		if batch = append(batch, r); len(batch) == size {
			out <- batch
			batch = make([]orderRow, 0, size)
		}
	}
	out <- batch
	return rows.Err()
}

// breaksOf compares an order with the journal and with its own terms. It reads the order into o.
func (s *scope) breaksOf(o *points.Order, r orderRow) (breaks []Break) {
	key := r.memberID + " order " + r.id
	add := func(what string, left, right int64, reason string) {
		breaks = append(breaks, Break{Key: key + " " + what, Whose: r.member, Left: left, Right: right, Reason: reason})
	}
	if r.body == "" {
		add("missing", 0, 1, "the journal has the order, but it is not stored")
		return breaks
	}
	if err := o.ReadFigures([]byte(r.body)); err != nil {
		add("unreadable", 0, 1, err.Error())
		return breaks
	}
	if standing := o.Standing(); int64(standing.Points) != r.paid {
		add("points", int64(standing.Points), r.paid, "points that stand as paid differ from the journal")
	}
	if int64(o.Granted()) != r.earned {
		add("earned", int64(o.Granted()), r.earned, "what it earned differs from the journal")
	}
	s.lawsOf(o, add)
	return breaks
}

// lawsOf calls add with what contradicts itself in an order.
func (s *scope) lawsOf(o *points.Order, add func(what string, left, right int64, reason string)) {
	paid := o.Paid()
	kept("points", int64(paid.Points), int64(o.Refunded.Points), int64(o.Standing().Points), add)
	kept("money", int64(paid.Money), int64(o.Refunded.Money), int64(o.Standing().Money), add)
	if o.Version < 1 || o.Version > len(s.program.Versions) {
		add("version", int64(o.Version), int64(len(s.program.Versions)), "it was placed under a version that there is not")
	} else if most := o.Earns(s.program.Versions.Number(o.Version)); o.Granted() > most {
		add("terms", int64(o.Granted()), int64(most), "it earned more than its terms say")
	}
}

// kept calls add where more of a tender went back or stands than was paid. Less may stand: points may have come back as
// cash or to nobody, and money may have been withheld.
func kept(tender string, paid, refunded, standing int64, add func(what string, left, right int64, reason string)) {
	switch {
	case refunded > paid:
		add("refunded "+tender, refunded, paid, "more went back than was paid")
	case standing > paid-refunded:
		add("kept "+tender, paid-refunded, standing, "more stands as paid than its tenders have left")
	}
}
