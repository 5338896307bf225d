package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
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

// behind is a cursor of the list that is being answered: it leads nowhere in another list, or another member's.
func (c *call) behind(parts ...string) *string {
	text := cursor(append(parts, c.mark(parts))...)
	return &text
}

// after is what the cursor of this list was made of: so many parts.
func (c *call) after(p Page, n int) ([]string, error) {
	parts, err := p.after(n + 1)
	if err != nil || parts[n] != c.mark(parts[:n]) {
		return nil, badCursor()
	}
	return parts[:n], nil
}

// mark tells cursors of different lists apart, and those that were altered.
func (c *call) mark(parts []string) string {
	q := c.r.URL.Query()
	of := append([]string{c.ID, c.code(), c.member(), q.Get("as_of"), q.Get("known_at")}, parts...)
	sum := sha256.Sum256([]byte(strings.Join(of, cursorMark)))
	return hex.EncodeToString(sum[:8])
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
