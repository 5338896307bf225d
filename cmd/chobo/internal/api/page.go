package api

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// A Page is which part of a list is asked for.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor string `query:"cursor" maxLength:"1000" doc:"next_cursor of the page before."`
}

const cursorMark = "\x1f"

// cursor is an opaque text that leads behind an entry of a list.
func cursor(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, cursorMark)))
}

// behind is cursor for an answer.
func behind(parts ...string) *string {
	c := cursor(parts...)
	return &c
}

// after is what cursor was made of: so many parts.
func (p Page) after(n int) ([]string, error) {
	b, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	parts := strings.Split(string(b), cursorMark)
	if err != nil || len(parts) != n || !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return nil, badCursor()
	}
	return parts, nil
}

func badCursor() *Problem {
	return invalid(Fault{"query.cursor", "is none of this list"})
}
