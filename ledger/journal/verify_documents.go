package journal

import (
	"context"
	"encoding/json"
	"fmt"

	"chobo/ledger"
)

// The checks of documents, which are kept so that a command need not read the journal.
const (
	checkOrders       = "orders"
	checkEarnings     = "earnings"
	checkRefunds      = "refunds"
	checkReceivables  = "receivables"
	checkReservations = "reservations"
	checkExchanges    = "exchanges"
)

// What a row of documentsSQL is about. Those from 1 on are the documents' own numbers.
const (
	rowOfSubject      = 0 // what the journal says of an order or exchange
	rowOfRefunds      = -1
	rowOfReserved     = -2
	orderKind         = 1
	reservationKind   = 4
	receivableKind    = 5
	exchangeKind      = 6
	exchangeCancelled = "cancelled"
	reservationOpen   = "reserved"
)

// documentsSQL reads, member by member, what the journal says of orders, exchanges and reservations, and what the
// documents say. Accounts: 13 reserved, 14 debt, 21 and 25 what funds orders' grants, 31 and 32 what orders are paid with
// and what of it came back as cash, 33 exchanges. A member's documents come in no order; there are few.
const documentsSQL = `
SELECT record_send(ROW(member, kind, id, state, body, a, b, c, d, e, f, g))
  FROM (SELECT l.member, 0 AS kind, t.subject AS id, '' AS state, '' AS body,
               coalesce(-sum(l.points) FILTER (WHERE l.account = 31), 0)::bigint AS a, coalesce(-sum(l.money) FILTER (WHERE l.account = 31), 0)::bigint AS b,
               coalesce(sum(l.points) FILTER (WHERE l.account IN (21, 25) AND l.points > 0), 0)::bigint AS c,
               coalesce(-sum(l.points) FILTER (WHERE l.account IN (21, 25) AND l.points < 0), 0)::bigint AS d,
               coalesce(sum(l.points) FILTER (WHERE l.account = 14), 0)::bigint AS e, coalesce(-sum(l.points) FILTER (WHERE l.account = 33), 0)::bigint AS f,
               coalesce(-sum(l.money) FILTER (WHERE l.account = 32), 0)::bigint AS g
          FROM lines l JOIN transactions t ON t.member = l.member AND t.id = l.transaction
         WHERE l.account IN (14, 21, 25, 31, 32, 33) AND t.subject IS NOT NULL AND t.kind <> 61 AND $1::int IN (0, t.program)
         GROUP BY l.member, t.subject
        UNION ALL
        SELECT member, -1, order_id, '', '', sum(money)::bigint, sum(cash_fallback)::bigint, 0, 0, 0, 0, 0
          FROM refunds WHERE $1::int IN (0, program) GROUP BY member, order_id
        UNION ALL
        SELECT member, -2, '', '', '', -sum(points)::bigint, 0, 0, 0, 0, 0, 0
          FROM lines WHERE account = 13 AND ($1::int = 0 OR member IN (SELECT member FROM accounts WHERE program = $1))
         GROUP BY member
        UNION ALL
        SELECT member, kind, id, state, body, 0, 0, 0, 0, 0, 0, 0
          FROM documents WHERE kind IN (1, 4, 5, 6) AND $1::int IN (0, program)) AS said
 ORDER BY member`

const documentCountSQL = `SELECT record_send(ROW(count(*))) FROM documents WHERE kind IN (1, 4, 5, 6) AND $1::int IN (0, program)`

// documents compares what documents say of points with the journal, member by member.
func (p *proof) documents(ctx context.Context) error {
	end := p.check(
		CheckResult{Name: checkOrders, About: "points that pay each order: redeemed less restored less cash fallback are what stands in its parts"},
		CheckResult{Name: checkEarnings, About: "what each order has earned, and what of it was taken back, is what was posted"},
		CheckResult{Name: checkRefunds, About: "money and cash fallback paid back for each order are what it says"},
		CheckResult{Name: checkReceivables, About: "what is open is the member's debt, order by order"},
		CheckResult{Name: checkReservations, About: "what is reserved is the member's reserved points"},
		CheckResult{Name: checkExchanges, About: "each exchange cost the points that it says"})
	defer end()
	var done, total int64
	err := eachRow(ctx, p.tx, func(r *row) error {
		total = r.int64()
		return nil
	}, documentCountSQL, p.Program)
	if err != nil {
		return fmt.Errorf("count documents: %w", err)
	}
	m := &memberBooks{found: p.found, books: map[string]*orderBook{}}
	err = eachRow(ctx, p.tx, func(r *row) error {
		member := r.member()
		if member != m.member {
			m.judge()
			m.reset(member)
		}
		if done++; done%4096 == 0 {
			p.Progress(checkOrders, min(done, total), total)
		}
		m.add(r)
		return nil
	}, documentsSQL, p.Program)
	if err != nil {
		return fmt.Errorf("compare documents: %w", err)
	}
	m.judge()
	return nil
}

// orderFigures is what an order says of points and money, by the names that the document has.
type orderFigures struct {
	Lines []struct {
		partFigures
		Grant struct {
			Points ledger.Points `json:"n"`
			Raised ledger.Points `json:"up"`
		} `json:"g"`
	} `json:"lines"`
	Shipping partFigures   `json:"ship"`
	Fees     []partFigures `json:"fees"`
	Refunded struct {
		Money        ledger.Money `json:"money"`
		CashFallback ledger.Money `json:"cash_fallback"`
	} `json:"refunded"`
	Reversed ledger.Points `json:"reversed"`
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

// An orderBook is an order, or an exchange, as documents say and as the journal says.
type orderBook struct {
	order                  bool // there is a document
	stored, posted         figures
	open, debt             ledger.Points // of receivables; by the journal
	exchanged, redeemed    ledger.Points // by the exchange; by the journal
	refunded, refunds      ledger.Money  // by the order; by the list of refunds
	fallback, fallbackPaid ledger.Money  // the same of cash for points
	fallbackPosted         ledger.Money
}

// figures are an order's points.
type figures struct {
	paid     ledger.Points // of what still stands, by points
	value    ledger.Money  // of these points
	granted  ledger.Points // in all
	taken    ledger.Points // back, of these
	standing ledger.Points // the rest
}

// memberBooks are one member's orders, receivables, reservations and exchanges.
type memberBooks struct {
	found              func(string, Difference)
	member             ledger.Member
	books              map[string]*orderBook
	reserved, reserves ledger.Points // by the journal; by documents
}

// reset begins with the next member.
func (m *memberBooks) reset(member ledger.Member) {
	clear(m.books)
	m.member, m.reserved, m.reserves = member, 0, 0
}

func (m *memberBooks) book(id string) *orderBook {
	b := m.books[id]
	if b == nil {
		b = &orderBook{}
		m.books[id] = b
	}
	return b
}

// add takes in one row of documentsSQL, behind its member.
func (m *memberBooks) add(r *row) {
	kind, id, state, body := r.int32(), r.text(), r.text(), r.field()
	switch kind {
	case rowOfSubject:
		b := m.book(id)
		b.posted.paid, b.posted.value = ledger.Points(r.int64()), ledger.Money(r.int64())
		b.posted.granted, b.posted.taken = ledger.Points(r.int64()), ledger.Points(r.int64())
		b.posted.standing = b.posted.granted - b.posted.taken
		b.debt, b.redeemed, b.fallbackPosted = ledger.Points(r.int64()), ledger.Points(r.int64()), ledger.Money(r.int64())
	case rowOfRefunds:
		b := m.book(id)
		b.refunds, b.fallbackPaid = ledger.Money(r.int64()), ledger.Money(r.int64())
	case rowOfReserved:
		m.reserved = ledger.Points(r.int64())
	case orderKind:
		var o orderFigures
		if m.read(checkOrders, "order "+id, body, &o) {
			m.book(id).says(o)
		}
	case reservationKind:
		var d struct {
			Points ledger.Points `json:"n"`
		}
		if m.read(checkReservations, "reservation "+id, body, &d) && state == reservationOpen {
			m.reserves += d.Points
		}
	case receivableKind:
		var d struct {
			Order string        `json:"order_id"`
			Open  ledger.Points `json:"open"`
		}
		if m.read(checkReceivables, "receivable "+id, body, &d) {
			m.book(d.Order).open += d.Open
		}
	case exchangeKind:
		var d struct {
			Points ledger.Points `json:"n"`
		}
		if m.read(checkExchanges, "exchange "+id, body, &d) && state != exchangeCancelled {
			m.book(id).exchanged = d.Points
		}
	}
}

// read decodes a document, or names it.
func (m *memberBooks) read(check, what string, body []byte, into any) bool {
	err := json.Unmarshal(body, into)
	if err != nil {
		m.found(check, Difference{Member: m.member.String(), What: what, Stored: err.Error(), Journal: "a document"})
	}
	return err == nil
}

// says takes in what the order says.
func (b *orderBook) says(o orderFigures) {
	b.order = true
	add := func(p partFigures) {
		b.stored.paid += p.Points - p.Back.Points
		b.stored.value += p.Value - p.Back.Value
	}
	for _, l := range o.Lines {
		add(l.partFigures)
		b.stored.standing += l.Grant.Points
		b.stored.granted += l.Grant.Raised
	}
	add(o.Shipping)
	for _, f := range o.Fees {
		add(f)
	}
	b.stored.taken = o.Reversed
	b.refunded, b.fallback = o.Refunded.Money, o.Refunded.CashFallback
}

// judge names what differs in the member's documents.
func (m *memberBooks) judge() {
	differ := func(check, what, stored, journal string) {
		m.found(check, Difference{Member: m.member.String(), What: what, Stored: stored, Journal: journal})
	}
	if m.reserves != m.reserved {
		differ(checkReservations, "reservations", points(m.reserves), points(m.reserved))
	}
	for id, b := range m.books {
		s, j := b.stored, b.posted
		if s.paid != j.paid || s.value != j.value {
			differ(checkOrders, "order "+id, b.orNone(s.tenders()), j.tenders())
		}
		if s.granted != j.granted || s.taken != j.taken || s.standing != j.standing {
			differ(checkEarnings, "order "+id, b.orNone(s.earnings()), j.earnings())
		}
		if b.refunded != b.refunds || b.fallback != b.fallbackPaid || b.fallback != b.fallbackPosted {
			differ(checkRefunds, "order "+id, fmt.Sprintf("%d paid back, %d as cash for points", b.refunded, b.fallback),
				fmt.Sprintf("%d paid back, %d as cash for points, %d posted as such", b.refunds, b.fallbackPaid, b.fallbackPosted))
		}
		if b.open != b.debt {
			differ(checkReceivables, "receivables of order "+id, points(b.open), points(b.debt))
		}
		if b.exchanged != b.redeemed {
			differ(checkExchanges, "exchange "+id, points(b.exchanged), points(b.redeemed))
		}
	}
}

// orNone is what is stored, if there is an order.
func (b *orderBook) orNone(stored string) string {
	if !b.order {
		return "no such order"
	}
	return stored
}

func (f figures) tenders() string { return fmt.Sprintf("paid by %d points worth %d", f.paid, f.value) }

func (f figures) earnings() string {
	return fmt.Sprintf("%d points granted, %d taken back, %d stand", f.granted, f.taken, f.standing)
}

func points(n ledger.Points) string { return fmt.Sprintf("%d points", n) }
