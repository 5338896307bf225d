package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"chobo/ledger"
	"chobo/points"
	"chobo/points/registry"
)

// A BenefitRequest is an entry of the catalogue.
type BenefitRequest struct {
	Name      string        `json:"name" minLength:"1" maxLength:"1000"`
	Points    ledger.Points `json:"points" minimum:"1" maximum:"9007199254740991"`
	ValidFrom *time.Time    `json:"valid_from" required:"false"`
	ValidTo   *time.Time    `json:"valid_to" required:"false" doc:"First instant without it."`
	Stock     *int64        `json:"stock" required:"false" minimum:"0" maximum:"9007199254740991" doc:"What is left from now on. Absent or null: it is not counted."`
}

// A BenefitView is an entry of the catalogue as it stands.
type BenefitView struct {
	BenefitID string        `json:"benefit_id"`
	Name      string        `json:"name"`
	Points    ledger.Points `json:"points"`
	ValidFrom *time.Time    `json:"valid_from"`
	ValidTo   *time.Time    `json:"valid_to"`
	Stock     *int64        `json:"stock" doc:"What is left; null: it is not counted."`
}

type benefitList struct {
	Benefits []BenefitView `json:"benefits"`
}

// benefits adds the catalogue.
func (s *Server) benefits() {
	read(s, route{ID: "benefits.list", Path: "/v1/{program}/benefits", Tag: "exchanges", Summary: "List what points are exchanged for", Scopes: anyone},
		func(ctx context.Context, c *call, _ *ProgramPath) (*benefitList, error) {
			list, err := c.opts.Registry.Benefits(ctx, c.code())
			if err != nil {
				return nil, err
			}
			out := &benefitList{Benefits: []BenefitView{}}
			for _, b := range list {
				out.Benefits = append(out.Benefits, c.benefitView(b))
			}
			return out, nil
		})

	s.serveBody(&route{ID: "benefits.put", Method: http.MethodPut, Path: "/v1/{program}/benefits/{benefit_id}", Tag: "exchanges", Summary: "Put a benefit into the catalogue", Status: 201, Again: true,
		About:  "200 where it was there already. Exchanges that were made keep their price.",
		Scopes: Admin, Body: reflect.TypeFor[BenefitRequest](), Answer: reflect.TypeFor[BenefitView](), Codes: []points.Code{points.NotFound}},
		func(c *call) error {
			in, err := take[BenefitRequest](c)
			if err != nil {
				return err
			}
			if in.ValidFrom != nil && in.ValidTo != nil && !in.ValidFrom.Before(*in.ValidTo) {
				return invalid(Fault{"body.valid_to", "must be later than valid_from"})
			}
			b := registry.Benefit{ID: c.param("benefit_id"), Name: in.Name, Points: in.Points, ValidFrom: in.ValidFrom, ValidTo: in.ValidTo, Stock: in.Stock}
			isNew, err := c.opts.Registry.PutBenefit(c.r.Context(), c.code(), b)
			if err != nil {
				return err
			}
			if _, err := c.opts.Engine.Reload(c.r.Context()); err != nil {
				return err
			}
			status := http.StatusOK
			if isNew {
				status = http.StatusCreated
			}
			return c.answer(status, c.benefitView(b))
		})
}

func (c *call) benefitView(b registry.Benefit) BenefitView {
	zone := c.program.Versions.Zone()
	in := func(t *time.Time) *time.Time {
		if t == nil {
			return nil
		}
		return inZone(*t, zone)
	}
	return BenefitView{b.ID, b.Name, b.Points, in(b.ValidFrom), in(b.ValidTo), b.Stock}
}
