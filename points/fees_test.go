package points_test

import (
	"encoding/json"
	"testing"

	"chobo/points"
)

// Fees keep the order in which they came, for remainders go to the earlier one.
func TestFees(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"cod":300,"gift_wrap":0,"a":1}`: true,
		`{}`:                              true,
		`{"cod":1,"cod":2}`:               false,
		`{"cod":1.5}`:                     false,
		`{"cod":"1"}`:                     false,
		`[1]`:                             false,
		`{"cod":`:                         false,
	} {
		var f points.Fees
		if err := json.Unmarshal([]byte(body), &f); (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
		if again, err := json.Marshal(f); ok && (err != nil || string(again) != body) {
			t.Errorf("%s became %s, %v", body, again, err)
		}
	}
	f := points.Fees{{Name: "cod", Amount: 1}}
	if err := json.Unmarshal([]byte("null"), &f); err != nil || f != nil {
		t.Errorf("null became %v, %v", f, err)
	}
}

func TestWatchedDocumentsThatDoNotRead(t *testing.T) {
	for _, s := range []string{"", "1", "1|2", "x|2|a", "1|x|a"} {
		if w, err := points.ParseWatched(s); err == nil {
			t.Errorf("%q reads as %+v", s, w)
		}
	}
	if w, err := points.ParseWatched("1|0|a|b"); err != nil || w.ID != "a|b" || !w.Until.IsZero() {
		t.Errorf("%+v %v", w, err)
	}
}
