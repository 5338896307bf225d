package api

import (
	"crypto/sha256"
	"sync"

	"chobo/cmd/chobo/internal/api/body"
	"chobo/points/engine"
)

const (
	headerKey = "Idempotency-Key"
	maxKey    = 255
)

// idempotencyKey is the key of a call that posts. Source: ruling 4, 36.
func (c *call) idempotencyKey() (string, error) {
	values := c.r.Header[headerKey]
	if len(values) == 0 || values[0] == "" {
		return "", problem(codeKeyMissing, "every call that posts needs the header Idempotency-Key")
	}
	if len(values) > 1 || !body.Printable(values[0], maxKey) {
		return "", invalid(Fault{"header." + headerKey, "must be one key of 1 to 255 printable characters"})
	}
	return values[0], nil
}

// canonicals are buffers for the canonical form of bodies.
var canonicals = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// A canonical is something with a form that does not depend on spacing and the order of members.
type canonical interface{ AppendCanonical(b []byte) []byte }

// hashOf tells requests apart: by method, path and body. It must stay as it is, since keys are kept for ever.
func hashOf(method, path string, body canonical) (h engine.Hash) {
	room, _ := canonicals.Get().(*[]byte) // the pool has nothing else
	b := append((*room)[:0], method...)
	b = append(b, 0)
	b = append(b, path...)
	b = append(b, 0)
	b = body.AppendCanonical(b)
	sum := sha256.Sum256(b)
	copy(h[:], sum[:])
	if cap(b) <= 1<<16 {
		*room = b
		canonicals.Put(room)
	}
	return h
}
