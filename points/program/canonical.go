package program

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"chobo/ledger"
)

// The keys of a program file, in their order. Numbers that are not whole are text.
type programFile struct {
	Program       string       `json:"program"`
	Sandbox       bool         `json:"sandbox"`
	Name          string       `json:"name"`
	Currency      string       `json:"currency"`
	Timezone      string       `json:"timezone"`
	EffectiveFrom string       `json:"effective_from"`
	PointValue    string       `json:"point_value"`
	ReturnsPolicy string       `json:"returns_policy"`
	Earn          earnFile     `json:"earn"`
	Redeem        redeemFile   `json:"redeem"`
	Expiry        expiryFile   `json:"expiry"`
	Restore       restoreFile  `json:"restore"`
	Reprice       repriceFile  `json:"reprice"`
	Clawback      clawbackFile `json:"clawback"`
	Sweep         sweepFile    `json:"sweep"`
	Abuse         abuseFile    `json:"abuse"`
}

type earnFile struct {
	Rate        string          `json:"rate"`
	Rounding    ledger.Rounding `json:"rounding"`
	Hold        holdFile        `json:"hold"`
	FundedBy    Funder          `json:"funded_by"`
	Rules       []ruleFile      `json:"rules"`
	CapPerOrder int64           `json:"cap_per_order"`
}

// ruleFile has only what the rule itself says, so that the rest follows the program when that changes.
type ruleFile struct {
	Name     string          `json:"name"`
	When     string          `json:"when,omitempty"`
	Rate     string          `json:"rate,omitempty"`
	Rounding ledger.Rounding `json:"rounding,omitempty"`
	Hold     *ruleHoldFile   `json:"hold,omitempty"`
	Expiry   *expiryFile     `json:"expiry,omitempty"`
	FundedBy Funder          `json:"funded_by,omitempty"`
	Valid    *validFile      `json:"valid,omitempty"`
}

type holdFile struct {
	Days   int64     `json:"days"`
	From   HoldEvent `json:"from"`
	Latest int64     `json:"latest"`
}

type ruleHoldFile struct {
	Days   *int64    `json:"days,omitempty"`
	From   HoldEvent `json:"from,omitempty"`
	Latest *int64    `json:"latest,omitempty"`
}

type validFile struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

type expiryFile struct {
	Mode   ExpiryMode `json:"mode,omitempty"`
	Months int64      `json:"months,omitempty"`
}

type redeemFile struct {
	Min                int64    `json:"min"`
	Step               int64    `json:"step"`
	MaxShare           string   `json:"max_share"`
	ExcludedCategories []string `json:"excluded_categories"`
	LotOrder           LotOrder `json:"lot_order"`
}

type restoreFile struct {
	ExpiredLot   Fallback `json:"expired_lot"`
	ClosedMember Fallback `json:"closed_member"`
	GraceDays    int64    `json:"grace_days"`
}

type repriceFile struct {
	RefundOrder RefundOrder `json:"refund_order"`
}

type clawbackFile struct {
	Take []Take `json:"take"`
}

type sweepFile struct {
	Days int64 `json:"days"`
}

type abuseFile struct {
	WindowDays int64 `json:"window_days"`
	MaxReturns int64 `json:"max_returns"`
}

// MarshalJSON is the program as a file that Decode reads back to the same program: every default written out, every
// number in its shortest form, a time that is the start of a day as a date. Two programs that mean the same differ in
// it only if a rule of one repeats what the rule of the other leaves to the program.
func (p *Program) MarshalJSON() ([]byte, error) {
	f := programFile{
		Program:       p.Code,
		Sandbox:       p.Sandbox,
		Name:          p.Name,
		Currency:      p.Currency,
		Timezone:      p.Timezone(),
		EffectiveFrom: dateOrTime(p.EffectiveFrom, p.Zone),
		PointValue:    p.PointValue.String(),
		ReturnsPolicy: p.ReturnsPolicy,
		Earn: earnFile{
			Rate:        p.Earn.Rate.String(),
			Rounding:    p.Earn.Rounding,
			Hold:        holdFile(p.Earn.Hold),
			FundedBy:    p.Earn.FundedBy,
			Rules:       []ruleFile{},
			CapPerOrder: p.Earn.CapPerOrder,
		},
		Redeem: redeemFile{
			Min:                p.Redeem.Min,
			Step:               p.Redeem.Step,
			MaxShare:           p.Redeem.MaxShare.String(),
			ExcludedCategories: append([]string{}, p.Redeem.ExcludedCategories...),
			LotOrder:           p.Redeem.LotOrder,
		},
		Expiry:   expiryFile(p.Expiry),
		Restore:  restoreFile(p.Restore),
		Reprice:  repriceFile(p.Reprice),
		Clawback: clawbackFile(p.Clawback),
		Sweep:    sweepFile(p.Sweep),
		Abuse:    abuseFile(p.Abuse),
	}
	for _, rule := range p.Earn.Rules {
		f.Earn.Rules = append(f.Earn.Rules, rule.own)
	}
	return json.Marshal(f)
}

// Hash is the SHA-256 of the canonical form, in hexadecimal: equal for the same content however it was written.
func (p *Program) Hash() string {
	canonical, err := p.MarshalJSON()
	if err != nil {
		panic(fmt.Sprintf("program: %s has no canonical form: %v", p.Code, err))
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// ownTerms is what the section of a rule says itself, taken from the rule that was read from it.
func (s section) ownTerms(rule Rule) ruleFile {
	own := ruleFile{Name: rule.Name, When: rule.When}
	if s.has("rate") {
		own.Rate = rule.Terms.Rate.String()
	}
	if s.has("rounding") {
		own.Rounding = rule.Terms.Rounding
	}
	if s.has("funded_by") {
		own.FundedBy = rule.Terms.FundedBy
	}
	if hold := s.found["hold"]; len(hold.members) > 0 {
		own.Hold = &ruleHoldFile{}
		for _, m := range hold.members {
			switch m.key {
			case "days":
				own.Hold.Days = &rule.Terms.Hold.Days
			case "from":
				own.Hold.From = rule.Terms.Hold.From
			case "latest":
				own.Hold.Latest = &rule.Terms.Hold.Latest
			}
		}
	}
	if expiry := s.found["expiry"]; len(expiry.members) > 0 {
		own.Expiry = &expiryFile{}
		for _, m := range expiry.members {
			switch m.key {
			case "mode":
				own.Expiry.Mode = rule.Terms.Expiry.Mode
			case "months":
				own.Expiry.Months = rule.Terms.Expiry.Months
			}
		}
	}
	if !rule.ValidFrom.IsZero() || !rule.ValidTo.IsZero() {
		own.Valid = &validFile{From: dateOrTime(rule.ValidFrom, rule.ValidFrom.Location()), To: dateOrTime(rule.ValidTo, rule.ValidTo.Location())}
	}
	return own
}

// dateOrTime is the date if t is its first instant in zone, else the time there; nothing for the zero time.
func dateOrTime(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(zone)
	if dayOf(t, zone).start(zone).Equal(t) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}
