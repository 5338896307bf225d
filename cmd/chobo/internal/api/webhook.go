package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"chobo/jobs/outbox"
	"chobo/points"
)

// A WebhookRequest says where a program's events are to be posted to.
type WebhookRequest struct {
	URL    string  `json:"url" minLength:"1" maxLength:"2048" doc:"https; http only to this machine."`
	Secret string  `json:"secret,omitempty" maxLength:"200" doc:"whsec_ and 24 to 64 bytes in base64. Default: the one that it has, or a new one."`
	After  *string `json:"after" required:"false" maxLength:"1000" doc:"cursor of events behind which to begin, or to begin again; empty: with the first. Default: where it is; a new one begins with what is committed from now on."`
}

// A WebhookView is a program's webhook and how it goes.
type WebhookView struct {
	URL              string     `json:"url"`
	CreatedAt        time.Time  `json:"created_at"`
	DeliveredAt      *time.Time `json:"delivered_at" doc:"When it last acknowledged a message."`
	UndeliveredSince *time.Time `json:"undelivered_since" doc:"When the oldest event was posted that it may not have; null: it has all."`
	Failures         int        `json:"failures" doc:"Since then, in a row."`
	RetryAt          *time.Time `json:"retry_at" doc:"The job leaves it alone until then."`
	LastError        string     `json:"last_error"`
}

// A WebhookPut shows a new webhook's secret, once.
type WebhookPut struct {
	WebhookView
	Secret string `json:"secret,omitempty" doc:"What messages are signed with, where this call made it. It is shown only now."`
}

type webhookDeleted struct {
	Deleted bool `json:"deleted"`
}

const webhookPath = "/v1/{program}/events/webhook"

// webhook adds where events are posted to.
func (s *Server) webhook() {
	read(s, route{ID: "webhook.get", Path: webhookPath, Tag: "events", Summary: "Read the program's webhook, and how delivery goes", Scopes: Admin, Codes: []points.Code{points.NotFound}},
		func(ctx context.Context, c *call, _ *ProgramPath) (*WebhookView, error) { return c.webhookView(ctx) })

	s.serveBody(&route{ID: "webhook.put", Method: http.MethodPut, Path: webhookPath, Tag: "events", Summary: "Post the program's events to an address", Status: 201, Again: true,
		About: "Job `deliver` posts up to 100 events a message, in order, each message until it is answered with a status of success; so a message may come twice, with the same webhook-id. " +
			"Messages are signed as Standard Webhooks has it. 200 where there was a webhook already.",
		Scopes: Admin, Body: reflect.TypeFor[WebhookRequest](), Answer: reflect.TypeFor[WebhookPut]()}, (*call).putWebhook)

	s.serveBody(&route{ID: "webhook.delete", Method: http.MethodDelete, Path: webhookPath, Tag: "events", Summary: "Post the program's events nowhere any more", Scopes: Admin,
		Answer: reflect.TypeFor[webhookDeleted](), Codes: []points.Code{points.NotFound}},
		func(c *call) error {
			if err := outbox.Delete(c.r.Context(), c.opts.DB, c.program.ID); err != nil {
				return err
			}
			return c.answer(http.StatusOK, webhookDeleted{true})
		})
}

func (c *call) webhookView(ctx context.Context) (*WebhookView, error) {
	w, err := outbox.Find(ctx, c.opts.DB, c.program.ID)
	if err != nil {
		return nil, err
	}
	zone := c.program.Versions.Zone()
	in := func(t *time.Time) *time.Time {
		if t == nil {
			return nil
		}
		return inZone(*t, zone)
	}
	return &WebhookView{w.URL, w.CreatedAt.In(zone), in(w.DeliveredAt), in(w.Since), w.Failures, in(w.RetryAt), w.LastError}, nil
}

func (c *call) putWebhook() error {
	in, err := take[WebhookRequest](c)
	if err != nil {
		return err
	}
	s, err := c.setting(in)
	if err != nil {
		return err
	}
	made, isNew, err := outbox.Put(c.r.Context(), c.opts.DB, c.program.ID, s, c.opts.Now())
	if err != nil {
		return err
	}
	view, err := c.webhookView(c.r.Context())
	if err != nil {
		return err
	}
	out, status := WebhookPut{WebhookView: *view}, http.StatusOK
	if isNew {
		status = http.StatusCreated
	}
	if made != nil {
		out.Secret = outbox.SecretText(made)
		c.w.Header().Set("Cache-Control", "no-store")
	}
	return c.answer(status, out)
}

// setting reads what is asked for.
func (c *call) setting(in *WebhookRequest) (s outbox.Setting, err error) {
	if err := outbox.CheckURL(in.URL); err != nil {
		return s, invalid(Fault{"body.url", err.Error()})
	}
	s.URL = in.URL
	if in.Secret != "" {
		if s.Secret, err = outbox.ParseSecret(in.Secret); err != nil {
			return s, invalid(Fault{"body.secret", err.Error()})
		}
	}
	if in.After != nil {
		at, err := c.eventsAfter(*in.After, "body.after")
		if err != nil {
			return s, err
		}
		s.After = &at
	}
	return s, nil
}
