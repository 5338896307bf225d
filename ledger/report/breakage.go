package report

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"

	"chobo/ledger/rows"
)

// Methods of an estimate.
const (
	ChainLadder = "chain_ladder" // the triangle reaches to the age at which points expire
	Prior       = "prior"        // it does not: every cohort is expected to be redeemed at the prior rate
)

// A Breakage says how much of what was granted will be redeemed in the end, and how much never.
type Breakage struct {
	Program   string           `json:"program"`
	AsOf      string           `json:"as_of"`
	Method    string           `json:"method"`
	Prior     string           `json:"prior" doc:"Rate of use that is expected where the triangle is too short."`
	Factors   []string         `json:"factors" doc:"From each age in months to the next."`
	Cohorts   []BreakageRow    `json:"cohorts"`
	Total     BreakageTotal    `json:"total"`
	Estimates []EstimateHeader `json:"estimates" doc:"Approved as of the day or before, newest first."`
	book      Book
}

// A BreakageRow is one cohort.
type BreakageRow struct {
	Cohort         string  `json:"cohort"`
	Funder         Funder  `json:"funder"`
	Issued         int64   `json:"issued" doc:"Net of reversals."`
	Redeemed       int64   `json:"redeemed"`
	Lost           int64   `json:"lost" doc:"Expired, forfeited or taken."`
	Outstanding    int64   `json:"outstanding"`
	CDF            string  `json:"cdf"`
	Ultimate       int64   `json:"ultimate" doc:"Expected to be redeemed in all."`
	URR            string  `json:"urr" doc:"Ultimate redemption rate."`
	ExpectedFuture int64   `json:"expected_future"`
	BreakageRate   string  `json:"breakage_rate"`
	ByAge          []int64 `json:"by_age" doc:"Redeemed so far at each age in months."`
}

// A BreakageTotal is all cohorts.
type BreakageTotal struct {
	Issued      int64  `json:"issued"`
	Redeemed    int64  `json:"redeemed"`
	Lost        int64  `json:"lost"`
	Outstanding int64  `json:"outstanding"`
	Ultimate    int64  `json:"ultimate"`
	URR         string `json:"urr"`
}

// An EstimateHeader names an approved estimate.
type EstimateHeader struct {
	Estimate int64     `json:"estimate"`
	AsOf     string    `json:"as_of"`
	Method   string    `json:"method"`
	MadeAt   time.Time `json:"made_at"`
	Approver string    `json:"approver"`
}

// Assumptions are what an estimate takes for granted.
type Assumptions struct {
	Prior decimal.Decimal // rate of use where the triangle says nothing; 1 expects everything to be used
	Term  int             // months after which a cohort is redeemed or lost; 0: the triangle's last age
}

// Breakage develops the cohorts as they stand at the end of the day.
func (r Reader) Breakage(ctx context.Context, asOf Day, as Assumptions) (*Breakage, error) {
	var cohorts []Cohort
	var kept []EstimateHeader
	err := r.snapshot(ctx, func(tx *sqlx.Tx) (err error) {
		if cohorts, err = r.cohorts(ctx, tx, asOf); err != nil {
			return err
		}
		kept, err = r.estimates(ctx, tx, asOf)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("breakage: %w", err)
	}
	b := triangleOf(cohorts, asOf).breakage(as)
	b.Program, b.AsOf, b.Estimates, b.book = r.Code, date(asOf), kept, r.Book
	return b, nil
}

// breakage develops the triangle by its own factors if it is old enough, else by the prior; by the prior too what is left
// of vintages of which the factors say nothing.
func (t Triangle) breakage(as Assumptions) *Breakage {
	b := &Breakage{Method: ChainLadder, Prior: as.Prior.String(), Factors: []string{}, Cohorts: []BreakageRow{}}
	factors := t.Factors()
	for _, f := range factors {
		b.Factors = append(b.Factors, six(f))
	}
	projections := t.Project()
	for i, v := range t {
		if v.unknown(as.Term) {
			projections[i] = v.ProjectLeft(as.Prior.Rat())
		}
	}
	if as.Term > 0 && len(factors) < as.Term {
		b.Method = Prior
		projections = t.ProjectByPrior(as.Prior.Rat())
	}
	for i, v := range t {
		p := projections[i]
		issued := big.NewRat(v.Issued, 1)
		// What lies outside the possible is brought back into it; what lies inside keeps its fraction in the rate.
		rate := new(big.Rat).Quo(p.Ultimate, issued)
		if p.Expected != halfUp(p.Ultimate) {
			rate.SetFrac64(p.Expected, v.Issued)
		}
		b.Cohorts = append(b.Cohorts, BreakageRow{
			Cohort: v.Cohort, Funder: v.Funder, Issued: v.Issued, Redeemed: p.Redeemed, Lost: v.Lost, Outstanding: v.Issued - p.Redeemed - v.Lost,
			CDF: six(p.CDF), Ultimate: p.Expected, URR: six(rate), ExpectedFuture: p.Expected - p.Redeemed,
			BreakageRate: six(new(big.Rat).Sub(big.NewRat(1, 1), rate)), ByAge: v.Redeemed,
		})
		b.Total.Issued += v.Issued
		b.Total.Redeemed += p.Redeemed
		b.Total.Lost += v.Lost
		b.Total.Outstanding += v.Issued - p.Redeemed - v.Lost
		b.Total.Ultimate += p.Expected
	}
	b.Total.URR = six(new(big.Rat))
	if b.Total.Issued > 0 {
		b.Total.URR = six(big.NewRat(b.Total.Ultimate, b.Total.Issued))
	}
	return b
}

const estimatesSQL = `SELECT estimate, as_of, method, made_at, approver FROM estimates WHERE program = $1 AND as_of <= $2 ORDER BY estimate DESC LIMIT 100`

// estimates lists what was approved as of the day or before, newest first.
func (r Reader) estimates(ctx context.Context, tx *sqlx.Tx, day Day) (out []EstimateHeader, err error) {
	out = []EstimateHeader{}
	err = rows.Scan(ctx, tx, estimatesSQL, []any{r.Program, day}, func(rows *sql.Rows) error {
		var e EstimateHeader
		var asOf time.Time
		err := rows.Scan(&e.Estimate, &asOf, &e.Method, &e.MadeAt, &e.Approver)
		e.AsOf, e.MadeAt = date(asOf), e.MadeAt.In(r.Zone)
		out = append(out, e)
		return err
	})
	return out, err
}

// Sheet shows a row a cohort.
func (b *Breakage) Sheet() Sheet {
	return Sheet{
		Title: "Breakage", About: b.book.about([2]string{"as_of", b.AsOf}, [2]string{"method", b.Method}),
		Columns: []Column{text("cohort"), text("funder"), number("issued"), number("redeemed"), number("lost"), number("outstanding"),
			number("cdf"), number("ultimate"), number("urr"), number("expected_future"), number("breakage_rate")},
		Rows: rowsOf(b.Cohorts, func(r BreakageRow) []any {
			return []any{r.Cohort, string(r.Funder), r.Issued, r.Redeemed, r.Lost, r.Outstanding, r.CDF, r.Ultimate, r.URR, r.ExpectedFuture, r.BreakageRate}
		}),
		Totals: []any{"total", "", b.Total.Issued, b.Total.Redeemed, b.Total.Lost, b.Total.Outstanding, nil, b.Total.Ultimate, b.Total.URR,
			b.Total.Ultimate - b.Total.Redeemed, nil},
	}
}
