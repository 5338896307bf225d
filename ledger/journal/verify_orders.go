package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"chobo/ledger"
	"chobo/ledger/document"
	"chobo/ledger/rows"
)

// The checks of orders, whose documents are kept so that a command need not read the journal.
const (
	checkOrders   = "orders"
	checkEarnings = "earnings"
	checkRefunds  = "refunds"
)

// ordersSQL puts every order beside what the journal and the list of refunds say of it. Accounts: 21 and 25 fund grants
// of orders, 31 is what orders are paid with, 32 what of it came back as cash. Kind 61 settles with shops.
const ordersSQL = `
SELECT record_send(ROW(coalesce(d.member, j.member, r.member), coalesce(d.id, j.id, r.id), d.body, j.paid, j.value, j.granted, j.taken, j.fallback, r.money, r.fallback))
  FROM (SELECT member, id, body FROM documents WHERE kind = 1 AND $1::int IN (0, program)) d
  FULL JOIN (SELECT member, subject AS id,
                    coalesce(-sum(points) FILTER (WHERE account = 31), 0)::bigint AS paid, coalesce(-sum(money) FILTER (WHERE account = 31), 0)::bigint AS value,
                    coalesce(sum(points) FILTER (WHERE account IN (21, 25) AND points > 0), 0)::bigint AS granted,
                    coalesce(-sum(points) FILTER (WHERE account IN (21, 25) AND points < 0), 0)::bigint AS taken,
                    coalesce(-sum(money) FILTER (WHERE account = 32), 0)::bigint AS fallback
               FROM lines
              WHERE account IN (21, 25, 31, 32) AND subject IS NOT NULL AND kind <> 61 AND $1::int IN (0, program)
              GROUP BY member, subject) j ON j.member = d.member AND j.id = d.id
  FULL JOIN (SELECT member, order_id AS id, sum(money)::bigint AS money, sum(cash_fallback)::bigint AS fallback
               FROM refunds WHERE $1::int IN (0, program) GROUP BY member, order_id) r
    ON r.member = coalesce(d.member, j.member) AND r.id = coalesce(d.id, j.id)`

// orders compares what each order says of points and money with the journal.
func (p *proof) orders(ctx context.Context) error {
	end := p.check(
		CheckResult{Name: checkOrders, About: "points that pay each order: redeemed less restored less cash fallback are what stands in its parts"},
		CheckResult{Name: checkEarnings, About: "what each order has earned, and what of it was taken back, is what was posted"},
		CheckResult{Name: checkRefunds, About: "money and cash fallback paid back for each order are what it says"})
	defer end()
	total := p.stored.read[orderKind]
	if !p.ordersAgree() {
		if err := p.compareOrders(ctx, total); err != nil {
			return fmt.Errorf("compare orders: %w", err)
		}
	}
	for _, check := range []string{checkOrders, checkEarnings, checkRefunds} {
		p.examined(check, total)
	}
	return nil
}

// compareOrders names the orders that differ.
func (p *proof) compareOrders(ctx context.Context, total int64) error {
	var done int64
	return rows.Each(ctx, p.tx, func(r *rows.Row) error {
		var b orderBook
		b.read(r)
		b.judge(p)
		if done++; done%4096 == 0 {
			p.Progress(checkOrders, min(done, total), total)
		}
		return nil
	}, ordersSQL, p.Program)
}

// orderFigures is what an order says of points and money, by the names that the document has.
type orderFigures struct {
	Lines    []lineFigures `json:"lines"`
	Shipping partFigures   `json:"ship"`
	Fees     []partFigures `json:"fees"`
	Refunded struct {
		Money        ledger.Money `json:"money"`
		CashFallback ledger.Money `json:"cash_fallback"`
	} `json:"refunded"`
	Reversed ledger.Points `json:"reversed"`
}

// lineFigures is a line, and what it earned.
type lineFigures struct {
	partFigures
	AtPar ledger.Points `json:"pw"` // points that pay it and are worth as much, instead of both
	Grant struct {
		Points ledger.Points `json:"n"`
		Raised ledger.Points `json:"up"`
	} `json:"g"`
}

// partFigures is what points pay of a part of an order, and what went back of it.
type partFigures struct {
	Points ledger.Points `json:"p"`
	Value  ledger.Money  `json:"w"`
	Back   struct {
		Points ledger.Points `json:"p"`
		Value  ledger.Money  `json:"w"`
	} `json:"b"`
}

// An orderBook is an order as its document says and as the journal says.
type orderBook struct {
	member         ledger.Member
	id             string
	there          bool  // there is a document
	unreadable     error // and it makes no sense
	stored, posted figures
	listed         refundFigures // by the list of refunds
}

// figures are an order's points.
type figures struct {
	paid     ledger.Points // of what still stands, by points
	value    ledger.Money  // of these points
	granted  ledger.Points // in all
	taken    ledger.Points // back, of these
	standing ledger.Points // the rest
	refundFigures
}

// refundFigures are what went back of an order beside points.
type refundFigures struct{ money, fallback ledger.Money }

// read takes in a row of ordersSQL.
func (b *orderBook) read(r *rows.Row) {
	b.member, b.id = r.Member(), r.Text()
	if body := r.Field(); body != nil {
		b.there = true
		b.unreadable = b.says(body)
	}
	j := &b.posted
	j.paid, j.value, j.granted, j.taken, j.fallback = ledger.Points(r.Int64()), ledger.Money(r.Int64()), ledger.Points(r.Int64()), ledger.Points(r.Int64()), ledger.Money(r.Int64())
	j.standing = j.granted - j.taken
	b.listed = refundFigures{ledger.Money(r.Int64()), ledger.Money(r.Int64())}
	j.money = b.listed.money // money is no business of the journal
}

// says takes in what the order says. It fails where that makes no sense.
func (b *orderBook) says(body []byte) error {
	var o orderFigures
	err := o.read(body)
	if errors.Is(err, document.ErrUnclear) {
		o = orderFigures{}
		err = json.Unmarshal(body, &o)
	}
	s := &b.stored
	add := func(p partFigures) {
		s.paid += p.Points - p.Back.Points
		s.value += p.Value - p.Back.Value
	}
	for _, l := range o.Lines {
		l.Points += l.AtPar
		l.Value += ledger.Money(l.AtPar)
		add(l.partFigures)
		s.standing += l.Grant.Points
		s.granted += l.Grant.Raised
	}
	add(o.Shipping)
	for _, f := range o.Fees {
		add(f)
	}
	s.taken = o.Reversed
	s.refundFigures = refundFigures{o.Refunded.Money, o.Refunded.CashFallback}
	return err
}

// judge names what differs.
func (b *orderBook) judge(p *proof) {
	differ := func(check, stored, journal string) {
		switch {
		case !b.there:
			stored = "no such order"
		case b.unreadable != nil:
			stored = b.unreadable.Error()
		}
		p.found(check, Difference{Member: b.member.String(), What: "order " + b.id, Stored: stored, Journal: journal})
	}
	s, j := b.stored, b.posted
	if s.paid != j.paid || s.value != j.value || b.unreadable != nil {
		differ(checkOrders, s.tenders(), j.tenders())
	}
	if s.granted != j.granted || s.taken != j.taken || s.standing != j.standing {
		differ(checkEarnings, s.earnings(), j.earnings())
	}
	switch {
	case s.refundFigures != j.refundFigures:
		differ(checkRefunds, s.refundFigures.String(), j.refundFigures.String())
	case s.refundFigures != b.listed:
		differ(checkRefunds, s.refundFigures.String(), "and the list of refunds "+b.listed.String())
	}
}

func (f figures) tenders() string { return fmt.Sprintf("paid by %d points worth %d", f.paid, f.value) }

func (f figures) earnings() string {
	return fmt.Sprintf("%d points granted, %d taken back, %d stand", f.granted, f.taken, f.standing)
}

// String is the refunds in words.
func (f refundFigures) String() string {
	return fmt.Sprintf("money %d paid back, %d for points", f.money, f.fallback)
}
