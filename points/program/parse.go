package program

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"chobo/ledger"

	"github.com/shopspring/decimal"
)

// Parse reads a program file, YAML or JSON. filename only stands in the errors.
//
// It refuses with an *InvalidError that lists every problem found. A file has at most 256 KiB.
func Parse(filename string, source []byte) (*Program, error) {
	if isJSON(source) {
		return read(filename, source, readJSON)
	}
	return read(filename, source, readYAML)
}

// Decode reads a program file that is the body of a request: JSON, with the keys that the file has.
//
// It refuses with an *InvalidError that lists every problem found. A body has at most 256 KiB.
func Decode(body []byte) (*Program, error) { return read("", body, readJSON) }

// Ranges of what a file may say.
const (
	maxFile   = 256 << 10 // bytes
	maxDays   = 3650
	maxMonths = 1200
	maxRules  = 1000
	maxWhen   = 4000      // bytes
	maxCount  = 1_000_000 // returns that are not yet too many
)

var (
	zero    = decimal.NewFromInt(0)
	one     = decimal.NewFromInt(1)
	maxRate = decimal.NewFromInt(ledger.MaxRate)

	codeForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

func read(filename string, source []byte, as func([]byte) (value, *Problem)) (*Program, error) {
	if len(source) > maxFile {
		return nil, &InvalidError{filename, []Problem{{Message: fmt.Sprintf("has more than %d bytes", maxFile), Line: 1, Column: 1}}}
	}
	root, problem := as(source)
	if problem != nil {
		return nil, &InvalidError{filename, []Problem{*problem}}
	}
	r := &reader{}
	p := r.program(root)
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, &InvalidError{filename, r.problems}
	}
	return p, nil
}

func (r *reader) program(root value) *Program {
	p := Default()
	s := r.section(root, "", "program", "sandbox", "name", "currency", "timezone", "effective_from", "point_value",
		"returns_policy", "earn", "redeem", "expiry", "restore", "reprice", "clawback", "sweep", "abuse")
	s.require("program", "effective_from")

	const aCode = "1 to 64 of a-z, 0-9, - and _, the first a letter or a digit"
	p.Code = s.pattern("program", "", codeForm, aCode)
	p.Sandbox = s.flag("sandbox", false)
	p.Name = s.words("name", p.Code)
	p.Currency = s.pattern("currency", p.Currency, currencyForm, "an ISO 4217 code as JPY")
	p.Zone = s.zone("timezone", p.Zone)
	p.EffectiveFrom = s.instant("effective_from", p.Zone)
	p.PointValue = s.exact("point_value", p.PointValue, zero, maxRate)
	if p.PointValue.IsZero() {
		s.refuse(s.found["point_value"], "point_value", "must be more than 0")
	}
	p.ReturnsPolicy = s.pattern("returns_policy", p.Code, codeForm, aCode)

	p.Expiry = s.expiry(p.Expiry, "")
	p.Earn = s.earn(p.Earn, p.Expiry, p.Zone)
	p.Redeem = s.redeem(p.Redeem)
	restore := s.under("restore", "expired_lot", "closed_member", "grace_days")
	p.Restore = Restore{
		ExpiredLot:   oneOf(restore, "expired_lot", p.Restore.ExpiredLot, Cash, Reissue, Forfeit),
		ClosedMember: oneOf(restore, "closed_member", p.Restore.ClosedMember, Cash, Forfeit),
		GraceDays:    restore.whole("grace_days", p.Restore.GraceDays, 0, maxDays),
	}
	p.Reprice.RefundOrder = oneOf(s.under("reprice", "refund_order"), "refund_order", p.Reprice.RefundOrder, OtherTenderFirst, Proportional)
	p.Clawback.Take = s.under("clawback", "take").takes("take", p.Clawback.Take)
	p.Sweep.Days = s.under("sweep", "days").whole("days", p.Sweep.Days, 0, maxDays)
	abuse := s.under("abuse", "window_days", "max_returns")
	p.Abuse = Abuse{
		WindowDays: abuse.whole("window_days", p.Abuse.WindowDays, 0, maxDays),
		MaxReturns: abuse.whole("max_returns", p.Abuse.MaxReturns, 0, maxCount),
	}
	return &p
}

func (s section) zone(key string, otherwise *time.Location) *time.Location {
	const what = "the name of a time zone as Asia/Tokyo"
	v, ok := s.is(key, text, what)
	if !ok {
		return otherwise
	}
	zone, err := loadZone(v.text)
	if err != nil {
		s.refuse(v, s.at(key), "must be %s", what)
		return otherwise
	}
	return zone
}

func (s section) earn(d Earn, expiry Expiry, zone *time.Location) Earn {
	s = s.under("earn", "rate", "rounding", "hold", "funded_by", "rules", "cap_per_order")
	d.Terms.Expiry = expiry
	d.Terms = s.terms(d.Terms)
	d.CapPerOrder = s.whole("cap_per_order", d.CapPerOrder, 0, ledger.MaxAmount)
	items := s.list("rules")
	if len(items) > maxRules {
		s.refuse(s.found["rules"], s.at("rules"), "must be at most %d", maxRules)
		return d
	}
	names := map[string]bool{}
	for _, item := range items {
		rule := s.rule(item, d.Terms, zone)
		if rule.Name != "" && names[rule.Name] {
			s.refuse(item.value, item.location+".name", "is the name of an earlier rule")
		}
		names[rule.Name] = true
		d.Rules = append(d.Rules, rule)
	}
	return d
}

// terms are those of the section; what it leaves out is as in d.
func (s section) terms(d Terms) Terms {
	d.Rate = s.exact("rate", d.Rate, zero, maxRate)
	d.Rounding = oneOf(s, "rounding", d.Rounding, ledger.Floor, ledger.HalfUp, ledger.Ceil)
	d.FundedBy = oneOf(s, "funded_by", d.FundedBy, Mall, Shop)
	hold := s.under("hold", "days", "from", "latest")
	d.Hold = Hold{
		Days:   hold.whole("days", d.Hold.Days, 0, maxDays),
		From:   oneOf(hold, "from", d.Hold.From, OnOrder, OnPayment, OnShipment, OnDelivery),
		Latest: hold.whole("latest", d.Hold.Latest, 0, maxDays),
	}
	return d
}

func (s section) rule(item section, d Terms, zone *time.Location) Rule {
	s = s.section(item.value, item.location, "name", "when", "rate", "rounding", "hold", "expiry", "funded_by", "valid")
	s.require("name")
	rule := Rule{Name: s.words("name", "")}
	rule.Terms = s.terms(d)
	rule.Terms.Rule = rule.Name
	rule.Terms.Expiry = s.expiry(d.Expiry, d.Expiry.Mode)

	valid := s.under("valid", "from", "to")
	rule.ValidFrom, rule.ValidTo = valid.instant("from", zone), valid.instant("to", zone)
	if !rule.ValidTo.IsZero() && !rule.ValidFrom.Before(rule.ValidTo) {
		s.refuse(valid.found["to"], valid.at("to"), "must be later than from: it is the first day the rule no longer holds")
	}
	if v, ok := s.is("when", text, "text: an expression in CEL"); ok && len(v.text) > maxWhen {
		s.refuse(v, s.at("when"), "must have at most %d bytes", maxWhen)
	} else if ok {
		rule.When = v.text
		var issues []issue
		rule.when, issues = compile(v.text)
		for _, issue := range issues {
			at, in := v, ""
			if v.inside > 0 && issue.line == 1 {
				at.column = v.inside + issue.column - 1
			} else {
				in = fmt.Sprintf(" (%d:%d of the expression)", issue.line, issue.column)
			}
			s.refuse(at, s.at("when"), "does not compile%s: %s", in, issue.message)
		}
	}
	rule.own = s.ownTerms(rule)
	return rule
}

// expiry is that of the section; what it leaves out is as in d. The lots of a rule can have an expiry of their own, but
// only the program as a whole can lapse by inactivity: programMode is its mode if the section is a rule's, else empty.
func (s section) expiry(d Expiry, programMode ExpiryMode) Expiry {
	s = s.under("expiry", "mode", "months")
	months := d.Months
	if months == 0 {
		months = Default().Expiry.Months
	}
	e := Expiry{
		Mode:   oneOf(s, "mode", d.Mode, Fixed, FixedEndOfMonth, Inactivity, Never),
		Months: s.whole("months", months, 1, maxMonths),
	}
	if programMode != "" && e.Mode == Inactivity {
		switch {
		case programMode != Inactivity:
			s.refuse(s.found["mode"], s.at("mode"), "must not be inactivity unless the program's is")
		case e.Months != d.Months:
			s.refuse(s.found["months"], s.at("months"), "must be the program's %d where the mode is inactivity", d.Months)
		}
	}
	if e.Mode == Never {
		e.Months = 0
	}
	return e
}

func (s section) redeem(d Redeem) Redeem {
	s = s.under("redeem", "min", "step", "max_share", "excluded_categories", "lot_order")
	d.Min = s.whole("min", d.Min, 0, ledger.MaxAmount)
	d.Step = s.whole("step", d.Step, 1, ledger.MaxAmount)
	d.MaxShare = s.exact("max_share", d.MaxShare, zero, one)
	d.LotOrder = oneOf(s, "lot_order", d.LotOrder, EarliestExpiry, OldestGrant)
	for _, item := range s.list("excluded_categories") {
		category := item.words("", "")
		if strings.HasPrefix(category, "/") || strings.HasSuffix(category, "/") {
			s.refuse(item.value, item.location, "must not begin or end with a slash")
		}
		if slices.Contains(d.ExcludedCategories, category) {
			s.refuse(item.value, item.location, "is there twice")
		}
		d.ExcludedCategories = append(d.ExcludedCategories, category)
	}
	return d
}

func (s section) takes(key string, d []Take) []Take {
	if !s.has(key) {
		return d
	}
	var takes []Take
	for _, item := range s.list(key) {
		take := oneOf(item, "", "", TakeLot, TakeOtherLots, TakePending, TakeWithhold, TakeNetFutureGrants, TakeReceivable, TakeAbsorb)
		if take != "" && slices.Contains(takes, take) {
			s.refuse(item.value, item.location, "is there twice")
		}
		takes = append(takes, take)
	}
	if v := s.found[key]; v.kind == list && len(takes) == 0 {
		s.refuse(v, s.at(key), "must name at least one")
	}
	return takes
}
