// Package body reads the bodies of requests: strict JSON, straight into Go values.
//
//	bytes ── Parse ──▶ *Document ── Bind ──▶ a Go value, or Problems that name every field at fault
//	                       └────── Digest ─▶ the same for two bodies that differ in spacing and order of members only
//
// The rules stand in the tags of the Go types, the same from which the OpenAPI document is made: a field without
// omitempty or omitzero is required; minimum, maximum, minLength, maxLength, minItems, maxItems, enum and default mean
// what they mean there. Beyond them Bind refuses what a generic reader lets pass: a member that is unknown or comes
// twice, text that is not UTF-8, control characters, a number that is not whole where a whole one is due, or beyond
// ±(2^53-1).
//
// It exists because a checkout is served in microseconds: a generic validator decodes a body twice and walks it a third
// time, which cost more than everything else a request does outside the database.
package body
