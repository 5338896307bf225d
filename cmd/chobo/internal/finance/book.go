package finance

import (
	"chobo/ledger/report"
	"chobo/points"
	"chobo/points/engine"
)

// BookOf is a program's books as reports need to know them.
func BookOf(p *engine.Program) report.Book {
	first := p.Versions.First()
	return report.Book{Program: p.ID, Code: p.Code, Zone: p.Versions.Zone(), Currency: first.Currency, Value: first.PointValue,
		House: p.Member(points.HouseMember)}
}

// neverTerm is after how many months points that never expire by themselves count as used or lost in estimates: the tax
// rules of Japan take unused points as income after ten years.
const neverTerm = 120

// TermOf is after how many months a grant of the program is used or lost at the latest.
func TermOf(p *engine.Program) int {
	e := p.Versions[len(p.Versions)-1].Expiry
	if e.Months == 0 {
		return neverTerm
	}
	return int(e.Months) + 1
}
