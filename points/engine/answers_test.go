package engine

import (
	"bytes"
	"testing"
)

func FuzzAnswers(f *testing.F) {
	for _, s := range []string{``, `{}`, "\x1f", "a\nb", `{"order_id":"O-1","status":"placed","total":300,"redeemed":{"points":300,"value":300},"pending":{"points":0,"matures_at":null},"transactions":[{"id":"890818780229271553","kind":"redeem"}]}`, "\xff\x80é"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if got := unpackAnswer(packAnswer(body)); !bytes.Equal(got, body) {
			t.Errorf("%q became %q", body, got)
		}
	})
}

// What stands in the database for years reads as it did when it was written.
func TestOldAnswers(t *testing.T) {
	const kept = "\x01O-123456\x02300\x03300\x04300\x050\x06890818780229271553\x09]}"
	const body = `{"order_id":"O-123456","status":"placed","total":300,"redeemed":{"points":300,"value":300},"pending":{"points":0,"matures_at":null},"transactions":[{"id":"890818780229271553","kind":"redeem"}]}`
	if got := string(unpackAnswer([]byte(kept))); got != body {
		t.Error(got)
	}
	if got := string(packAnswer([]byte(body))); got != kept {
		t.Errorf("%q", got)
	}
}
