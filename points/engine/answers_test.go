package engine

import (
	"bytes"
	"testing"

	"chobo/ledger"
)

func FuzzAnswers(f *testing.F) {
	for _, s := range []string{``, `{}`, `}`, "\x050", `[]`, "\x1f", "a\nb", `{"order_id":"O-1","status":"placed","total":300,"redeemed":{"points":300,"value":300},"pending":{"points":0,"matures_at":null},"transactions":[{"id":"890818780229271553","kind":"redeem"}]}`, "\xff\x80é"} {
		f.Add([]byte(s), int64(0))
		f.Add([]byte(s), int64(890818780229271553))
	}
	f.Fuzz(func(t *testing.T, body []byte, first int64) {
		id := ledger.TransactionID(first)
		if got := unpackAnswer(packAnswer(body, id), id); !bytes.Equal(got, body) {
			t.Errorf("%q became %q", body, got)
		}
	})
}

// What stands in the database for years reads as it did when it was written.
func TestOldAnswers(t *testing.T) {
	const before = "\x01O-123456\x02300\x03300\x04300\x050\x06890818780229271553\x09]}" // when ids stood there in full
	const later = "\x01O-123456\x02300\x03300\x04300\x050\x06\x1e\x09]}"                // when their ends did
	const kept = "\x01O-123456\x02300\x03300\x04300"
	const first = 890818780229271553
	const body = `{"order_id":"O-123456","status":"placed","total":300,"redeemed":{"points":300,"value":300},"pending":{"points":0,"matures_at":null},"transactions":[{"id":"890818780229271553","kind":"redeem"}]}`
	for _, kept := range []string{before, later, kept} {
		if got := string(unpackAnswer([]byte(kept), first)); got != body {
			t.Errorf("%q became %s", kept, got)
		}
	}
	if got := string(packAnswer([]byte(body), first)); got != kept {
		t.Errorf("%q", got)
	}
}
