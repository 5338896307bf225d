package taccount

import (
	"strings"
	"testing"
)

func TestDraw(t *testing.T) {
	for _, tt := range []struct {
		name    string
		columns int
		entries []Entry
		want    string
	}{
		{name: "two accounts side by side", columns: 100, entries: []Entry{
			{"member:available", "grant", -1500}, {"issued:purchase", "grant", 1500},
			{"member:available", "redeem", 1000}, {"redeemed:orders", "redeem", -1000},
			{"redeemed:orders", "restore", 499}, {"member:available", "restore", -499},
		}, want: `
      member:available                issued:purchase               redeemed:orders
──────────────┬──────────────    ────────────┬────────────    ─────────────┬─────────────
redeem  1,000 │ grant   1,500    grant 1,500 │                restore  499 │ redeem 1,000
              │ restore   499    ────────────┼────────────    ─────────────┼─────────────
──────────────┼──────────────          1,500 │                             │          501
              │           999
`},
		{name: "they do not fit", columns: 40, entries: []Entry{
			{"a", "x", 5}, {"a", "y", -5}, {"an account with a very long name", "x", -5}, {"an account with a very long name", "x", 5}, {"an account with a very long name", "z", 0},
		}, want: `
    a
────┬────
x 5 │ y 5
────┼────
  0 │   0

an account with a very long name
────────────────┬────────────────
x             5 │ x             5
z             0 │
────────────────┼────────────────
              0 │               0
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			if err := Draw(&b, tt.entries, tt.columns); err != nil {
				t.Fatal(err)
			}
			if got := "\n" + b.String(); got != tt.want {
				t.Errorf("drawn:%s\nwant:%s", got, tt.want)
			}
		})
	}
}
