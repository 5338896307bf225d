package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"chobo/cmd/chobo/internal/api"
	"chobo/cmd/chobo/internal/demo"
	"chobo/cmd/chobo/internal/figures"
	"chobo/points/registry"
	"chobo/schema"
)

type demoCommand struct {
	database
	logging
	URL    string `env:"CHOBO_URL" placeholder:"URL" help:"A running server. Default: http://127.0.0.1:8080 if one answers there, else one that is started here."`
	Key    string `hidden:"" env:"CHOBO_ADMIN_KEY"`
	Listen string `default:"127.0.0.1:8080" env:"CHOBO_LISTEN" placeholder:"ADDRESS" help:"Where a server that is started here is heard. Default: ${default}."`
	Seed   uint64 `default:"1" help:"Another number is another month."`
	Stay   bool   `negatable:"" default:"true" help:"A server that was started here stays, so that one can look around."`
}

// Help explains the command.
func (demoCommand) Help() string {
	return `It makes the sandbox program samurai-mall-demo, with a clock of its own, and plays April 2026 in it through the HTTP
API: orders in six shops, points earned, held, used, swept, expired and lapsed, cancellations and returns. Four
decisions are shown with all that was posted for them. The same seed is the same month, and a second run posts nothing
twice.

  chobo demo
  chobo demo --no-stay
  CHOBO_ADMIN_KEY=… chobo demo --url https://ledger.example`
}

const usualURL = "http://127.0.0.1:8080"

// Run plays the month on a server that runs, or on one of its own.
func (c *demoCommand) Run(l *life, s *screen) error {
	url := c.URL
	if url == "" {
		url = usualURL
	}
	if answers(l.ctx, url) {
		key, err := c.key(l, s)
		if err != nil {
			return err
		}
		return c.play(l.ctx, s, &demo.Client{Base: url, Key: key, HTTP: &http.Client{Timeout: time.Minute}})
	}
	if c.URL != "" {
		return fmt.Errorf("no chobo answers at %s", c.URL)
	}
	return c.alone(l, s)
}

// answers tells whether a server is there.
func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// key is what opens the running server: as given, or made in the database that it must then be working on.
func (c *demoCommand) key(l *life, s *screen) (key string, err error) {
	if c.Key != "" {
		return c.Key, nil
	}
	at, err := c.reach(l.ctx, c.logger(s), false)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, at.stop(l.hurry)) }()
	if at.own != nil {
		return "", errors.New("the server that runs does not use the private database; set CHOBO_ADMIN_KEY to a key of its own, or --database-url to its database")
	}
	db, err := schema.Open(l.ctx, at.url, schema.Pool{MaxOpen: 1})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, key, err = registry.New(db).CreateKey(l.ctx, "demo", "", api.Admin.Names(), time.Now())
	return key, err
}

// alone starts a server and plays on it.
func (c *demoCommand) alone(l *life, s *screen) (err error) {
	log := c.logger(s)
	listener, err := listen(c.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	at, err := c.reach(l.ctx, log, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.stop(l.hurry)) }()
	if err := prepare(l.ctx, at.url); err != nil {
		return err
	}
	h, err := build(l.ctx, at.url, plan{log: log})
	if err != nil {
		return err
	}
	key := c.Key
	if key == "" {
		if _, key, err = h.registry.CreateKey(l.ctx, "demo", "", api.Admin.Names(), time.Now()); err != nil {
			return errors.Join(err, h.close(l.hurry))
		}
	}
	ctx, end := context.WithCancel(l.ctx)
	defer end()
	var played error
	err = h.serve(&life{ctx: ctx, hurry: l.hurry}, listener, h.handler(c.Key, log), true, 10*time.Second, at, func() {
		client := &demo.Client{Base: "http://" + localName(listener.Addr()), Key: key, HTTP: &http.Client{Timeout: time.Minute}}
		if played = c.play(ctx, s, client); played != nil || !c.Stay {
			end()
			return
		}
		s.println("\nThe server stays. Ctrl-C ends it; `chobo serve` starts it again.")
	})
	return errors.Join(played, err)
}

// play plays the month, shows what came of it and says what to look at.
func (c *demoCommand) play(ctx context.Context, s *screen, client *demo.Client) error {
	bar := &progress{screen: s}
	tally, err := demo.Fill(ctx, client, c.Seed, func(over float64, day time.Time) { bar.show(over, day.Format("2 January 2006")) })
	bar.end()
	if err != nil {
		return err
	}
	entries, err := client.Statement(ctx, demo.Heroine)
	if err != nil {
		return err
	}
	s.printf("%s\n\n", s.paint(bold, "April 2026 in samurai-mall-demo"))
	s.printf("%s members, %s things happened; at night %s points matured, %s expired and %s lapsed.\n", figures.Grouped(int64(tally.Members)),
		figures.Grouped(int64(tally.Events)), figures.Grouped(int64(tally.Matured)), figures.Grouped(int64(tally.Expired)), figures.Grouped(int64(tally.Lapsed)))
	if tally.Again > 0 {
		s.printf("%s of them had happened in a run before and were left as they were.\n", figures.Grouped(int64(tally.Again)))
	}
	s.printf("\nThe statement of %s:\n\n", demo.Heroine)
	t := newTable("WHEN", "WHAT", "KIND", "POINTS", "BALANCE")
	for _, e := range entries {
		t.row(e.OccurredAt.Format("2006-01-02 15:04"), e.Description, e.Kind, signed(e.Points, s), e.BalanceAfter)
	}
	t.write(s)
	if err := c.scenes(ctx, s, client); err != nil {
		return err
	}
	c.tour(s, client)
	return nil
}

// signed is a movement: what comes in with a plus.
func signed(n int64, s *screen) cell {
	if n < 0 {
		return cell{text: figures.Grouped(n), right: true, paint: func(text string) string { return s.paint(red, text) }}
	}
	return cell{text: "+" + figures.Grouped(n), right: true}
}

// tour says what to look at.
func (c *demoCommand) tour(s *screen, client *demo.Client) {
	base := client.Base + "/v1/" + demo.Program
	s.printf("\nLook at it:\n\n")
	for _, l := range [][2]string{
		{"the console", client.Base + "/console/"},
		{"the API's guide", client.Base + "/docs"},
		{"the member", base + "/members/" + demo.Heroine},
		{"her lots", base + "/members/" + demo.Heroine + "/lots"},
		{"an order", base + "/members/" + demo.Heroine + "/orders/A-1"},
		{"money to pay back", base + "/refunds"},
		{"what waits for a clerk", base + "/reviews"},
		{"the nights' jobs", base + "/jobs"},
	} {
		s.printf("  %-23s %s\n", l[0], l[1])
	}
	s.printf("\n  %s\n", s.paint(dim, fmt.Sprintf("curl -s %s/members/%s -H 'Authorization: Bearer %s'", base, demo.Heroine, client.Key)))
}
