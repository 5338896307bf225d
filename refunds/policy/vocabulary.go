package policy

import "slices"

// Who asks for a cancellation.
const (
	ByMember   = "member"
	ByShop     = "shop"
	ByOperator = "operator"
)

// What is asked for.
const (
	Cancel = "cancel"
	Return = "return"
)

// kind is the type of a fact as a rule sees it.
type kind int

const (
	kindText kind = iota
	kindFlag
	kindWhole
	kindHours
	kindList
)

// A fact is one name that a rule may read.
type fact struct {
	name     string
	kind     kind
	words    []string // the only values a text can have; nil for any
	optional bool     // may be unknown, so has() may ask
}

// slot numbers, in the order of the table of facts.
const (
	slotAction = iota
	slotInitiatedBy
	slotReason
	slotStatus
	slotPreorder
	slotDestination
	slotCategory
	slotUnitPrice
	slotEvidence
	slotInspection
	slotReplacementInStock
	slotPreferredRemedy
	slotAtFault
	slotDaysSinceDelivery
	slotDaysSinceOrder
	slotHoursSinceOrder
	slotReturnsInWindow
	slotMaxReturns
	plainSlots
)

var facts = [plainSlots]fact{
	slotAction:             {name: "action", words: []string{Cancel, Return}},
	slotInitiatedBy:        {name: "initiated_by", words: []string{ByMember, ByShop, ByOperator}},
	slotReason:             {name: "reason", words: slices.Concat(returnReasons, cancelReasons)},
	slotStatus:             {name: "status", words: statuses},
	slotPreorder:           {name: "preorder", kind: kindFlag},
	slotDestination:        {name: "destination", words: []string{"domestic", "overseas"}},
	slotCategory:           {name: "category"},
	slotUnitPrice:          {name: "unit_price", kind: kindWhole},
	slotEvidence:           {name: "evidence", kind: kindList},
	slotInspection:         {name: "inspection", words: inspections},
	slotReplacementInStock: {name: "replacement_in_stock", kind: kindFlag, optional: true},
	slotPreferredRemedy:    {name: "preferred_remedy", words: []string{"", "refund", "exchange"}},
	slotAtFault:            {name: "at_fault", words: []string{"", "mall", "shop", "carrier", "member"}},
	slotDaysSinceDelivery:  {name: "days_since_delivery", kind: kindWhole, optional: true},
	slotDaysSinceOrder:     {name: "days_since_order", kind: kindWhole},
	slotHoursSinceOrder:    {name: "hours_since_order", kind: kindHours},
	slotReturnsInWindow:    {name: "returns_in_window", kind: kindWhole},
	slotMaxReturns:         {name: "max_returns", kind: kindWhole},
}

var (
	returnReasons = []string{
		"counterfeit", "defect", "wrong_item", "missing_item", "damaged_in_transit",
		"customer_convenience", "late_delivery", "customs", "undeliverable", "lost",
	}
	cancelReasons = []string{"changed_mind", "misuse_claim"}
	statuses      = []string{"placed", "preparing", "prepared", "shipped", "delivered", "undeliverable"}
	inspections   = []string{"none", "confirmed", "no_fault_found", "customer_fault", "photo_mismatch", "not_required"}
	conditions    = []string{
		"opened", "tried_on", "used", "tags_attached", "seal_removed", "data_erased", "software_installed",
		"registration_cancelled", "accessories_complete", "fuel_removed", "statement_kept", "package_kept",
		"band_only", "case_only", "special_case", "incomplete", "damaged_after_delivery", "signed_off",
	}
)

// factNamed finds a plain fact; conditions and attributes are not in this table.
func factNamed(name string) (fact, bool) {
	for _, f := range facts {
		if f.name == name {
			return f, true
		}
	}
	return fact{}, false
}
