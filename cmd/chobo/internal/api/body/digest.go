package body

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"

	"chobo/ledger"
)

// AppendCanonical appends a form of the body that does not depend on spacing, escapes and the order of members, and
// in which no two different bodies are the same. A body that is absent and an empty object count as the same.
func (d *Document) AppendCanonical(b []byte) []byte {
	if len(d.nodes) == 0 {
		return append(b, '{', 0)
	}
	return d.canonical(b, 0)
}

func (d *Document) canonical(b []byte, i int32) []byte {
	n := &d.nodes[i]
	switch n.kind {
	case null:
		return append(b, 'n')
	case boolean:
		return append(b, d.src[n.start])
	case number:
		return appendBytes(append(b, '#'), canonicalNumber(d.raw(i)))
	case text:
		return appendBytes(append(b, '"'), d.string(i))
	case list:
		b = binary.AppendUvarint(append(b, '['), uint64(n.n)) //nolint:gosec // a count
		d.children(i, func(_ int, child int32) { b = d.canonical(b, child) })
		return b
	default:
		return d.canonicalObject(b, i, nil)
	}
}

// canonicalObject leaves out members of some names.
func (d *Document) canonicalObject(b []byte, i int32, without map[string]*string) []byte {
	if d.nodes[i].kind != object {
		return d.canonical(b, i)
	}
	var room [16]int32
	keys := room[:0]
	d.members(i, func(key, _ int32) {
		if without == nil || without[string(d.string(key))] == nil {
			keys = append(keys, key)
		}
	})
	slices.SortFunc(keys, func(j, k int32) int { return bytes.Compare(d.string(j), d.string(k)) })
	b = binary.AppendUvarint(append(b, '{'), uint64(len(keys)))
	for _, key := range keys {
		b = appendBytes(b, d.string(key))
		b = d.canonical(b, d.nodes[key].next)
	}
	return b
}

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// canonicalNumber writes equal numbers alike: 1000, 1e3 and 1000.0.
func canonicalNumber(raw []byte) []byte {
	if isWhole(raw) {
		if string(raw) == "-0" {
			return raw[1:]
		}
		return raw
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return raw
	}
	if n := int64(f); float64(n) == f && -ledger.MaxAmount <= n && n <= ledger.MaxAmount {
		return strconv.AppendInt(nil, n, 10)
	}
	return strconv.AppendFloat(nil, f, 'e', -1, 64)
}

// isWhole tells a number written without fraction and exponent.
func isWhole(raw []byte) bool {
	for _, c := range raw {
		if c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return true
}
