package engine

import (
	"bytes"
	"strings"

	"chobo/ledger"
)

// An answer is kept for ever, and most of its bytes are the same in every answer. JSON holds no control characters, so
// each stands for a phrase. What they mean never changes: answers of years ago are read with them. New phrases may
// take free characters; the last one marks an answer that is kept as it is.
var phrases = [...]string{
	0x01: `{"order_id":"`,
	0x02: `","status":"placed","total":`,
	0x03: `,"redeemed":{"points":`,
	0x04: `,"value":`,
	0x05: `},"pending":{"points":`,
	0x06: `,"matures_at":null},"transactions":[{"id":"`,
	0x07: `,"matures_at":"`,
	0x08: `"},"transactions":[{"id":"`,
	0x09: `","kind":"redeem"}`,
	0x0a: `","kind":"grant_pending"}`,
	0x0b: `","kind":"grant"}`,
	0x0c: `","kind":"`,
	0x0d: `,{"id":"`,
	0x0e: `,"transactions":[{"id":"`,
	0x0f: `{"member_id":"`,
	0x10: `","points":`,
	0x11: `,"lot_id":`,
	0x12: `,"balances":{"available":`,
	0x13: `,"pending":`,
	0x14: `,"reserved":`,
	0x15: `,"explanation":"`,
	0x16: `,"refund":{"points":`,
	0x17: `,"money":`,
	0x18: `,"cash_fallback":`,
	0x19: `,"expires_at":"`,
	0x1a: `","title":"`,
	0x1b: `,"detail":"`,
	0x1c: `,"code":"`,
	0x1d: `T00:00:00+09:00`,
}

const (
	firstTransaction = 0x1e
	asItIs           = 0x1f
)

// plainEnd ends the answer to an order that earns nothing, and is left out: what is kept of all others ends in a brace.
const (
	plainEnd = "\x050\x06\x1e\x09]}"
	brace    = "}"
)

var shorten, lengthen = func() (*strings.Replacer, *strings.Replacer) {
	var to, from []string
	for c, phrase := range phrases {
		if phrase != "" {
			to = append(to, phrase, string(rune(c)))
			from = append(from, string(rune(c)), phrase)
		}
	}
	return strings.NewReplacer(to...), strings.NewReplacer(from...)
}()

// packAnswer is an answer as it is kept beside the id of the first transaction; 0: it has none.
func packAnswer(body []byte, first ledger.TransactionID) []byte {
	short := shorten.Replace(string(body))
	if first != 0 {
		short = strings.ReplaceAll(short, first.String(), string(rune(firstTransaction)))
	}
	rest, plain := strings.CutSuffix(short, plainEnd)
	switch {
	case bytes.ContainsFunc(body, func(r rune) bool { return r < 0x20 }), !strings.HasSuffix(short, brace):
		return append([]byte{asItIs}, body...)
	case plain && rest != "" && !strings.HasSuffix(rest, brace):
		return []byte(rest)
	}
	return []byte(short)
}

// unpackAnswer is the answer that was kept, to the byte.
func unpackAnswer(kept []byte, first ledger.TransactionID) []byte {
	if len(kept) > 0 && kept[0] == asItIs {
		return append([]byte(nil), kept[1:]...)
	}
	short := string(kept)
	if short != "" && !strings.HasSuffix(short, brace) {
		short += plainEnd
	}
	whole := strings.ReplaceAll(short, string(rune(firstTransaction)), first.String())
	return []byte(lengthen.Replace(whole))
}
