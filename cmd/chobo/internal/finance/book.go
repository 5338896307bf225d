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
