package api

import "testing"

// A refund is not shown while a transaction is in flight that may still come before it: who reads on from a cursor
// would miss that one for ever. Source: ruling 25.
func TestNoRefundIsEverMissed(t *testing.T) {
	h := sandboxed(t)
	h.must(201, h.post(m1+"/grants", `{"points":1000}`))
	h.must(201, h.post(m1+"/orders", order))
	early := h.db.MustBeginTx(t.Context(), nil)
	early.MustExec(`SELECT pg_current_xact_id()`)
	h.must(200, h.post(m1+"/orders/O-1/cancel", `{"initiated_by":"shop"}`))
	first := h.must(200, h.call("GET", "/v1/samurai-mall/refunds", ""))
	h.expect(first, map[string]string{"refunds": "[]"})
	if err := early.Rollback(); err != nil {
		t.Fatal(err)
	}
	h.expect(h.must(200, h.call("GET", "/v1/samurai-mall/refunds", "")), map[string]string{"refunds[0].money": "2800"})
}
