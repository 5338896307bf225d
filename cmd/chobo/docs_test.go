package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"chobo/schema/pgtest"
)

// docs/operations.md tells of every variable that is read, and of every job and metric that there is.
func TestOperationsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	told := func(what, name string) {
		t.Helper()
		if !strings.Contains(string(text), "`"+name) {
			t.Errorf("docs/operations.md does not tell of %s %s", what, name)
		}
	}
	var c commands
	parser, err := newParser(&c, nil, &screen{})
	if err != nil {
		t.Fatal(err)
	}
	if err := kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if f, ok := node.(*kong.Flag); ok {
			for _, env := range f.Envs {
				told("the variable", env)
			}
		}
		return next(nil)
	}); err != nil {
		t.Fatal(err)
	}
	url := pgtest.NewURL(t)
	if err := prepare(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	h, err := build(t.Context(), url, plan{log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	list, err := h.runner.List(t.Context(), "samurai-mall")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 9 {
		t.Errorf("there are %d jobs, and the contract has nine", len(list))
	}
	for _, j := range list {
		told("the job", j.Job+"`")
	}
	h.handler("", zerolog.Nop()) // has metrics, too
	metrics := make(chan *prometheus.Desc, 1000)
	h.metrics.Describe(metrics)
	close(metrics)
	n := 0
	for d := range metrics {
		if name, _, ok := strings.Cut(d.String(), `", help`); ok && strings.Contains(name, "chobo_") {
			told("the metric", strings.TrimPrefix(name, `Desc{fqName: "`))
			n++
		}
	}
	if n < 10 {
		t.Errorf("only %d metrics were found", n)
	}
}
