package history

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"chobo/cmd/chobo/internal/api/body"
	"chobo/ledger"
	"chobo/points"
	"chobo/points/engine"
	"chobo/points/program"
)

// A digest stands for all that a row says.
type digest [sha256.Size]byte

// An entry is one thing to post: a member, a lot or an order, of one row or of several that stand together.
type entry struct {
	columns []string // of the file
	rows    []Row
	member  string
	id      string // by which the other system knows it; empty: it has none
	content digest
	points  ledger.Points
	unpaid  bool // nothing says what of an order was paid in money
	nth     int  // of those in the file that have no id and say the very same, from 1
	steps   []step
	bad     []Reason // why it cannot be posted; nothing else counts then
}

// A step is one command of an entry, and what its idempotency key says besides the entry's id.
type step struct {
	name    string
	command points.Command
}

// key is the step's idempotency key. attempt counts from 1: a refusal is kept under its key, and what was refused once
// may be accepted once its cause is mended.
func (e *entry) key(s step, attempt int) string {
	key := "import:" + s.name
	if attempt > 1 {
		key = fmt.Sprintf("import/%d:%s", attempt, s.name)
	}
	if e.id != "" {
		return key + ":" + e.id
	}
	key += "#" + hex.EncodeToString(e.content[:16])
	if e.nth > 1 {
		key += fmt.Sprintf("#%d", e.nth)
	}
	return key
}

// line is where the entry begins in the file.
func (e *entry) line() int { return e.rows[0].Line }

// place stands for the entry's id, to find it again in the file.
func (e *entry) place() digest { return sha256.Sum256([]byte(e.member + "\x00" + e.id)) }

// hash tells whether the same id comes with other content.
func (e *entry) hash() (h engine.Hash) {
	copy(h[:], e.content[:])
	return h
}

// A memberRow is a row of a file of members, as JSON has it.
type memberRow struct {
	MemberID     string    `json:"member_id" minLength:"1" maxLength:"128"`
	EnrolledAt   time.Time `json:"enrolled_at,omitzero"`
	LastActiveAt time.Time `json:"last_active_at,omitzero"`
	Status       string    `json:"status,omitempty" enum:"active,suspended,closed"`
	Reason       string    `json:"reason,omitempty" maxLength:"1000"`
}

// A pointsRow is a row of a file of points: a lot.
type pointsRow struct {
	MemberID     string        `json:"member_id" minLength:"1" maxLength:"128"`
	Points       ledger.Points `json:"points" minimum:"1" maximum:"9007199254740991"`
	RowID        string        `json:"row_id,omitempty" maxLength:"128"`
	OccurredAt   time.Time     `json:"occurred_at,omitzero"`
	ExpiresAt    time.Time     `json:"expires_at,omitzero"`
	NeverExpires bool          `json:"never_expires,omitempty"`
	MaturesAt    time.Time     `json:"matures_at,omitzero"`
	LastActiveAt time.Time     `json:"last_active_at,omitzero"`
}

// An orderRow is an order as the API takes it, whose it is, and how far it has come.
type orderRow struct {
	MemberID string `json:"member_id" minLength:"1" maxLength:"128"`
	points.OrderRequest
	PaidAt      time.Time `json:"paid_at,omitzero"`
	ShippedAt   time.Time `json:"shipped_at,omitzero"`
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
}

var (
	memberPlan = body.PlanFor(reflect.TypeFor[memberRow]())
	pointsPlan = body.PlanFor(reflect.TypeFor[pointsRow]())
	orderPlan  = body.PlanFor(reflect.TypeFor[orderRow]())
)

// bind reads JSON into a row and tells what is wrong with it, by the names of its members.
func bind[T any](plan *body.Plan, raw []byte, to *T) []Reason {
	d, err := body.Parse(raw)
	if err != nil {
		return []Reason{{Rule: ruleRow, Message: err.Error()}}
	}
	defer d.Free()
	var bad []Reason
	for _, p := range d.Bind(plan, to) {
		rule := points.ValidationFailed
		if p.Range {
			rule = points.AmountOutOfRange
		}
		bad = append(bad, Reason{Column: strings.TrimPrefix(strings.TrimPrefix(p.Location, "body"), "."), Rule: rule, Message: p.Message})
	}
	return bad
}

// contentOf is what a row says, whatever the form of its file.
func contentOf(row any) digest {
	b, err := json.Marshal(row)
	if err != nil { // it was read from JSON
		panic(err)
	}
	return sha256.Sum256(b)
}

// fromMember is the membership, and its state where it is not active. Who is a member already stays one, whatever else
// the row says.
func (e *entry) fromMember(r memberRow, actor string) {
	utc(&r.EnrolledAt, &r.LastActiveAt)
	e.member, e.id, e.content = r.MemberID, r.MemberID, contentOf(r.MemberID)
	e.steps = append(e.steps, step{"member", points.OpenBalance{QualifiedAt: r.LastActiveAt, At: r.EnrolledAt, Actor: actor}})
	to, ok := map[string]points.Status{"suspended": points.Suspended, "closed": points.Closed}[r.Status]
	if !ok {
		return
	}
	if r.Reason == "" {
		r.Reason = "imported as " + r.Status
	}
	e.steps = append(e.steps, step{"member-" + r.Status, points.ChangeMembership{To: to, Reason: r.Reason, Actor: actor}})
}

// fromPoints is the lot. Without an expiry it gets the one that the program gives to points of its time.
func (e *entry) fromPoints(r pointsRow, versions program.Versions, now time.Time, actor string) {
	utc(&r.OccurredAt, &r.ExpiresAt, &r.MaturesAt, &r.LastActiveAt)
	e.member, e.id, e.content, e.points = r.MemberID, r.RowID, contentOf(r), r.Points
	if r.ExpiresAt.IsZero() && !r.NeverExpires {
		from := r.OccurredAt
		if from.IsZero() {
			from = now
		}
		if r.MaturesAt.After(from) {
			from = r.MaturesAt
		}
		r.ExpiresAt = versions.InForce(from).Expiry.ExpiresAt(from, versions.Zone())
	}
	e.steps = append(e.steps, step{"points", points.OpenBalance{Points: r.Points, ExpiresAt: r.ExpiresAt, MaturesAt: r.MaturesAt,
		QualifiedAt: r.LastActiveAt, Reference: r.RowID, Actor: actor, At: r.OccurredAt}})
}

// fromOrder is the order, and how far it came.
func (e *entry) fromOrder(r orderRow) {
	utc(&r.OrderedAt, &r.PaidAt, &r.ShippedAt, &r.DeliveredAt)
	e.member, e.id, e.content, e.points = r.MemberID, r.OrderID, contentOf(r), r.Tenders.Points
	e.steps = append(e.steps, step{"order", points.PlaceOrder{Order: r.OrderRequest}})
	for _, s := range []struct {
		status points.OrderStatus
		at     time.Time
	}{{points.Paid, r.PaidAt}, {points.Shipped, r.ShippedAt}, {points.Delivered, r.DeliveredAt}} {
		if !s.at.IsZero() {
			e.steps = append(e.steps, step{"order-" + string(s.status), points.SetStatus{OrderID: r.OrderID, Status: s.status, At: s.at}})
		}
	}
}

func utc(times ...*time.Time) {
	for _, t := range times {
		if !t.IsZero() {
			*t = t.UTC().Truncate(time.Microsecond)
		}
	}
}
