package policy

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestBookFindsTheVersionInForce(t *testing.T) {
	version := func(changes ...string) *Policy {
		p, err := Load("f.yaml", []byte(strings.NewReplacer(changes...).Replace(good)))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := version()
	second := version("2026-04-01", "2026-05-01", "terms:", "version: 2\nterms:")
	shops := version("2026-04-01", "2026-06-01", "terms:", "shop: S-1\nterms:")
	book, err := Book{}.With(second, shops, first)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		shop, at string
		want     *Policy
	}{
		{"", "2026-03-31T23:59:59Z", nil},
		{"", "2026-04-01T00:00:00Z", first},
		{"", "2026-04-30T23:59:59Z", first},
		{"", "2026-05-01T00:00:00Z", second},
		{"S-1", "2026-05-31T23:59:59Z", second},
		{"S-1", "2026-06-01T00:00:00Z", shops},
		{"S-2", "2026-06-01T00:00:00Z", second},
	} {
		if got := book.For("corner-shop", c.shop, instant(t, c.at)); got != c.want {
			t.Errorf("shop %q at %s: %v", c.shop, c.at, got)
		}
	}
	if got := book.For("no-such-shop", "", time.Now()); got != nil {
		t.Errorf("unknown code: %v", got)
	}

	again, err := book.With(version())
	if err != nil || len(again.Versions("corner-shop", "")) != 2 || len(again.All()) != 3 {
		t.Errorf("the same content again: %v, %d versions", err, len(again.Versions("corner-shop", "")))
	}
	for _, taken := range []*Policy{
		version("2026-04-01", "2026-04-02"),
		version("terms:", "version: 9\nterms:"),
	} {
		_, err := book.With(taken)
		if _, ok := errors.AsType[*TakenError](err); !ok {
			t.Errorf("version %d from %s: %v", taken.Version(), taken.EffectiveFrom(), err)
		}
	}
}

func TestShippedPolicies(t *testing.T) {
	from := map[string]string{
		"asmart": "2017-07-03", "card-secret": "2025-02-10", "kiwami-box": "2017-07-03", "preorder-shop": "2017-07-03", "samurai-mall": "2017-07-03",
	}
	book, err := Book{}.With(Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	for code, day := range from {
		start := instant(t, day+"T00:00:00+09:00")
		if p := book.For(code, "", start); p == nil || p.Code() != code || p.Name() == "" || len(p.Clauses()) == 0 {
			t.Errorf("%s on its first day: %v", code, p)
		}
		if p := book.For(code, "", start.Add(-1)); p != nil {
			t.Errorf("%s is in force too early", code)
		}
	}
}
