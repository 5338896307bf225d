package finance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points/engine"
)

// A Query says what a report is to be of. Days are of the program's zone, both ends of a span included.
type Query struct {
	AsOf, From, To report.Day
	By             report.By
	Shop           string
	Assumed        report.Assumptions // zero Term: as the program's terms say
	program        *engine.Program
}

// assume is what an estimate as of the day takes for granted.
func (q Query) assume(day report.Day) report.Assumptions {
	if q.Assumed.Term == 0 {
		q.Assumed.Term = TermOf(q.program, day)
	}
	return q.Assumed
}

// Member is the internal key of a member of the program.
func (q Query) Member(id string) ledger.Member { return q.program.Member(id) }

// A Report is one that can be asked for by name.
type Report struct {
	Name    string // in paths and on the command line
	Summary string
	Span    bool // it is of from … to, else as_of
	Answer  any  // its type
	Read    func(context.Context, report.Reader, Query) (report.Sheeter, error)
}

// Reports are all reports but the general ledger and the member statement, which may be of any size and are read row by row.
var Reports = []Report{
	{"trial-balance", "Every account's balance", false, &report.TrialBalance{},
		func(ctx context.Context, r report.Reader, q Query) (report.Sheeter, error) {
			return r.TrialBalance(ctx, q.AsOf)
		}},
	{"liability-rollforward", "How what is owed to members came about: opening, movements, closing", true, &report.RollForward{},
		func(ctx context.Context, r report.Reader, q Query) (report.Sheeter, error) {
			return r.RollForward(ctx, q.Span(), q.By)
		}},
	{"expiry-aging", "Points by the month in which they expire", false, &report.Aging{},
		func(ctx context.Context, r report.Reader, q Query) (report.Sheeter, error) {
			return r.ExpiryAging(ctx, q.AsOf)
		}},
	{"breakage", "What of each month's grants was and will be used, by chain ladder", false, &report.Breakage{},
		func(ctx context.Context, r report.Reader, q Query) (report.Sheeter, error) {
			return r.Breakage(ctx, q.AsOf, q.assume(q.AsOf))
		}},
	{"deferred-revenue", "What of the price of goods was put off for points, and what became revenue", true, &report.DeferredRevenue{},
		func(ctx context.Context, r report.Reader, q Query) (report.Sheeter, error) {
			return r.DeferredRevenue(ctx, q.Span(), q.assume(q.To))
		}},
	{"shop-settlement", "What each shop is owed for points, and owes for grants", true, &report.Settlement{},
		func(ctx context.Context, r report.Reader, q Query) (report.Sheeter, error) {
			return r.Settlement(ctx, q.Span(), q.Shop)
		}},
	{"cash-fallbacks", "Points that came back as a shop's cash", true, &report.CashFallbacks{},
		func(ctx context.Context, r report.Reader, q Query) (report.Sheeter, error) {
			return r.CashFallbacks(ctx, q.Span())
		}},
	{"receivables", "What members owe, by age", false, &report.Receivables{},
		func(ctx context.Context, r report.Reader, q Query) (report.Sheeter, error) {
			return r.Receivables(ctx, q.AsOf)
		}},
	{"interventions", "Adjustments, revocations and forfeitures, with who and why", true, &report.Interventions{},
		func(ctx context.Context, r report.Reader, q Query) (report.Sheeter, error) {
			return r.Interventions(ctx, q.Span())
		}},
}

// Span is the query's days.
func (q Query) Span() report.Span { return report.Span{From: q.From, To: q.To} }

// Names are the names of all reports.
func Names() string {
	var out []string
	for _, r := range Reports {
		out = append(out, r.Name)
	}
	return strings.Join(out, ", ")
}

// ReportOf is the report of that name.
func ReportOf(name string) (Report, bool) {
	i := slices.IndexFunc(Reports, func(r Report) bool { return r.Name == name })
	if i < 0 {
		return Report{}, false
	}
	return Reports[i], true
}

// A Wish is a query as a caller writes it: dates, months or times with offset.
type Wish struct {
	AsOf, From, To, By, Shop, Prior string
	Term                            *int // nil: as the program's terms say
}

// maxTerm bounds the months after which a grant is said to be used or lost.
const maxTerm = 600

// A WishError is a part of a wish that cannot be read.
type WishError struct {
	Field  string
	Reason string
}

func (e *WishError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Reason) }

// Read turns the wish into a query of the program. A missing end means today, by its clock. It fails with *WishError.
func (w Wish) Read(p *engine.Program, wall time.Time) (q Query, err error) {
	b := BookOf(p)
	today := b.DayOf(p.Now(wall))
	for _, day := range []struct {
		field, text string
		read        func(string, report.Day) (report.Day, error)
		missing     report.Day
		into        *report.Day
	}{
		{"as_of", w.AsOf, b.ParseTo, today, &q.AsOf},
		{"from", w.From, b.ParseFrom, report.Beginning, &q.From},
		{"to", w.To, b.ParseTo, today, &q.To},
	} {
		if *day.into, err = day.read(day.text, day.missing); err != nil {
			return q, &WishError{day.field, err.Error()}
		}
	}
	if q.To.Before(q.From) {
		return q, &WishError{"to", "lies before from"}
	}
	q.By, q.Shop = report.By(w.By), w.Shop
	if !slices.Contains([]report.By{report.ByNothing, report.ByShop, report.ByMonth, report.ByKind}, q.By) {
		return q, &WishError{"by", "must be shop, month or kind"}
	}
	q.Assumed, q.program = report.Assumptions{Prior: decimal.NewFromInt(1)}, p
	if w.Term != nil {
		if q.Assumed.Term = *w.Term; q.Assumed.Term < 1 || q.Assumed.Term > maxTerm {
			return q, &WishError{"term", fmt.Sprintf("must be 1 to %d", maxTerm)}
		}
	}
	if w.Prior != "" {
		if q.Assumed.Prior, err = decimal.NewFromString(w.Prior); err != nil || q.Assumed.Prior.IsNegative() || q.Assumed.Prior.GreaterThan(decimal.NewFromInt(1)) {
			return q, &WishError{"prior", "must be a decimal from 0 to 1"}
		}
	}
	return q, nil
}
