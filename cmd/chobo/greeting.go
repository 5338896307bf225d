package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"chobo/cmd/chobo/internal/api"
	"chobo/points/registry"
)

// firstKey makes an admin key for an installation that has no key at all and is not given one; empty: it needs none.
func firstKey(ctx context.Context, store *registry.Store, given string) (secret string, err error) {
	if given != "" {
		return "", nil
	}
	keys, err := store.Keys(ctx)
	if err != nil || len(keys) > 0 {
		return "", err
	}
	_, secret, err = store.CreateKey(ctx, "first", "", api.Admin.Names(), time.Now())
	return secret, err
}

// A greeting says where everything is.
type greeting struct {
	address  net.Addr
	database *reached
	key      string // made at this start; empty: none was
	adminKey bool   // CHOBO_ADMIN_KEY is set
}

func (g greeting) print(s *screen) {
	base := "http://" + localName(g.address)
	line := func(name, value string) { s.printf("  %-9s %s\n", name, value) }
	s.printf("%s\n", s.paint(bold, "Chobo keeps the books."))
	line("API", base+"/v1")
	line("Guide", base+"/docs")
	line("Console", base+"/console/")
	line("Metrics", base+"/metrics")
	if g.database.own != nil {
		line("Database", "private, in "+g.database.dir)
	} else {
		line("Database", "as given")
	}
	switch {
	case g.key != "":
		line("Admin key", s.paint(yellow, g.key)+"   (shown this once)")
		s.printf("\nTry it:\n\n  %s\n", s.paint(dim, tryIt(base, g.key)))
	case g.adminKey:
		line("Admin key", "that of CHOBO_ADMIN_KEY")
	default:
		line("Admin key", "made before; `chobo keys create NAME --scope admin` makes another")
	}
	s.println("\nCtrl-C ends it.")
}

func tryIt(base, key string) string {
	return fmt.Sprintf("curl -s %s/v1 -H 'Authorization: Bearer %s'", base, key)
}

// localName is an address that a browser on this machine can use.
func localName(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port
}
