package outbox

import (
	"database/sql"
	"strconv"
	"time"

	"chobo/ledger"
)

// An Event is something that was committed, as other systems are told of it.
type Event struct {
	ID            string       `json:"id" doc:"The transaction's, the refund's, or the reminder's. Never used for another event."`
	Type          string       `json:"type" doc:"points.KIND, member.KIND or house.KIND of a transaction; refund.due; points.expiring."`
	MemberID      string       `json:"member_id,omitempty" doc:"Absent: it belongs to the program's house."`
	OrderID       string       `json:"order_id,omitempty"`
	ReturnID      string       `json:"return_id,omitempty"`
	ReservationID string       `json:"reservation_id,omitempty"`
	ExchangeID    string       `json:"exchange_id,omitempty"`
	OccurredAt    time.Time    `json:"occurred_at"`
	PostedAt      time.Time    `json:"posted_at" doc:"When it was written, by the program's clock."`
	Points        Moved        `json:"points,omitzero"`
	Money         ledger.Money `json:"money,omitempty" doc:"Of a transaction, what the member's points are worth more or less by it; of a refund, what is to be paid back."`
	CashFallback  ledger.Money `json:"cash_fallback,omitempty" doc:"Of a refund: for points that could not come back; paid_by pays it."`
	PaidBy        string       `json:"paid_by,omitempty"`
	Cause         string       `json:"cause,omitempty" enum:"cancel,return,reprice,sweep" doc:"Of a refund."`
	ExpiresAt     *time.Time   `json:"expires_at,omitempty" doc:"Of points.expiring: the first instant without the points."`

	place Place
}

// Moved is what an event moves on each of the member's accounts: plus is more for the member; on debt plus is more
// owed. Of points.expiring it is what would go.
type Moved struct {
	Available ledger.Points `json:"available,omitempty"`
	Pending   ledger.Points `json:"pending,omitempty"`
	Reserved  ledger.Points `json:"reserved,omitempty"`
	Debt      ledger.Points `json:"debt,omitempty"`
}

// What stands for a kind where there is no transaction.
const (
	refundDue      ledger.Kind = 0
	pointsExpiring ledger.Kind = -1
)

// typeOf is the event's type for a kind.
func typeOf(k ledger.Kind) string {
	switch k {
	case refundDue:
		return "refund.due"
	case pointsExpiring:
		return "points.expiring"
	case ledger.Suspend, ledger.Reinstate, ledger.Close:
		return "member." + k.String()
	case ledger.ShopSettlement, ledger.Valuation:
		return "house." + k.String()
	default:
		return "points." + k.String()
	}
}

// A row is an event as eventsSQL selects it.
type row struct {
	XID          string        `db:"xid"`
	Batch        int64         `db:"batch"`
	ID           int64         `db:"id"`
	MemberID     string        `db:"member_id"`
	Kind         ledger.Kind   `db:"kind"`
	OccurredAt   time.Time     `db:"occurred_at"`
	PostedAt     time.Time     `db:"posted_at"`
	Subject      string        `db:"subject"`
	Part         string        `db:"part"`
	Available    ledger.Points `db:"available"`
	Pending      ledger.Points `db:"pending"`
	Reserved     ledger.Points `db:"reserved"`
	Debt         ledger.Points `db:"debt"`
	Money        ledger.Money  `db:"money"`
	CashFallback ledger.Money  `db:"cash_fallback"`
	PaidBy       string        `db:"paid_by"`
	Cause        string        `db:"cause"`
	DueAt        sql.NullTime  `db:"due_at"`
}

// event is the row with its times in the zone.
func (r *row) event(zone *time.Location) (Event, error) {
	xid, err := strconv.ParseUint(r.XID, 10, 64)
	e := Event{ID: strconv.FormatInt(r.ID, 10), Type: typeOf(r.Kind), MemberID: r.MemberID, ReturnID: r.Part,
		OccurredAt: r.OccurredAt.In(zone), PostedAt: r.PostedAt.In(zone), Points: Moved{r.Available, r.Pending, r.Reserved, r.Debt},
		Money: r.Money, CashFallback: r.CashFallback, PaidBy: r.PaidBy, Cause: r.Cause, place: Place{xid, r.Batch, r.ID}}
	if e.MemberID != "" && e.MemberID[0] < ' ' {
		e.MemberID = "" // the house
	}
	if r.DueAt.Valid {
		at := r.DueAt.Time.In(zone)
		e.ExpiresAt = &at
	}
	switch r.Kind {
	case ledger.Reserve, ledger.Release:
		e.ReservationID = r.Subject
	case ledger.Exchange, ledger.ExchangeCancel:
		e.ExchangeID = r.Subject
	case ledger.ShopSettlement, ledger.Valuation, ledger.Opening: // a day, a cohort, a reference of another system
	default:
		e.OrderID = r.Subject
	}
	return e, err
}
