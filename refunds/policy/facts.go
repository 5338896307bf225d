package policy

import "time"

// Facts is what is known about one line of an order when a decision is asked for.
//
// Three kinds of fact may be unknown: an absent key of Attributes or Condition, DaysSinceDelivery when nothing was
// delivered, and ReplacementInStock when nobody looked. Unknown is not false: a rule that hangs on such a fact does not match.
// All other fields are always known; empty InitiatedBy, Destination and Inspection stand for member, domestic and none.
type Facts struct {
	Action      string `json:"action"`       // cancel or return
	InitiatedBy string `json:"initiated_by"` // member, shop or operator
	Reason      string `json:"reason"`
	Status      string `json:"status"` // of the order, when the request was made
	Preorder    bool   `json:"preorder"`
	Destination string `json:"destination"` // domestic or overseas

	Category   string          `json:"category"`   // a path, broad to narrow: fashion/earrings
	UnitPrice  int64           `json:"unit_price"` // tax included, minor units
	Attributes map[string]any  `json:"attributes,omitempty"`
	Condition  map[string]bool `json:"condition,omitempty"`
	Evidence   []string        `json:"evidence,omitempty"`

	Inspection         string `json:"inspection"` // none until the goods were looked at
	ReplacementInStock *bool  `json:"replacement_in_stock,omitempty"`
	PreferredRemedy    string `json:"preferred_remedy,omitempty"` // refund or exchange
	AtFault            string `json:"at_fault"`                   // mall, shop, carrier, member, or empty

	DaysSinceDelivery *int          `json:"days_since_delivery,omitempty"` // calendar days, the first not counted
	DaysSinceOrder    int           `json:"days_since_order"`
	SinceOrder        time.Duration `json:"since_order"` // read by rules as hours_since_order

	ReturnsInWindow int `json:"returns_in_window"` // settled convenience returns of this member
	MaxReturns      int `json:"max_returns"`       // the program's limit on them, 0 for none
}

// At returns f with its days and hours counted up to requested, in the program's zone.
// A zero delivered leaves DaysSinceDelivery unknown.
func (f Facts) At(ordered, delivered, requested time.Time, zone *time.Location) Facts {
	f.SinceOrder = requested.Sub(ordered)
	f.DaysSinceOrder = DaysBetween(ordered, requested, zone)
	f.DaysSinceDelivery = nil
	if !delivered.IsZero() {
		f.DaysSinceDelivery = new(DaysBetween(delivered, requested, zone))
	}
	return f
}

// withDefaults fills in the words that an empty field stands for.
func (f Facts) withDefaults() Facts {
	if f.InitiatedBy == "" {
		f.InitiatedBy = ByMember
	}
	if f.Destination == "" {
		f.Destination = "domestic"
	}
	if f.Inspection == "" {
		f.Inspection = "none"
	}
	return f
}
