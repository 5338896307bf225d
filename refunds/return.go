package refunds

import (
	"maps"
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/refunds/policy"
)

// The states of a return, of its lines, and of a cancellation.
const (
	stateReview   = "review"
	stateApproved = "approved"
	stateRejected = "rejected"
	stateAccepted = "accepted"
	stateSettled  = "settled"
	stateDenied   = "denied"
)

// A ReturnRequest asks for goods to be taken back.
type ReturnRequest struct {
	ReturnID           string          `json:"return_id" minLength:"1" maxLength:"128" doc:"Unique within the order."`
	Lines              []ReturnUnits   `json:"lines" minItems:"1" maxItems:"1000"`
	Reason             string          `json:"reason" enum:"counterfeit,defect,wrong_item,missing_item,damaged_in_transit,customer_convenience,late_delivery,customs,undeliverable,lost"`
	RequestedAt        time.Time       `json:"requested_at,omitzero" doc:"Default: now. All periods count to it."`
	Evidence           []string        `json:"evidence,omitempty" maxItems:"100"`
	ReplacementInStock *bool           `json:"replacement_in_stock,omitempty"`
	PreferredRemedy    string          `json:"preferred_remedy,omitempty" enum:",refund,exchange"`
	AtFault            string          `json:"at_fault,omitempty" enum:",mall,shop,carrier,member"`
	Condition          map[string]bool `json:"condition,omitempty" doc:"Of the goods, as told. What is absent is unknown."`
	Attributes         map[string]any  `json:"attributes,omitempty" doc:"Beside those of the order's lines."`
}

// A Return is a return as it is kept.
type Return struct {
	ID          string                  `json:"return_id"`
	Order       string                  `json:"order_id"`
	State       string                  `json:"state"`
	Request     ReturnRequest           `json:"request"`
	RequestedAt time.Time               `json:"requested_at"`
	Lines       []ReturnLine            `json:"lines"`
	Receipt     *Receipt                `json:"receipt,omitempty"`
	Quote       Quote                   `json:"quote"`
	Effect      *Effect                 `json:"effect,omitempty"`
	Charges     map[string]ledger.Money `json:"charges,omitempty"`
	History     []points.HistoryEntry   `json:"history"`
}

// A ReturnLine is one line of a return with its own decision.
type ReturnLine struct {
	LineID   string          `json:"line_id"`
	Line     int             `json:"line"` // index in the order
	Units    int64           `json:"units"`
	State    string          `json:"state"`
	Decision policy.Decision `json:"decision"`
	Facts    policy.Facts    `json:"facts"` // as they were at the request
	Resolved bool            `json:"resolved,omitempty"`
	Earlier  []Judgement     `json:"earlier,omitempty"`
}

// A Judgement is a decision with its time.
type Judgement struct {
	At       time.Time       `json:"at"`
	Decision policy.Decision `json:"decision"`
}

// A Quote is what an approved return would do if it were settled now.
type Quote struct {
	Points         ledger.Points `json:"points"`
	Money          ledger.Money  `json:"money"`
	CashFallback   ledger.Money  `json:"cash_fallback"`
	EarnedReversed ledger.Points `json:"earned_reversed"`
	Shortfall      ledger.Points `json:"shortfall"`
}

// judge gives the line a decision, keeps the one before, and says what state it brings.
func (l *ReturnLine) judge(d policy.Decision, at time.Time) {
	if l.State != "" {
		l.Earlier = append(l.Earlier, Judgement{At: at, Decision: l.Decision})
	}
	l.Decision = d
	switch {
	case d.Outcome == policy.Accept:
		l.State = stateApproved
	case d.Outcome == policy.Review:
		l.State = stateReview
	case d.Denied:
		l.State = stateDenied
	default:
		l.State = stateRejected
	}
}

// close frees the line's pieces once it is out of the return's way without being settled.
func (l *ReturnLine) close(o *points.Order) {
	if l.State == stateRejected || l.State == stateDenied {
		o.Lines[l.Line].Opened -= l.Units
	}
}

// MakeReturn decides line by line on taking goods back. What is accepted waits for what its decision requires, or is
// settled at once where it requires nothing.
//
// It refuses with NotFound, ValidationFailed or Conflict. Source: SM-R23, SM-T, PS-5…PS-9, AS-1…AS-3, KB-2…KB-6, CS-2…CS-5; ruling 23.
type MakeReturn struct {
	OrderID  string
	Request  ReturnRequest
	Policies policy.Book
}

// Name is the operation's name.
func (c MakeReturn) Name() string { return "returns.create" }

// Needs is the order, the return and the member's habits.
func (c MakeReturn) Needs() points.Need { return returnNeeds(c.OrderID, c.Request.ReturnID) }

func returnNeeds(order, id string) points.Need {
	return points.Need{Documents: []points.Key{{Kind: points.OrderDocument, ID: order}, returnKey(order, id), habitsKey}}
}

func returnKey(order, id string) points.Key { return points.PartKey(points.ReturnDocument, order, id) }

// When is the time of the request.
func (c MakeReturn) When() time.Time { return c.Request.RequestedAt }

// Apply decides.
func (c MakeReturn) Apply(a *points.Account, m points.Moment) (points.Reply, error) {
	o := points.Open[points.Order](a, points.Key{Kind: points.OrderDocument, ID: c.OrderID})
	if o == nil {
		return points.Reply{}, points.Refuse(points.NotFound, "there is no order %s", c.OrderID)
	}
	if points.Open[Return](a, returnKey(o.ID, c.Request.ReturnID)) != nil {
		return points.Reply{}, points.RefuseField(points.Conflict, "return_id", "return %s exists already", c.Request.ReturnID)
	}
	if o.Cancelled {
		return points.Reply{}, points.Refuse(points.Conflict, "order %s is cancelled", o.ID)
	}
	if len(c.Request.Lines) == 0 {
		return points.Reply{}, points.RefuseField(points.ValidationFailed, "lines", "at least one line is to be returned")
	}
	units, err := pick(o, c.Request.Lines)
	if err != nil {
		return points.Reply{}, err
	}
	// After this point nothing may fail.
	r := &Return{ID: c.Request.ReturnID, Order: o.ID, Request: c.Request, RequestedAt: m.Fact,
		History: []points.HistoryEntry{{At: m.At, What: "requested"}}}
	for i, u := range units {
		l := ReturnLine{LineID: c.Request.Lines[i].LineID, Line: u.Line, Units: u.Units, Facts: c.facts(a, o, u.Line, m)}
		o.Lines[u.Line].Opened += u.Units
		l.judge(decide(a, c.Policies, o, l.Facts), m.At)
		l.close(o)
		r.Lines = append(r.Lines, l)
	}
	o.Returns = append(o.Returns, r.ID)
	answer := r.proceed(a, o, m)
	return points.Reply{Status: 201, Body: answer}, nil
}

func (c MakeReturn) facts(a *points.Account, o *points.Order, line int, m points.Moment) policy.Facts {
	f := lineFacts(a, o, line, m.Fact)
	f.Action, f.Reason, f.AtFault, f.PreferredRemedy = policy.Return, c.Request.Reason, c.Request.AtFault, c.Request.PreferredRemedy
	f.Evidence, f.Condition, f.ReplacementInStock = c.Request.Evidence, c.Request.Condition, c.Request.ReplacementInStock
	if len(c.Request.Attributes) > 0 {
		merged := maps.Clone(c.Request.Attributes)
		maps.Copy(merged, f.Attributes) // what the shop said of the line wins over what the request says
		f.Attributes = merged
	}
	return f
}

// openReturn is the order and its return.
func openReturn(a *points.Account, order, id string) (*points.Order, *Return, error) {
	o := points.Open[points.Order](a, points.Key{Kind: points.OrderDocument, ID: order})
	if o == nil {
		return nil, nil, points.Refuse(points.NotFound, "there is no order %s", order)
	}
	r := points.Open[Return](a, returnKey(order, id))
	if r == nil {
		return nil, nil, points.Refuse(points.NotFound, "order %s has no return %s", order, id)
	}
	return o, r, nil
}

// proceed sets the return's state by its lines', settles it where nothing is awaited, quotes it where something is,
// keeps it and answers. Accepted lines wait for reviewed ones.
func (r *Return) proceed(a *points.Account, o *points.Order, m points.Moment) ReturnAnswer {
	before := r.State
	r.State = r.joined()
	if r.State == stateApproved {
		if r.awaits() {
			r.Quote = r.quote(a)
		} else {
			r.settle(a, o, m)
			r.charge()
		}
	}
	if r.State != before {
		r.History = append(r.History, points.HistoryEntry{At: m.At, What: r.State})
	}
	a.Keep(returnKey(r.Order, r.ID), r.State, r)
	a.KeepOrder(o)
	return r.Answer(a)
}

// joined is review while any line is, approved if any was accepted, settled or denied once all are, else rejected.
func (r *Return) joined() string {
	has := map[string]bool{}
	for _, l := range r.Lines {
		has[l.State] = true
	}
	for _, state := range []string{stateReview, stateApproved, stateSettled, stateDenied} {
		if has[state] {
			return state
		}
	}
	return stateRejected
}

// awaits tells whether goods or an inspection are awaited for any accepted line.
func (r *Return) awaits() bool {
	if r.Receipt != nil {
		return false // they came, and a person looked at what they showed
	}
	for _, l := range r.Lines {
		if l.State == stateApproved && l.Decision.AwaitsGoods() {
			return true
		}
	}
	return false
}

// inFull are fees of specially handled goods, which go back whole. Source: SM-T.special.
var inFull = map[string]bool{"handling": true, "stairs": true, "installation": true, "cod": true}

// undoing is what settling the accepted lines undoes. Exchanges and replacement parts undo nothing.
func (r *Return) undoing(o *points.Order) points.Undoing {
	u := points.Undoing{Cause: "return", Part: r.ID}
	for _, l := range r.Lines {
		if l.State != stateApproved || l.Decision.Remedy != policy.Refund {
			continue
		}
		line := points.UndoneLine{Line: l.Line, Units: l.Units, Refunds: map[string]bool{}}
		for _, part := range l.Decision.Refunds {
			line.Refunds[part] = true
		}
		if special, _ := o.Lines[l.Line].Attributes["special_handling"].(bool); special {
			line.InFull = inFull
		}
		u.Lines = append(u.Lines, line)
	}
	return u
}

// settle carries the accepted lines out.
func (r *Return) settle(a *points.Account, o *points.Order, m points.Moment) {
	u := r.undoing(o)
	for i := range r.Lines {
		l := &r.Lines[i]
		if l.State != stateApproved {
			continue
		}
		o.Lines[l.Line].Opened -= l.Units
		if l.Decision.Remedy != policy.Refund {
			o.Lines[l.Line].Exchanged += l.Units
		}
		l.State = stateSettled
	}
	done := nothing()
	if len(u.Lines) > 0 {
		done = effect(a, a.Undo(o, u))
	}
	r.Effect = &done
	if r.Receipt == nil {
		r.Quote = done.quote()
	}
	r.State = stateSettled
	if r.Request.Reason == "customer_convenience" {
		noteReturn(a, m.Fact)
	}
	o.History = append(o.History, points.HistoryEntry{At: m.At, What: "returned", Note: r.ID})
}

// quote tries the settlement on a copy.
func (r *Return) quote(a *points.Account) Quote {
	trial := a.Trial()
	o := points.Open[points.Order](trial, points.Key{Kind: points.OrderDocument, ID: r.Order})
	u := trial.Undo(o, r.undoing(o))
	return Quote{Points: u.Refunded.Points, Money: u.Money, CashFallback: u.CashFallback, EarnedReversed: u.PendingVoided + u.Rerating.Reversed, Shortfall: u.Shortfall}
}
