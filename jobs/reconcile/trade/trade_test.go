package trade_test

import (
	"testing"

	"chobo/jobs/reconcile/trade"
	"chobo/schema/pgtest"
)

const kindsSQL = `SELECT kind FROM transactions GROUP BY kind ORDER BY kind`

func TestAprilHoldsEveryKind(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	var kinds []int
	if err := m.DB.Select(&kinds, kindsSQL); err != nil {
		t.Fatal(err)
	}
	t.Log(kinds)
}
