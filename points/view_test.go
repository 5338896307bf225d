package points_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"chobo/points"
	. "chobo/points/pointstest"
)

// What the API shows of an order that was partly returned, repriced and is owed for. Documents keep when they were made.
func TestOrderView(t *testing.T) {
	b := New(aProgram(t, `earn: { rate: "0.1", hold: { days: 0 }, rules: [ { name: toys, when: 'category == "toys"', hold: { days: 30 } } ] }`+"\nclawback: { take: [lot, receivable] }"))
	play(t, b, []event{
		at("04-01", grant(145)), at("04-02", buy("O-1", 2, 500).and("toys", 1, 300).ship(100, 50).with(145).useAll().place()),
		at("04-03", buy("O-2", 1, 90).with(90).place()), at("04-04", status("O-1", points.Paid)), at("04-05", back("O-1", 0, 1)), at("04-06", reprice("O-1", 400)),
	})
	view := View(b, day("04-06"), func(a *points.Account) *points.OrderView { return a.OrderView("O-1") })
	view.Receivables[0].ID = "…"
	got, err := json.MarshalIndent(view, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/order.json", got)
	if d := b.Documents[points.Key{Kind: points.OrderDocument, ID: "O-1"}]; !d.At.Equal(day("04-02")) || d.State != "placed" {
		t.Errorf("kept as %s of %s", d.State, d.At)
	}
	if v := View(b, day("04-06"), func(a *points.Account) *points.OrderView { return a.OrderView("O-9") }); v != nil {
		t.Errorf("shown is %+v", v)
	}
}

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file in testdata; -update writes it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s has\n%s\nnot\n%s", file, want, got)
	}
}
