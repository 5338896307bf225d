package finance

import (
	"time"

	"chobo/ledger/report"
	"chobo/points"
	"chobo/points/engine"
)

// BookOf is a program's books as reports need to know them.
func BookOf(p *engine.Program) report.Book {
	first := p.Versions.First()
	b := report.Book{Program: p.ID, Code: p.Code, Zone: p.Versions.Zone(), Currency: first.Currency, Value: first.PointValue,
		House: p.Member(points.HouseMember)}
	if p.Versions.KnowInactivity() {
		b.LapsesAt = p.Versions.LapsesAt
	}
	return b
}

// neverTerm is after how many months points that never expire by themselves count as used or lost in estimates: the tax
// rules of Japan take unused points as income after ten years.
const neverTerm = 120

// TermOf is after how many months a grant of the program is used or lost at the latest, by the terms in force at the end
// of a day.
func TermOf(p *engine.Program, day report.Day) int {
	v := p.Versions.At(BookOf(p).Start(day.AddDate(0, 0, 1)).Add(-time.Microsecond))
	if v == nil {
		v = p.Versions.First()
	}
	e := v.Expiry
	if e.Months == 0 {
		return neverTerm
	}
	return int(e.Months) + 1
}
