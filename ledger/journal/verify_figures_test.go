package journal

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"chobo/ledger/document"
)

// What is read of an order without decoding it is what decoding it gives, or nothing.
func TestOrderFiguresAreReadAsDecoded(t *testing.T) {
	for body, clear := range map[string]bool{
		`{"id":"O-1","lines":[{"id":"1","p":5,"w":4,"b":{"u":1,"p":2,"w":1,"a":9},"g":{"lot":3,"n":7,"up":8}},{"pw":6},{}],"ship":{"a":3,"p":1,"w":1},"fees":[{"name":"cod","p":2,"w":2}],` +
			`"refunded":{"points":1,"money":6,"cash_fallback":2},"reversed":9,"history":[{"note":"\u00e9"}]}`: true,
		`{}`: true,
		`{"lines":null,"ship":null,"fees":null,"refunded":null,"reversed":null}`: true,
		`{"reversed":1,"REVERSED":2}`:                                            false,
		`{"reversed":1,"reversed":2}`:                                            false,
		`{"lines":[{"p":1.5}]}`:                                                  false,
		`{"lines":[{"p":1}`:                                                      false,
		`{"id":"O-1","other":[1,2,}`:                                             false,
		`{"lines":[{"g":{"n":"seven"}}]}`:                                        false,
	} {
		var read, decoded orderFigures
		err := read.read([]byte(body))
		if errors.Is(err, document.ErrUnclear) == clear {
			t.Errorf("%s: %v", body, err)
		}
		if !clear {
			continue
		}
		if err := json.Unmarshal([]byte(body), &decoded); err != nil || !reflect.DeepEqual(read.sums(), decoded.sums()) {
			t.Errorf("%s: read %+v, decoded %+v, %v", body, read, decoded, err)
		}
	}
}

// sums are all that is looked at.
func (o *orderFigures) sums() []any {
	return []any{len(o.Lines), append([]lineFigures{}, o.Lines...), o.Shipping, append([]partFigures{}, o.Fees...), o.Refunded, o.Reversed}
}
