package points

import (
	"time"

	"chobo/ledger"
	"chobo/points/program"
)

// A Benefit is something that points are exchanged for. Its price and conditions may change; an exchange keeps its own.
type Benefit struct {
	ID        string        `json:"benefit_id"`
	Name      string        `json:"name"`
	Points    ledger.Points `json:"points"`
	ValidFrom time.Time     `json:"valid_from,omitzero"`
	ValidTo   time.Time     `json:"valid_to,omitzero"` // first instant without it
	Counted   bool          `json:"counted"`           // its stock is counted
}

// A BenefitExchange is one exchange of points for a benefit.
type BenefitExchange struct {
	ID       string         `json:"id"`
	Benefit  string         `json:"benefit"`
	Quantity int64          `json:"q"`
	Points   ledger.Points  `json:"n"`
	Counted  bool           `json:"counted,omitempty"`
	Takings  []Taking       `json:"took"`
	State    string         `json:"state"` // requested, fulfilled or cancelled
	History  []HistoryEntry `json:"history"`
}

const (
	stateRequested = "requested"
	stateFulfilled = "fulfilled"
	stateCancelled = "cancelled"
)

// ExchangePoints exchanges points for a benefit, which goes only to the member, to a domestic address, never to a PO
// box. Source: SM-P7b.1, SM-P7b.2, SM-P7b.5.
//
// It refuses with MemberClosed, MemberSuspended, Conflict, NotFound, ValidationFailed, InsufficientPoints or OutOfStock.
type ExchangePoints struct {
	ExchangeID string `json:"exchange_id" minLength:"1" maxLength:"128"`
	BenefitID  string `json:"benefit_id" minLength:"1" maxLength:"128"`
	Quantity   int64  `json:"quantity,omitempty" minimum:"1" maximum:"1000000" default:"1"`
	ShipTo     ShipTo `json:"ship_to"`
}

// ShipTo says where a benefit is to go.
type ShipTo struct {
	Country  string `json:"country" minLength:"2" maxLength:"2" doc:"ISO 3166 code; only the program's own country is served."`
	POBox    bool   `json:"po_box,omitempty"`
	IsMember bool   `json:"is_member" doc:"The receiver is the member."`
}

// An ExchangeAnswer tells how an exchange stands.
type ExchangeAnswer struct {
	ExchangeID   string        `json:"exchange_id"`
	BenefitID    string        `json:"benefit_id"`
	Quantity     int64         `json:"quantity"`
	Points       ledger.Points `json:"points"`
	State        string        `json:"state"`
	Transactions []Posted      `json:"transactions,omitempty"`
}

// Name is the operation's name.
func (c ExchangePoints) Name() string { return "exchanges.create" }

// Needs is the exchange, to see that there is none.
func (c ExchangePoints) Needs() Need {
	return Need{Documents: []Key{{ExchangeDocument, c.ExchangeID}}}
}

// When is now.
func (c ExchangePoints) When() time.Time { return time.Time{} }

// Apply exchanges the points.
func (c ExchangePoints) Apply(a *Account, m Moment) (Reply, error) {
	if err := a.mayBuy(); err != nil {
		return Reply{}, err
	}
	key := Key{ExchangeDocument, c.ExchangeID}
	if Open[BenefitExchange](a, key) != nil {
		return Reply{}, RefuseField(Conflict, "exchange_id", "exchange %s exists already", c.ExchangeID)
	}
	b, err := a.benefit(c.BenefitID, m.At)
	if err != nil {
		return Reply{}, err
	}
	quantity := max(1, c.Quantity)
	switch {
	case c.Quantity < 0:
		return Reply{}, RefuseField(ValidationFailed, "quantity", "must be at least 1")
	case c.ShipTo.Country != a.Programs.First().Currency[:2]:
		return Reply{}, RefuseField(ValidationFailed, "ship_to.country", "benefits go to domestic addresses only")
	case c.ShipTo.POBox:
		return Reply{}, RefuseField(ValidationFailed, "ship_to.po_box", "benefits never go to a PO box")
	case !c.ShipTo.IsMember:
		return Reply{}, RefuseField(ValidationFailed, "ship_to.is_member", "benefits go to the member only")
	case b.Points > ledger.MaxAmount/ledger.Points(quantity):
		return Reply{}, RefuseField(AmountOutOfRange, "quantity", "%d × %d points is beyond the range", quantity, b.Points)
	}
	n := b.Points * ledger.Points(quantity)
	if a.Available < n {
		return Reply{}, RefuseField(InsufficientPoints, "quantity", "%d points are needed, %d are available", n, a.Available)
	}
	if err := a.inStock(b, quantity); err != nil {
		return Reply{}, err
	}
	takings := stamp(a.pick(n, nil), m.At)
	// After this point nothing may fail.
	e := &BenefitExchange{ID: c.ExchangeID, State: stateRequested, History: []HistoryEntry{{At: m.At, What: stateRequested}}}
	a.exchangeFor(e, b, quantity, takings)
	a.QualifiedAt, a.ActiveAt = m.At, m.At
	return a.exchangeReply(e, 201), nil
}

func (a *Account) benefit(id string, at time.Time) (Benefit, error) {
	b, ok := a.Benefits[id]
	if !ok {
		return b, RefuseField(NotFound, "benefit_id", "there is no benefit %s", id)
	}
	if at.Before(b.ValidFrom) || !b.ValidTo.IsZero() && !at.Before(b.ValidTo) {
		return b, RefuseField(Conflict, "benefit_id", "benefit %s is not to be had now", id)
	}
	return b, nil
}

// inStock refuses what the shared counter does not hold. Source: ruling 20.
func (a *Account) inStock(b Benefit, quantity int64) error {
	if !b.Counted {
		return nil
	}
	left, ok := a.Stock[b.ID]
	if !ok {
		lack(Need{Stock: []string{b.ID}})
	}
	if *left < quantity {
		return RefuseField(OutOfStock, "benefit_id", "%d of benefit %s are left", *left, b.ID)
	}
	return nil
}

// takeStock moves the counter by the command; negative gives back.
func (a *Account) takeStock(benefit string, counted bool, quantity int64) {
	if !counted {
		return
	}
	if _, ok := a.Stock[benefit]; !ok {
		lack(Need{Stock: []string{benefit}})
	}
	if a.stockTaken == nil {
		a.stockTaken = map[string]int64{}
	}
	a.stockTaken[benefit] += quantity
}

func (a *Account) exchangeFor(e *BenefitExchange, b Benefit, quantity int64, takings []Taking) {
	a.takeStock(b.ID, b.Counted, quantity)
	e.Benefit, e.Quantity, e.Counted, e.Takings, e.Points = b.ID, quantity, b.Counted, takings, sum(takings)
	drafts := make([]draft, 0, len(takings)+1)
	for _, t := range takings {
		drafts = append(drafts, debit(ledger.MemberAvailable, t.Lot, t.Points))
	}
	a.post(ledger.Transaction{Kind: ledger.Exchange, Subject: e.ID}, append(drafts, credit(ledger.RedeemedBenefits, 0, e.Points))...)
	key := Key{ExchangeDocument, e.ID}
	a.watch(key, time.Time{})
	a.Keep(key, e.State, e)
}

func (a *Account) exchangeReply(e *BenefitExchange, status int) Reply {
	return Reply{Status: status, Body: ExchangeAnswer{ExchangeID: e.ID, BenefitID: e.Benefit, Quantity: e.Quantity, Points: e.Points, State: e.State,
		Transactions: a.Posted()}}
}

// ExchangeView is the exchange as the API shows it; nil when there is none.
func (a *Account) ExchangeView(id string) *ExchangeAnswer {
	e := Open[BenefitExchange](a, Key{ExchangeDocument, id})
	if e == nil {
		return nil
	}
	return &ExchangeAnswer{ExchangeID: e.ID, BenefitID: e.Benefit, Quantity: e.Quantity, Points: e.Points, State: e.State}
}

// cancelExchange gives the points back to their lots.
func (a *Account) cancelExchange(e *BenefitExchange, reason, actor string) Restoration {
	a.takeStock(e.Benefit, e.Counted, -e.Quantity)
	restored := a.restore(ledger.Transaction{Kind: ledger.ExchangeCancel, Subject: e.ID, Actor: actor, Note: reason}, e.Takings, e.Points,
		a.worth(e.Points), credit(ledger.RedeemedBenefits, 0, 0), a.exchangeRules())
	a.endExchange(e, stateCancelled, actor, reason)
	return restored
}

// exchangeRules say what becomes of an exchange's points from dead lots: where an order's would turn into cash they are
// granted anew, since points never do so here. Source: SM-P7b.3, SM-P12, ruling 19.
func (a *Account) exchangeRules() program.Restore {
	r := a.Programs.InForce(a.instant()).Restore
	if r.ExpiredLot == program.Cash {
		r.ExpiredLot = program.Reissue
	}
	return r
}

// comesBack is how many of the points of takings would be restored.
func (a *Account) comesBack(takings []Taking, r program.Restore) (n ledger.Points) {
	for _, t := range takings {
		if where := a.whereTo(t, r); where == toLot || where == toNewLot {
			n += t.Points - t.Restored
		}
	}
	return n
}

func (a *Account) endExchange(e *BenefitExchange, state, actor, note string) {
	e.State = state
	e.History = append(e.History, HistoryEntry{At: a.instant(), What: state, Actor: actor, Note: note})
	key := Key{ExchangeDocument, e.ID}
	a.unwatch(key)
	a.Keep(key, state, e)
}

// ChangeExchange fulfils or cancels an exchange, or takes another benefit in its place. Cancelling restores the points.
//
// It refuses with NotFound, Conflict, and for a substitute as ExchangePoints does. Source: SM-P7b.3.
type ChangeExchange struct {
	ExchangeID string
	To         string // fulfil, cancel or substitute
	BenefitID  string // of the substitute
	Reason     string
	Actor      string
}

// Name is the operation's name.
func (c ChangeExchange) Name() string { return "exchanges." + c.To }

// Needs is the exchange.
func (c ChangeExchange) Needs() Need {
	return Need{Documents: []Key{{ExchangeDocument, c.ExchangeID}}}
}

// When is now.
func (c ChangeExchange) When() time.Time { return time.Time{} }

// Apply changes the exchange.
func (c ChangeExchange) Apply(a *Account, m Moment) (Reply, error) {
	e := Open[BenefitExchange](a, Key{ExchangeDocument, c.ExchangeID})
	if e == nil {
		return Reply{}, Refuse(NotFound, "there is no exchange %s", c.ExchangeID)
	}
	if e.State != stateRequested {
		return Reply{}, Refuse(Conflict, "exchange %s is %s", e.ID, e.State)
	}
	switch c.To {
	case "fulfil":
		a.endExchange(e, stateFulfilled, c.Actor, c.Reason)
	case "cancel":
		a.arrivals(a.cancelExchange(e, c.Reason, c.Actor), "")
	case "substitute":
		if err := a.mayBuy(); err != nil {
			return Reply{}, err
		}
		b, err := a.benefit(c.BenefitID, m.At)
		if err != nil {
			return Reply{}, err
		}
		quantity, back := e.Quantity, int64(0)
		if b.ID == e.Benefit && e.Counted {
			back = quantity
		}
		have := a.Available + a.comesBack(e.Takings, a.exchangeRules())
		if b.Points > have/ledger.Points(quantity) {
			return Reply{}, RefuseField(InsufficientPoints, "benefit_id", "%d × %d points are needed, %d are available with those that come back",
				quantity, b.Points, have)
		}
		if err := a.inStock(b, quantity-back); err != nil {
			return Reply{}, err
		}
		// After this point nothing may fail.
		restored := a.cancelExchange(e, c.Reason, c.Actor)
		e.State = stateRequested
		a.exchangeFor(e, b, quantity, stamp(a.pick(b.Points*ledger.Points(quantity), nil), m.At))
		e.History = append(e.History, HistoryEntry{At: m.At, What: "substituted", Actor: c.Actor, Note: c.Reason})
		a.arrivals(restored, "")
	}
	return a.exchangeReply(e, 200), nil
}
