package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// A Tally is what a demo did.
type Tally struct {
	Events  int
	Again   int // of them done before
	Members int
	Matured int // points, by the jobs
	Expired int
	Lapsed  int
}

// callersAtOnce is how many members' events of one day are posted at once.
const callersAtOnce = 8

// Fill plays the story of the seed. progress is told after each day how much of it is over.
func Fill(ctx context.Context, c *Client, seed uint64, progress func(over float64, day time.Time)) (*Tally, error) {
	f := &filling{client: c, tally: &Tally{Members: len(members) + 1 + len(scenes)}}
	if err := f.open(ctx); err != nil {
		return nil, err
	}
	s := tell(seed)
	for i, events := range s.days {
		day := first.AddDate(0, 0, i)
		if err := f.night(ctx, day.Add(15*time.Minute)); err != nil {
			return nil, err
		}
		if err := f.clock(ctx, day.Add(23*time.Hour)); err != nil {
			return nil, err
		}
		if err := f.day(ctx, events); err != nil {
			return nil, fmt.Errorf("on %s: %w", day.Format("2 January"), err)
		}
		progress(float64(i+1)/days, day)
	}
	return f.tally, f.night(ctx, first.AddDate(0, 0, days).Add(15*time.Minute))
}

// A filling is a demo under way.
type filling struct {
	client *Client
	mu     sync.Mutex
	tally  *Tally
}

// open makes the program and welcomes the members a year before the story.
func (f *filling) open(ctx context.Context) error {
	if err := f.client.call(ctx, http.MethodPut, "/v1/"+Program, "", programFile, nil); err != nil {
		return err
	}
	if err := f.clock(ctx, welcomed); err != nil {
		return err
	}
	var events []event
	for i, m := range append([]string{Heroine}, members...) {
		if i%3 != 0 && !absent[m] {
			continue
		}
		events = append(events, event{m, welcomed, func(ctx context.Context, c *Client) error {
			return c.post(ctx, memberPath(m)+"/grants", "welcome", object{"points": 300, "reason": "welcome", "occurred_at": welcomed})
		}})
	}
	return f.day(ctx, events)
}

// clock moves the program's clock, unless a run before this one has moved it further.
func (f *filling) clock(ctx context.Context, now time.Time) error {
	err := f.client.call(ctx, http.MethodPost, "/v1/"+Program+"/clock", "", object{"now": now}, nil)
	var refused *Refusal
	if errors.As(err, &refused) && refused.Status == http.StatusConflict {
		return nil
	}
	return err
}

// night runs the jobs.
func (f *filling) night(ctx context.Context, now time.Time) error {
	if err := f.clock(ctx, now); err != nil {
		return err
	}
	for job, sum := range map[string]*int{"release": nil, "mature": &f.tally.Matured, "expire": &f.tally.Expired, "inactivity": &f.tally.Lapsed} {
		var run struct {
			Points int `json:"points"`
		}
		if err := f.client.call(ctx, http.MethodPost, "/v1/"+Program+"/jobs/"+job+"/run", "", object{}, &run); err != nil {
			return err
		}
		if sum != nil {
			*sum += run.Points
		}
	}
	return nil
}

// day lets the events happen: those of one member in their order, several members at once.
func (f *filling) day(ctx context.Context, events []event) error {
	var order []string
	byMember := map[string][]event{}
	for _, e := range events {
		if byMember[e.member] == nil {
			order = append(order, e.member)
		}
		byMember[e.member] = append(byMember[e.member], e)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(callersAtOnce)
	for _, m := range order {
		g.Go(func() error {
			for _, e := range byMember[m] {
				if err := f.happen(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// happen lets one event happen, unless it did in a run before this one.
func (f *filling) happen(ctx context.Context, e event) error {
	err := e.do(ctx, f.client)
	var refused *Refusal
	again := errors.As(err, &refused) && refused.Code == "idempotency_key_reused"
	if err != nil && !again {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tally.Events++
	if again {
		f.tally.Again++
	}
	return nil
}

// post posts below a member.
func (c *Client) post(ctx context.Context, path, key string, body object) error {
	return c.call(ctx, http.MethodPost, path, "demo "+key, body, nil)
}

// available is what a member can spend; one who is not enrolled yet has nothing.
func (c *Client) available(ctx context.Context, member string) (int, error) {
	var m struct {
		Points struct {
			Available int `json:"available"`
		} `json:"points"`
	}
	err := c.Get(ctx, memberPath(member), &m)
	var refused *Refusal
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return 0, nil
	}
	return m.Points.Available, err
}
