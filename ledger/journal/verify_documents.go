package journal

import (
	"context"
	"encoding/json"
	"fmt"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// The checks of the other documents.
const (
	checkReceivables  = "receivables"
	checkReservations = "reservations"
	checkExchanges    = "exchanges"
)

// What a row of documentsSQL is about. Those from 1 on are the documents' own numbers.
const (
	rowOfSubject      = 0 // what the journal says of an order's debt, or of an exchange
	rowOfReserved     = -1
	orderKind         = 1
	reservationKind   = 4
	receivableKind    = 5
	exchangeKind      = 6
	exchangeCancelled = "cancelled"
	reservationOpen   = "reserved"
)

// documentsSQL reads, member by member, what the journal says and what the documents say. Accounts: 13 reserved,
// 14 debt, 33 exchanges. A member's documents come in no order; there are few.
const documentsSQL = `
SELECT record_send(ROW(member, kind, id, state, body, a, b))
  FROM (SELECT member, 0 AS kind, subject AS id, '' AS state, '' AS body,
               coalesce(sum(points) FILTER (WHERE account = 14), 0)::bigint AS a, coalesce(-sum(points) FILTER (WHERE account = 33), 0)::bigint AS b
          FROM lines
         WHERE account IN (14, 33) AND subject IS NOT NULL AND $1::int IN (0, program)
         GROUP BY member, subject
        UNION ALL
        SELECT member, -1, '', '', '', -sum(points)::bigint, 0
          FROM lines WHERE account = 13 AND ($1::int = 0 OR member IN (SELECT member FROM accounts WHERE program = $1))
         GROUP BY member
        UNION ALL
        SELECT member, kind, id, state, body, 0, 0
          FROM documents WHERE kind IN (4, 5, 6) AND $1::int IN (0, program)) AS said
 ORDER BY member`

// documents compares what receivables, reservations and exchanges say of points with the journal, member by member.
func (p *proof) documents(ctx context.Context) error {
	end := p.check(
		CheckResult{Name: checkReceivables, About: "what is open is the member's debt, order by order"},
		CheckResult{Name: checkReservations, About: "what is reserved is the member's reserved points"},
		CheckResult{Name: checkExchanges, About: "each exchange cost the points that it says"})
	defer end()
	if p.papersAgree() {
		p.examined(checkReceivables, p.stored.read[receivableKind])
		p.examined(checkReservations, p.stored.read[reservationKind])
		p.examined(checkExchanges, p.stored.read[exchangeKind])
		return nil
	}
	p.Progress(checkReceivables, 0, 1)
	m := &memberBooks{proof: p, books: map[string]*book{}}
	err := rows.Each(ctx, p.tx, func(r *rows.Row) error {
		if member := r.Member(); member != m.member {
			m.judge()
			m.begin(member)
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

// A paper is what a receivable, a reservation or an exchange says of points.
type paper struct {
	Order  string        `json:"order_id"`
	Open   ledger.Points `json:"open"`
	Points ledger.Points `json:"n"`
}

// A book is an order's debt and an exchange's cost, as documents say and as the journal says.
type book struct {
	open, debt          ledger.Points
	exchanged, redeemed ledger.Points
}

// memberBooks are one member's receivables, reservations and exchanges.
type memberBooks struct {
	*proof
	member             ledger.Member
	books              map[string]*book // by order or exchange
	reserves, reserved ledger.Points    // by documents; by the journal
}

// begin turns to the next member.
func (m *memberBooks) begin(member ledger.Member) {
	clear(m.books)
	m.member, m.reserves, m.reserved = member, 0, 0
}

func (m *memberBooks) book(id string) *book {
	b := m.books[id]
	if b == nil {
		b = &book{}
		m.books[id] = b
	}
	return b
}

// add takes in one row of documentsSQL, behind its member.
func (m *memberBooks) add(r *rows.Row) {
	kind, id, state, body := r.Int32(), r.Text(), r.Text(), r.Field()
	var d paper
	switch kind {
	case rowOfSubject:
		b := m.book(id)
		b.debt, b.redeemed = ledger.Points(r.Int64()), ledger.Points(r.Int64())
	case rowOfReserved:
		m.reserved = ledger.Points(r.Int64())
	case reservationKind:
		if m.read(checkReservations, "reservation "+id, body, &d) && state == reservationOpen {
			m.reserves += d.Points
		}
	case receivableKind:
		if m.read(checkReceivables, "receivable "+id, body, &d) {
			m.book(d.Order).open += d.Open
		}
	case exchangeKind:
		if m.read(checkExchanges, "exchange "+id, body, &d) && state != exchangeCancelled {
			m.book(id).exchanged = d.Points
		}
	}
}

// read decodes a document, or names it.
func (m *memberBooks) read(check, what string, body []byte, into any) bool {
	m.examined(check, 1)
	err := json.Unmarshal(body, into)
	if err != nil {
		m.differ(check, what, err.Error(), "")
	}
	return err == nil
}

func (m *memberBooks) differ(check, what, stored, journal string) {
	m.found(check, Difference{Member: m.member.String(), What: what, Stored: stored, Journal: journal})
}

// judge names what differs in the member's documents.
func (m *memberBooks) judge() {
	if m.reserves != m.reserved {
		m.differ(checkReservations, "reservations", points(m.reserves), points(m.reserved))
	}
	for id, b := range m.books {
		if b.open != b.debt {
			m.differ(checkReceivables, "receivables of order "+id, points(b.open), points(b.debt))
		}
		if b.exchanged != b.redeemed {
			m.differ(checkExchanges, "exchange "+id, points(b.exchanged), points(b.redeemed))
		}
	}
}

func points(n ledger.Points) string { return fmt.Sprintf("%d points", n) }
