package api

import (
	"context"

	"chobo/jobs/outbox"
)

type (
	eventsQuery struct {
		ProgramPath
		After  string `query:"after" maxLength:"1000" doc:"cursor of the last answer that you have; empty: from the beginning. What is committed later comes behind it."`
		Cursor string `query:"cursor" maxLength:"1000" doc:"The same as after."`
		Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	}
	eventList struct {
		Events     []outbox.Event `json:"events"`
		Cursor     string         `json:"cursor" doc:"Ask with it as after, now or later, for what comes behind this answer."`
		NextCursor *string        `json:"next_cursor" doc:"Null: there is no more now. Else ask on with it, even where events is empty."`
	}
)

// events adds what other systems are told.
func (s *Server) events() {
	read(s, route{ID: "events.list", Path: "/v1/{program}/events", Tag: "events", Summary: "List what was committed, in order and once", Scopes: Finance | Jobs,
		About: "Every transaction, every refund to pay and every reminder. A cursor keeps its meaning for ever, and nothing that commits late is passed over."},
		func(ctx context.Context, c *call, in *eventsQuery) (*eventList, error) {
			after, field := in.After, "query.after"
			if after == "" {
				after, field = in.Cursor, "query.cursor"
			}
			at, err := c.eventsAfter(after, field)
			if err != nil {
				return nil, err
			}
			page, err := outbox.Read(ctx, c.opts.DB, c.program, at, in.Limit)
			if err != nil {
				return nil, err
			}
			out := &eventList{Events: page.Events, Cursor: c.eventCursor(page.End)}
			if page.More {
				out.NextCursor = &out.Cursor
			}
			return out, nil
		})
}

// eventMark tells cursors among events from others.
const eventMark = "events"

// eventCursor leads behind a place among the program's events.
func (c *call) eventCursor(at outbox.Place) string { return cursor(eventMark, c.code(), at.String()) }

// eventsAfter is the place to which a cursor leads; empty: the beginning. field is where it stands in the request.
func (c *call) eventsAfter(text, field string) (outbox.Place, error) {
	if text == "" {
		return outbox.Place{}, nil
	}
	none := invalid(Fault{field, "is none of this list"})
	parts, err := (Page{Cursor: text}).after(3)
	if err != nil || parts[0] != eventMark || parts[1] != c.code() {
		return outbox.Place{}, none
	}
	at, err := outbox.ParsePlace(parts[2])
	if err != nil {
		return at, none
	}
	return at, nil
}
