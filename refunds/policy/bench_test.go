package policy

import "testing"

// BenchmarkDecide decides a case that runs through nearly all of the longest shipped policy.
func BenchmarkDecide(b *testing.B) {
	p := shippedPolicy(b, "samurai-mall")
	f := Facts{
		Action: Return, Reason: "defect", Status: "delivered", Category: "electronics", UnitPrice: 30000,
		Condition: map[string]bool{"opened": true}, DaysSinceDelivery: new(3),
	}
	if d := p.Decide(f); d.Clause != "SM-R23.1" {
		b.Fatalf("decided by %q", d.Clause)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(f)
	}
}

// BenchmarkLoad reads, checks and proves the longest shipped file.
func BenchmarkLoad(b *testing.B) {
	src, err := files.ReadFile("files/samurai-mall.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Load("samurai-mall.yaml", src); err != nil {
			b.Fatal(err)
		}
	}
}

func shippedPolicy(t testing.TB, code string) *Policy {
	t.Helper()
	for _, p := range Shipped() {
		if p.Code() == code {
			return p
		}
	}
	t.Fatalf("no shipped policy %s", code)
	return nil
}
